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
	"encoding/json"
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
	in, err := receive(w, r, "SAMLRequest")
	if err == nil && len(in.relayState) > maxRelayState {
		err = errors.New("RelayState is too long")
	}
	if err != nil {
		p.refused(w, r, e.ID, &refusal{"unreadable", err})
		return
	}
	f, err := p.readLogout(r.Context(), e.ID, in)
	if err != nil {
		p.refused(w, r, e.ID, err)
		return
	}
	sealed, err := json.Marshal(f)
	if err != nil {
		p.fail(w, r, e.ID, err)
		return
	}
	seeOther(w, "/e/"+e.ID+"/saml/signed-out?request="+
		base64.RawURLEncoding.EncodeToString(p.cfg.Base.Sealer.Seal(sealed, "saml logout "+e.ID)))
}

func (p *Provider) readLogout(ctx context.Context, enterprise string, in incoming) (*farewell, error) {
	root, err := parse(in.xml, messageBounds)
	if err != nil {
		return nil, &refusal{"unreadable", err}
	}
	entity, err := issuerOf(root)
	if err != nil {
		return nil, err
	}
	app, sp, err := p.find(ctx, enterprise, entity)
	if err != nil {
		return nil, err
	}
	root, signed, err := verify(sp, root, in)
	if err != nil {
		return nil, err
	}
	if !signed {
		return nil, &refusal{"unsigned", errors.New("a logout, and the app has no certificate")}
	}
	var q logoutRequest
	if err := decode(root, &q); err != nil {
		return nil, &refusal{"unreadable", err}
	}
	now := p.cfg.Base.Time()
	m := message{q.ID, q.Version, q.IssueInstant, q.Destination, q.Issuer}
	if err := m.check(p.logoutAddress(enterprise), entity, signed, now); err != nil {
		return nil, err
	}
	return &farewell{App: app.ID, Entity: entity, ID: q.ID, Relay: in.relayState, Sessions: q.Sessions, At: now}, nil
}

// signedOut ends the browser's session, if it is one that the request is about, and
// tells the service provider.
func (p *Provider) signedOut(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		return
	}
	e, ok := p.enterprise(w, r)
	if !ok {
		return
	}
	f, app, sp, err := p.openLogout(r, e.ID)
	if err == nil {
		err = p.once(r.Context(), answer{app: app, sp: sp, request: f.ID})
	}
	if err != nil {
		p.fail(w, r, e.ID, err)
		return
	}
	session, err := p.cfg.Gate.Session(r, e.ID)
	if err == nil && (len(f.Sessions) == 0 || slices.Contains(f.Sessions, p.sessionIndex(app, session))) {
		if err := p.cfg.Gate.End(w, r, e.ID); err != nil {
			p.fail(w, r, e.ID, err)
			return
		}
		p.log.InfoContext(r.Context(), "signed out by an app", "enterprise", e.ID, "app", app.ID, "person", session.PersonID)
	}
	if sp.Logout == "" {
		seeOther(w, "/e/"+e.ID+"/signed-out")
		return
	}
	to, err := p.logoutResponse(r.Context(), e.ID, sp, f)
	if err != nil {
		p.fail(w, r, e.ID, err)
		return
	}
	seeOther(w, to)
}

func (p *Provider) openLogout(r *http.Request, enterprise string) (*farewell, server.App, server.SAML, error) {
	f := &farewell{}
	sealed, err := base64.RawURLEncoding.DecodeString(r.URL.Query().Get("request"))
	if err == nil {
		sealed, err = p.cfg.Base.Sealer.Open(sealed, "saml logout "+enterprise)
	}
	if err == nil {
		err = json.Unmarshal(sealed, f)
	}
	if err != nil || p.cfg.Base.Time().After(f.At.Add(requestLife)) {
		return nil, server.App{}, server.SAML{}, auth.Fail(auth.SignInStale, nil, err)
	}
	app, err := p.cfg.Catalogue.App(r.Context(), enterprise, f.App)
	if err != nil {
		return nil, app, server.SAML{}, err
	}
	sp, err := specOf(app)
	return f, app, sp, err
}

// logoutResponse is the address that tells the service provider, by the HTTP-Redirect
// binding with its signature (bindings, section 3.4.4).
func (p *Provider) logoutResponse(ctx context.Context, enterprise string, sp server.SAML, f *farewell) (string, error) {
	if _, err := p.origin(sp.Logout); err != nil {
		return "", err
	}
	keys, err := p.keys.of(ctx, enterprise)
	if err != nil {
		return "", err
	}
	doc := etree.NewDocument()
	response := crewjam.LogoutResponse{
		ID: newID(), InResponseTo: f.ID, Version: "2.0", IssueInstant: p.cfg.Base.Time(), Destination: sp.Logout,
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
	if strings.Contains(sp.Logout, "?") {
		separator = "&"
	}
	return sp.Logout + separator + query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature)), nil
}

// seeOther sends the browser on and leaves no trace of the address it was at.
func seeOther(w http.ResponseWriter, address string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", address)
	w.WriteHeader(http.StatusSeeOther)
}
