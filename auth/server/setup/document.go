package setup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/directory"
	"lanyard/auth/server"
)

// signed returns an enterprise's signed document: the stored one while it is fresh, else
// a new one. An enterprise that nobody can sign in at is auth.ErrNotFound.
func (s *Setup) signed(ctx context.Context, e server.Enterprise) ([]byte, error) {
	keys, err := s.keyring(ctx)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Base.Time()
	if len(e.Document) > 0 && e.DocumentExpires.Sub(now) > s.life()/2 && bytes.HasPrefix(e.Document, keys.header) {
		return e.Document, nil
	}
	doc, err := s.document(ctx, e)
	if err != nil {
		return nil, err
	}
	expires := now.Add(s.life())
	doc.Version = max(e.DocumentVersion+1, now.Unix())
	doc.IssuedAt, doc.ExpiresAt = now.Unix(), expires.Unix()
	raw, err := directory.SignDocument(doc, keys.signing)
	if err != nil {
		return nil, err
	}
	err = s.cfg.Enterprises.SaveDocument(ctx, e.ID, doc.Version, raw, expires)
	if errors.Is(err, auth.ErrConflict) { // another request was faster: one answer for all
		if e, err = s.cfg.Enterprises.Enterprise(ctx, e.ID); err == nil && len(e.Document) > 0 {
			return e.Document, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("save document of %s: %w", e.ID, err)
	}
	s.log.InfoContext(ctx, "enterprise document signed", "enterprise", e.ID, "version", doc.Version)
	return raw, nil
}

// document says what desktops need to know of an enterprise. Where they can, they sign
// in at the provider itself; else our broker stands in front of it.
func (s *Setup) document(ctx context.Context, e server.Enterprise) (directory.Document, error) {
	row, err := s.cfg.Connectors.ActiveConnector(ctx, e.ID)
	if err != nil {
		return directory.Document{}, fmt.Errorf("find connector of %s: %w", e.ID, err)
	}
	c, err := filledConnector(row)
	if err != nil {
		return directory.Document{}, err
	}
	doc := directory.Document{
		Schema: directory.DocumentSchema, Origin: s.cfg.Base.PublicURL, Enterprise: e.Enterprise, Codes: []string{e.Code},
	}
	if s.cfg.Codes != nil {
		codes, err := s.cfg.Codes.CodesOf(ctx, e.ID)
		if err != nil {
			return directory.Document{}, err
		}
		doc.Codes = append(doc.Codes, slices.DeleteFunc(codes, func(c string) bool { return c == e.Code })...)
	}
	if direct(c) {
		doc.Connector = *c
		doc.Apps, err = s.documentApps(ctx, e.ID, c.OIDC.Issuer)
		return doc, err
	}
	doc.Workbench = true
	doc.Via = upstreamHost(c)
	doc.Connector = connector.Connector{
		Schema: connector.Schema, ID: c.ID, Title: c.Title, Kind: connector.KindOIDC,
		Redirect: connector.Redirect{Via: "loopback", Host: "127.0.0.1", Path: "/callback"},
		OIDC: &connector.OIDC{
			Issuer: s.cfg.Base.Issuer(e.ID), ClientID: server.DesktopClient,
			Scopes: []string{"openid", "profile", "email", "offline_access"},
		},
	}
	return doc, nil
}

// upstreamHost is the host of the page that people really sign in at.
func upstreamHost(c *connector.Connector) string {
	var address string
	switch {
	case c.Authorize != nil:
		address = c.Authorize.URL
	case c.OIDC != nil:
		address = c.OIDC.Issuer
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// documentApps lists the apps of an enterprise whose desktops have no server of ours to
// ask: they open the addresses themselves.
func (s *Setup) documentApps(ctx context.Context, enterprise, issuer string) ([]auth.App, error) {
	rows, err := s.cfg.Catalogue.Apps(ctx, enterprise)
	if err != nil {
		return nil, err
	}
	var apps []auth.App
	for _, row := range rows {
		var launch Launch
		if err := json.Unmarshal(row.Launch, &launch); err != nil {
			return nil, fmt.Errorf("read launch of app %s: %w", row.ID, err)
		}
		address, err := launch.address(issuer)
		if err != nil {
			return nil, fmt.Errorf("read launch of app %s: %w", row.ID, err)
		}
		app := auth.App{ID: row.ID, Title: row.Title, URL: address, Plain: row.Plain}
		if launch.Kind == launchOIDC {
			app.Kind = launchOIDC
		}
		apps = append(apps, app)
	}
	return apps, nil
}
