package saml_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lanyard/auth/authtest"
	"lanyard/auth/server"
)

// The vendors' sides, as their documents have them.
var (
	aliyunRole = server.SAML{
		EntityID: "urn:alibaba:cloudcomputing", ACS: []string{"https://signin.aliyun.com/saml-role/sso"},
		Attributes: []server.SAMLAttribute{
			{Name: "https://www.aliyun.com/SAML-Role/Attributes/Role", Values: []string{
				"acs:ram::1234567890123456:role/{assigned.role},acs:ram::1234567890123456:saml-provider/lanyard",
			}},
			{Name: "https://www.aliyun.com/SAML-Role/Attributes/RoleSessionName", Values: []string{"{login}"}},
			{Name: "https://www.aliyun.com/SAML-Role/Attributes/SessionDuration", Values: []string{"{assigned.seconds?}"}},
		},
		RelayState: "https://homenew.console.aliyun.com/",
	}
	aliyunUser = server.SAML{
		EntityID: "https://signin.aliyun.com/1234567890123456/saml/SSO", ACS: []string{"https://signin.aliyun.com/saml/SSO"},
		NameID: "{login}@acme.onaliyun.com",
	}
	aws = server.SAML{
		EntityID: "urn:amazon:webservices", ACS: []string{"https://signin.aws.amazon.com/saml"},
		Attributes: []server.SAMLAttribute{
			{Name: "https://aws.amazon.com/SAML/Attributes/Role", Values: []string{
				"arn:aws:iam::123456789012:role/{assigned.role},arn:aws:iam::123456789012:saml-provider/lanyard",
			}},
			{Name: "https://aws.amazon.com/SAML/Attributes/RoleSessionName", Values: []string{"{email}"}},
		},
	}
)

// TestVendors compares what is posted to Alibaba Cloud and AWS, field by field, with
// what their documents ask for.
func TestVendors(t *testing.T) {
	for _, row := range []struct {
		name           string
		sp             server.SAML
		nameID, format string // "" means our own id
		attributes     map[string][]string
	}{
		{
			name: "aliyun-role", sp: aliyunRole, format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
			attributes: map[string][]string{
				"https://www.aliyun.com/SAML-Role/Attributes/Role": {
					"acs:ram::1234567890123456:role/admin,acs:ram::1234567890123456:saml-provider/lanyard",
					"acs:ram::1234567890123456:role/reader,acs:ram::1234567890123456:saml-provider/lanyard",
				},
				"https://www.aliyun.com/SAML-Role/Attributes/RoleSessionName": {"zhangsan"},
			},
		},
		{
			name: "aliyun-user", sp: aliyunUser,
			nameID: "zhangsan@acme.onaliyun.com", format: "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
		},
		{
			name: "aws", sp: aws, format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
			attributes: map[string][]string{
				"https://aws.amazon.com/SAML/Attributes/Role": {
					"arn:aws:iam::123456789012:role/admin,arn:aws:iam::123456789012:saml-provider/lanyard",
					"arn:aws:iam::123456789012:role/reader,arn:aws:iam::123456789012:saml-provider/lanyard",
				},
				"https://aws.amazon.com/SAML/Attributes/RoleSessionName": {"zhangsan@acme.example"},
			},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			w.app(acme, row.name, row.sp)
			w.admitted[row.name] = server.Admission{Allowed: true, Values: map[string]string{"role": "admin; reader"}}
			person := w.zhangsan()
			b := w.browser().signIn(person)
			w.Advance(10 * time.Minute)
			p := form(t, b.open(acme, row.name))

			want(t, "posted to", p.to, row.sp.ACS[0])
			want(t, "RelayState", p.relayState, row.sp.RelayState)
			r := p.response
			want(t, "Destination", r.Destination, row.sp.ACS[0])
			want(t, "Issuer", r.Issuer, w.issuer()+"/saml/metadata")
			want(t, "Version", r.Version, "2.0")
			want(t, "Status", r.Status.Code.Value, "urn:oasis:names:tc:SAML:2.0:status:Success")
			want(t, "InResponseTo", r.InResponseTo, nil)
			want(t, "the response's own signature", r.Signature, nil)

			a, now := p.one(t), w.Now()
			want(t, "assertion's Issuer", a.Issuer, w.issuer()+"/saml/metadata")
			if row.nameID == "" {
				row.nameID = person.ID
			}
			want(t, "NameID", a.Subject.NameID.Value, row.nameID)
			want(t, "NameID Format", a.Subject.NameID.Format, row.format)
			want(t, "confirmation", a.Subject.Confirmation.Method, "urn:oasis:names:tc:SAML:2.0:cm:bearer")
			data := a.Subject.Confirmation.Data
			want(t, "Recipient", data.Recipient, row.sp.ACS[0])
			want(t, "confirmation's InResponseTo", data.InResponseTo, nil)
			want(t, "confirmation's NotBefore", data.NotBefore, nil)
			want(t, "confirmation's Address", data.Address, nil)
			want(t, "confirmation's end", data.NotOnOrAfter.Sub(now), 5*time.Minute)
			wantList(t, "Audience", a.Conditions.Audience, row.sp.EntityID)
			want(t, "NotBefore", now.Sub(a.Conditions.NotBefore), time.Minute)
			want(t, "NotOnOrAfter", a.Conditions.NotOnOrAfter.Sub(now), 5*time.Minute)
			want(t, "AuthnInstant", a.Authn.Instant, b.Session.AuthTime)
			want(t, "SessionNotOnOrAfter", a.Authn.SessionNotOnOrAfter, b.Session.ExpiresAt)
			want(t, "context", a.Authn.Class, "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified")
			if a.Authn.SessionIndex == "" || strings.Contains(a.Authn.SessionIndex, b.Session.ID) {
				t.Errorf("SessionIndex = %q", a.Authn.SessionIndex)
			}
			want(t, "attributes", len(a.Attributes), len(row.attributes))
			for _, at := range a.Attributes {
				wantList(t, at.Name, at.Values, row.attributes[at.Name]...)
				want(t, "NameFormat of "+at.Name, at.Format, nil)
			}
			want(t, "SignatureMethod", a.Signature.Method.Algorithm, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")
			want(t, "CanonicalizationMethod", a.Signature.Canonical.Algorithm, "http://www.w3.org/2001/10/xml-exc-c14n#")
			if len(a.Signature.Reference) != 1 {
				t.Fatalf("%d references", len(a.Signature.Reference))
			}
			want(t, "Reference", a.Signature.Reference[0].URI, "#"+a.ID)
			want(t, "DigestMethod", a.Signature.Reference[0].Digest.Algorithm, "http://www.w3.org/2001/04/xmlenc#sha256")
			wantList(t, "outcomes", w.outcomes, row.name+" posted")
			t.Run("xmlsec1", func(t *testing.T) { xmlsec(t, w, p, "urn:oasis:names:tc:SAML:2.0:assertion:Assertion") })
		})
	}
}

