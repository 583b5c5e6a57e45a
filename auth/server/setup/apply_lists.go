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
	"slices"

	"lanyard/auth/server"
)

// catalogue returns the file's apps as records, in their order, and their pictures.
func (f *File) catalogue(enterprise string) ([]server.App, []server.Icon, error) {
	var apps []server.App
	var icons []server.Icon
	var bad faults
	for i, a := range f.Apps {
		launch, err := json.Marshal(a.Launch)
		if err != nil {
			return nil, nil, fmt.Errorf("write launch of app %s: %w", a.ID, err)
		}
		picture, mediaType, err := f.picture(a.Icon)
		if err != nil {
			bad.add(fmt.Sprintf("apps.%d.icon", i), "%v", err)
			continue
		}
		app := server.App{
			ID: a.ID, EnterpriseID: enterprise, Title: a.Title, Launch: launch, Plain: a.Plain, Position: i,
		}
		if len(picture) > 0 {
			sum := sha256.Sum256(picture)
			app.Icon = hex.EncodeToString(sum[:])
			icons = append(icons, server.Icon{SHA256: app.Icon, MediaType: mediaType, Data: picture})
		}
		apps = append(apps, app)
	}
	return apps, icons, errors.Join(bad...)
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
		case same(stored[i].Title, app.Title) && stored[i].Icon == app.Icon && bytes.Equal(stored[i].Launch, app.Launch) &&
			stored[i].Plain == app.Plain && stored[i].Position == app.Position:
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
		if !slices.ContainsFunc(apps, func(a server.App) bool { return a.ID == old.ID }) {
			report.change("app %s removed", old.ID)
			if err := s.cfg.Catalogue.DeleteApp(ctx, report.ID, old.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// clientChange is a client to save, and what it replaces (empty: nothing).
type clientChange struct{ old, next server.Client }

// clients returns the file's clients as records. A secret is stored as its hash; one
// that the file does not name stays.
func (s *Setup) clients(ctx context.Context, f *File, enterprise string) ([]clientChange, error) {
	if len(f.Clients) == 0 {
		return nil, nil
	}
	stored, err := s.cfg.Clients.ListClients(ctx, enterprise)
	if err != nil {
		return nil, err
	}
	var changes []clientChange
	var bad faults
	for i, c := range f.Clients {
		var old server.Client
		if at := slices.IndexFunc(stored, func(o server.Client) bool { return o.ID == c.ID }); at >= 0 {
			old = stored[at]
		}
		next := server.Client{
			ID: c.ID, EnterpriseID: enterprise, Name: cmp.Or(c.Name, c.ID), RedirectURIs: c.RedirectURIs,
			LogoutURIs: c.LogoutURIs, Alg: cmp.Or(c.Alg, "ES256"), CreatedAt: old.CreatedAt,
		}
		if !c.Public {
			secret := c.Given
			if secret.IsZero() && c.Secret != "" {
				if secret, err = f.secret(c.Secret); err != nil {
					bad.add(fmt.Sprintf("clients.%d.secret", i), "%v", err)
					continue
				}
			}
			next.SecretHash = old.SecretHash
			if !secret.IsZero() {
				next.SecretHash = server.Hash(secret.Reveal())
			}
			if next.SecretHash == "" {
				bad.add(fmt.Sprintf("clients.%d.secret", i), "is missing: say where it is, or that the client is public")
				continue
			}
		}
		changes = append(changes, clientChange{old, next})
	}
	return changes, errors.Join(bad...)
}

func (s *Setup) saveClients(ctx context.Context, report *Report, f *File, changes []clientChange) error {
	if f.Clients == nil {
		return nil
	}
	for _, c := range changes {
		switch {
		case c.old.ID == "":
			report.change("client %s added", c.next.ID)
			c.next.CreatedAt = s.cfg.Base.Time()
		case c.old.Name == c.next.Name && c.old.SecretHash == c.next.SecretHash && c.old.Alg == c.next.Alg &&
			same(c.old.RedirectURIs, c.next.RedirectURIs) && same(c.old.LogoutURIs, c.next.LogoutURIs):
			continue
		default:
			report.change("client %s changed", c.next.ID)
		}
		if err := s.cfg.Clients.SaveClient(ctx, c.next); err != nil {
			return err
		}
	}
	stored, err := s.cfg.Clients.ListClients(ctx, report.ID)
	if err != nil {
		return err
	}
	for _, old := range stored {
		if !slices.ContainsFunc(changes, func(c clientChange) bool { return c.next.ID == old.ID }) {
			report.change("client %s removed", old.ID)
			if err := s.cfg.Clients.DeleteClient(ctx, report.ID, old.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
