package saml_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/server/saml"
)

const metadataHead = `<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="https://wiki.example/sp">`

// spMetadata is a service provider's metadata with the given parts.
func spMetadata(attrs string, parts ...string) string {
	return metadataHead + `<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"` + attrs + `>` +
		strings.Join(parts, "\n") + `</SPSSODescriptor></EntityDescriptor>`
}

func keyPart(use string, k keyPair) string {
	if use != "" {
		use = ` use="` + use + `"`
	}
	return `<KeyDescriptor` + use + `><ds:KeyInfo><ds:X509Data><ds:X509Certificate>
	` + base64.StdEncoding.EncodeToString(k.cert) + `
	</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>`
}

func acsPart(binding, location, more string) string {
	return fmt.Sprintf(`<AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:%s" Location="%s" %s/>`, binding, location, more)
}

func TestReadMetadata(t *testing.T) {
	post := acsPart("HTTP-POST", wikiACS, `index="0"`)
	const formats = "<NameIDFormat>urn:oasis:names:tc:SAML:"
	for _, row := range []struct {
		name, text   string
		acs          string
		certificates int
		unsigned     bool // requests are taken without a signature
		logout       string
		nameID       string
		format       string
		fault        auth.Fault
	}{
		{name: "small", text: spMetadata("", post), acs: wikiACS},
		{name: "with a mark in front", text: "\ufeff\n" + spMetadata("", post), acs: wikiACS},
		{
			name: "full", text: spMetadata(` AuthnRequestsSigned="true" WantAssertionsSigned="true"`,
				keyPart("signing", spKey()), keyPart("signing", oldKey()), keyPart("encryption", spKey()),
				`<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://wiki.example/soap"/>`,
				`<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://wiki.example/bye" ResponseLocation="https://wiki.example/gone"/>`,
				formats+"2.0:nameid-format:transient</NameIDFormat>",
				acsPart("HTTP-Artifact", "https://wiki.example/artifact", `index="0"`), acsPart("HTTP-POST", "https://wiki.example/acs2", `index="1"`),
				acsPart("HTTP-POST", wikiACS, `index="2" isDefault="true"`)),
			acs: wikiACS + " https://wiki.example/acs2", certificates: 2, logout: "https://wiki.example/gone",
			format: "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
		},
		{name: "key for both", text: spMetadata("", keyPart("", spKey()), post), acs: wikiACS, certificates: 1, unsigned: true},
		{name: "signs every request", text: spMetadata(` AuthnRequestsSigned="1"`, keyPart("", spKey()), post), acs: wikiACS, certificates: 1},
		{
			name: "does not sign every request", text: spMetadata(` AuthnRequestsSigned="false"`, keyPart("signing", spKey()), keyPart("", oldKey()), post),
			acs: wikiACS, certificates: 2, unsigned: true,
		},
		{name: "says that it signs none, and shows no key", text: spMetadata(` AuthnRequestsSigned="false"`, post), acs: wikiACS},
		{
			name: "address", text: spMetadata("", formats+"1.1:nameid-format:emailAddress</NameIDFormat>", post), acs: wikiACS, nameID: "{email}",
			format: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
		},
		{name: "several formats", text: spMetadata("", formats+"1.1:nameid-format:emailAddress</NameIDFormat>", formats+"2.0:nameid-format:persistent</NameIDFormat>", post), acs: wikiACS},
		{name: "one of a list", text: `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` +
			strings.TrimPrefix(strings.ReplaceAll(strings.ReplaceAll(spMetadata("", post), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>", ""), "\n", ""), "") + `</md:EntitiesDescriptor>`, acs: wikiACS},

		{name: "encryption only", text: spMetadata("", keyPart("encryption", spKey()), post), fault: auth.SAMLEncryption},
		{name: "encrypted names", text: spMetadata("", formats+"2.0:nameid-format:encrypted</NameIDFormat>", post), fault: auth.SAMLEncryption},
		{name: "artifact only", text: spMetadata("", acsPart("HTTP-Artifact", wikiACS, "")), fault: auth.SAMLAddress},
		{name: "script", text: spMetadata("", acsPart("HTTP-POST", "javascript:alert(1)", "")), fault: auth.SAMLAddress},
		{name: "weak key", text: spMetadata("", keyPart("signing", keyPairOf(1024)), post), fault: auth.SAMLKeys},
		{name: "broken key", text: spMetadata("", keyPart("signing", keyPair{cert: []byte("x")}), post), fault: auth.SAMLKeys},
		{name: "signs without a key", text: spMetadata(` AuthnRequestsSigned="1"`, post), fault: auth.SAMLKeys},
		{name: "nothing", text: "", fault: auth.SAMLMetadata},
		{name: "a web page", text: "<!doctype html><html><body>Sign in</body></html>", fault: auth.SAMLMetadata},
		{name: "external entity", text: `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + strings.TrimPrefix(spMetadata("", post), `<?xml version="1.0" encoding="UTF-8"?>`), fault: auth.SAMLMetadata},
		{name: "identity provider", text: strings.ReplaceAll(spMetadata("", post), "SPSSO", "IDPSSO"), fault: auth.SAMLMetadata},
		{name: "two roles", text: strings.Replace(spMetadata("", post), "</EntityDescriptor>", `<SPSSODescriptor protocolSupportEnumeration="x"/></EntityDescriptor>`, 1), fault: auth.SAMLMetadata},
		{name: "SAML 1.1", text: strings.Replace(spMetadata("", post), "2.0:protocol", "1.1:protocol", 1), fault: auth.SAMLMetadata},
		{name: "no name", text: strings.Replace(spMetadata("", post), wikiEntity, "", 1), fault: auth.SAMLMetadata},
		{name: "big", text: spMetadata("", strings.Repeat(post, 8000)), fault: auth.SAMLMetadata},
	} {
		t.Run(row.name, func(t *testing.T) {
			sp, err := saml.ReadMetadata([]byte(row.text))
			if row.fault != "" {
				if fault, _ := auth.FaultOf(err); err == nil || fault != row.fault {
					t.Fatalf("got %v, want %s", err, row.fault)
				}
				return
			}
			must(t, err)
			want(t, "entity ID", sp.EntityID, wikiEntity)
			want(t, "addresses", strings.Join(sp.ACS, " "), row.acs)
			want(t, "certificates", len(sp.Certificates), row.certificates)
			want(t, "unsigned requests", sp.UnsignedRequests, row.unsigned)
			want(t, "logout", sp.Logout, row.logout)
			want(t, "NameID", sp.NameID, row.nameID)
			want(t, "format", sp.NameFormat, row.format)
		})
	}
}

// FuzzReadMetadata: whatever is taken can be posted to, and verified by.
func FuzzReadMetadata(f *testing.F) {
	f.Add([]byte(spMetadata(` AuthnRequestsSigned="true"`, keyPart("", spKey()), acsPart("HTTP-POST", wikiACS, ""))))
	f.Add([]byte(metadataHead + `</EntityDescriptor>`))
	f.Add([]byte(`<!DOCTYPE x><x/>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		sp, err := saml.ReadMetadata(data)
		if err != nil {
			if fault, _ := auth.FaultOf(err); fault == auth.Internal {
				t.Errorf("no fault: %v", err)
			}
			return
		}
		if sp.EntityID == "" || len(sp.ACS) == 0 {
			t.Errorf("%+v", sp)
		}
		for _, acs := range sp.ACS {
			if !strings.HasPrefix(strings.ToLower(acs), "http") {
				t.Errorf("address %q", acs)
			}
		}
	})
}
