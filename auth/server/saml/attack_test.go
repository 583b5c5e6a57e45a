package saml_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"lanyard/auth/server"
)

// TestAttacks refuses whatever is not exactly what a service provider of this very
// enterprise asked for. Nothing of it may reach an assertion, not even a redirect.
func TestAttacks(t *testing.T) {
	w := newWorld(t)
	w.app(acme, "wiki", signingWiki())
	leaving := leavingWiki()
	leaving.EntityID, leaving.ACS = "https://leaving.example/sp", []string{"https://leaving.example/acs"}
	w.app(acme, "leaving", leaving)
	w.app(acme, "open", server.SAML{EntityID: "https://open.example/sp", ACS: []string{"https://open.example/acs", "https://open.example/2"}})
	w.app(other, "foreign", server.SAML{EntityID: "https://foreign.example/sp", ACS: []string{"https://foreign.example/acs"}})
	b := w.browser().signIn(w.zhangsan())

	// of makes a request of the app that does not sign, with one thing changed.
	of := func(change func(*ask)) string {
		a := w.ask()
		a.issuer, a.acs = "https://open.example/sp", "https://open.example/acs"
		change(&a)
		return a.xml()
	}
	sign := func(text string, k keyPair) string { return enveloped(t, text, k, dsig.RSASHA256SignatureMethod) }
	good := w.ask().xml()
	ofLeaving := of(func(a *ask) { a.issuer, a.acs = leaving.EntityID, leaving.ACS[0] })

	for _, row := range []struct {
		name string
		send func() page
		why  string // the key of the reason
	}{
		{"another enterprise's entity", func() page {
			return b.byPost(of(func(a *ask) { a.issuer, a.acs = "https://foreign.example/sp", "https://foreign.example/acs" }), "")
		}, "unknown"},
		{"another enterprise's address", func() page {
			return b.byPost(of(func(a *ask) { a.acs = "https://foreign.example/acs" }), "")
		}, "consumer"},
		{"another app's address", func() page { return b.byPost(of(func(a *ask) { a.acs = wikiACS }), "") }, "consumer"},
		{"an address that begins alike", func() page { return b.byPost(of(func(a *ask) { a.acs += "/../evil" }), "") }, "consumer"},
		{"an address in capitals", func() page { return b.byPost(of(func(a *ask) { a.acs = strings.ToUpper(a.acs) }), "") }, "consumer"},
		{"an address by number", func() page {
			return b.byPost(of(func(a *ask) { a.acs, a.attrs = "", ` AssertionConsumerServiceIndex="1"` }), "")
		}, "consumer"},
		{"no issuer", func() page { return b.byPost(of(func(a *ask) { a.issuer = "" }), "") }, "unknown"},
		{"two issuers", func() page {
			return b.byPost(of(func(a *ask) { a.inside = `<saml:Issuer>https://open.example/sp</saml:Issuer>` }), "")
		}, "unknown"},
		{"unknown issuer", func() page { return b.byPost(of(func(a *ask) { a.issuer += "x" }), "") }, "unknown"},
		{"comment in the issuer", func() page {
			return b.byPost(strings.Replace(of(func(*ask) {}), "open.example/sp", "open.example<!-- -->/sp", 1), "")
		}, "unreadable"},
		{"comment in front", func() page { return b.byPost("<!-- -->"+of(func(*ask) {}), "") }, "unreadable"},
		{"document type", func() page { return b.byPost(`<!DOCTYPE x>`+of(func(*ask) {}), "") }, "unreadable"},
		{"external entity", func() page {
			return b.byPost(`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>`+of(func(a *ask) { a.inside = "&e;" }), "")
		}, "unreadable"},
		{"undefined entity", func() page { return b.byPost(of(func(a *ask) { a.inside = "&e;" }), "") }, "unreadable"},
		{"billion laughs", func() page {
			return b.byPost(`<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>`+of(func(a *ask) { a.inside = "&b;" }), "")
		}, "unreadable"},
		{"processing instruction", func() page {
			return b.byPost(`<?xml version="1.0"?><?xml-stylesheet href="https://evil.example/x.xsl"?>`+of(func(*ask) {}), "")
		}, "unreadable"},
		{"the same ID twice", func() page {
			return b.byPost(of(func(a *ask) { a.inside = `<x ID="` + a.id + `"/>` }), "")
		}, "unreadable"},
		{"the same attribute twice", func() page { return b.byPost(of(func(a *ask) { a.attrs = ` Version="2.0"` }), "") }, "unreadable"},
		{"a second root", func() page { return b.byPost(of(func(*ask) {})+"<x/>", "") }, "unreadable"},
		{"not UTF-8", func() page { return b.byPost(of(func(a *ask) { a.inside = "\xff" }), "") }, "unreadable"},
		{"deep", func() page {
			return b.byPost(of(func(a *ask) { a.inside = strings.Repeat("<x>", 40) + strings.Repeat("</x>", 40) }), "")
		}, "unreadable"},
		{"many elements", func() page {
			return b.byPost(of(func(a *ask) { a.inside = strings.Repeat("<x/>", 400) }), "")
		}, "unreadable"},
		{"big", func() page {
			return b.byPost(of(func(a *ask) { a.inside = strings.Repeat(" ", 70<<10) }), "")
		}, "unreadable"},
		{"bomb", func() page {
			return b.redirect(byRedirect(of(func(a *ask) { a.inside = strings.Repeat(" ", 8<<20) }), "", nil))
		}, "unreadable"},
		{"not base64", func() page { return b.redirect("SAMLRequest=%2F%2F!") }, "unreadable"},
		{"not deflated", func() page {
			return b.redirect("SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(good))))
		}, "unreadable"},
		{"nothing", func() page { return b.redirect("") }, "unreadable"},
		{"twice", func() page { return b.redirect(byRedirect(of(func(*ask) {}), "", nil) + "&SAMLRequest=x") }, "unreadable"},
		{"another encoding", func() page { return b.redirect(byRedirect(of(func(*ask) {}), "", nil) + "&SAMLEncoding=x") }, "unreadable"},
		{"long RelayState", func() page { return b.byPost(of(func(*ask) {}), strings.Repeat("r", 1025)) }, "unreadable"},
		{"another message", func() page {
			return b.byPost(strings.ReplaceAll(of(func(*ask) {}), "AuthnRequest", "LogoutRequest"), "")
		}, "unreadable"},
		{"SAML 1.1", func() page { return b.byPost(strings.Replace(of(func(*ask) {}), `"2.0"`, `"1.1"`, 1), "") }, "unreadable"},
		{"markup as id", func() page { return b.byPost(of(func(a *ask) { a.id = "_&quot;&gt;" }), "") }, "unreadable"},
		{"another destination", func() page {
			return b.byPost(of(func(a *ask) { a.destination = "https://other.example/sso" }), "")
		}, "destination"},
		{"another enterprise's destination", func() page {
			return b.byPost(of(func(a *ask) { a.destination = w.URL + "/e/" + other + "/saml/sso" }), "")
		}, "destination"},
		{"expired", func() page { return b.byPost(of(func(a *ask) { a.at = a.at.Add(-6 * time.Minute) }), "") }, "expired"},
		{"from the future", func() page { return b.byPost(of(func(a *ask) { a.at = a.at.Add(4 * time.Minute) }), "") }, "expired"},
		{"encrypted name", func() page {
			return b.byPost(of(func(a *ask) {
				a.inside = `<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted"/>`
			}), "")
		}, "encryption"},

		{"unsigned redirect", func() page { return b.redirect(byRedirect(good, "", nil)) }, "unsigned"},
		{"unsigned post", func() page { return b.byPost(good, "") }, "unsigned"},
		{"somebody else's key, redirect", func() page { return b.redirect(byRedirect(good, "", thiefKey().key)) }, "signature"},
		{"somebody else's key, post", func() page { return b.byPost(sign(good, thiefKey()), "") }, "signature"},
		{"their certificate on another's signature", func() page {
			return b.byPost(sign(good, keyPair{key: thiefKey().key, cert: spKey().cert}), "")
		}, "signature"},
		{"changed RelayState", func() page {
			return b.redirect(strings.Replace(byRedirect(good, "one", spKey().key), "RelayState=one", "RelayState=two", 1))
		}, "signature"},
		{"added RelayState", func() page { return b.redirect(byRedirect(good, "", spKey().key) + "&RelayState=x") }, "signature"},
		{"signature of another request", func() page {
			_, signature, _ := strings.Cut(byRedirect(w.ask().xml(), "", spKey().key), "&SigAlg=")
			return b.redirect(byRedirect(good, "", nil) + "&SigAlg=" + signature)
		}, "signature"},
		{"enveloped signature by redirect", func() page { return b.redirect(byRedirect(sign(good, spKey()), "", nil)) }, "unsigned"},
		{"SHA-1, redirect", func() page {
			return b.redirect(strings.Replace(byRedirect(good, "", spKey().key), url.QueryEscape(dsig.RSASHA256SignatureMethod), url.QueryEscape(dsig.RSASHA1SignatureMethod), 1))
		}, "algorithm"},
		{"SHA-1, post", func() page { return b.byPost(enveloped(t, good, spKey(), dsig.RSASHA1SignatureMethod), "") }, "algorithm"},
		{"changed after signing", func() page {
			return b.byPost(strings.Replace(sign(good, spKey()), wikiACS, wikiACS+"2", 1), "")
		}, "signature"},
		{"signed without destination", func() page {
			a := w.ask()
			a.destination = ""
			return b.byPost(sign(a.xml(), spKey()), "")
		}, "destination"},
		{"a signed request within another", func() page { return b.byPost(wrapped(t, w, spKey(), wrapInside), "") }, "signature"},
		{"a signed request beside another's content", func() page { return b.byPost(wrapped(t, w, spKey(), wrapBeside), "") }, "signature"},
		{"a signature of another element", func() page { return b.byPost(wrapped(t, w, spKey(), wrapMoved), "") }, "signature"},
		{"two signatures", func() page { return b.byPost(wrapped(t, w, spKey(), wrapTwice), "") }, "unreadable|signature"},
		{"a wrong signature where none is demanded, redirect", func() page {
			return b.redirect(byRedirect(ofLeaving, "", thiefKey().key))
		}, "signature"},
		{"a wrong signature where none is demanded, post", func() page { return b.byPost(sign(ofLeaving, thiefKey()), "") }, "signature"},
		{"an unsigned app's name under a signature", func() page {
			return b.byPost(strings.Replace(sign(good, spKey()), wikiEntity, "https://open.example/sp", 1), "")
		}, "consumer"},
	} {
		t.Run(row.name, func(t *testing.T) {
			before := len(w.outcomes)
			p := row.send()
			found := false
			for _, why := range strings.Split(row.why, "|") {
				found = found || strings.HasPrefix(p.Body, "page: request_invalid: ") && strings.Contains(p.Body, "read SAML request: "+why)
			}
			if !found {
				t.Errorf("%d %s %.400s", p.Status, p.Location(), p.Body)
			}
			want(t, "outcomes", len(w.outcomes), before)
		})
	}
}

// The ways to wrap a signed request.
const (
	wrapInside = iota // the signed one as a child of the thief's
	wrapBeside        // the thief's content around the signed one, which keeps its signature
	wrapMoved         // the thief's with the signature of the signed one
	wrapTwice         // two signatures
)

// wrapped is a request of a thief who has got hold of a signed one.
func wrapped(t testing.TB, w *world, k keyPair, how int) string {
	t.Helper()
	read := func(text string) *etree.Element {
		doc := etree.NewDocument()
		must(t, doc.ReadFromString(text))
		return doc.Root()
	}
	victim := w.ask()
	signed := read(enveloped(t, victim.xml(), k, dsig.RSASHA256SignatureMethod))
	mine := w.ask()
	mine.acs = "https://wiki.example/acs2"
	outer := read(mine.xml())
	signature := signed.SelectElement("ds:Signature")
	switch how {
	case wrapInside:
		outer.AddChild(signed)
	case wrapBeside:
		signed.RemoveChild(signature)
		holder := signature.CreateElement("ds:Object")
		holder.AddChild(signed)
		outer.InsertChildAt(1, signature)
	case wrapMoved:
		outer.InsertChildAt(1, signature)
	case wrapTwice:
		signed.InsertChildAt(1, signature.Copy())
		outer = signed
	}
	doc := etree.NewDocument()
	doc.SetRoot(outer)
	out, err := doc.WriteToString()
	must(t, err)
	return out
}

// TestRefusalIsShort keeps what a stranger may have written into the log by the kilobyte
// out of it.
func TestRefusalIsShort(t *testing.T) {
	w := newWorld(t)
	w.app(acme, "wiki", wiki())
	long := strings.Repeat("x", 32<<10)
	for name, change := range map[string]func(*ask){
		"issuer":      func(a *ask) { a.issuer += long },
		"address":     func(a *ask) { a.acs += long },
		"destination": func(a *ask) { a.destination += long },
		"prefix":      func(a *ask) { a.inside = "<" + long + ":x/>" },
	} {
		a := w.ask()
		change(&a)
		if p := w.browser().byPost(a.xml(), ""); !strings.HasPrefix(p.Body, "page: request_invalid") || len(p.Body) > 1000 {
			t.Errorf("%s: %d bytes, %.200s", name, len(p.Body), p.Body)
		}
	}
}

// TestSealedRequests cannot be made, moved to another enterprise, or kept for later.
func TestSealedRequests(t *testing.T) {
	w := newWorld(t)
	app := wiki()
	w.app(acme, "wiki", app)
	w.app(other, "wiki2", app)
	b := w.browser()
	taken := b.redirect(byRedirect(w.ask().xml(), "", nil)).Location()
	b.signIn(w.zhangsan())
	for name, address := range map[string]string{
		"none":       "/e/" + acme + "/saml/continue",
		"invented":   "/e/" + acme + "/saml/continue?request=AAAA",
		"enterprise": strings.Replace(taken, acme, other, 1),
		"cut":        taken[:len(taken)-4],
	} {
		if p := b.Get(address); !strings.HasPrefix(p.Body, "page: sign_in_stale") {
			t.Errorf("%s: %s", name, p.Body)
		}
	}
	sp := wiki()
	sp.ACS = sp.ACS[1:]
	w.app(acme, "wiki", sp)
	if p := b.Get(taken); !strings.HasPrefix(p.Body, "page: sign_in_stale") {
		t.Errorf("to an address that the app no longer has: %s", p.Body)
	}
	w.app(acme, "wiki", app)
	w.Advance(21 * time.Minute)
	if p := b.Get(taken); !strings.HasPrefix(p.Body, "page: sign_in_stale") {
		t.Errorf("late: %s", p.Body)
	}
}

// TestReplay answers a request once, whoever presents it again, on whichever instance.
func TestReplay(t *testing.T) {
	w := newWorld(t)
	w.app(acme, "wiki", wiki())
	w.app(acme, "open", server.SAML{EntityID: "https://open.example/sp", ACS: []string{"https://open.example/acs"}})
	person := w.zhangsan()
	a := w.ask()
	w.browser().signIn(person).follow(w.browser().byPost(a.xml(), ""))
	second := w.browser().signIn(person)
	if p := second.follow(second.byPost(a.xml(), "")); !strings.HasPrefix(p.Body, "page: sign_in_stale") {
		t.Errorf("replayed: %s", p.Body)
	}
	// The same id of another service provider is another request.
	a.issuer, a.acs = "https://open.example/sp", "https://open.example/acs"
	form(t, second.follow(second.byPost(a.xml(), ""))).one(t)
}

// TestWeakKeys lets no app verify by a key that anybody can break.
func TestWeakKeys(t *testing.T) {
	weak := keyPairOf(1024)
	w := newWorld(t)
	sp := wiki()
	sp.Certificates = []string{weak.pem()}
	w.app(acme, "wiki", sp)
	p := w.browser().redirect(byRedirect(w.ask().xml(), "", weak.key))
	if !strings.Contains(p.Body, "read SAML request: signature") {
		t.Error(p.Body)
	}
}
