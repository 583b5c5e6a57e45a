package connector

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"lanyard/auth"
)

// maxApps bounds a vendor's app list; nobody's workbench has more.
const maxApps = 1000

// Apps runs the connector's apps steps and returns the apps that the vendor lists for
// the person of run. An app that is switched off, has no address of https or http, or
// repeats an id is left out. Pictures are not taken over: the desktop shows only icons
// that a workbench serves by their content.
func (e *Engine) Apps(ctx context.Context, c *Connector, run Run) ([]auth.App, error) {
	x := e.start(c, run)
	if err := x.steps(ctx, c.Apps); err != nil {
		return nil, err
	}
	return x.apps, nil
}

// takeApps reads a step's list of apps.
func (a *answer) takeApps() error {
	items, isList := lookup(a.doc, a.s.Items).([]any)
	if !isList {
		return auth.Fail(auth.FieldMissing, auth.Args{
			"stage": a.id, "field": a.s.Items, "found": a.x.veil.text(whatIsThere(a.doc, a.s.Items)),
		}, nil)
	}
	for _, item := range items {
		app, ok := readApp(a.s.Item, item)
		known := slices.ContainsFunc(a.x.apps, func(b auth.App) bool { return b.ID == app.ID })
		if ok && !known && len(a.x.apps) < maxApps {
			a.x.apps = append(a.x.apps, app)
		}
	}
	return nil
}

func readApp(fields map[string]Paths, item any) (auth.App, bool) {
	id, _ := fields["id"].Find(item)
	title, _ := fields["title"].Find(item)
	address, _ := fields["url"].Find(item)
	if enabled, said := fields["enabled"].Find(item); said && (enabled == "false" || enabled == "0") {
		return auth.App{}, false
	}
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return auth.App{}, false
	}
	if title = clean(title); title == "" {
		title = u.Hostname()
	}
	return auth.App{ID: clean(id), Title: auth.Text{"en": title}, URL: u.String()}, clean(id) != ""
}
