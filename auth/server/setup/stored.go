package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"lanyard/auth/server"
)

// Check finds what a file alone does not show, as joined connector.FieldErrors: a secret
// that it names nowhere and that is not stored either, an address that this server would
// not open, another enterprise's connector. What [Parse] refuses anyway is passed over.
func (s *Setup) Check(ctx context.Context, f *File) error {
	old, bad := s.checkConnectorStored(ctx, f)
	stored, err := s.cfg.Catalogue.Apps(ctx, old.enterprise.ID)
	bad = append(bad, err)
	for i, a := range f.Apps {
		if _, err := a.fill(); err != nil {
			continue
		}
		var was server.App
		if at := slices.IndexFunc(stored, func(o server.App) bool { return o.ID == a.ID }); at >= 0 {
			was = stored[at]
		}
		_, _, err := s.app(f, fmt.Sprintf("apps.%d", i), a, was)
		bad = append(bad, err)
	}
	_, err = s.clients(ctx, f, old.enterprise.ID)
	return errors.Join(append(bad, err)...)
}

// CheckForTest is [Setup.Check] for the connector alone.
func (s *Setup) CheckForTest(ctx context.Context, f *File) error {
	_, bad := s.checkConnectorStored(ctx, f)
	return errors.Join(bad...)
}

func (s *Setup) checkConnectorStored(ctx context.Context, f *File) (state, faults) {
	old, err := s.find(ctx, f)
	if err != nil {
		return old, faults{err}
	}
	filled, err := f.Connector.fill()
	if err != nil {
		return old, nil
	}
	_, err = f.secrets(filled, old.secrets)
	return old, faults{err}
}
