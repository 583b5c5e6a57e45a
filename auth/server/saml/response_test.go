package saml_test

import (
	"encoding/base64"
	"encoding/xml"
	"html"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"lanyard/auth/server/servertest"
)

// posted is what the form of a page would post.
type posted struct {
	to         string
	relayState string
	raw        []byte // the response as it comes
	response   response
}

var formAction = regexp.MustCompile(`<form method="post" action="([^"]*)">`)

// form reads the page that posts a response.
func form(t testing.TB, p page) posted {
	t.Helper()
	action := formAction.FindStringSubmatch(p.Body)
	if p.Status != http.StatusOK || action == nil {
		t.Fatalf("no form that posts: %d %s", p.Status, p.Body)
	}
	fields := servertest.Hidden(p.Body)
	raw, err := base64.StdEncoding.DecodeString(fields.Get("SAMLResponse"))
	must(t, err)
	out := posted{to: html.UnescapeString(action[1]), relayState: fields.Get("RelayState"), raw: raw}
	delete(fields, "SAMLResponse")
	delete(fields, "RelayState")
	if len(fields) > 0 {
		t.Errorf("unexpected fields %v", fields)
	}
	must(t, xml.Unmarshal(out.raw, &out.response))
	return out
}

// response is a SAML response as the schema has it, read without any library of SAML.
type response struct {
	XMLName      xml.Name  `xml:"urn:oasis:names:tc:SAML:2.0:protocol Response"`
	ID           string    `xml:"ID,attr"`
	Version      string    `xml:"Version,attr"`
	Destination  string    `xml:"Destination,attr"`
	InResponseTo *string   `xml:"InResponseTo,attr"`
	IssueInstant time.Time `xml:"IssueInstant,attr"`
	Issuer       string    `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	Signature    *signed   `xml:"http://www.w3.org/2000/09/xmldsig# Signature"`
	Status       struct {
		Code struct {
			Value string `xml:"Value,attr"`
			Inner struct {
				Value string `xml:"Value,attr"`
			} `xml:"StatusCode"`
		} `xml:"StatusCode"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:protocol Status"`
	Assertions []assertion `xml:"urn:oasis:names:tc:SAML:2.0:assertion Assertion"`
}

type signed struct {
	Canonical struct {
		Algorithm string `xml:"Algorithm,attr"`
	} `xml:"SignedInfo>CanonicalizationMethod"`
	Method struct {
		Algorithm string `xml:"Algorithm,attr"`
	} `xml:"SignedInfo>SignatureMethod"`
	Reference []struct {
		URI    string `xml:"URI,attr"`
		Digest struct {
			Algorithm string `xml:"Algorithm,attr"`
		} `xml:"DigestMethod"`
	} `xml:"SignedInfo>Reference"`
	Certificate string `xml:"KeyInfo>X509Data>X509Certificate"`
}

type assertion struct {
	ID        string `xml:"ID,attr"`
	Version   string `xml:"Version,attr"`
	Issuer    string `xml:"Issuer"`
	Signature signed `xml:"http://www.w3.org/2000/09/xmldsig# Signature"`
	Subject   struct {
		NameID struct {
			Format string `xml:"Format,attr"`
			Value  string `xml:",chardata"`
		} `xml:"NameID"`
		Confirmation struct {
			Method string `xml:"Method,attr"`
			Data   struct {
				Recipient    string     `xml:"Recipient,attr"`
				InResponseTo *string    `xml:"InResponseTo,attr"`
				NotOnOrAfter time.Time  `xml:"NotOnOrAfter,attr"`
				NotBefore    *time.Time `xml:"NotBefore,attr"`
				Address      *string    `xml:"Address,attr"`
			} `xml:"SubjectConfirmationData"`
		} `xml:"SubjectConfirmation"`
	} `xml:"Subject"`
	Conditions struct {
		NotBefore    time.Time `xml:"NotBefore,attr"`
		NotOnOrAfter time.Time `xml:"NotOnOrAfter,attr"`
		Audience     []string  `xml:"AudienceRestriction>Audience"`
	} `xml:"Conditions"`
	Authn struct {
		Instant             time.Time `xml:"AuthnInstant,attr"`
		SessionIndex        string    `xml:"SessionIndex,attr"`
		SessionNotOnOrAfter time.Time `xml:"SessionNotOnOrAfter,attr"`
		Class               string    `xml:"AuthnContext>AuthnContextClassRef"`
	} `xml:"AuthnStatement"`
	Attributes []struct {
		Name   string   `xml:"Name,attr"`
		Format *string  `xml:"NameFormat,attr"`
		Values []string `xml:"AttributeValue"`
	} `xml:"AttributeStatement>Attribute"`
}

// one returns the only assertion.
func (p posted) one(t testing.TB) assertion {
	t.Helper()
	if len(p.response.Assertions) != 1 {
		t.Fatalf("%d assertions, want one:\n%s", len(p.response.Assertions), p.raw)
	}
	return p.response.Assertions[0]
}

// attribute returns the values of an attribute.
func (a assertion) attribute(name string) []string {
	for _, at := range a.Attributes {
		if at.Name == name {
			return at.Values
		}
	}
	return nil
}

// want compares a field.
func want[T comparable](t testing.TB, field string, got, wanted T) {
	t.Helper()
	if got != wanted {
		t.Errorf("%s = %v, want %v", field, got, wanted)
	}
}

func wantList(t testing.TB, field string, got []string, wanted ...string) {
	t.Helper()
	if !slices.Equal(got, wanted) {
		t.Errorf("%s = %q, want %q", field, got, wanted)
	}
}
