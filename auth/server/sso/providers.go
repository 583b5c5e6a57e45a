package sso

import (
	"context"
	"sync"
	"time"

	"lanyard/auth/openid"
	"lanyard/auth/server"
)

const (
	providerLife  = 10 * time.Minute // of a discovery document
	keptProviders = 1024
)

// providers keeps the OpenID providers that people sign in at, so that a sign-in costs
// no discovery.
type providers struct {
	client *openid.Client
	base   *server.Base

	mu   sync.Mutex
	kept map[providerKey]keptProvider
}

// providerKey names a connector as it was saved: saving it again asks anew.
type providerKey struct {
	connector string
	saved     int64
}

type keptProvider struct {
	*openid.Provider
	until time.Time
}

func newProviders(cfg Config) *providers {
	return &providers{client: cfg.OIDC, base: cfg.Base, kept: map[providerKey]keptProvider{}}
}

// of returns the provider of an oidc connector.
func (p *providers) of(ctx context.Context, c loaded) (*openid.Provider, error) {
	key := providerKey{c.ID, c.UpdatedAt.UnixMilli()}
	now := p.base.Time()
	p.mu.Lock()
	k, ok := p.kept[key]
	p.mu.Unlock()
	if ok && k.until.After(now) {
		return k.Provider, nil
	}
	provider, err := p.client.Discover(ctx, c.doc)
	if err == nil {
		provider, err = provider.WithSecret(c.secrets["client_secret"])
	}
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.kept) >= keptProviders {
		for key, k := range p.kept {
			if len(p.kept) >= keptProviders || !k.until.After(now) {
				delete(p.kept, key)
			}
		}
	}
	p.kept[key] = keptProvider{provider, now.Add(providerLife)}
	return provider, nil
}
