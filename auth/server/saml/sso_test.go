package saml_test

import (
	"strings"
	"testing"
	"time"

	dsig "github.com/russellhaering/goxmldsig"

	"lanyard/auth/server"
	"lanyard/auth/server/servertest"
)

func wiki() server.SAML {
	return server.SAML{EntityID: wikiEntity, ACS: []string{wikiACS, "https://wiki.example/acs2"}, RelayState: "of the catalogue"}
}

func signingWiki() server.SAML {
	sp := wiki()
	sp.Certificates = []string{oldKey().pem(), spKey().pem()}
	return sp
}

// leavingWiki signs its logouts, and requests as it likes.
func leavingWiki() server.SAML {
	sp := signingWiki()
	sp.UnsignedRequests = true
	return sp
}

// TestAsked answers a service provider's request, however it comes.
func TestAsked(t *testing.T) {
	for name, send := range map[string]func(w *world, b *browser, a ask) page{
		"redirect": func(_ *world, b *browser, a ask) page {
			return b.redirect(byRedirect(a.xml(), "where to", nil))
		},
		"post": func(_ *world, b *browser, a ask) page { return b.byPost(a.xml(), "where to") },
		"signed redirect": func(_ *world, b *browser, a ask) page {
			return b.redirect(byRedirect(a.xml(), "where to", spKey().key))
		},
		"not demanded, redirect": func(_ *world, b *browser, a ask) page {
			return b.redirect(byRedirect(a.xml(), "where to", nil))
		},
		"not demanded, signed redirect": func(_ *world, b *browser, a ask) page {
			return b.redirect(byRedirect(a.xml(), "where to", spKey().key))
		},
		"not demanded, post": func(_ *world, b *browser, a ask) page { return b.byPost(a.xml(), "where to") },
		"not demanded, signed post": func(w *world, b *browser, a ask) page {
			return b.byPost(enveloped(w.T, a.xml(), spKey(), dsig.RSASHA256SignatureMethod), "where to")
		},
		"signed post": func(w *world, b *browser, a ask) page {
			return b.byPost(enveloped(w.T, a.xml(), spKey(), dsig.RSASHA256SignatureMethod), "where to")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			switch {
			case strings.HasPrefix(name, "signed"):
				w.app(acme, "wiki", signingWiki())
			case strings.HasPrefix(name, "not demanded"):
				w.app(acme, "wiki", leavingWiki())
			default:
				w.app(acme, "wiki", wiki())
			}
			person := w.zhangsan()
			b := w.browser().signIn(person)
			a := w.ask()
			p := form(t, b.follow(send(w, b, a)))
			want(t, "posted to", p.to, wikiACS)
			want(t, "RelayState", p.relayState, "where to")
			r := p.response
			if r.InResponseTo == nil || *r.InResponseTo != a.id {
				t.Errorf("InResponseTo = %v", r.InResponseTo)
			}
			one := p.one(t)
			data := one.Subject.Confirmation.Data
			if data.InResponseTo == nil || *data.InResponseTo != a.id || data.Recipient != wikiACS {
				t.Errorf("confirmation = %+v", data)
			}
			want(t, "NameID", one.Subject.NameID.Value, person.ID)
			wantList(t, "outcomes", w.outcomes, "wiki posted")
		})
	}
}

// TestAskedSignedOut goes through the company's page and answers then.
func TestAskedSignedOut(t *testing.T) {
	w := newWorld(t)
	w.app(acme, "wiki", wiki())
	b := w.browser()
	a := w.ask()
	a.acs = ""
	p := b.follow(b.byPost(a.xml(), ""))
	want(t, "sent to", p.Location(), servertest.Away)
	want(t, "asks for a fresh sign-in", w.gate.Begun[0].Fresh, false)
	b.signIn(w.zhangsan())
	posted := form(t, b.Get(w.gate.Return))
	want(t, "posted to", posted.to, wikiACS)
	want(t, "RelayState", posted.relayState, "")

	again := b.Get(w.gate.Return) // the answer again, by the browser's "back"
	if !strings.HasPrefix(again.Body, "page: sign_in_stale") {
		t.Errorf("a second answer: %s", again.Body)
	}
}

