package setup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/directory"
	"lanyard/auth/server"
)

// maxDocuments bounds the bytes of the signed documents in memory: one without a logo has
// some 1,300, with one up to 50,000.
const maxDocuments = 16 << 20

// document is a signed document in memory.
type document struct {
	version int64
	body
}

// lookup returns the signed document that answers a code. The usual case reads one small
// row, however large the document is.
func (s *Setup) lookup(ctx context.Context, codeHash string) (body, error) {
	keys, err := s.keyring(ctx)
	if err != nil {
		return body{}, err
	}
	newest, err := s.cfg.Codes.SignedByCode(ctx, codeHash)
	if err != nil {
		return body{}, err
	}
	if kept, ok := s.documents.get(newest.EnterpriseID); ok && kept.version == newest.Version && s.fresh(kept.raw, newest.Expires, keys) {
		return kept.body, nil
	}
	e, err := s.cfg.Enterprises.Enterprise(ctx, newest.EnterpriseID)
	if err != nil {
		return body{}, err
	}
	if !s.fresh(e.Document, e.DocumentExpires, keys) {
		if e, err = s.sign(ctx, e, keys); err != nil {
			return body{}, err
		}
	}
	kept := &document{e.DocumentVersion, newBody(e.Document)}
	s.documents.put(e.ID, kept)
	return kept.body, nil
}

// fresh reports whether a document is signed by the present key and has half its life.
func (s *Setup) fresh(raw []byte, expires time.Time, keys *keyring) bool {
	return len(raw) > 0 && expires.Sub(s.cfg.Base.Time()) > s.life()/2 && bytes.HasPrefix(raw, keys.header)
}

// sign makes a new document of an enterprise and keeps it in the record that it returns.
// An enterprise that nobody can sign in at is auth.ErrNotFound.
func (s *Setup) sign(ctx context.Context, e server.Enterprise, keys *keyring) (server.Enterprise, error) {
	doc, err := s.document(ctx, e)
	if err != nil {
		return e, err
	}
	now := s.cfg.Base.Time()
	expires := now.Add(s.life())
	doc.Version = max(e.DocumentVersion+1, now.Unix())
	doc.IssuedAt, doc.ExpiresAt = now.Unix(), expires.Unix()
	raw, err := directory.SignDocument(doc, keys.signing)
	if err != nil {
		return e, err
	}
	err = s.cfg.Enterprises.SaveDocument(ctx, e.ID, doc.Version, raw, expires)
	if errors.Is(err, auth.ErrConflict) { // another request was faster: one answer for all
		if e, err = s.cfg.Enterprises.Enterprise(ctx, e.ID); err != nil || len(e.Document) > 0 {
			return e, err
		}
		return s.sign(ctx, e, keys) // and the enterprise changed since
	}
	if err != nil {
		return e, fmt.Errorf("save document of %s: %w", e.ID, err)
	}
	s.log.InfoContext(ctx, "enterprise document signed", "enterprise", e.ID, "version", doc.Version)
	e.Document, e.DocumentVersion, e.DocumentExpires = raw, doc.Version, expires
	return e, nil
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
		Schema: directory.DocumentSchema, Origin: s.cfg.Base.PublicURL, Enterprise: e.Enterprise,
	}
	if doc.Codes, err = s.cfg.Codes.CodesOf(ctx, e.ID); err != nil {
		return directory.Document{}, err
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
		var launch server.LaunchSpec
		if err := json.Unmarshal(row.Launch, &launch); err != nil {
			return nil, fmt.Errorf("read launch of app %s: %w", row.ID, err)
		}
		shown, err := s.inDocument(ctx, enterprise, row.ID, launch)
		if err != nil {
			return nil, err
		}
		if !shown {
			continue
		}
		app := auth.App{ID: row.ID, Title: row.Title, Plain: row.Plain}
		if launch.Kind == server.LaunchNative {
			app.Native = launch.Native.ID
		} else if app.URL, err = linkAddress(launch, issuer); err != nil {
			return nil, fmt.Errorf("read launch of app %s: %w", row.ID, err)
		}
		if launch.Kind == server.LaunchOIDC {
			app.Kind = server.LaunchOIDC
		}
		apps = append(apps, app)
	}
	return apps, nil
}

// inDocument reports whether a desktop can open an app by itself, and whether everybody
// may: a document is the same for all who read it.
func (s *Setup) inDocument(ctx context.Context, enterprise, app string, l server.LaunchSpec) (bool, error) {
	switch {
	case l.Kind == server.LaunchNative:
		if l.Native == nil || l.Native.Client != "" {
			return false, nil // its one-time code is ours to give
		}
	case l.Kind != server.LaunchLink && l.Kind != server.LaunchOIDC:
		return false, nil
	}
	if s.cfg.Audiences == nil {
		return true, nil
	}
	a, err := s.cfg.Audiences.Audience(ctx, enterprise, app)
	return a.Everyone, err
}
