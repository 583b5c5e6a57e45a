package setup

import (
	"context"
	"fmt"

	"lanyard/auth"
)

// TestFile begins a test of a file's connector, filled as [Setup.Apply] would, at the
// address that is registered for the enterprise's connector and returned beside it.
// Nothing is stored and nobody is signed in. What is wrong with the file comes as joined
// connector.FieldErrors; an enterprise without a connector yet is auth.ErrNotFound, for
// its address is not known before it has one.
func (s *Setup) TestFile(ctx context.Context, f File) (t *Trial, callback string, err error) {
	if err := f.check(); err != nil {
		return nil, "", err
	}
	old, err := s.find(ctx, &f)
	if err == nil && old.connector.ID == "" {
		err = auth.ErrNotFound
	}
	if err != nil {
		return nil, "", fmt.Errorf("test connector of %q: %w", f.Code, err)
	}
	row, c, err := s.connector(&f, old.enterprise.ID, old)
	if err != nil {
		return nil, "", err
	}
	stored, err := s.openSecrets(row)
	if err != nil {
		return nil, "", err
	}
	secrets := map[string]auth.Secret{}
	for name, value := range stored {
		secrets[name] = auth.NewSecret(value)
	}
	callback = s.callback(row, c)
	t, err = s.TestConnector(ctx, c, secrets, callback)
	return t, callback, err
}