// TestDenied tells the service provider that the company did not let the person in.
func TestDenied(t *testing.T) {
	w := newWorld(t)
	w.app(acme, "wiki", wiki())
	b := w.browser()
	b.follow(b.redirect(byRedirect(w.ask().xml(), "r", nil)))
	p := form(t, b.Get(w.Base.Refused(w.gate.Return, "no")))
	wantStatus(t, p, "Responder", "AuthnFailed")
	want(t, "RelayState", p.relayState, "r")
	xmlsec(t, w, p, "urn:oasis:names:tc:SAML:2.0:protocol:Response")
}

func wantStatus(t testing.TB, p posted, top, detail string) {
	t.Helper()
	const prefix = "urn:oasis:names:tc:SAML:2.0:status:"
	want(t, "status", p.response.Status.Code.Value, prefix+top)
	want(t, "second status", p.response.Status.Code.Inner.Value, prefix+detail)
	want(t, "assertions", len(p.response.Assertions), 0)
}

// TestForceAuthn asks the upstream anew, once.
func TestForceAuthn(t *testing.T) {
	w := newWorld(t)
	w.app(acme, "wiki", wiki())
	person := w.zhangsan()
	b := w.browser().signIn(person)
	w.Advance(time.Minute)
	a := w.ask()
	a.attrs = ` ForceAuthn="true"`
	p := b.follow(b.redirect(byRedirect(a.xml(), "", nil)))
	want(t, "sent to", p.Location(), servertest.Away)
	want(t, "asks for a fresh sign-in", w.gate.Begun[0].Fresh, true)
	w.Advance(time.Minute)
	if p := b.Get(w.gate.Return); p.Location() != servertest.Away {
		t.Error("an old session answered a request for a fresh one")
	}
	b.signIn(person)
	want(t, "AuthnInstant", form(t, b.Get(w.gate.Return)).one(t).Authn.Instant, w.Now())
}

// TestWishes answers what it cannot do with the status that says so.
func TestWishes(t *testing.T) {
	policy := func(attrs string) string { return `<samlp:NameIDPolicy ` + attrs + `/>` }
	context := func(comparison string, classes ...string) string {
		out := `<samlp:RequestedAuthnContext Comparison="` + comparison + `">`
		for _, c := range classes {
			out += `<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:` + c + `</saml:AuthnContextClassRef>`
		}
		return out + `</samlp:RequestedAuthnContext>`
	}
	const formats = `Format="urn:oasis:names:tc:SAML:2.0:nameid-format:`
	w := newWorld(t)
	w.app(acme, "wiki", wiki())
	person := w.zhangsan()
	signedIn := w.browser().signIn(person)
	w.Advance(time.Minute)
	for _, row := range []struct {
		name, attrs, inside string
		top, detail         string // "" means that it is answered
		out                 bool   // nobody is signed in
	}{
		{name: "passive", attrs: ` IsPassive="true"`},
		{name: "passive, signed out", attrs: ` IsPassive="1"`, out: true, top: "Responder", detail: "NoPassive"},
		{name: "passive and forced", attrs: ` IsPassive="true" ForceAuthn="true"`, top: "Responder", detail: "NoPassive"},
		{name: "artifact", attrs: ` ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"`, top: "Requester", detail: "UnsupportedBinding"},
		{name: "post", attrs: ` ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"`},
		{name: "persistent", inside: policy(formats + `persistent" AllowCreate="true"`)},
		{name: "transient", inside: policy(formats + `transient"`)},
		{name: "unspecified", inside: policy(`Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"`)},
		{name: "address", inside: policy(`Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"`), top: "Requester", detail: "InvalidNameIDPolicy"},
		{name: "another group", inside: policy(`SPNameQualifier="https://others.example"`), top: "Requester", detail: "InvalidNameIDPolicy"},
		{name: "form", inside: context("exact", "PasswordProtectedTransport")},
		{name: "minimum", inside: context("minimum", "PasswordProtectedTransport")},
		{name: "certificate", inside: context("exact", "X509"), top: "Responder", detail: "NoAuthnContext"},
		{name: "better", inside: context("better", "PasswordProtectedTransport"), top: "Responder", detail: "NoAuthnContext"},
		{name: "the same person", inside: `<saml:Subject><saml:NameID>` + person.ID + `</saml:NameID></saml:Subject>`},
		{name: "another person", inside: `<saml:Subject><saml:NameID>lisi</saml:NameID></saml:Subject>`, top: "Responder", detail: "UnknownPrincipal"},
		{name: "conditions", inside: `<saml:Conditions/>`, top: "Responder", detail: "RequestUnsupported"},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := signedIn
			if row.out {
				b = w.browser()
			}
			a := w.ask()
			a.attrs, a.inside = row.attrs, row.inside
			answer := b.redirect(byRedirect(a.xml(), "", nil))
			if answer.Header.Get("Location") != "" {
				answer = b.follow(answer)
			}
			p := form(t, answer)
			if p.response.InResponseTo == nil || *p.response.InResponseTo != a.id {
				t.Errorf("InResponseTo = %v", p.response.InResponseTo)
			}
			if row.top != "" {
				wantStatus(t, p, row.top, row.detail)
				return
			}
			one := p.one(t)
			if row.name == "transient" && (one.Subject.NameID.Value == person.ID || !strings.HasSuffix(one.Subject.NameID.Format, ":transient")) {
				t.Errorf("name = %+v", one.Subject.NameID)
			}
			if row.name == "form" {
				want(t, "context", one.Authn.Class, "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport")
			}
		})
	}
}

