package saml

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"

	"lanyard/auth/server"
)

const (
	requestLife  = 5 * time.Minute // how old a request may be
	requestAhead = 3 * time.Minute // how far its clock may be ahead of ours
)

// authnRequest is a request for an assertion (core, section 3.4.1), every part that may
// be there once as often as it is there.
type authnRequest struct {
	XMLName         xml.Name `xml:"urn:oasis:names:tc:SAML:2.0:protocol AuthnRequest"`
	ID              string   `xml:"ID,attr"`
	Version         string   `xml:"Version,attr"`
	IssueInstant    string   `xml:"IssueInstant,attr"`
	Destination     string   `xml:"Destination,attr"`
	ForceAuthn      string   `xml:"ForceAuthn,attr"`
	IsPassive       string   `xml:"IsPassive,attr"`
	ACS             string   `xml:"AssertionConsumerServiceURL,attr"`
	ACSIndex        string   `xml:"AssertionConsumerServiceIndex,attr"`
	ProtocolBinding string   `xml:"ProtocolBinding,attr"`
	Issuer          []string `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	Policy          []struct {
		Format          string `xml:"Format,attr"`
		SPNameQualifier string `xml:"SPNameQualifier,attr"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:protocol NameIDPolicy"`
	Context []struct {
		Comparison string   `xml:"Comparison,attr"`
		Classes    []string `xml:"urn:oasis:names:tc:SAML:2.0:assertion AuthnContextClassRef"`
		Others     []string `xml:"urn:oasis:names:tc:SAML:2.0:assertion AuthnContextDeclRef"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:protocol RequestedAuthnContext"`
	Subject []struct {
		NameID    []string   `xml:"urn:oasis:names:tc:SAML:2.0:assertion NameID"`
		Encrypted []struct{} `xml:"urn:oasis:names:tc:SAML:2.0:assertion EncryptedID"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:assertion Subject"`
	Conditions []struct{} `xml:"urn:oasis:names:tc:SAML:2.0:assertion Conditions"`
}

// sender is the app that a request is from, and its settings.
type sender struct {
	app server.App
	sp  server.SAML
}

// received is a message whose sender is known.
type received struct {
	sender
	signed bool
	root   *etree.Element // what counts of it: where it is signed, what the signature covers
}

// request is a verified one: whom it is from, where the answer goes, what it asks for.
type request struct {
	sender  `json:"-"`
	App     string    `json:"app"`
	Entity  string    `json:"entity"`
	ID      string    `json:"id"`
	ACS     string    `json:"acs"`
	Relay   string    `json:"relay,omitempty"`
	Fresh   bool      `json:"fresh,omitempty"`
	Passive bool      `json:"passive,omitempty"`
	Format  string    `json:"format,omitempty"`  // of the name, where the app leaves it open
	Subject string    `json:"subject,omitempty"` // the person that it asks for
	Context string    `json:"context,omitempty"`
	At      time.Time `json:"at"` // when it came
	// status is what the service provider is told instead of an assertion.
	status *status
}

// refusal is why a request cannot be answered: the key of a text for the person, and
// the cause for the log.
type refusal struct {
	key   string // saml.reason.…
	cause error
}

// Error names the cause, but no more of it than a log can bear: it may quote the request.
func (e *refusal) Error() string {
	return fmt.Sprintf("read SAML request: %s: %.300s", e.key, e.cause.Error())
}

func (e *refusal) Unwrap() error { return e.cause }

func refuse(key string, format string, args ...any) error {
	return &refusal{key: key, cause: fmt.Errorf(format, args...)}
}

// read verifies a request of an enterprise: everything up to where the answer goes. What
// the service provider may be told comes back as the request's status.
func (p *Provider) read(ctx context.Context, enterprise string, in incoming) (*request, error) {
	m, err := p.authenticate(ctx, enterprise, in)
	if err != nil {
		return nil, err
	}
	var q authnRequest
	if err := decode(m.root, &q); err != nil {
		return nil, &refusal{"unreadable", err}
	}
	now := p.cfg.Base.Time()
	if err := q.check(p.ssoAddress(enterprise), m, now); err != nil {
		return nil, err
	}
	out := &request{sender: m.sender, App: m.app.ID, Entity: m.sp.EntityID, ID: q.ID, Relay: in.relayState, At: now}
	if out.ACS, err = q.consumer(m.sp); err != nil {
		return nil, err
	}
	q.wishes(m.sp, out)
	return out, nil
}

// authenticate finds out which app of the enterprise a message is from, and verifies that.
func (p *Provider) authenticate(ctx context.Context, enterprise string, in incoming) (*received, error) {
	root, err := parse(in.xml, messageBounds)
	if err != nil {
		return nil, &refusal{"unreadable", err}
	}
	entity, err := issuerOf(root)
	if err != nil {
		return nil, err
	}
	from, err := p.find(ctx, enterprise, entity)
	if err != nil {
		return nil, err
	}
	root, signed, err := verify(from.sp, root, in)
	if err != nil {
		return nil, err
	}
	return &received{sender: from, signed: signed, root: root}, nil
}

// issuerOf returns whom a message says that it is from.
func issuerOf(root *etree.Element) (string, error) {
	var q struct {
		Issuer []string `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	}
	if err := decode(root, &q); err != nil {
		return "", &refusal{"unreadable", err}
	}
	if len(q.Issuer) != 1 || strings.TrimSpace(q.Issuer[0]) == "" {
		return "", refuse("unknown", "%d issuers", len(q.Issuer))
	}
	return strings.TrimSpace(q.Issuer[0]), nil
}

// find returns the enterprise's app of an entity ID.
func (p *Provider) find(ctx context.Context, enterprise, entity string) (sender, error) {
	apps, err := p.cfg.Catalogue.Apps(ctx, enterprise)
	if err != nil {
		return sender{}, err
	}
	for _, app := range apps {
		if sp, err := specOf(app); err == nil && sp.EntityID == entity {
			return sender{app, sp}, nil
		}
	}
	return sender{}, refuse("unknown", "no app has the entity ID %q", entity)
}

// verify checks the signature of a message where the app's settings hold certificates,
// and whether there has to be one of a request. What is read of the message afterwards is
// what the signature covers.
func verify(sp server.SAML, root *etree.Element, in incoming) (*etree.Element, bool, error) {
	if len(sp.Certificates) == 0 {
		return root, false, nil
	}
	certs, err := certificates(sp.Certificates)
	if err != nil {
		return nil, false, &refusal{"signature", err}
	}
	covered := root
	if in.redirect {
		err = verifyDetached(certs, in.signed, in.algorithm, in.signature)
	} else {
		covered, err = verifyEnveloped(certs, root)
	}
	switch {
	case errors.Is(err, errUnsigned) && sp.UnsignedRequests:
		return root, false, nil
	case errors.Is(err, errUnsigned):
		return nil, false, &refusal{"unsigned", err}
	case errors.Is(err, errAlgorithm):
		return nil, false, &refusal{"algorithm", err}
	case err != nil:
		return nil, false, &refusal{"signature", err}
	}
	return covered, true, nil
}

var validID = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,255}$`)

// header is what every request says of itself.
type header struct {
	id, version, instant, destination string
	issuer                            []string
}

// check verifies that the request is for this address, from the one that it was found
// by, and of now.
func (h header) check(address string, m *received, now time.Time) error {
	if len(h.issuer) != 1 || strings.TrimSpace(h.issuer[0]) != m.sp.EntityID {
		return refuse("signature", "the signature covers another issuer")
	}
	if h.version != "2.0" || !validID.MatchString(h.id) {
		return refuse("unreadable", "version %q, id %q", h.version, h.id)
	}
	if h.destination != address && (h.destination != "" || m.signed) {
		return refuse("destination", "destination %q", h.destination)
	}
	at, err := time.Parse(time.RFC3339, h.instant)
	if err != nil {
		return refuse("unreadable", "issue instant %q", h.instant)
	}
	if at.Before(now.Add(-requestLife)) || at.After(now.Add(requestAhead)) {
		return refuse("expired", "issued %s, now %s", at.UTC().Format(time.RFC3339), now.Format(time.RFC3339))
	}
	return nil
}

// check verifies the parts of a request that nobody can be told about but the person.
func (q *authnRequest) check(address string, m *received, now time.Time) error {
	h := header{q.ID, q.Version, q.IssueInstant, q.Destination, q.Issuer}
	if err := h.check(address, m, now); err != nil {
		return err
	}
	if len(q.Policy) > 1 || len(q.Context) > 1 || len(q.Subject) > 1 {
		return refuse("unreadable", "a part is there more than once")
	}
	if len(q.Subject) == 1 && len(q.Subject[0].Encrypted) > 0 || len(q.Policy) == 1 && q.Policy[0].Format == formatEncrypted {
		return refuse("encryption", "it asks for an encrypted name")
	}
	return nil
}

// consumer returns where the answer goes: one of the app's own, exactly.
func (q *authnRequest) consumer(sp server.SAML) (string, error) {
	switch {
	case q.ACS != "" && q.ACSIndex != "":
		return "", refuse("consumer", "an address and an index")
	case q.ACS != "":
		if !slices.Contains(sp.ACS, q.ACS) {
			return "", refuse("consumer", "address %q", q.ACS)
		}
		return q.ACS, nil
	case q.ACSIndex != "" && len(sp.ACS) > 1:
		return "", refuse("consumer", "index %q, and there are several", q.ACSIndex)
	}
	return sp.ACS[0], nil
}
