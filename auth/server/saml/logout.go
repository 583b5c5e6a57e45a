package saml

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"lanyard/auth"
	"lanyard/auth/server"
)

// logoutRequest asks to end a session (core, section 3.7.1).
type logoutRequest struct {
	XMLName      xml.Name `xml:"urn:oasis:names:tc:SAML:2.0:protocol LogoutRequest"`
	ID           string   `xml:"ID,attr"`
	Version      string   `xml:"Version,attr"`
	IssueInstant string   `xml:"IssueInstant,attr"`
	Destination  string   `xml:"Destination,attr"`
	Issuer       []string `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	Sessions     []string `xml:"urn:oasis:names:tc:SAML:2.0:protocol SessionIndex"`
}

// farewell is a verified one.
type farewell struct {
	sender   `json:"-"`
	App      string    `json:"app"`
	Entity   string    `json:"entity"`
	ID       string    `json:"id"`
	Relay    string    `json:"relay,omitempty"`
	Sessions []string  `json:"sessions,omitempty"`
	At       time.Time `json:"at"`
}

// logout takes a service provider's request to sign the person out, by either binding:
// signed, or it counts for nothing. As with [Provider.serve] the session is looked for
// only when the browser has come back by GET. We ask no service provider to sign anybody
// out: an app that is told of the end of a session speaks OpenID Connect.
func (p *Provider) logout(w http.ResponseWriter, r *http.Request) {
	e, ok := p.enterprise(w, r)
	if !ok {
		return
	}
	in, err := receive(w, r)
	if err != nil {
		p.refused(w, r, e.ID, err)
		return
	}
	f, err := p.readLogout(r.Context(), e.ID, in)
	if err != nil {
		p.refused(w, r, e.ID, err)
		return
	}
	if err := p.comeBack(w, e.ID, "signed-out", f); err != nil {
		p.fail(w, r, e.ID, err)
	}
}

func (p *Provider) readLogout(ctx context.Context, enterprise string, in incoming) (*farewell, error) {
	m, err := p.authenticate(ctx, enterprise, in)
	if err != nil {
		return nil, err
	}
	if !m.signed {
		return nil, &refusal{"unsigned", errors.New("a logout without a signature, or the app has no certificate")}
	}
	var q logoutRequest
	if err := decode(m.root, &q); err != nil {
		return nil, &refusal{"unreadable", err}
	}
	now := p.cfg.Base.Time()
	h := header{q.ID, q.Version, q.IssueInstant, q.Destination, q.Issuer}
	if err := h.check(p.logoutAddress(enterprise), m, now); err != nil {
		return nil, err
	}
	return &farewell{App: m.app.ID, Entity: m.sp.EntityID, ID: q.ID, Relay: in.relayState, Sessions: q.Sessions, At: now}, nil
}

// signedOut ends the browser's session, if it is one that the request names or the
// request names none, and tells the service provider.
func (p *Provider) signedOut(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		return
	}
	e, ok := p.enterprise(w, r)
	if !ok {
		return
	}
	f, err := p.openLogout(r, e.ID)
	if err != nil {
		p.fail(w, r, e.ID, err)
		return
	}
	// Whether there is a session is known before the request counts as answered: who is
	// told of a failure can load the page again.
	session, err := p.cfg.Gate.Session(r, e.ID)
	signedIn := err == nil
	if errors.Is(err, auth.ErrSignInRequired) {
		err = nil
	}
	// The session that it names ends but once, however often that is asked for: should that
	// fail, the request has not counted yet.
	if err == nil && signedIn && slices.Contains(f.Sessions, p.sessionIndex(f.app, session)) {
		err = p.end(w, r, f, session)
	}
	if err == nil {
		err = p.once(r.Context(), answer{app: f.app, sp: f.sp, request: f.ID})
	}
	if err == nil && signedIn && len(f.Sessions) == 0 {
		err = p.end(w, r, f, session)
	}
	to := "/e/" + e.ID + "/signed-out"
	if err == nil && f.sp.Logout != "" {
		to, err = p.logoutResponse(r.Context(), f)
	}
	if err != nil {
		p.fail(w, r, e.ID, err)
		return
	}
	seeOther(w, to)
}

// end ends the browser's session, as an app asks for.
func (p *Provider) end(w http.ResponseWriter, r *http.Request, f *farewell, session server.Session) error {
	if err := p.cfg.Gate.End(w, r, f.app.EnterpriseID); err != nil {
		return err
	}
	p.log.InfoContext(r.Context(), "signed out by an app", "enterprise", f.app.EnterpriseID, "app", f.app.ID, "person", session.PersonID)
	return nil
}

func (p *Provider) openLogout(r *http.Request, enterprise string) (*farewell, error) {
	f := &farewell{}
	if err := p.reopen(enterprise, "signed-out", r.URL.Query().Get("request"), f); err != nil {
		return nil, err
	}
	if p.cfg.Base.Time().After(f.At.Add(requestLife)) {
		return nil, auth.Fail(auth.SignInStale, nil, nil)
	}
	from, err := p.registered(r.Context(), enterprise, f.App, f.Entity)
	f.sender = from
	return f, err
}

// logoutResponse is the address that tells the service provider, by the HTTP-Redirect
// binding with its signature (bindings, section 3.4.4).
func (p *Provider) logoutResponse(ctx context.Context, f *farewell) (string, error) {
	enterprise, address := f.app.EnterpriseID, f.sp.Logout
	if _, err := p.origin(address); err != nil {
		return "", misconfigured(f.app, err)
	}
	keys, err := p.keys.of(ctx, enterprise)
	if err != nil {
		return "", err
	}
	doc := etree.NewDocument()
	response := crewjam.LogoutResponse{
		ID: newID(), InResponseTo: f.ID, Version: "2.0", IssueInstant: p.cfg.Base.Time(), Destination: address,
		Issuer: &crewjam.Issuer{Value: EntityID(p.cfg.Base, enterprise)},
		Status: crewjam.Status{StatusCode: crewjam.StatusCode{Value: crewjam.StatusSuccess}},
	}
	doc.SetRoot(response.Element())
	var packed bytes.Buffer
	z, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		return "", err
	}
	if _, err := doc.WriteTo(z); err != nil {
		return "", fmt.Errorf("write SAML logout response: %w", err)
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	query := "SAMLResponse=" + url.QueryEscape(base64.StdEncoding.EncodeToString(packed.Bytes()))
	if f.Relay != "" {
		query += "&RelayState=" + url.QueryEscape(f.Relay)
	}
	query += "&SigAlg=" + url.QueryEscape(dsig.RSASHA256SignatureMethod)
	sum := sha256.Sum256([]byte(query))
	signature, err := rsa.SignPKCS1v15(rand.Reader, keys[0].private, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign SAML logout response: %w", err)
	}
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature)), nil
}
