package sso

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/server"
)

// loaded is a connector ready to run.
type loaded struct {
	server.Connector
	doc     *connector.Connector
	secrets map[string]auth.Secret
}

// load unpacks a stored connector, once for as long as it is stored the same.
func (s *SSO) load(row server.Connector) (loaded, error) {
	if c, ok := s.unpacked.find(row); ok {
		return c, nil
	}
	c, err := s.unpack(row)
	if err == nil {
		s.unpacked.keep(c)
	}
	return c, err
}

func (s *SSO) unpack(row server.Connector) (loaded, error) {
	c := loaded{Connector: row, doc: &connector.Connector{}, secrets: map[string]auth.Secret{}}
	if err := json.Unmarshal(row.Document, c.doc); err != nil {
		return c, fmt.Errorf("read connector %s: %w", row.ID, err)
	}
	if len(row.Sealed) == 0 {
		return c, nil
	}
	plain, err := s.cfg.Base.Sealer.Open(row.Sealed, row.ID)
	if err != nil {
		return c, fmt.Errorf("open secrets of connector %s: %w", row.ID, err)
	}
	if err := json.Unmarshal(plain, &c.secrets); err != nil {
		return c, fmt.Errorf("read secrets of connector %s: not as they were sealed", row.ID) // the cause could quote them
	}
	return c, nil
}

// maxUnpacked bounds how many connectors are kept unpacked; past it all are unpacked anew.
const maxUnpacked = 1024

// unpacked keeps connectors ready to run. A row is compared whole, so that a change,
// whoever made it, is never missed.
type unpacked struct {
	mu   sync.Mutex
	rows map[string]loaded
}

func (u *unpacked) find(row server.Connector) (loaded, bool) {
	u.mu.Lock()
	c, ok := u.rows[row.ID]
	u.mu.Unlock()
	same := ok && c.EnterpriseID == row.EnterpriseID && c.AppID == row.AppID &&
		bytes.Equal(c.Document, row.Document) && bytes.Equal(c.Sealed, row.Sealed)
	c.Connector = row
	return c, same
}

func (u *unpacked) keep(c loaded) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.rows == nil || len(u.rows) >= maxUnpacked {
		u.rows = map[string]loaded{}
	}
	u.rows[c.ID] = c
}
