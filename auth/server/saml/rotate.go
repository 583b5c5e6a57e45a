package saml

import (
	"context"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// Certificates returns what an enterprise publishes, the one that signs first. The
// first call makes it.
func (p *Provider) Certificates(ctx context.Context, enterprise string) ([]server.Certificate, error) {
	keys, err := p.keys.of(ctx, enterprise)
	if err != nil {
		return nil, err
	}
	var out []server.Certificate
	for i, k := range keys {
		sum := sha256.Sum256(k.cert.Raw)
		out = append(out, server.Certificate{
			ID:          k.row.ID,
			PEM:         string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.cert.Raw})),
			Fingerprint: strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":"),
			Signs:       i == 0, CreatedAt: k.row.CreatedAt, NotAfter: k.cert.NotAfter, Until: k.row.RetireAt,
		})
	}
	return out, nil
}

// Rotate publishes a second certificate beside the one that signs. From at on its key
// signs alone; with a zero time that waits for [Provider.Switch]. Until then every
// service provider has to learn the new certificate. Where a second one is published
// already the error is of kind auth.ErrConflict.
func (p *Provider) Rotate(ctx context.Context, enterprise string, at time.Time) error {
	if _, err := p.keys.of(ctx, enterprise); err != nil {
		return err
	}
	_, err := p.keys.Change(ctx, enterprise, func(keys []*signingKey) ([]server.Key, error) {
		if len(keys) != 1 {
			return nil, fmt.Errorf("rotate SAML key: a second one is published: %w", auth.ErrConflict)
		}
		row, err := p.keys.generate(enterprise)
		if err != nil {
			return nil, err
		}
		if !row.CreatedAt.After(keys[0].row.CreatedAt) { // the older one signs
			row.CreatedAt = keys[0].row.CreatedAt.Add(time.Millisecond)
		}
		rows := []server.Key{row} // first the new one: there is never a moment without a key
		if !at.IsZero() {
			rows = append(rows, keys[0].retired(at))
		}
		return rows, nil
	})
	return err
}

// Switch lets the second certificate's key sign from now on; the first leaves the
// metadata. Without a second one the error is of kind auth.ErrConflict. Other instances
// follow within a minute.
func (p *Provider) Switch(ctx context.Context, enterprise string) error {
	_, err := p.keys.Change(ctx, enterprise, func(keys []*signingKey) ([]server.Key, error) {
		if len(keys) < 2 {
			return nil, fmt.Errorf("switch SAML key: there is no second one: %w", auth.ErrConflict)
		}
		return []server.Key{keys[0].retired(p.cfg.Base.Time())}, nil
	})
	return err
}
