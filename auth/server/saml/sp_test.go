package saml_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"html"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"lanyard/auth"
)

// keyPair is a service provider's, made once.
type keyPair struct {
	key  *rsa.PrivateKey
	cert []byte
}

func (k keyPair) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.cert}))
}

func newKeyPair() keyPair { return keyPairOf(2048) }

func keyPairOf(bits int) keyPair {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	// It ran out long ago: what counts is that an admin entered it.
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sp"},
		NotBefore: time.Unix(1e9, 0), NotAfter: time.Unix(1.1e9, 0),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return keyPair{key: key, cert: cert}
}

var (
	ourKey   = sync.OnceValue(newKeyPair) // the enterprise's
	spKey    = sync.OnceValue(newKeyPair)
	thiefKey = sync.OnceValue(newKeyPair)
	oldKey   = sync.OnceValue(newKeyPair) // the one that the service provider had before
)

const (
	wikiEntity = "https://wiki.example/sp"
	wikiACS    = "https://wiki.example/acs"
)

// ask is an AuthnRequest in the making; its zero value asks for nothing special.
type ask struct {
	id, issuer, destination, acs string
	at                           time.Time
	attrs, inside                string // verbatim
}

func (w *world) ask() ask {
	return ask{id: "_" + auth.RandomID(), issuer: wikiEntity, destination: w.issuer() + "/saml/sso", acs: wikiACS, at: w.Now()}
}

func (a ask) xml() string {
	attrs := a.attrs
	for name, value := range map[string]string{"Destination": a.destination, "AssertionConsumerServiceURL": a.acs} {
		if value != "" {
			attrs += fmt.Sprintf(` %s="%s"`, name, html.EscapeString(value))
		}
	}
	return fmt.Sprintf(`<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" `+
		`ID="%s" Version="2.0" IssueInstant="%s"%s><saml:Issuer>%s</saml:Issuer>%s</samlp:AuthnRequest>`,
		a.id, a.at.Format(time.RFC3339), attrs, html.EscapeString(a.issuer), a.inside)
}

func deflate(text string) string {
	var out bytes.Buffer
	f, _ := flate.NewWriter(&out, flate.BestCompression)
	_, _ = f.Write([]byte(text))
	_ = f.Close()
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

// byRedirect is the query of a request, signed where there is a key.
func byRedirect(text, relay string, key *rsa.PrivateKey) string {
	query := "SAMLRequest=" + url.QueryEscape(deflate(text))
	if relay != "" {
		query += "&RelayState=" + url.QueryEscape(relay)
	}
	if key == nil {
		return query
	}
	query += "&SigAlg=" + url.QueryEscape(dsig.RSASHA256SignatureMethod)
	sum := sha256.Sum256([]byte(query))
	signature, _ := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
}

// enveloped signs a message within itself.
func enveloped(t testing.TB, text string, k keyPair, method string) string {
	t.Helper()
	doc := etree.NewDocument()
	must(t, doc.ReadFromString(text))
	ctx, err := dsig.NewSigningContext(k.key, [][]byte{k.cert})
	must(t, err)
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	must(t, ctx.SetSignatureMethod(method))
	signature, err := ctx.ConstructSignature(doc.Root(), true)
	must(t, err)
	doc.Root().InsertChildAt(1, signature)
	out, err := doc.WriteToString()
	must(t, err)
	return out
}

// redirect sends a request by redirect, post by a form of another site: without cookies.
func (b *browser) redirect(query string) page {
	b.w.T.Helper()
	return b.Get(b.w.issuer() + "/saml/sso?" + query)
}

func (b *browser) byPost(text, relay string) page {
	b.w.T.Helper()
	form := url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString([]byte(text))}}
	if relay != "" {
		form.Set("RelayState", relay)
	}
	return b.w.Browser().Post(b.w.issuer()+"/saml/sso", form)
}

// follow goes on to where a request that was taken leads.
func (b *browser) follow(p page) page {
	b.w.T.Helper()
	to := p.Location()
	if p.Status != http.StatusSeeOther || !strings.HasPrefix(to, "/e/"+acme+"/saml/continue?request=") {
		b.w.T.Fatalf("the request was not taken: %d %s %s", p.Status, to, p.Body)
	}
	return b.Get(to)
}
