package broker

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
)

// maxForm bounds the body of every POST here.
const maxForm = 32 << 10

func isSignInRequired(err error) bool { return errors.Is(err, auth.ErrSignInRequired) }

// askConsent shows who is about to be signed in to the desktop program. The form goes back
// to the address that the page is at, which is the request; it is bound to the session and
// to exactly that request. Its answer leaves to the loopback address of the request, which
// the page's policy therefore names.
func (b *Broker) askConsent(w http.ResponseWriter, r *http.Request, q *request, s server.Session) {
	person, err := b.cfg.People.Person(r.Context(), q.enterprise.ID, s.PersonID)
	if err != nil {
		b.answerError(w, r, q, err)
		return
	}
	lang := b.lang(r, q.locales)
	name := personName(person)
	company := q.enterprise.Name.In(lang)
	b.show(w, r, q.enterprise.ID, "consent", server.View{
		Lang:       lang,
		Title:      b.cfg.Text(lang, "broker.consent.title", "name", name),
		Enterprise: q.enterprise,
		FormTo:     originOf(q.redirect),
		Body: server.Words{
			"Sentence": b.cfg.Text(lang, "broker.consent.sentence", "company", company),
			"Warning":  b.cfg.Text(lang, "broker.consent.warning"),
			"Yes":      b.cfg.Text(lang, "broker.consent.yes"),
			"No":       b.cfg.Text(lang, "common.cancel"),
			"Switch":   b.cfg.Text(lang, "broker.consent.switch"),
			// A link and not a button: it leads to the company's own page, which the
			// page's form-action does not name.
			"SwitchURL": switchURL(r.URL.Path, q.raw),
			"Token":     b.formToken("consent", q.enterprise.ID, s.ID, r.URL.RawQuery),
		},
	})
}

// consent takes the answer of the page that askConsent shows, or an authorize request by
// POST (OpenID Connect Core section 3.1.2.1).
func (b *Broker) consent(w http.ResponseWriter, r *http.Request) {
	if b.keptPost(w, r) {
		return
	}
	e, form, ok := b.ownForm(w, r)
	if !ok {
		return
	}
	session, err := b.cfg.Gate.Session(r, e.ID)
	if isSignInRequired(err) {
		// Not on to the sign-in: the form's policy would stop that trip half-way.
		err = auth.Fail(auth.SignInStale, nil, err)
	}
	if err != nil {
		b.cfg.Fail(w, r, e.ID, err)
		return
	}
	if !b.ownToken(form, "consent", e.ID, session.ID, r.URL.RawQuery) {
		b.cfg.Fail(w, r, e.ID, auth.Fail(auth.SignInStale, nil, nil))
		return
	}
	q, ok := b.verified(w, r, e, r.URL.RawQuery)
	if !ok {
		return
	}
	switch {
	case form.Get("answer") != "yes":
		b.answerError(w, r, q, refuse(codeAccessDenied, ""))
	case b.wanting(q, session, true) != noTrip:
		b.cfg.Fail(w, r, e.ID, auth.Fail(auth.SignInStale, nil, nil))
	default:
		b.issueCode(w, r, q, session)
	}
}

// keptPost answers a form that an app has sent, where pages of ours send one with a token:
// by the same request as a GET. The POST came from another site, without a cookie of ours.
func (b *Broker) keptPost(w http.ResponseWriter, r *http.Request) bool {
	form, err := readForm(w, r)
	switch {
	case err != nil:
		b.cfg.Fail(w, r, r.PathValue("enterprise"), pageError("the form cannot be read", err))
	case form.Has("token"):
		return false
	default:
		w.Header().Set("Location", r.URL.Path+"?"+form.Encode())
		w.WriteHeader(http.StatusSeeOther)
	}
	return true
}

// ownForm returns the form of a POST that one of our own pages sent, or has answered.
func (b *Broker) ownForm(w http.ResponseWriter, r *http.Request) (server.Enterprise, url.Values, bool) {
	e, ok := b.enterprise(w, r)
	if !ok {
		return e, nil, false
	}
	if err := b.origin.Check(r); err != nil {
		b.cfg.Fail(w, r, e.ID, auth.Fail(auth.NotPermitted, nil, err))
		return e, nil, false
	}
	form, err := readForm(w, r)
	if err != nil {
		b.cfg.Fail(w, r, e.ID, pageError("the form cannot be read", err))
		return e, nil, false
	}
	return e, form, true
}

// formToken binds a form to its purpose, to the session that it was shown to, and to
// the request that it answers.
func (b *Broker) formToken(purpose, enterprise, session, request string) string {
	return b.cfg.Base.Sealer.Derive("form\n" + purpose + "\n" + enterprise + "\n" + session + "\n" + request)
}

func (b *Broker) ownToken(form url.Values, purpose, enterprise, session, request string) bool {
	want := auth.NewSecret(b.formToken(purpose, enterprise, session, request))
	return auth.NewSecret(form.Get("token")).Equal(want)
}

// readForm reads a form body; parameters in the address do not count.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	return r.PostForm, nil
}

// switchURL is the same request, asking for another account.
func switchURL(path, raw string) string {
	if !strings.Contains(raw, "prompt=") {
		return path + "?" + raw + "&prompt=" + promptLogin
	}
	v, err := url.ParseQuery(raw)
	if err != nil {
		return path
	}
	v.Set("prompt", promptLogin)
	return path + "?" + v.Encode()
}

func personName(p server.Person) string {
	switch {
	case p.Name != "":
		return p.Name
	case p.Email != "":
		return p.Email
	}
	return p.ID
}
