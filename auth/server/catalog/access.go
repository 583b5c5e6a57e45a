package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

// access answers GET {issuer}/a/{app}, the app's permanent address: it signs in by the
// company's own page if need be and opens the app.
func (c *Catalog) access(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	app, err := c.app(r, r.PathValue("app"))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	session, err := c.cfg.Gate.Session(r, id)
	if err == nil {
		err = c.due(r, session)
	}
	switch {
	case errors.Is(err, auth.ErrSignInRequired):
		c.cfg.Gate.Begin(w, r, id, path(id, "a", app.ID), server.BeginOptions{})
	case err != nil:
		c.fail(w, r, err)
	default:
		c.arrive(w, r, app, session, c.newOpening(), "")
	}
}

// due returns an error of kind auth.ErrSignInRequired where the session's person has to
// pass the company's page before the next app opens.
func (c *Catalog) due(r *http.Request, s server.Session) error {
	if c.cfg.Prover == nil {
		return nil
	}
	due, err := c.cfg.Prover.Due(r.Context(), s)
	if err == nil && due {
		err = auth.Fail(auth.SignInRequired, nil, nil)
	}
	return err
}

// app returns an app of the path's enterprise.
func (c *Catalog) app(r *http.Request, id string) (server.App, error) {
	app, err := c.cfg.Catalogue.App(r.Context(), r.PathValue("id"), id)
	if errors.Is(err, auth.ErrNotFound) {
		return app, auth.Fail(auth.AppUnknown, nil, err)
	}
	return app, err
}

// arrive brings the browser of a signed-in person into an app that is theirs, and writes
// down how that went: as outcome, unless it is empty and follows from the app's kind.
func (c *Catalog) arrive(w http.ResponseWriter, r *http.Request, app server.App, s server.Session, o server.Opening, outcome string) {
	o.EnterpriseID, o.AppID, o.SessionID = app.EnterpriseID, app.ID, s.ID
	if o.PersonID == "" {
		o.PersonID = s.PersonID
	}
	who, err := c.visitor(r, app, s.PersonID)
	if err != nil {
		c.unopened(w, r, o, err)
		return
	}
	l, err := ParseLaunch(app.Launch, c.cfg.AllowHTTP)
	if err != nil {
		c.unopened(w, r, o, misconfigured(app, err))
		return
	}
	switch l.Kind {
	case server.LaunchLink, server.LaunchOIDC, server.LaunchSteps:
		address, err := c.address(r, app, l, s, who)
		if err != nil {
			c.unopened(w, r, o, err)
			return
		}
		c.opened(r.Context(), o, cmp.Or(outcome, server.OpeningLinked))
		c.remember(w, o)
		c.onward(w, r, app, address)
	case server.LaunchNative:
		c.onComputer(w, r, app)
	default:
		c.byOpener(w, r, app, l, s, o, cmp.Or(outcome, server.OpeningPosted))
	}
}

// byOpener opens an app of a kind that has a package of its own. The opening is written
// down first: the app may come back before the answer's last byte has gone.
func (c *Catalog) byOpener(w http.ResponseWriter, r *http.Request, app server.App, l server.LaunchSpec, s server.Session, o server.Opening, outcome string) {
	opener := c.cfg.Openers[l.Kind]
	if opener == nil {
		c.unopened(w, r, o, misconfigured(app, fmt.Errorf("this server does not open apps of kind %s", l.Kind)))
		return
	}
	c.opened(r.Context(), o, outcome)
	c.remember(w, o)
	if err := opener.Open(w, r, app, s); err != nil {
		c.unopened(w, r, o, err)
	}
}

// address is where an app opens for a person.
func (c *Catalog) address(r *http.Request, app server.App, l server.LaunchSpec, s server.Session, who visitor) (string, error) {
	if l.Kind == server.LaunchSteps {
		return c.steps(r, app, l, s, who)
	}
	to, err := address(l, person{issuer: c.cfg.Base.Issuer(app.EnterpriseID), loginHint: hint(who.Person)})
	if err != nil {
		return "", misconfigured(app, err)
	}
	return to, nil
}

// onward sends the browser on to an address of an app. After a form it does so by a
// page: browsers hold a form's redirects against the page's form-action, and the way to
// the app may lead through any number of sites.
func (c *Catalog) onward(w http.ResponseWriter, r *http.Request, app server.App, address string) {
	if r.Method != http.MethodPost {
		redirect(w, address)
		return
	}
	e, ok := c.enterprise(w, r)
	if !ok {
		return
	}
	lang := language(r)
	w.Header().Set("Refresh", "0; url="+address)
	c.page(w, r, "opening", server.View{
		Lang: lang, Title: words.T(lang, "catalog.opening", "app", title(app, lang)), Enterprise: e,
		Body: map[string]string{"Address": address, "Open": words.T(lang, "catalog.open", "app", title(app, lang))},
	})
}

// onComputer says where an app is opened that runs on the computer itself.
func (c *Catalog) onComputer(w http.ResponseWriter, r *http.Request, app server.App) {
	e, ok := c.enterprise(w, r)
	if !ok {
		return
	}
	lang := language(r)
	c.page(w, r, "page", server.View{
		Lang: lang, Title: words.T(lang, "catalog.native.title", "app", title(app, lang)), Enterprise: e,
		Body: map[string]any{
			"Sentence": words.T(lang, "catalog.native.sentence", "app", title(app, lang)),
			"Again":    path(e.ID) + "/", "AgainText": words.T(lang, "catalog.devices.back"),
		},
	})
}