// TestAskedForbidden refuses politely whom the app is not open to.
func TestAskedForbidden(t *testing.T) {
	w := newWorld(t)
	w.app(acme, "wiki", wiki())
	w.admitted["wiki"] = server.Admission{}
	b := w.browser().signIn(w.zhangsan())
	if p := b.follow(b.byPost(w.ask().xml(), "")); !strings.HasPrefix(p.Body, "page: app_not_yours: App wiki") {
		t.Error(p.Body)
	}
	// Where no page of ours may be seen the service provider hears of it instead.
	a := w.ask()
	a.attrs = ` IsPassive="true"`
	wantStatus(t, form(t, b.follow(b.byPost(a.xml(), ""))), "Responder", "RequestDenied")
	w.admitted["wiki"] = server.Admission{Allowed: true}
	sp := wiki()
	sp.Attributes = []server.SAMLAttribute{{Name: "role", Values: []string{"{assigned.role}"}}}
	w.app(acme, "wiki", sp)
	a.id += "2"
	wantStatus(t, form(t, b.follow(b.byPost(a.xml(), ""))), "Responder", "RequestDenied")
}

// TestDue sends people by the company's page who have not been there for too long.
func TestDue(t *testing.T) {
	w := newWorld(t)
	w.app(acme, "wiki", wiki())
	person := w.zhangsan()
	b := w.browser().signIn(person)
	w.Advance(time.Hour)
	w.due = w.Now()
	p := b.follow(b.redirect(byRedirect(w.ask().xml(), "", nil)))
	want(t, "sent to", p.Location(), servertest.Away)
	want(t, "asks for a password", w.gate.Begun[0].Fresh, false)
	b.signIn(person)
	form(t, b.Get(w.gate.Return)).one(t)
}

// TestPreview keeps a request's one answer for the person.
func TestPreview(t *testing.T) {
	w := newWorld(t)
	w.app(acme, "wiki", wiki())
	b := w.browser().signIn(w.zhangsan())
	taken := b.redirect(byRedirect(w.ask().xml(), "", nil)).Location()
	b.Do("HEAD", taken, "", nil)
	form(t, b.Get(taken)).one(t)

	a := w.ask()
	a.inside = `<saml:Conditions/>`
	query := byRedirect(a.xml(), "", nil)
	b.Do("HEAD", w.issuer()+"/saml/sso?"+query, "", nil)
	wantStatus(t, form(t, b.redirect(query)), "Responder", "RequestUnsupported")
}
