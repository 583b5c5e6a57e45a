//go:build linux

package cmd_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// TestMarkupStaysText: an enterprise whose every field is markup is shown as text on all
// public pages, under a policy that would run none of it.
func TestMarkupStaysText(t *testing.T) {
	t.Parallel()
	const evil = `"><img src=x onerror=alert(1)><script>alert(1)</script>{{.}}`
	c := newCompany(t, 1, "")
	file := strings.NewReplacer(
		"{en: Acme, zh: 顶点}", fmt.Sprintf("{en: %q, zh: %[1]q}", evil),
		`{name: IT, phone: "4008"}`, fmt.Sprintf("{name: %q, phone: %[1]q, chat: %[1]q}", evil),
		"title: {en: App 0, zh: 应用 0}", fmt.Sprintf("title: {en: %q, zh: %[1]q}", evil),
	).Replace(c.read(t, "enterprise.yaml"))
	if strings.Count(file, "onerror") != 7 {
		t.Fatalf("the file is not as it was:\n%s", file)
	}
	c.apply(t, file)

	d := newDesk(t)
	login := d.login(t, "acme", "--directory", c.origin, "--yes", "--print-url")
	w := newWalker()
	consent, at := w.get(t, login.address(t))
	pages := map[string]string{"consent": consent}
	answer, at := w.submit(t, consent, at, url.Values{"answer": {"yes"}})
	pages["answer"] = answer
	w.submit(t, answer, at, nil)
	login.succeeds(t)
	issuer := c.issuer(t, "acme")
	for name, address := range map[string]string{
		"join": c.origin + "/join/acme", "short": c.origin + "/acme", "my apps": issuer + "/",
		"no such app": issuer + "/a/nothing", "error": issuer + "/authorize?client_id=" + url.QueryEscape(evil),
		"link":     c.origin + "/oauth/v1/auth?" + url.Values{"app_id": {"AK20200101AAAAAA"}, "cb": {evil}}.Encode(),
		"sign out": issuer + "/logout", "device": issuer + "/device",
	} {
		pages[name], _ = w.get(t, address)
	}
	headless := d.in("en_US.UTF-8")
	headless.env = append(headless.env, "DISPLAY=", "BROWSER=")
	pages["continue"], _ = newWalker().get(t, strings.TrimSpace(headless.must(t, "open", "app-0", "--print-url")))
	shown := 0
	for name, page := range pages {
		for _, bad := range []string{"<img src=x", "<script>alert", "onerror=alert(1)>"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: the page holds %s:\n%s", name, bad, page)
			}
		}
		if strings.Contains(page, "&lt;img src=x") {
			shown++
		}
	}
	if shown < 4 {
		t.Errorf("%d of %d pages show the company's name", shown, len(pages))
	}
}
