package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"lanyard/auth/server"
)

// clientChange is a client to save, and what it replaces (empty: nothing).
type clientChange struct{ old, next server.Client }

// clients returns the file's clients as records. A secret is stored as its hash; one
// that the file does not name stays.
func (s *Setup) clients(ctx context.Context, f *File, enterprise string) ([]clientChange, error) {
	list, bad := f.withPresetClients()
	if len(list) == 0 {
		return nil, errors.Join(bad...)
	}
	stored, err := s.cfg.Clients.ListClients(ctx, enterprise)
	if err != nil {
		return nil, err
	}
	var changes []clientChange
	for i, c := range list {
		var old server.Client
		if at := slices.IndexFunc(stored, func(o server.Client) bool { return o.ID == c.ID }); at >= 0 {
			old = stored[at]
		}
		next := server.Client{
			ID: c.ID, EnterpriseID: enterprise, Name: cmp.Or(c.Name, c.ID), RedirectURIs: c.RedirectURIs,
			LogoutURIs: c.LogoutURIs, Alg: c.Alg, Farewell: c.Farewell, Three: c.Three, CreatedAt: old.CreatedAt,
		}
		if c.Three == nil {
			next.Alg = cmp.Or(c.Alg, "ES256")
		}
		if !c.Public {
			secret := c.Given
			if secret.IsZero() && c.Secret != "" {
				if secret, err = f.secret(c.Secret); err != nil {
					bad.add(f.secretOf(i, c), "%v", err)
					continue
				}
			}
			next.SecretHash = old.SecretHash
			if !secret.IsZero() {
				next.SecretHash = server.Hash(secret.Reveal())
			}
			if next.SecretHash == "" {
				bad.add(f.secretOf(i, c), "is missing: say where it is, or that the client is public")
				continue
			}
		}
		changes = append(changes, clientChange{old, next})
	}
	return changes, errors.Join(bad...)
}

func (s *Setup) saveClients(ctx context.Context, report *Report, f *File, changes []clientChange) error {
	for _, c := range changes {
		switch {
		case c.old.ID == "":
			report.change("client %s added", c.next.ID)
			c.next.CreatedAt = s.cfg.Base.Time()
		case sameClient(c.old, c.next):
			continue
		default:
			report.change("client %s changed", c.next.ID)
		}
		if err := s.cfg.Clients.SaveClient(ctx, c.next); err != nil {
			return err
		}
	}
	if f.Clients == nil {
		return nil // only those that presets need were named
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

// sameClient reports whether a client is stored as it should be.
func sameClient(a, b server.Client) bool {
	return a.Name == b.Name && a.SecretHash == b.SecretHash && a.Alg == b.Alg && a.Farewell == b.Farewell &&
		same(a.RedirectURIs, b.RedirectURIs) && same(a.LogoutURIs, b.LogoutURIs) && reflect.DeepEqual(a.Three, b.Three)
}

// secretOf is where the file says, or should say, where the secret of a client is: of the
// i-th, or of the app whose preset needs it.
func (f *File) secretOf(i int, c Client) string {
	if i < len(f.Clients) {
		return fmt.Sprintf("clients.%d.secret", i)
	}
	for j := range f.Apps {
		if cmp.Or(f.Apps[j].Client, f.Apps[j].ID) == c.ID {
			return fmt.Sprintf("apps.%d.secrets.%s", j, clientSecret)
		}
	}
	return "clients"
}
