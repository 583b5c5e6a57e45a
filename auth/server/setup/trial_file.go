package setup

import (
	"context"
	"fmt"

	"lanyard/auth"
	"lanyard/auth/server"
)

// TestFile begins a test of a file's connector, filled as [Setup.Apply] would, at the
// address that is registered for the enterprise's connector and returned beside it.
// Nothing is stored and nobody is signed in; the enterprise need not be there. What is
// wrong with the file comes as joined connector.FieldErrors; a connector that has yet to
// be applied, and whose address tells it from others, is auth.ErrNotFound: nobody can have
// registered that.
func (s *Setup) TestFile(ctx context.Context, f File) (t *Trial, callback string, err error) {
	if err := f.check(); err != nil {
		return nil, "", err
	}
	old, err := s.find(ctx, &f)
	if err != nil {
		return nil, "", fmt.Errorf("test connector of %q: %w", f.Code, err)
	}
	row, c, err := s.connector(&f, old.enterprise.ID, old)
	if err != nil {
		return nil, "", err
	}
	callback = s.callback(row, c)
	if old.connector.ID == "" && callback != s.callback(server.Connector{ID: f.Connector.ID}, c) {
		return nil, "", fmt.Errorf("test connector of %q: its address is not known yet: %w", f.Code, auth.ErrNotFound)
	}
	stored, err := s.openSecrets(row)
	if err != nil {
		return nil, "", err
	}
	secrets := map[string]auth.Secret{}
	for name, value := range stored {
		secrets[name] = auth.NewSecret(value)
	}
	t, err = s.TestConnector(ctx, c, secrets, callback)
	return t, callback, err
}
