package catalog

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"

	"lanyard/auth"
	"lanyard/auth/server"
)

// launchCookie ties a link to the browser that presented it first. Its path is the
// link's own, so that links do not disturb each other.
const launchCookie = "lanyard-launch"

// open answers GET {issuer}/launch/{token}: it binds the link to this browser and sends
// it to the agent for its proof, or asks the person where there is no agent to ask.
func (c *Catalog) open(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		return // somebody's preview; it takes nothing from the person
	}
	id, token := r.PathValue("id"), r.PathValue("token")
	value := presented(r)
	if value == "" {
		value = auth.RandomToken()
	}
	l, err := c.cfg.Launches.BindLaunch(r.Context(), id, server.Hash(token), server.Hash(value), c.cfg.Base.Time())
	if err != nil {
		c.refuse(w, r, l, err)
		return
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever there is https
		Name: launchCookie, Value: value, Path: path(id, "launch", token),
		HttpOnly: true, Secure: c.cfg.Base.Secure(), SameSite: http.SameSiteLaxMode,
	})
	if l.Port > 0 {
		redirect(w, fmt.Sprintf("http://127.0.0.1:%d/launch/%s?challenge=%s", l.Port, l.Nonce, challenge(value)))
		return
	}
	c.ask(w, r, l, "")
}

