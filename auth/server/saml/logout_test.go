package saml_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/auth/server"
)

// goodbye is a LogoutRequest.
func (w *world) goodbye(id, index string) string {
	return fmt.Sprintf(`<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" `+
		`ID="%s" Version="2.0" IssueInstant="%s" Destination="%s/saml/logout"><saml:Issuer>%s</saml:Issuer><saml:NameID>x</saml:NameID>`+
		`<samlp:SessionIndex>%s</samlp:SessionIndex></samlp:LogoutRequest>`, id, w.Now().Format(time.RFC3339), w.issuer(), wikiEntity, index)
}

// TestLogout signs out whom the service provider means, and tells it so, signed.
func TestLogout(t *testing.T) {
	for name, sp := range map[string]server.SAML{"signs all": signingWiki(), "signs logouts": leavingWiki()} {
		t.Run(name, func(t *testing.T) { testLogout(t, sp) })
	}
}

// atWiki signs somebody in at the wiki, and says by what it knows that session.
func atWiki(t *testing.T, sp server.SAML) (w *world, b *browser, index string) {
	t.Helper()
	w = newWorld(t)
	w.app(acme, "wiki", sp)
	b = w.browser().signIn(w.zhangsan())
	return w, b, form(t, b.open(acme, "wiki")).one(t).Authn.SessionIndex
}

func testLogout(t *testing.T, sp server.SAML) {
	sp.Logout = "https://wiki.example/bye?x=1"
	w, b, index := atWiki(t, sp)
	signedIn := func() bool { return b.open(acme, "wiki").Status == http.StatusOK }
	leave := func(query string) page { return b.Get(w.issuer() + "/saml/logout?" + query) }

	for why, p := range map[string]page{
		"unsigned":    leave(byRedirect(w.goodbye("_1", index), "", nil)),
		"signature":   leave(byRedirect(w.goodbye("_1", index), "", thiefKey().key)),
		"destination": leave(byRedirect(strings.Replace(w.goodbye("_1", index), "/saml/logout", "/saml/sso", 1), "", spKey().key)),
		"unreadable":  leave(byRedirect(w.ask().xml(), "", spKey().key)),
	} {
		if !strings.Contains(p.Body, "read SAML request: "+why) {
			t.Errorf("%s: %d %s", why, p.Status, p.Body)
		}
	}
	another := b.Get(leave(byRedirect(w.goodbye("_2", "_another"), "", spKey().key)).Location())
	if !signedIn() || !strings.HasPrefix(another.Header.Get("Location"), sp.Logout) {
		t.Error("the end of another session ended this one")
	}
	taken := leave(byRedirect(w.goodbye("_3", index), "back", spKey().key)).Location()
	out := b.Get(taken)
	if signedIn() {
		t.Error("still signed in")
	}
	told, query, _ := strings.Cut(out.Header.Get("Location"), "x=1&")
	want(t, "told at", told, "https://wiki.example/bye?")
	verifyRedirect(t, w, query)
	values, err := url.ParseQuery(query)
	must(t, err)
	want(t, "RelayState", values.Get("RelayState"), "back")
	if again := b.Get(taken); !strings.HasPrefix(again.Body, "page: sign_in_stale") {
		t.Errorf("again: %s", again.Body)
	}
}

// TestLogoutFailed leaves a request unanswered as long as nobody knows whether there is a
// session: the service provider is not told of the end of one that lives.
func TestLogoutFailed(t *testing.T) {
	sp := signingWiki()
	sp.Logout = "https://wiki.example/bye"
	w, b, index := atWiki(t, sp)
	taken := b.Get(w.issuer() + "/saml/logout?" + byRedirect(w.goodbye("_1", index), "", spKey().key)).Location()

	w.gate.down = errors.New("down")
	if p := b.Get(taken); p.Status == http.StatusSeeOther || !strings.Contains(p.Body, "down") {
		t.Errorf("without an answer of the store: %d %s %s", p.Status, p.Location(), p.Body)
	}
	w.gate.down = nil
	w.gate.lost = errors.New("lost")
	if p := b.Get(taken); p.Status == http.StatusSeeOther || !strings.Contains(p.Body, "lost") {
		t.Errorf("not ended: %d %s %s", p.Status, p.Location(), p.Body)
	}
	w.gate.lost = nil
	changed := sp
	changed.EntityID = "https://wiki.example/renamed"
	w.app(acme, "wiki", changed)
	if p := b.Get(taken); !strings.HasPrefix(p.Body, "page: sign_in_stale") {
		t.Errorf("of an app that is another now: %d %s", p.Status, p.Body)
	}
	w.app(acme, "wiki", sp)
	if p := b.Get(taken); !strings.HasPrefix(p.Location(), sp.Logout) || b.open(acme, "wiki").Status == http.StatusOK {
		t.Errorf("again: %d %s", p.Status, p.Body)
	}
	if p := b.Get(strings.Replace(taken, "/signed-out?", "/continue?", 1)); !strings.HasPrefix(p.Body, "page: sign_in_stale") {
		t.Errorf("as a sign-in: %d %s", p.Status, p.Body)
	}
}

// verifyRedirect checks a query that we have signed.
func verifyRedirect(t testing.TB, w *world, query string) {
	t.Helper()
	certs, err := w.provider.Certificates(t.Context(), acme)
	must(t, err)
	block, _ := pem.Decode([]byte(certs[0].PEM))
	cert, err := x509.ParseCertificate(block.Bytes)
	must(t, err)
	signed, signature, _ := strings.Cut(query, "&Signature=")
	signature, err = url.QueryUnescape(signature)
	must(t, err)
	value, err := base64.StdEncoding.DecodeString(signature)
	must(t, err)
	sum := sha256.Sum256([]byte(signed))
	must(t, rsa.VerifyPKCS1v15(cert.PublicKey.(*rsa.PublicKey), crypto.SHA256, sum[:], value))
}

// TestLogoutUnregistered takes no logout of an app that cannot prove that it asks.
func TestLogoutUnregistered(t *testing.T) {
	w := newWorld(t)
	w.app(acme, "wiki", wiki())
	b := w.browser().signIn(w.zhangsan())
	p := b.Get(w.issuer() + "/saml/logout?" + byRedirect(w.goodbye("_1", ""), "", nil))
	if !strings.Contains(p.Body, "read SAML request: unsigned") || b.open(acme, "wiki").Status != http.StatusOK {
		t.Errorf("%d %s", p.Status, p.Body)
	}
}
