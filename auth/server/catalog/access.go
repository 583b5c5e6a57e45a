package catalog

import (
	"errors"
	"net/http"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

// access answers GET {issuer}/a/{app}, the app's permanent address: it signs in by the
// company's own page if need be and opens the app.
func (c *Catalog) access(w http.ResponseWriter, r *http.Request) {
	id, app := r.PathValue("id"), r.PathValue("app")
	if _, err := c.app(r, app); err != nil {
		c.fail(w, r, err)
		return
	}
	session, err := c.cfg.Gate.Session(r, id)
	if err == nil {
		err = c.due(r, session)
	}
	switch {
	case errors.Is(err, auth.ErrSignInRequired):
		c.cfg.Gate.Begin(w, r, id, path(id, "a", app), server.BeginOptions{})
	case err != nil:
		c.fail(w, r, err)
	default:
		c.arrive(w, r, app, session.PersonID)
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

// arrive sends the browser of a signed-in person to the app.
func (c *Catalog) arrive(w http.ResponseWriter, r *http.Request, appID, personID string) {
	app, err := c.app(r, appID)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	address, err := c.address(r, app, personID)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.onward(w, r, app, address)
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
	title := words.T(lang, "catalog.opening", "app", app.Title.In(lang))
	w.Header().Set("Refresh", "0; url="+address)
	c.page(w, r, "opening", server.View{Lang: lang, Title: title, Enterprise: e, Body: map[string]string{
		"Address": address, "Open": words.T(lang, "catalog.open", "app", app.Title.In(lang)),
	}})
}

// address is where an app of the catalogue opens for a person.
func (c *Catalog) address(r *http.Request, app server.App, personID string) (string, error) {
	launch, err := ParseLaunch(app.Launch, c.cfg.AllowHTTP)
	if err != nil {
		return "", auth.Fail(auth.EnterpriseMisconfig, auth.Args{"reason": app.ID}, err)
	}
	p, err := c.cfg.People.Person(r.Context(), app.EnterpriseID, personID)
	if err != nil {
		return "", err
	}
	address, err := launch.address(person{issuer: c.cfg.Base.Issuer(app.EnterpriseID), loginHint: hint(p)})
	if err != nil {
		return "", auth.Fail(auth.EnterpriseMisconfig, auth.Args{"reason": app.ID}, err)
	}
	return address, nil
}