// presented returns the value of the browser's launch cookie.
func presented(r *http.Request) string {
	cookie, err := r.Cookie(launchCookie)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// challenge is what the agent sees of the cookie.
func challenge(cookie string) string {
	sum := sha256.Sum256([]byte(cookie))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// proves reports whether proof was made by the agent that asked for the launch, for the
// browser with this cookie.
func (c *Catalog) proves(l server.Launch, cookie, proof string) bool {
	mac := hmac.New(sha256.New, []byte(c.key(l.Hash)))
	mac.Write([]byte(l.ID + "." + challenge(cookie)))
	got, err := base64.RawURLEncoding.DecodeString(proof)
	return err == nil && hmac.Equal(got, mac.Sum(nil))
}

// errUnproven says that a browser came back without what its launch asks for.
var errUnproven = errors.New("launch without its cookie or proof")

// bound returns the launch of the path if this browser holds it, it still counts, and
// the agent's proof is there where an agent was to give one.
func (c *Catalog) bound(r *http.Request, proof string) (server.Launch, error) {
	l, err := c.cfg.Launches.Launch(r.Context(), r.PathValue("id"), server.Hash(r.PathValue("token")))
	if err != nil {
		return l, err
	}
	cookie := presented(r)
	switch {
	case cookie == "" || !hmac.Equal([]byte(l.CookieHash), []byte(server.Hash(cookie))):
		return l, errUnproven
	case !l.UsedAt.IsZero():
		return l, auth.LinkUsed
	case !c.cfg.Base.Time().Before(l.ExpiresAt):
		return l, auth.LinkExpired
	case l.Port > 0 && !c.proves(l, cookie, proof):
		return l, errUnproven
	}
	agent, err := c.cfg.Sessions.Session(r.Context(), l.EnterpriseID, l.SessionID, c.cfg.Base.Time())
	if err == nil {
		err = c.due(r, agent)
	}
	return l, err
}

// proof answers GET {issuer}/launch/{token}/proof, where the agent sent the browser.
func (c *Catalog) proof(w http.ResponseWriter, r *http.Request) {
	proof := r.URL.Query().Get("proof")
	l, err := c.bound(r, proof)
	if err == nil && l.Port == 0 {
		err = errUnproven // only the person can say yes to this one
	}
	if err != nil {
		c.refuse(w, r, l, err)
		return
	}
	present, err := c.cfg.Gate.Session(r, l.EnterpriseID)
	switch {
	case err == nil && present.PersonID != l.PersonID:
		c.ask(w, r, l, proof)
	case err == nil:
		c.keep(w, r, l, present)
	case errors.Is(err, auth.ErrSignInRequired):
		c.signIn(w, r, l, server.Session{})
	default:
		c.fail(w, r, err)
	}
}

// goOn answers POST {issuer}/launch/{token}/continue: what the person said to [Catalog.ask].
func (c *Catalog) goOn(w http.ResponseWriter, r *http.Request) {
	l, err := c.bound(r, r.PostFormValue("proof"))
	if err != nil {
		c.refuse(w, r, l, err)
		return
	}
	present, err := c.cfg.Gate.Session(r, l.EnterpriseID)
	if err != nil && !errors.Is(err, auth.ErrSignInRequired) {
		c.fail(w, r, err)
		return
	}
	switch {
	case r.PostFormValue("answer") != "yes":
		if present.PersonID == l.PersonID { // they were not asked whom to stay
			present = server.Session{}
		}
		c.decline(w, r, l, present)
	case present.PersonID == l.PersonID:
		c.keep(w, r, l, present)
	default:
		c.signIn(w, r, l, present)
	}
}

// keep opens the app by the session that the person already has in this browser.
func (c *Catalog) keep(w http.ResponseWriter, r *http.Request, l server.Launch, present server.Session) {
	if err := c.cfg.Launches.UseLaunch(r.Context(), l.EnterpriseID, l.Hash, "", c.cfg.Base.Time()); err != nil {
		c.refuse(w, r, l, used(err))
		return
	}
	c.launched(w, r, l, present, "")
}

// launched goes on from a link that has done its work.
func (c *Catalog) launched(w http.ResponseWriter, r *http.Request, l server.Launch, s server.Session, outcome string) {
	app, err := c.app(r, l.AppID)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.arrive(w, r, app, s, openingOf(l), outcome)
}

// decline uses the link up. Somebody else's session goes on to the app as it is.
func (c *Catalog) decline(w http.ResponseWriter, r *http.Request, l server.Launch, present server.Session) {
	if err := c.cfg.Launches.UseLaunch(r.Context(), l.EnterpriseID, l.Hash, "", c.cfg.Base.Time()); err != nil {
		c.refuse(w, r, l, used(err))
		return
	}
	if present.ID == "" {
		c.closed(w, r)
		return
	}
	switch err := c.due(r, present); {
	case errors.Is(err, auth.ErrSignInRequired):
		c.byAccessLink(w, r, l)
	case err != nil:
		c.fail(w, r, err)
	default:
		c.launched(w, r, l, present, server.OpeningAnother)
	}
}

// signIn gives the browser a session, child of the agent's, and opens the app. A
// session of somebody else that it had ends.
func (c *Catalog) signIn(w http.ResponseWriter, r *http.Request, l server.Launch, old server.Session) {
	now := c.cfg.Base.Time()
	parent, err := c.cfg.Sessions.Session(r.Context(), l.EnterpriseID, l.SessionID, now)
	if err != nil {
		c.refuse(w, r, l, err) // signed out, or left, since the link was made
		return
	}
	cookie := auth.RandomToken()
	child := server.Session{
		ID: auth.RandomID(), EnterpriseID: l.EnterpriseID, PersonID: l.PersonID, CookieHash: server.Hash(cookie),
		Parent: parent.ID, Client: "launch", Device: server.DeviceName(server.SomeBrowser, r.UserAgent()),
		AuthTime: parent.AuthTime, ProvenAt: parent.ProvenAt, Upstream: parent.Upstream,
		CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(c.cfg.Base.Lifetimes.LaunchSession),
	}
	// First the session, then the use that names it: whoever presents the link from
	// then on finds what to end.
	if err := c.cfg.Sessions.SaveSession(r.Context(), child); err != nil {
		c.fail(w, r, err)
		return
	}
	if err := c.cfg.Launches.UseLaunch(r.Context(), l.EnterpriseID, l.Hash, child.ID, now); err != nil {
		c.end(r, l.EnterpriseID, child.ID)
		c.refuse(w, r, l, used(err))
		return
	}
	if old.ID != "" {
		c.end(r, l.EnterpriseID, old.ID)
	}
	c.cfg.Gate.Attach(w, r, child, auth.NewSecret(cookie))
	c.log.InfoContext(r.Context(), "app launched", "enterprise", l.EnterpriseID, "app", l.AppID, "person", l.PersonID, "launch", l.ID)
	c.launched(w, r, l, child, "")
}

// used names the loss of a race for a link.
func used(err error) error {
	if errors.Is(err, auth.ErrConflict) {
		return auth.LinkUsed
	}
	return err
}

// end ends a session that must not go on, also where the browser has hung up meanwhile.
func (c *Catalog) end(r *http.Request, enterprise, session string) {
	if err := c.cfg.Sessions.EndSession(context.WithoutCancel(r.Context()), enterprise, session, c.cfg.Base.Time()); err != nil {
		c.log.ErrorContext(r.Context(), "session not ended", "enterprise", enterprise, "session", session, "err", err)
	}
}

// byPage sends the browser to the app by the company's page: a launch vouches for nobody
// whom the company has not seen for too long.
func (c *Catalog) byPage(w http.ResponseWriter, r *http.Request, l server.Launch) {
	if err := c.cfg.Launches.UseLaunch(r.Context(), l.EnterpriseID, l.Hash, "", c.cfg.Base.Time()); err != nil {
		c.refuse(w, r, l, used(err))
		return
	}
	c.byAccessLink(w, r, l)
}

// byAccessLink goes on from a link as the app's access link.
func (c *Catalog) byAccessLink(w http.ResponseWriter, r *http.Request, l server.Launch) {
	app, err := c.app(r, l.AppID)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.onward(w, r, app, c.accessLink(l.EnterpriseID, l.AppID))
}

// refuse goes on from a link that signs nobody in: as the app's access link, or to My
// apps where the link is unknown. A link that a second browser presents is worth
// nothing any more, and what it gave the first one ends. Of a link that was used before,
// whoever is not signed in here is told.
func (c *Catalog) refuse(w http.ResponseWriter, r *http.Request, l server.Launch, err error) {
	enterprise := r.PathValue("id")
	switch {
	case errors.Is(err, auth.ErrConflict):
		c.burn(r, l)
	case errors.Is(err, auth.ErrSignInRequired):
		c.byPage(w, r, l)
		return
	case errors.Is(err, auth.ErrExpired), errors.Is(err, errUnproven), errors.Is(err, auth.ErrNotFound):
	default:
		c.fail(w, r, err)
		return
	}
	c.log.WarnContext(r.Context(), "launch link refused", "enterprise", enterprise, "app", l.AppID, "launch", l.ID, "err", err)
	if l.AppID == "" {
		c.toMyApps(w, r)
		return
	}
	c.old(r.Context(), l)
	if errors.Is(err, auth.ErrConflict) || errors.Is(err, auth.LinkUsed) {
		if _, here := c.cfg.Gate.Session(r, enterprise); errors.Is(here, auth.ErrSignInRequired) {
			c.spent(w, r, l, err)
			return
		}
	}
	c.byAccessLink(w, r, l)
}

// burn makes a link worthless that is in two hands, whatever becomes of the request.
func (c *Catalog) burn(r *http.Request, l server.Launch) {
	ctx := context.WithoutCancel(r.Context())
	err := c.cfg.Launches.UseLaunch(ctx, l.EnterpriseID, l.Hash, "", c.cfg.Base.Time())
	if err == nil {
		return
	}
	if l, err = c.cfg.Launches.Launch(ctx, l.EnterpriseID, l.Hash); err != nil {
		c.log.ErrorContext(ctx, "launch not ended", "err", err)
		return
	}
	if l.Child != "" {
		c.end(r, l.EnterpriseID, l.Child)
	}
}
