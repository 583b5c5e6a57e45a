package saml

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
)

// spMetadata is what is read of a service provider's metadata (metadata, section 2.4.4).
type spMetadata struct {
	XMLName  xml.Name `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
	EntityID string   `xml:"entityID,attr"`
	SP       []struct {
		Protocols string `xml:"protocolSupportEnumeration,attr"`
		Signs     string `xml:"AuthnRequestsSigned,attr"`
		Keys      []struct {
			Use          string   `xml:"use,attr"`
			Certificates []string `xml:"http://www.w3.org/2000/09/xmldsig# KeyInfo>X509Data>X509Certificate"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:metadata KeyDescriptor"`
		Logout  []spEndpoint `xml:"urn:oasis:names:tc:SAML:2.0:metadata SingleLogoutService"`
		Formats []string     `xml:"urn:oasis:names:tc:SAML:2.0:metadata NameIDFormat"`
		ACS     []spEndpoint `xml:"urn:oasis:names:tc:SAML:2.0:metadata AssertionConsumerService"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:metadata SPSSODescriptor"`
}

type spEndpoint struct {
	Binding  string `xml:"Binding,attr"`
	Location string `xml:"Location,attr"`
	Response string `xml:"ResponseLocation,attr"`
	Default  string `xml:"isDefault,attr"`
}

// ReadMetadata reads a service provider's metadata, as an admin pastes it: its entity
// ID, its assertion consumer services by HTTP-POST, the default one first, the
// certificates that it signs with and whether it signs every request, where it takes a
// logout, and the format of names where it has just one. What else an app needs, attributes above all, metadata
// does not tell. A signature on the metadata is not looked at: the admin vouches.
//
// What cannot be used is one of the faults auth.SAMLMetadata, auth.SAMLAddress,
// auth.SAMLKeys (weak, or no certificates) and auth.SAMLEncryption.
func ReadMetadata(data []byte) (server.SAML, error) {
	root, err := parse(bytes.Trim(data, "\ufeff \r\n\t"), metadataBounds)
	if err != nil {
		return server.SAML{}, auth.Fail(auth.SAMLMetadata, nil, err)
	}
	if root.Tag == "EntitiesDescriptor" {
		inner := root.SelectElements("EntityDescriptor")
		if len(inner) != 1 {
			return server.SAML{}, auth.Fail(auth.SAMLMetadata, nil, fmt.Errorf("%d entities", len(inner)))
		}
		root = inner[0]
	}
	var m spMetadata
	if err := decode(root, &m); err != nil {
		return server.SAML{}, auth.Fail(auth.SAMLMetadata, nil, err)
	}
	if len(m.SP) != 1 || m.EntityID == "" || len(m.EntityID) > 1024 || !strings.Contains(m.SP[0].Protocols, protocolSAML2) {
		return server.SAML{}, auth.Fail(auth.SAMLMetadata, nil, fmt.Errorf("%d service providers", len(m.SP)))
	}
	return m.settings()
}

// settings takes over what counts.
func (m *spMetadata) settings() (server.SAML, error) {
	sp := m.SP[0]
	out := server.SAML{EntityID: m.EntityID}
	for _, e := range sp.ACS {
		if e.Binding != bindingPost || slices.Contains(out.ACS, e.Location) {
			continue
		}
		if !isAddress(e.Location) {
			return server.SAML{}, auth.Fail(auth.SAMLAddress, nil, fmt.Errorf("%q is no address", e.Location))
		}
		if boolean(e.Default) {
			out.ACS = slices.Insert(out.ACS, 0, e.Location)
		} else {
			out.ACS = append(out.ACS, e.Location)
		}
	}
	if len(out.ACS) == 0 {
		return server.SAML{}, auth.Fail(auth.SAMLAddress, nil, fmt.Errorf("%d addresses, none by HTTP-POST", len(sp.ACS)))
	}
	if err := m.certificates(&out); err != nil {
		return server.SAML{}, err
	}
	for _, e := range sp.Logout {
		to := e.Location
		if e.Response != "" {
			to = e.Response // we answer logouts, we do not ask for them
		}
		if e.Binding == bindingRedirect && isAddress(to) {
			out.Logout = to
			break
		}
	}
	if len(sp.Formats) == 1 {
		switch format := strings.TrimSpace(sp.Formats[0]); format {
		case formatEmail:
			out.NameID, out.NameFormat = "{email}", format
		case formatPersistent, formatTransient:
			out.NameFormat = format
		case formatEncrypted:
			return server.SAML{}, auth.Fail(auth.SAMLEncryption, nil, fmt.Errorf("names are to be encrypted"))
		}
	}
	return out, nil
}

// certificates takes over the keys for signing. One that says nothing of its use is for
// both. Keys for encryption are an offer that we do not take up; with nothing beside
// them they are a demand. A request for an assertion has to be signed only where the
// metadata says that all are (AuthnRequestsSigned; left out, it is false); the keys are
// wanted all the same, for a logout is signed.
func (m *spMetadata) certificates(out *server.SAML) error {
	encrypts := false
	for _, k := range m.SP[0].Keys {
		if k.Use == "encryption" {
			encrypts = true
			continue
		}
		for _, text := range k.Certificates {
			der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
			if err != nil {
				return auth.Fail(auth.SAMLKeys, nil, err)
			}
			cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
			if _, err := certificates([]string{cert}); err != nil {
				return auth.Fail(auth.SAMLKeys, nil, err)
			}
			if !slices.Contains(out.Certificates, cert) {
				out.Certificates = append(out.Certificates, cert)
			}
		}
	}
	switch {
	case encrypts && len(out.Certificates) == 0:
		return auth.Fail(auth.SAMLEncryption, nil, fmt.Errorf("its only keys are for encryption"))
	case boolean(m.SP[0].Signs) && len(out.Certificates) == 0:
		return auth.Fail(auth.SAMLKeys, nil, fmt.Errorf("it signs its requests, and shows no key"))
	}
	out.UnsignedRequests = len(out.Certificates) > 0 && !boolean(m.SP[0].Signs)
	return nil
}