// xmlsec checks the signature of an element by a library that nobody here wrote.
func xmlsec(t *testing.T, w *world, p posted, element string) {
	t.Helper()
	program := authtest.Need(t, "xmlsec1")
	certs, err := w.provider.Certificates(t.Context(), acme)
	must(t, err)
	dir := t.TempDir()
	file, cert := filepath.Join(dir, "response.xml"), filepath.Join(dir, "cert.pem")
	must(t, os.WriteFile(file, p.raw, 0o600))
	must(t, os.WriteFile(cert, []byte(certs[0].PEM), 0o600))
	verify := func(name string) error {
		return exec.Command(program, "--verify", "--pubkey-cert-pem", cert, "--enabled-key-data", "rsa",
			"--id-attr:ID", element, name).Run()
	}
	if err := verify(file); err != nil {
		t.Errorf("xmlsec1 does not accept it: %v\n%s", err, p.raw)
	}
	forged := filepath.Join(dir, "forged.xml")
	must(t, os.WriteFile(forged, []byte(strings.ReplaceAll(string(p.raw), "/saml/metadata", "/saml/metadatb")), 0o600))
	if verify(forged) == nil {
		t.Error("xmlsec1 accepts a changed one: this test shows nothing")
	}
}

// TestPage keeps the form within its page's policy, in the person's language.
func TestPage(t *testing.T) {
	w := newWorld(t)
	w.app(acme, "role", aliyunRole)
	w.admitted["role"] = server.Admission{Allowed: true, Values: map[string]string{"role": "admin"}}
	b := w.browser().signIn(w.zhangsan())
	p := b.open(acme, "role")
	policy := p.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "form-action 'self' https://signin.aliyun.com https:;", "frame-ancestors 'none'", "script-src 'sha256-"} {
		if !strings.Contains(policy, part) {
			t.Errorf("policy lacks %q: %s", part, policy)
		}
	}
	want(t, "Cache-Control", p.Header.Get("Cache-Control"), "no-store")
	if !strings.Contains(p.Body, "Opening App role…") || !strings.Contains(p.Body, "<button") {
		t.Errorf("page = %s", p.Body)
	}
}

// TestForbidden opens nothing that is not the person's.
func TestForbidden(t *testing.T) {
	w := newWorld(t)
	w.app(acme, "role", aliyunRole)
	w.admitted["role"] = server.Admission{}
	p := w.browser().signIn(w.zhangsan()).open(acme, "role")
	if p.Status != http.StatusBadRequest || !strings.HasPrefix(p.Body, "page: app_not_yours: App role") {
		t.Errorf("%d %s", p.Status, p.Body)
	}
}

