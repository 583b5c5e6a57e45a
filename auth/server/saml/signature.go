package saml

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"time"

	"lanyard/auth/server"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// methods are the signatures that count. SHA-1 does not.
var methods = map[string]x509.SignatureAlgorithm{
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": x509.SHA256WithRSA,
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384": x509.SHA384WithRSA,
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": x509.SHA512WithRSA,
}

var digests = map[string]bool{
	"http://www.w3.org/2001/04/xmlenc#sha256":       true,
	"http://www.w3.org/2001/04/xmldsig-more#sha384": true,
	"http://www.w3.org/2001/04/xmlenc#sha512":       true,
}

var (
	errUnsigned  = errors.New("verify request: not signed")
	errAlgorithm = errors.New("verify request: signed by an algorithm that does not count")
	errSignature = errors.New("verify request: the signature is wrong")
)

// certificates reads what an app's settings hold. Their validity is not looked at: they
// are the keys that an admin entered, whatever else they say (metadata interoperability
// profile, section 2.6.1).
func certificates(pems []string) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for _, text := range pems {
		cert, err := server.ReadSigner(text)
		if err != nil {
			return nil, err
		}
		out = append(out, cert)
	}
	return out, nil
}

// verifyDetached checks the signature of a redirect: over the parameters as they came,
// in the order of the standard (bindings, section 3.4.4.1).
func verifyDetached(certs []*x509.Certificate, signed []byte, algorithm, signature string) error {
	if signature == "" && algorithm == "" {
		return errUnsigned
	}
	method, ok := methods[algorithm]
	if !ok {
		return errAlgorithm
	}
	value, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return errSignature
	}
	for _, cert := range certs {
		if cert.CheckSignature(method, signed, value) == nil {
			return nil
		}
	}
	return errSignature
}

// envelope is the form that a signature must have: one, directly below the root, over
// the root alone.
type envelope struct {
	Method struct {
		Algorithm string `xml:"Algorithm,attr"`
	} `xml:"SignedInfo>SignatureMethod"`
	Reference []struct {
		URI        string `xml:"URI,attr"`
		Transforms []struct {
			Algorithm string `xml:"Algorithm,attr"`
		} `xml:"Transforms>Transform"`
		Digest struct {
			Algorithm string `xml:"Algorithm,attr"`
		} `xml:"DigestMethod"`
	} `xml:"SignedInfo>Reference"`
}

// verifyEnveloped returns the part of a message that its signature covers: what is read
// of the message afterwards is read there.
func verifyEnveloped(certs []*x509.Certificate, root *etree.Element) (*etree.Element, error) {
	var found []*etree.Element
	for _, el := range root.FindElements("//*") {
		if el.Tag == dsig.SignatureTag && el.NamespaceURI() == dsig.Namespace {
			found = append(found, el)
		}
	}
	if len(found) == 0 {
		return nil, errUnsigned
	}
	if len(found) != 1 || found[0].Parent() != root {
		return nil, errSignature
	}
	if err := wellFormed(found[0], root.SelectAttrValue("ID", "")); err != nil {
		return nil, err
	}
	// The keys that count are the app's; what the message says of its key does not.
	for _, el := range found[0].ChildElements() {
		if el.Tag == dsig.KeyInfoTag {
			found[0].RemoveChild(el)
		}
	}
	for _, cert := range certs {
		ctx := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
		ctx.Clock = dsig.NewFakeClockAt(cert.NotBefore.Add(time.Second))
		verified, err := ctx.Validate(root)
		if err == nil && verified.Tag == root.Tag {
			return verified, nil
		}
	}
	return nil, errSignature
}

// wellFormed refuses a signature that covers anything but the whole message.
func wellFormed(signature *etree.Element, id string) error {
	var form envelope
	if err := decode(signature, &form); err != nil {
		return errSignature
	}
	if _, ok := methods[form.Method.Algorithm]; !ok {
		return errAlgorithm
	}
	if len(form.Reference) != 1 || id == "" || form.Reference[0].URI != "#"+id {
		return errSignature
	}
	if !digests[form.Reference[0].Digest.Algorithm] {
		return errAlgorithm
	}
	enveloped := 0
	for _, t := range form.Reference[0].Transforms {
		switch t.Algorithm {
		case string(dsig.EnvelopedSignatureAltorithmId):
			enveloped++
		case string(dsig.CanonicalXML10ExclusiveAlgorithmId):
		default:
			return errAlgorithm
		}
	}
	if enveloped != 1 || len(form.Reference[0].Transforms) > 2 {
		return errSignature
	}
	return nil
}
