package broker

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"lanyard/auth"
	"lanyard/auth/server"
)

// readHint returns the claims of an id_token that this enterprise's issuer signed; it
// may have expired (OpenID Connect RP-Initiated Logout section 2).
func (b *Broker) readHint(ctx context.Context, enterprise, hint string) (claims, error) {
	payload, err := b.keys.verify(ctx, enterprise, hint)
	if err != nil {
		return claims{}, err
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return claims{}, err
	}
	if c.Issuer != b.cfg.Base.Issuer(enterprise) {
		return claims{}, errors.New("read hint: another issuer")
	}
	return c, nil
}

// leaving is a verified end-session request.
type leaving struct {
	enterprise server.Enterprise
	raw        string
	hint       claims // zero without id_token_hint
	redirect   string // verified; "" ends on our page
	state      string
	locales    string // ui_locales
}

// endSession signs the browser out. An id_token of the very session proves that its
// app asks; otherwise the person is asked.
func (b *Broker) endSession(w http.ResponseWriter, r *http.Request) {
	e, ok := b.enterprise(w, r)
	if !ok {
		return
	}
	l, err := b.readLeaving(r.Context(), e, r.URL.RawQuery)
	if err != nil {
		b.cfg.Fail(w, r, e.ID, err)
		return
	}
	session, err := b.cfg.Gate.Session(r, e.ID)
	switch {
	case isSignInRequired(err):
		b.left(w, r, l)
	case err != nil:
		b.cfg.Fail(w, r, e.ID, err)
	case l.proves(session):
		b.leave(w, r, l)
	default:
		b.askLeave(w, r, l, session)
	}
}

// proves reports whether the hint is an id_token of the browser's session, or of the
// desktop program that the same person uses: that one has a session of its own.
func (l *leaving) proves(s server.Session) bool {
	return l.hint.Session == s.ID || (l.hint.Audience == server.DesktopClient && l.hint.Subject == s.PersonID)
}

// confirmEndSession takes the answer of our own page, or the same request as endSession by
// POST.
func (b *Broker) confirmEndSession(w http.ResponseWriter, r *http.Request) {
	if b.keptPost(w, r) {
		return
	}
	e, form, ok := b.ownForm(w, r)
	if !ok {
		return
	}
	l, err := b.readLeaving(r.Context(), e, form.Get("request"))
	if err != nil {
		b.cfg.Fail(w, r, e.ID, err)
		return
	}
	session, err := b.cfg.Gate.Session(r, e.ID)
	switch {
	case isSignInRequired(err):
		b.left(w, r, l)
	case err != nil:
		b.cfg.Fail(w, r, e.ID, err)
	case !b.ownToken(form, "end session", e.ID, session.ID, form.Get("request")):
		b.cfg.Fail(w, r, e.ID, auth.Fail(auth.SignInStale, nil, nil))
	default:
		b.leave(w, r, l)
	}
}

func (b *Broker) readLeaving(ctx context.Context, e server.Enterprise, raw string) (*leaving, error) {
	if len(raw) > maxQuery {
		return nil, pageError("the request is too long", nil)
	}
	v, err := url.ParseQuery(raw)
	if err != nil {
		return nil, pageError("the query cannot be read", err)
	}
	for name, values := range v {
		if len(values) != 1 {
			return nil, pageError(printable(name)+" is there more than once", nil)
		}
	}
	// A logout_hint says who is meant and proves nothing: whoever is signed in is asked.
	l := &leaving{enterprise: e, raw: raw, state: v.Get("state"), locales: v.Get("ui_locales")}
	client := v.Get("client_id")
	if hint := v.Get("id_token_hint"); hint != "" {
		if l.hint, err = b.readHint(ctx, e.ID, hint); err != nil {
			return nil, pageError("id_token_hint is not from here", err)
		}
		if client != "" && client != l.hint.Audience {
			return nil, pageError("client_id is not the one of id_token_hint", nil)
		}
		client = l.hint.Audience
	}
	to := v.Get("post_logout_redirect_uri")
	if to == "" {
		return l, nil
	}
	c, err := b.client(ctx, e.ID, client)
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return nil, err
	}
	if err != nil || !slices.Contains(c.LogoutURIs, to) {
		return nil, pageError("the address to go on to is not registered", err)
	}
	l.redirect = to
	return l, nil
}

// askLeave asks the person, in a form bound to the session and to the request.
func (b *Broker) askLeave(w http.ResponseWriter, r *http.Request, l *leaving, s server.Session) {
	lang := b.lang(r, l.locales)
	company := l.enterprise.Name.In(lang)
	b.show(w, r, l.enterprise.ID, "logout", server.View{
		Lang: lang, Title: b.cfg.Text(lang, "broker.logout.title", "company", company),
		Enterprise: l.enterprise, FormTo: beyond(l.redirect),
		Body: map[string]any{
			"Sentence": b.cfg.Text(lang, "broker.logout.sentence", "company", company),
			"Yes":      b.cfg.Text(lang, "broker.logout.yes"),
			"Action":   r.URL.Path,
			"Request":  l.raw,
			"Token":    b.formToken("end session", l.enterprise.ID, s.ID, l.raw),
		},
	})
}

// leave ends the browser's session here and goes on.
func (b *Broker) leave(w http.ResponseWriter, r *http.Request, l *leaving) {
	if err := b.cfg.Gate.End(w, r, l.enterprise.ID); err != nil {
		b.cfg.Fail(w, r, l.enterprise.ID, err)
		return
	}
	b.left(w, r, l)
}

// left sends the signed-out browser on, or says that it is signed out.
func (b *Broker) left(w http.ResponseWriter, r *http.Request, l *leaving) {
	if l.redirect == "" {
		lang := b.lang(r, l.locales)
		b.show(w, r, l.enterprise.ID, "logout", server.View{
			Lang: lang, Title: b.cfg.Text(lang, "broker.left.title"), Enterprise: l.enterprise,
			Body: map[string]any{"Sentence": b.cfg.Text(lang, "broker.left.sentence"), "Token": ""},
		})
		return
	}
	to := l.redirect
	if l.state != "" {
		to = withQuery(to, field{"state", l.state})
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}
