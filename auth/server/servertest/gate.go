package servertest

import (
	"context"
	"net/http"
	"net/url"
	"sync"

	"lanyard/auth"
	"lanyard/auth/server"
)

// Away is where a Gate sends a browser that has to sign in: a host that is not there.
const Away = "https://idp.example/authorize"

// Gate is a [server.Gate] over the site's store, for parts that rely on one: whoever
// [Browser.SignIn] let in is signed in.
type Gate struct {
	Away string // where Begin sends the browser: [Away], until a test says otherwise

	// What Begin heard, read when its answer has come.
	Begun  []server.BeginOptions
	Return string // of the last time

	mu   sync.Mutex
	site *Site
}

// Gate returns one that nobody has passed.
func (s *Site) Gate() *Gate { return &Gate{Away: Away, site: s} }

// Session implements [server.Gate].
func (g *Gate) Session(r *http.Request, enterprise string) (server.Session, error) {
	c, err := r.Cookie(cookieName(enterprise))
	if err != nil {
		return server.Session{}, auth.Fail(auth.SignInRequired, nil, nil)
	}
	s, err := g.site.Store.SessionByCookie(r.Context(), enterprise, server.Hash(c.Value), g.site.Now())
	if err != nil {
		return server.Session{}, auth.Fail(auth.SignInRequired, nil, err)
	}
	return s, nil
}

// Begin implements [server.Gate].
func (g *Gate) Begin(w http.ResponseWriter, _ *http.Request, _, ret string, opts server.BeginOptions) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.Begun, g.Return = append(g.Begun, opts), ret
	w.Header().Set("Location", g.Away)
	w.WriteHeader(http.StatusSeeOther)
}

// Attach implements [server.Gate]; it sets no cookie.
func (g *Gate) Attach(http.ResponseWriter, *http.Request, server.Session, auth.Secret) {}

// End implements [server.Gate].
func (g *Gate) End(_ http.ResponseWriter, r *http.Request, enterprise string) error {
	s, err := g.Session(r, enterprise)
	if err != nil {
		return err
	}
	return g.site.Store.EndSession(r.Context(), enterprise, s.ID, g.site.Now())
}

// SignIn gives the browser a session of the person, which a [Gate] lets pass.
func (b *Browser) SignIn(p server.Person) {
	b.site.T.Helper()
	value, now := auth.RandomToken(), b.site.Now()
	b.Session = server.Session{
		ID: auth.RandomID(), EnterpriseID: p.EnterpriseID, PersonID: p.ID, CookieHash: server.Hash(value),
		Client: "browser", AuthTime: now, ProvenAt: now, CreatedAt: now, LastSeen: now,
		ExpiresAt: now.Add(b.site.Base.Lifetimes.Session),
	}
	Must(b.site.T, b.site.Store.SaveSession(context.Background(), b.Session))
	u, err := url.Parse(b.site.URL)
	Must(b.site.T, err)
	cookie := &http.Cookie{Name: cookieName(p.EnterpriseID), Value: value, Path: "/"} //nolint:gosec // there is no https here
	b.Client.Jar.SetCookies(u, []*http.Cookie{cookie})
}

func cookieName(enterprise string) string { return "sso-" + enterprise }
