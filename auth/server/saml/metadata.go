package saml

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
)

// The metadata of an identity provider (metadata, section 2.4.3), as much of it as there
// is to say.
type entityDescriptor struct {
	XMLName  xml.Name      `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
	EntityID string        `xml:"entityID,attr"`
	IDP      idpDescriptor `xml:"IDPSSODescriptor"`
}

type idpDescriptor struct {
	Protocol string          `xml:"protocolSupportEnumeration,attr"`
	Signed   bool            `xml:"WantAuthnRequestsSigned,attr"`
	Keys     []keyDescriptor `xml:"KeyDescriptor"`
	Logout   []endpoint      `xml:"SingleLogoutService"`
	Formats  []string        `xml:"NameIDFormat"`
	SSO      []endpoint      `xml:"SingleSignOnService"`
}

type keyDescriptor struct {
	Use  string  `xml:"use,attr"`
	Info keyInfo `xml:"http://www.w3.org/2000/09/xmldsig# KeyInfo"`
}

type keyInfo struct {
	Certificate string `xml:"X509Data>X509Certificate"`
}

type endpoint struct {
	Binding  string `xml:"Binding,attr"`
	Location string `xml:"Location,attr"`
}

const (
	protocolSAML2   = "urn:oasis:names:tc:SAML:2.0:protocol"
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	bindingPost     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// metadata publishes the enterprise's identity provider. During a change of keys it
// names two certificates.
func (p *Provider) metadata(w http.ResponseWriter, r *http.Request) {
	e, ok := p.enterprise(w, r)
	if !ok {
		return
	}
	keys, err := p.keys.of(r.Context(), e.ID)
	if err != nil {
		p.fail(w, r, e.ID, err)
		return
	}
	sso := p.ssoAddress(e.ID)
	d := entityDescriptor{EntityID: EntityID(p.cfg.Base, e.ID), IDP: idpDescriptor{
		Protocol: protocolSAML2,
		Logout:   []endpoint{{bindingRedirect, p.logoutAddress(e.ID)}, {bindingPost, p.logoutAddress(e.ID)}},
		Formats:  []string{formatPersistent, formatUnspecified},
		SSO:      []endpoint{{bindingRedirect, sso}, {bindingPost, sso}},
	}}
	for _, k := range keys {
		d.IDP.Keys = append(d.IDP.Keys, keyDescriptor{
			Use: "signing", Info: keyInfo{Certificate: base64.StdEncoding.EncodeToString(k.cert.Raw)},
		})
	}
	out, err := xml.MarshalIndent(d, "", "  ")
	if err != nil {
		p.fail(w, r, e.ID, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/samlmetadata+xml; charset=utf-8")
	h.Set("Content-Disposition", `inline; filename="lanyard-saml-metadata.xml"`)
	h.Set("Cache-Control", "max-age=300")
	w.Write([]byte(xml.Header))
	w.Write(out)
}
