//go:build linux

package cmd_test

import (
	"context"
	"regexp"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

var inMetadata = regexp.MustCompile(`<(?:\w+:)?X509Certificate[^>]*>([^<]+)<`)

// TestCertificateChange: an admin changes the SAML certificate in the console, without a
// mouse, and an app that reads the metadata sees one certificate, two, and the new one.
func TestCertificateChange(t *testing.T) {
	t.Parallel()
	upstream := vendor(t)
	c, link := newServer(t, upstream)
	c.apply(t, acmeFile(upstream, `apps:
  - {id: cloud, title: {en: Cloud, zh: 云平台}, preset: saml, vars: {entity_id: "urn:cloud", acs: "https://cloud.example/acs"}}
  - {id: wiki, title: {en: Wiki}, launch: {kind: link, url: "https://wiki.example/"}}
`))
	const page = "/admin/settings/certificates"
	b := newBrowser(t)
	b.do(chromedp.EmulateViewport(1280, 900))
	b.open(link)
	b.press("#open", "\r")
	b.fill("password", "correct horse battery", "again", "correct horse battery\r")
	b.shows("Your password is set")
	if at := b.where(); at == c.origin+"/admin/companies" {
		b.press("button[name=id]", "\r")
	}
	b.open(c.origin + "/admin/settings")
	b.press("#certificates", "\r")
	b.shows("In use", "Prepare a new one")
	b.whole("console-certificates-one")
	metadata := func() (certificates []string) {
		t.Helper()
		text, _ := newWalker().get(t, c.origin+"/e/"+c.enterprise(t, b)+"/saml/metadata")
		for _, m := range inMetadata.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(certificates, m[1]) {
				certificates = append(certificates, m[1])
			}
		}
		return certificates
	}
	before := metadata()
	b.open(c.origin + page)
	b.press("#prepare", "\r")
	b.shows("A second certificate is published", "First: give the new one to these apps", "Cloud", "Then: use it")
	b.whole("console-certificates-two")
	both := metadata()
	b.open(c.origin + page)
	b.press("#use summary", "\r")
	b.press("#use-now", "\r")
	b.shows("The new certificate is in use", "Prepare a new one")
	after := metadata()
	if len(before) != 1 || len(both) != 2 || len(after) != 1 || before[0] == after[0] || !slices.Contains(both, before[0]) || !slices.Contains(both, after[0]) {
		t.Errorf("the metadata had %d, %d and %d certificates", len(before), len(both), len(after))
	}
	b.open(c.origin + "/admin/apps/cloud")
	b.shows("The certificate in it, and how to change it")
	b.whole("console-certificates-app")
	b.open(c.origin + "/admin/audit")
	b.shows("prepared a SAML certificate", "put a new SAML certificate to work")

	dark := newBrowser(t, "lang=zh-CN", "accept-lang=zh-CN", "blink-settings=preferredColorScheme=0")
	dark.do(chromedp.EmulateViewport(390, 900))
	dark.open(c.origin + "/admin/sign-in")
	dark.fill("password", "correct horse battery\r")
	dark.do(chromedp.WaitVisible(chromedp.CSS("nav")))
	dark.open(c.origin + page)
	dark.press("#prepare", "\r")
	dark.shows("第一步", "云平台", "启用新证书")
	dark.whole("console-certificates-zh-phone")
}

// enterprise returns the id of the company that the console works on.
func (c *company) enterprise(t testing.TB, b *browser) string {
	t.Helper()
	b.open(c.origin + "/admin/apps/cloud")
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	link, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("#link")))
	if m := regexp.MustCompile(`/e/([0-9a-f]+)/`).FindStringSubmatch(link); m != nil {
		return m[1]
	}
	t.Fatalf("no enterprise in %q: %v", link, err)
	return ""
}
