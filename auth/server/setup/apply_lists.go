package setup

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/server"
)

// catalogue returns the file's apps as records, in their order, and their pictures. A
// secret that the file does not name stays.
func (s *Setup) catalogue(ctx context.Context, f *File, enterprise string) ([]server.App, []server.Icon, error) {
	if len(f.Apps) == 0 {
		return nil, nil, nil
	}
	stored, err := s.cfg.Catalogue.Apps(ctx, enterprise)
	if err != nil {
		return nil, nil, err
	}
	var apps []server.App
	var icons []server.Icon
	var bad faults
	for i, a := range f.Apps {
		var old server.App
		if at := slices.IndexFunc(stored, func(o server.App) bool { return o.ID == a.ID }); at >= 0 {
			old = stored[at]
		}
		app, icon, err := s.app(f, fmt.Sprintf("apps.%d", i), a, old)
		if err != nil {
			var list faultList
			if list.collect(err); list.others() {
				return nil, nil, err
			}
			bad = append(bad, err)
			continue
		}
		app.EnterpriseID, app.Position = enterprise, i
		apps = append(apps, app)
		if icon != nil {
			icons = append(icons, *icon)
		}
	}
	return apps, icons, errors.Join(bad...)
}

// app returns one app of the file, at a path of it, as a record.
func (s *Setup) app(f *File, at string, a App, old server.App) (server.App, *server.Icon, error) {
	filled, err := a.fill()
	if err != nil {
		return old, nil, err
	}
	app := old
	app.ID, app.Title, app.Plain, app.ClientID, app.Icon = a.ID, a.Title, a.Plain, a.Client, ""
	if app.Launch, err = json.Marshal(filled.Spec); err != nil {
		return old, nil, fmt.Errorf("write launch of app %s: %w", a.ID, err)
	}
	var bad faults
	if s.cfg.CheckLaunch != nil {
		if err := s.cfg.CheckLaunch(filled.Spec); err != nil {
			bad.add(at+"."+a.launchKey(), "%v", err)
		}
		if a.Plain != "" && s.cfg.CheckLaunch(server.LaunchSpec{Kind: server.LaunchLink, URL: a.Plain}) != nil {
			bad.add(at+".plain", "must be an https:// address")
		}
	}
	had, err := s.appSecrets(old)
	if err != nil {
		return old, nil, err
	}
	secrets, err := f.readSecrets(at, filled.Spec.Secrets, a.Given, a.Secrets, had)
	if err := errors.Join(append(bad, err)...); err != nil {
		return old, nil, err
	}
	if !maps.Equal(secrets, had) {
		if app.Sealed, err = s.sealSecrets("app "+a.ID, secrets); err != nil {
			return old, nil, err
		}
	}
	picture, mediaType, err := f.picture(a.Icon)
	if err != nil {
		return old, nil, &connector.FieldError{Path: at + ".icon", Message: err.Error()}
	}
	if len(picture) == 0 {
		return app, nil, nil
	}
	sum := sha256.Sum256(picture)
	app.Icon = hex.EncodeToString(sum[:])
	return app, &server.Icon{SHA256: app.Icon, MediaType: mediaType, Data: picture}, nil
}

// launchKey is where an app says how it opens.
func (a *App) launchKey() string {
	if _, ok := a.Vars["url"]; ok && a.Preset != "" {
		return "vars.url"
	}
	if a.Preset != "" {
		return "preset"
	}
	return "launch"
}

// sameApp reports whether an app is stored as it should be.
func sameApp(a, b server.App) bool {
	return same(a.Title, b.Title) && a.Icon == b.Icon && bytes.Equal(a.Launch, b.Launch) && a.Plain == b.Plain &&
		a.Position == b.Position && a.ClientID == b.ClientID && bytes.Equal(a.Sealed, b.Sealed)
}

func (s *Setup) saveApps(ctx context.Context, report *Report, f *File, apps []server.App, icons []server.Icon) error {
	if f.Apps == nil {
		return nil
	}
	stored, err := s.cfg.Catalogue.Apps(ctx, report.ID)
	if err != nil {
		return err
	}
	now := s.cfg.Base.Time()
	for _, app := range apps {
		app.CreatedAt, app.UpdatedAt = now, now
		i := slices.IndexFunc(stored, func(o server.App) bool { return o.ID == app.ID })
		switch {
		case i < 0:
			report.change("app %s added", app.ID)
		case sameApp(stored[i], app):
			continue
		default:
			report.change("app %s changed", app.ID)
			app.CreatedAt = stored[i].CreatedAt
		}
		for _, icon := range icons {
			if icon.SHA256 == app.Icon {
				if err := s.cfg.Catalogue.SaveIcon(ctx, report.ID, icon); err != nil {
					return err
				}
			}
		}
		if err := s.cfg.Catalogue.SaveApp(ctx, app); err != nil {
			return err
		}
	}
	for _, old := range stored {
		if slices.ContainsFunc(apps, func(a server.App) bool { return a.ID == old.ID }) {
			continue
		}
		report.change("app %s removed", old.ID)
		if err := s.cfg.Catalogue.DeleteApp(ctx, report.ID, old.ID); err != nil {
			return err
		}
		client := presetClient(old)
		if f.Clients != nil || client == "" || slices.ContainsFunc(apps, func(a server.App) bool { return presetClient(a) == client }) {
			continue // the file lists its clients itself, or there is none to remove
		}
		report.change("client %s removed", client)
		if err := s.cfg.Clients.DeleteClient(ctx, report.ID, client); err != nil && !errors.Is(err, auth.ErrNotFound) {
			return err
		}
	}
	return nil
}

// presetClient is the client that an app's preset made, "" for none.
func presetClient(app server.App) string {
	var launch server.LaunchSpec
	if err := json.Unmarshal(app.Launch, &launch); err != nil {
		return ""
	}
	preset, err := findAppPreset(launch.Preset)
	if err != nil || preset.Client == nil {
		return ""
	}
	return cmp.Or(app.ClientID, app.ID)
}
