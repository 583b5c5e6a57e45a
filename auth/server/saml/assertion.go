package saml

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"lanyard/auth"
	"lanyard/auth/server"
)

// The formats of a name (core, section 8.3).
const (
	formatUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	formatEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	formatPersistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	formatTransient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	formatEncrypted   = "urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted"
)

// How somebody was signed in (authentication context, section 3.4). We do not know what
// the company's page did; the second is what most libraries ask for as a matter of form.
const (
	contextUnspecified = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
	contextPassword    = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport" //nolint:gosec // a name
)

// answer is one assertion to be made, and where it goes.
type answer struct {
	app     server.App
	sp      server.SAML
	session server.Session
	acs     string
	request string // whose answer it is; "" where nobody asked
	context string // how the person was signed in; "" means unspecified
	wanted  string // the name of the only person that it may be about; "" for anybody
}

// errOther says that the person is not the one that was asked for.
var errOther = errors.New("make assertion: another person was asked for")

// newID returns an id for a message: an xs:ID may not begin with a digit.
func newID() string { return "_" + auth.RandomState() }

// formatOf is the format of the names that a service provider gets.
func formatOf(sp server.SAML) string {
	switch {
	case sp.NameFormat != "":
		return sp.NameFormat
	case sp.NameID == "":
		return formatPersistent
	case sp.NameID == "{email}":
		return formatEmail
	}
	return formatUnspecified
}

// subject returns the name of the person that the service provider gets.
func subject(sp server.SAML, f facts) (value, format string, err error) {
	format = formatOf(sp)
	if sp.NameID == "" && format == formatTransient {
		return newID(), format, nil // another one each time (core, section 8.3.8)
	}
	if sp.NameID == "" {
		return f["sub"][0], format, nil
	}
	if strings.Contains(sp.NameID, "{name}") || strings.Contains(sp.NameID, "?}") {
		return "", "", errors.New("fill name_id: a display name is nobody's name for certain, and it must be there")
	}
	values, err := f.fill(sp.NameID)
	if err != nil {
		return "", "", err
	}
	if len(values) != 1 || values[0] == "" {
		return "", "", missing("NameID", fmt.Sprintf("%d values, want one", len(values)))
	}
	return values[0], format, nil
}

// attributes fills the attributes of an assertion. One without any value is left out.
func attributes(sp server.SAML, f facts) ([]crewjam.Attribute, error) {
	var out []crewjam.Attribute
	for _, a := range sp.Attributes {
		attribute := crewjam.Attribute{Name: a.Name, NameFormat: a.Format}
		for _, template := range a.Values {
			values, err := f.fill(template)
			if err != nil {
				return nil, fmt.Errorf("attribute %s: %w", a.Name, err)
			}
			for _, v := range values {
				attribute.Values = append(attribute.Values, crewjam.AttributeValue{Type: "xs:string", Value: v})
			}
		}
		if len(attribute.Values) > 0 {
			out = append(out, attribute)
		}
	}
	return out, nil
}

// assertion says who the person is, to one service provider (profiles, section 4.1.4.2).
func (p *Provider) assertion(a answer, f facts, now time.Time) (*crewjam.Assertion, error) {
	name, format, err := subject(a.sp, f)
	if err != nil {
		return nil, err
	}
	if a.wanted != "" && a.wanted != name {
		return nil, errOther
	}
	attrs, err := attributes(a.sp, f)
	if err != nil {
		return nil, err
	}
	if a.context == "" {
		a.context = contextUnspecified
	}
	end := a.session.ExpiresAt
	out := &crewjam.Assertion{
		ID: newID(), IssueInstant: now, Version: "2.0",
		Issuer: crewjam.Issuer{Value: EntityID(p.cfg.Base, a.app.EnterpriseID)},
		Subject: &crewjam.Subject{
			NameID: &crewjam.NameID{Format: format, Value: name},
			SubjectConfirmations: []crewjam.SubjectConfirmation{{
				Method: "urn:oasis:names:tc:SAML:2.0:cm:bearer",
				SubjectConfirmationData: &crewjam.SubjectConfirmationData{
					Recipient: a.acs, InResponseTo: a.request, NotOnOrAfter: now.Add(assertionLife),
				},
			}},
		},
		Conditions: &crewjam.Conditions{
			NotBefore: now.Add(-clockSkew), NotOnOrAfter: now.Add(assertionLife),
			AudienceRestrictions: []crewjam.AudienceRestriction{{Audience: crewjam.Audience{Value: a.sp.EntityID}}},
		},
		AuthnStatements: []crewjam.AuthnStatement{{
			AuthnInstant: a.session.AuthTime, SessionIndex: p.sessionIndex(a.app, a.session), SessionNotOnOrAfter: &end,
			AuthnContext: crewjam.AuthnContext{AuthnContextClassRef: &crewjam.AuthnContextClassRef{Value: a.context}},
		}},
	}
	if len(attrs) > 0 {
		out.AttributeStatements = []crewjam.AttributeStatement{{Attributes: attrs}}
	}
	return out, nil
}

// sessionIndex names a session towards one app. It tells nothing of the session, nor
// can two apps compare theirs.
func (p *Provider) sessionIndex(app server.App, s server.Session) string {
	return "_" + p.cfg.Base.Sealer.Derive("saml session\n"+app.EnterpriseID+"\n"+app.ID+"\n"+s.ID)
}

// sign puts an enveloped signature where the schema wants it, after the issuer:
// RSA-SHA256, exclusive canonical form without comments.
func sign(el *etree.Element, key *signingKey) error {
	ctx, err := dsig.NewSigningContext(key.private, [][]byte{key.cert.Raw})
	if err != nil {
		return err
	}
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := ctx.SetSignatureMethod(dsig.RSASHA256SignatureMethod); err != nil {
		return err
	}
	signature, err := ctx.ConstructSignature(el, true)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	el.InsertChildAt(1, signature)
	return nil
}

// response wraps a signed assertion, or says why there is none. Such a refusal is
// signed itself; of an assertion the response is only where the service provider asks.
func (p *Provider) response(a answer, assertion *crewjam.Assertion, status crewjam.StatusCode, key *signingKey, now time.Time) ([]byte, error) {
	envelope := crewjam.Response{
		ID: newID(), InResponseTo: a.request, Version: "2.0", IssueInstant: now, Destination: a.acs,
		Issuer: &crewjam.Issuer{
			Format: "urn:oasis:names:tc:SAML:2.0:nameid-format:entity", Value: EntityID(p.cfg.Base, a.app.EnterpriseID),
		},
		Status: crewjam.Status{StatusCode: status},
	}
	el := envelope.Element()
	if assertion != nil {
		inner := assertion.Element()
		if err := sign(inner, key); err != nil {
			return nil, err
		}
		el.AddChild(inner)
	}
	if assertion == nil || a.sp.SignResponse {
		if err := sign(el, key); err != nil {
			return nil, err
		}
	}
	doc := etree.NewDocument()
	doc.WriteSettings.CanonicalText, doc.WriteSettings.CanonicalAttrVal = true, true
	doc.SetRoot(el)
	var out bytes.Buffer
	out.Grow(8 << 10)
	if _, err := doc.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("write SAML response: %w", err)
	}
	return out.Bytes(), nil
}
