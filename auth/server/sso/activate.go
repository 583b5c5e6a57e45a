package sso

import (
	"context"
	"errors"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/server"
)

// Activates implements server.Activator.
func (s *SSO) Activates(ctx context.Context, appID string) (bool, error) {
	_, err := s.activation(ctx, appID)
	if errors.Is(err, auth.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// activation returns the connector of an APPID that serves and has an activate block;
// any other is auth.ErrNotFound.
func (s *SSO) activation(ctx context.Context, appID string) (loaded, error) {
	row, err := s.cfg.Connectors.ConnectorByAppID(ctx, appID)
	if err != nil {
		return loaded{}, err
	}
	c, err := s.load(row)
	if err == nil && (!c.Active || c.doc.Activate == nil) {
		err = auth.ErrNotFound
	}
	return c, err
}

// Activate implements server.Activator.
func (s *SSO) Activate(ctx context.Context, appID, device string, code auth.Secret) (server.Session, error) {
	c, err := s.activation(ctx, appID)
	if errors.Is(err, auth.ErrNotFound) {
		err = auth.Fail(auth.CodeUnknown, auth.Args{"code": appID}, err)
	}
	if err != nil {
		return server.Session{}, err
	}
	a := attempt{reference: auth.NewTrace(), connector: c.ID, stage: stageToken}
	if a.enterprise, err = s.cfg.Enterprises.Enterprise(ctx, c.EnterpriseID); err != nil {
		return server.Session{}, noEnterprise(err)
	}
	session, err := s.activate(ctx, &a, c, device, code)
	if err != nil {
		s.record(ctx, &a, err)
	}
	return session, err
}

func (s *SSO) activate(ctx context.Context, a *attempt, c loaded, device string, code auth.Secret) (server.Session, error) {
	if !c.activatesByItself() {
		return server.Session{}, auth.Fail(auth.EnterpriseMisconfig, auth.Args{"reason": "activation has no client of its own"}, nil)
	}
	result, err := s.cfg.Engine.Activate(ctx, c.doc, connector.Run{Secrets: c.secrets, Unseen: true}, code)
	if err != nil {
		return server.Session{}, err
	}
	a.stage = stagePerson
	return s.admit(ctx, a, upstreamBy(c, result), server.Session{
		Client: server.DesktopClient, Device: server.DeviceName("Lanyard", device),
	}, s.cfg.Base.Lifetimes.Flow)
}

// activatesByItself reports whether activation has secrets of its own. A client that
// shares one with the sign-in page is the page's client in all but name, and the code of
// a browser would be worth something to it.
func (c loaded) activatesByItself() bool {
	for _, own := range c.doc.Activate.Secrets {
		if c.secrets[own].IsZero() {
			return false
		}
		for _, page := range c.doc.Secrets {
			if c.secrets[own].Equal(c.secrets[page]) {
				return false
			}
		}
	}
	return true
}