// TestMissingValues fails where a value is not there, and names it: nobody is signed in
// as somebody else, or as nobody.
func TestMissingValues(t *testing.T) {
	w := newWorld(t)
	for _, row := range []struct {
		name   string
		nameID string
		value  string
		change func(*server.Person)
		page   string
	}{
		{"no assignment", "", "{assigned.role}", nil, "app_value_missing: App xassigned.role"},
		{"unknown claim", "{employee}", "", nil, "app_value_missing: App xemployee"},
		{"empty claim", "{login}", "", func(p *server.Person) { p.Authoritative["login"] = " " }, "app_value_missing: App xlogin"},
		{"unverified address", "{email}", "", func(p *server.Person) { p.EmailVerified = false }, "app_value_missing: App xemail"},
		{"an address that a connector calls authoritative", "{email}", "", func(p *server.Person) {
			p.EmailVerified, p.Authoritative["email"] = false, "boss@acme.example"
		}, "app_value_missing: App xemail"},
		{"groups that the connector does not vouch for", "", "{groups}", nil, "app_value_missing: App xgroups"},
		{"several names", "{groups}", "", func(p *server.Person) { p.Authoritative["groups"] = "dev\nops" }, "app_value_missing: App xNameID"},
		{"display name as NameID", "{name}", "", nil, "enterprise_misconfig"},
		{"NameID that may be missing", "{email?}", "", nil, "enterprise_misconfig"},
		{"line break", "", "{name}", func(p *server.Person) { p.Name = "a\nb" }, "app_value_missing: App xname"},
		{"no UTF-8", "", "{login}", func(p *server.Person) { p.Authoritative["login"] = "a\x01b" }, "app_value_missing: App xlogin"},
		{"brace", "", "{login", nil, "enterprise_misconfig"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w.outcomes = nil
			sp := server.SAML{EntityID: "urn:x", ACS: []string{"https://x.example/acs"}, NameID: row.nameID}
			if row.value != "" {
				sp.Attributes = []server.SAMLAttribute{{Name: "a", Values: []string{row.value}}}
			}
			w.app(acme, "x", sp)
			var changes []func(*server.Person)
			if row.change != nil {
				changes = append(changes, row.change)
			}
			p := w.browser().signIn(w.zhangsan(changes...)).open(acme, "x")
			if !strings.HasPrefix(p.Body, "page: "+row.page) {
				t.Errorf("%d %s", p.Status, p.Body)
			}
			wantList(t, "outcomes", w.outcomes, "x failed")
		})
	}
}

// TestText carries every text unchanged: Chinese, markup, comments that other parsers
// would cut a name at.
func TestText(t *testing.T) {
	w := newWorld(t)
	w.app(acme, "x", server.SAML{
		EntityID: "urn:x", ACS: []string{"https://x.example/acs"}, NameID: "{login}", SignResponse: true,
		Attributes: []server.SAMLAttribute{{Name: "name", Format: "urn:oasis:names:tc:SAML:2.0:attrname-format:basic", Values: []string{"{login}"}}},
	})
	for _, text := range []string{
		"张三", "a<!-- -->b", "admin@acme.example<!--x-->.evil.example", `"><x>&amp;'`, "]]>", "a  b", "𠮷野", "é",
	} {
		b := w.browser().signIn(w.zhangsan(func(p *server.Person) { p.Authoritative["login"] = text }))
		p := form(t, b.open(acme, "x"))
		a := p.one(t)
		want(t, "NameID", a.Subject.NameID.Value, text)
		wantList(t, "attribute", a.attribute("name"), text)
		if strings.Contains(string(p.raw), "<!--") {
			t.Errorf("a comment in %s", p.raw)
		}
		xmlsec(t, w, p, "urn:oasis:names:tc:SAML:2.0:protocol:Response")
	}
}

// TestAddresses posts nowhere but to https and to this machine.
func TestAddresses(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signIn(w.zhangsan())
	for acs, good := range map[string]bool{
		"https://x.example/acs": true, "http://127.0.0.1:8080/acs": true, "http://localhost/acs": true,
		"http://x.example/acs": false, "javascript:alert(1)": false, "data:text/html,x": false,
		"https://user@x.example/": false, "https://x.example;script-src 'unsafe-inline'/": false, "//x.example/": false, "": false,
	} {
		w.app(acme, "x", server.SAML{EntityID: "urn:x", ACS: []string{acs}})
		p := b.open(acme, "x")
		if got := p.Status == http.StatusOK; got != good {
			t.Errorf("%q: %d %s", acs, p.Status, p.Body)
		}
	}
}
