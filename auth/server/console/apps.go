package console

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
)

const apps = "/admin/apps"

func (c *Console) mountApps(mux *http.ServeMux) {
	mux.HandleFunc("GET "+apps, c.ofCompany(administrators, (*visit).showApps))
	mux.HandleFunc("POST "+apps+"/{id}/move", c.ofCompany(administrators, (*visit).moveApp))
	mux.HandleFunc("POST "+apps+"/{id}/delete", c.ofCompany(administrators, (*visit).deleteApp))
	mux.HandleFunc("GET /admin/icons/{sha256}", c.ofCompany(everyAdmin, (*visit).showIcon))
}

// accessLink is an app's permanent address: it signs in and opens the app.
func (v *visit) accessLink(id string) string {
	return v.c.cfg.Base.Issuer(v.id) + "/a/" + id
}

// appRow is one app of the list.
type appRow struct {
	server.App
	Called, Link string
	Who          string // who may open it, where that is not everyone
	How          launchRate
	First, Last  bool
}

func (v *visit) showApps() error {
	list, err := v.c.cfg.Catalogue.Apps(v.Context(), v.id)
	if err != nil {
		return err
	}
	rates, err := v.rates()
	if err != nil {
		return err
	}
	rows := make([]appRow, len(list))
	for i, app := range list {
		rows[i] = appRow{
			App: app, Called: called(app, v.lang), Link: v.accessLink(app.ID), How: rates[app.ID], First: i == 0, Last: i == len(list)-1,
		}
		a, err := v.c.cfg.Audiences.Audience(v.Context(), v.id, app.ID)
		if err != nil {
			return err
		}
		if !a.Everyone {
			rows[i].Who = v.audienceText(a)
		}
	}
	return v.show("apps", v.t("apps.title"), map[string]any{"Apps": rows})
}

func called(app server.App, lang string) string {
	if title := app.Title.In(lang); title != "" {
		return title
	}
	return app.ID
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

// slug makes a short name for addresses out of a title.
func slug(title string) string {
	s := strings.Trim(notSlug.ReplaceAllString(strings.ToLower(title), "-"), "-")
	return strings.Trim(s[:min(40, len(s))], "-")
}

// freeID is the id of a new app: it stands in addresses for good.
func (v *visit) freeID(title string) (string, error) {
	list, err := v.c.cfg.Catalogue.Apps(v.Context(), v.id)
	if err != nil {
		return "", err
	}
	id := slug(title)
	taken := func(a server.App) bool { return a.ID == id || a.ClientID == id }
	client, err := found(v.c.cfg.Clients.Client(v.Context(), v.id, id)) // a file may have one without an app
	if err != nil {
		return "", err
	}
	if id == "" || id == "new" || id == server.DesktopClient || client != nil || slices.ContainsFunc(list, taken) {
		id = strings.Trim(id+"-"+auth.RandomID()[:6], "-")
	}
	return id, nil
}

// moveApp moves an app one place up or down.
func (v *visit) moveApp() error {
	ctx := v.Context()
	list, err := v.c.cfg.Catalogue.Apps(ctx, v.id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(a server.App) bool { return a.ID == v.PathValue("id") })
	if i < 0 {
		return auth.ErrNotFound
	}
	j := i + 1
	if v.PostFormValue("to") == "up" {
		j = i - 1
	}
	if j >= 0 && j < len(list) {
		list[i], list[j] = list[j], list[i]
		for at, app := range list {
			if app.Position == at {
				continue
			}
			app.Position, app.UpdatedAt = at, v.c.cfg.Base.Time()
			if err := v.c.cfg.Catalogue.SaveApp(ctx, app); err != nil {
				return err
			}
		}
		if err := v.c.cfg.Workshop.AppsChanged(ctx, v.id); err != nil {
			return err
		}
		v.audit("app.moved", called(list[j], "en"), "")
	}
	v.redirect(apps, "")
	return nil
}

// deleteApp removes an app and its client.
func (v *visit) deleteApp() error {
	ctx := v.Context()
	app, err := v.c.cfg.Catalogue.App(ctx, v.id, v.PathValue("id"))
	if err != nil {
		return err
	}
	if err := v.c.cfg.Catalogue.DeleteApp(ctx, v.id, app.ID); err != nil {
		return err
	}
	if err := v.c.cfg.Clients.DeleteClient(ctx, v.id, app.ID); err != nil && !errors.Is(err, auth.ErrNotFound) {
		return err
	}
	if err := v.c.cfg.Workshop.AppsChanged(ctx, v.id); err != nil {
		return err
	}
	v.audit("app.deleted", called(app, "en"), "")
	v.redirect(apps, "app_deleted")
	return nil
}
