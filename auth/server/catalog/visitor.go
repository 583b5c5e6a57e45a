package catalog

import (
	"cmp"
	"net/http"

	"lanyard/auth"
	"lanyard/auth/server"
)

// visitor is a person at an app that they may open, with what their assignment carries.
type visitor struct {
	server.Person
	assigned map[string]string
}

// visitor returns the person, unless the app is not theirs to open. They are asked for at
// each opening: whoever is taken off the list loses the app at the next click.
func (c *Catalog) visitor(r *http.Request, app server.App, person string) (visitor, error) {
	p, err := c.cfg.People.Person(r.Context(), app.EnterpriseID, person)
	if err != nil {
		return visitor{}, err
	}
	admission, err := c.cfg.Audiences.Admission(r.Context(), p, app.ID)
	if err != nil {
		return visitor{}, err
	}
	if !admission.Allowed {
		return visitor{}, auth.Fail(auth.AppNotYours, auth.Args{"app": title(app, language(r))}, nil)
	}
	return visitor{p, admission.Values}, nil
}

// theirs returns the apps that a person may open.
func (c *Catalog) theirs(r *http.Request, p server.Person) ([]server.App, error) {
	apps, err := c.cfg.Catalogue.Apps(r.Context(), p.EnterpriseID)
	if err != nil {
		return nil, err
	}
	admissions, err := c.cfg.Audiences.Admissions(r.Context(), p)
	if err != nil {
		return nil, err
	}
	kept := apps[:0]
	for _, app := range apps {
		if a, listed := admissions[app.ID]; !listed || a.Allowed {
			kept = append(kept, app)
		}
	}
	return kept, nil
}

// called is what to call a person to their face, also where the company gave no name.
func called(p server.Person) string { return cmp.Or(p.Name, p.Email, p.Account) }

// title is how an app is called, in a language.
func title(app server.App, lang string) string {
	return cmp.Or(app.Title.In(lang), app.ID)
}
