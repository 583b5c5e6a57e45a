package setup

import (
	"context"
	"errors"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/directory"
	"lanyard/auth/server"
)

// SaveDraft lets a draft serve that was tested: the connector that served is kept, to
// switch back to. For an enterprise that does not exist yet it makes one, as first says.
// Faults of first come as joined connector.FieldErrors.
func (s *Setup) SaveDraft(ctx context.Context, enterprise string, first server.NewEnterprise) error {
	d, err := s.draft(ctx, enterprise)
	if err != nil {
		return err
	}
	if d.Trial == nil || d.Trial.Found == nil {
		return auth.Fail(auth.BadInput, nil, errors.New("the draft was not tested"))
	}
	f, err := s.fileOf(ctx, enterprise, first)
	if err != nil {
		return err
	}
	f.Connector = d.setup()
	f.Connector.keeps = true
	if _, err := s.Apply(ctx, f); err != nil {
		return err
	}
	return s.DropDraft(ctx, enterprise)
}

// fileOf is the enterprise as it is, or as it will be, without lists that stay as they are.
func (s *Setup) fileOf(ctx context.Context, enterprise string, first server.NewEnterprise) (File, error) {
	e, err := s.cfg.Enterprises.Enterprise(ctx, enterprise)
	if errors.Is(err, auth.ErrNotFound) {
		code, err := s.freeCode(ctx, first.Code)
		return File{Schema: FileSchema, ID: enterprise, Code: code, Name: first.Name}, err
	}
	return File{
		Schema: FileSchema, ID: e.ID, Code: e.Code, Name: e.Name, Domains: e.Domains, Help: e.Help, Logo: e.Logo, Public: e.Public, Device: e.Device,
	}, err
}

// freeCode returns the normal form of a code that nobody has, or makes one up.
func (s *Setup) freeCode(ctx context.Context, code string) (string, error) {
	if code == "" {
		code = generated()
	}
	normal, err := directory.Normal(code)
	if err != nil {
		return "", &connector.FieldError{Path: "code", Message: "must be 2 to 64 lower case letters, digits and inner hyphens"}
	}
	if _, err := s.cfg.Enterprises.EnterpriseByCode(ctx, directory.Hash(normal)); err == nil {
		return "", &connector.FieldError{Path: "code", Message: "is another enterprise's"}
	} else if !errors.Is(err, auth.ErrNotFound) {
		return "", err
	}
	return normal, nil
}

// generated makes a code that can be read out on the phone: no letter looks or sounds
// like another, no word comes about.
func generated() string {
	const letters = "bcdfghjkmnpqrstvwxz"
	const digits = "23456789"
	random := auth.RandomToken()
	code := make([]byte, 7)
	for i := range code {
		from := letters
		if i > 3 {
			from = digits
		}
		code[i] = from[int(random[i])%len(from)]
	}
	code[3] = '-'
	return string(code)
}

// replace saves a connector that serves from now on and keeps the one that served, to
// switch back to, both or neither.
func (s *Setup) replace(ctx context.Context, next server.Connector) error {
	row, err := s.cfg.Connectors.ActiveConnector(ctx, next.EnterpriseID)
	if errors.Is(err, auth.ErrNotFound) {
		return s.cfg.Connectors.SaveConnector(ctx, next)
	}
	if err != nil {
		return err
	}
	previous, err := s.seal(next.EnterpriseID, server.DraftPrevious, row)
	if err != nil {
		return err
	}
	return s.cfg.Connectors.SaveConnector(ctx, next, previous)
}

func (s *Setup) previous(ctx context.Context, enterprise string) (row server.Connector, err error) {
	kept, err := s.cfg.Drafts.Draft(ctx, enterprise, server.DraftPrevious)
	if err != nil {
		return row, err
	}
	return row, s.unseal(kept, &row)
}

// SwitchBack lets the connector serve again that served before, and keeps the present
// one in its place.
func (s *Setup) SwitchBack(ctx context.Context, enterprise string) error {
	s.applying.Lock()
	defer s.applying.Unlock()
	e, err := s.cfg.Enterprises.Enterprise(ctx, enterprise)
	if err != nil {
		return err
	}
	row, err := s.previous(ctx, enterprise)
	if err != nil {
		return err
	}
	row.EnterpriseID, row.Active, row.UpdatedAt = enterprise, true, s.cfg.Base.Time()
	if err := s.replace(ctx, row); err != nil {
		return err
	}
	return s.saveEnterprise(ctx, unsigned(e, row.UpdatedAt))
}

// unsigned drops the signed document, so that the next one says what is so now.
func unsigned(e server.Enterprise, now time.Time) server.Enterprise {
	e.Document, e.DocumentExpires, e.UpdatedAt = nil, time.Time{}, now
	return e
}

// Serving returns the connector that serves, auth.ErrNotFound where there is none.
func (s *Setup) Serving(ctx context.Context, enterprise string) (server.ConnectorView, error) {
	row, err := s.cfg.Connectors.ActiveConnector(ctx, enterprise)
	if err != nil {
		return server.ConnectorView{}, err
	}
	return s.viewOf(row)
}

// Previous returns the connector that served before, auth.ErrNotFound where none did.
func (s *Setup) Previous(ctx context.Context, enterprise string) (server.ConnectorView, error) {
	row, err := s.previous(ctx, enterprise)
	if err != nil {
		return server.ConnectorView{}, err
	}
	return s.viewOf(row)
}

func (s *Setup) viewOf(row server.Connector) (server.ConnectorView, error) {
	c, err := filledConnector(row)
	if err != nil {
		return server.ConnectorView{}, err
	}
	return server.ConnectorView{
		Title: c.Title, Host: upstreamHost(c), AppID: row.AppID, Callbacks: s.callbacks(draft{ConnectorID: row.ID, AppID: row.AppID}, c),
		Logout: s.logout(row.ID, c), UpdatedAt: row.UpdatedAt,
	}, nil
}

// ChangeEnterprise saves what an admin changed of an enterprise: name, code, help,
// logo, domains, public. Faults come as joined connector.FieldErrors.
func (s *Setup) ChangeEnterprise(ctx context.Context, next server.Enterprise) error {
	s.applying.Lock()
	defer s.applying.Unlock()
	old, err := s.cfg.Enterprises.Enterprise(ctx, next.ID)
	if err != nil {
		return err
	}
	f := File{Schema: FileSchema, ID: next.ID, Code: next.Code, Name: next.Name, Domains: next.Domains, Help: next.Help, Logo: next.Logo, Public: next.Public, Device: next.Device}
	var bad faults
	f.checkSelf(&bad)
	if err := errors.Join(bad...); err != nil {
		return err
	}
	e, err := s.enterprise(&f, old)
	if err != nil {
		return err
	}
	return s.saveEnterprise(ctx, e)
}

// AppsChanged says that the catalogue did: what a document says of it is signed anew.
func (s *Setup) AppsChanged(ctx context.Context, enterprise string) error {
	e, err := s.cfg.Enterprises.Enterprise(ctx, enterprise)
	if err != nil {
		return err
	}
	return s.saveEnterprise(ctx, unsigned(e, s.cfg.Base.Time()))
}
