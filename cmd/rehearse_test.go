//go:build linux

package cmd_test

import (
	"html"
	"regexp"
	"strings"
	"testing"
)

var pairs = regexp.MustCompile(`<dt>([a-z_]+)</dt><dd>([^<]*)</dd>`)

// TestRehearse has a server of an admin's own connected to the pretend company by what the
// company's page says, as the README suggests before the real one.
func TestRehearse(t *testing.T) {
	t.Parallel()
	origin := demo(t)
	first := newDesk(t).login(t, "demo", "--directory", origin, "--yes", "--print-url")
	w := newWalker()
	_, at := w.get(t, first.address(t)) // the company's sign-in
	company := at.Scheme + "://" + at.Host
	page, _ := w.get(t, company+"/")
	said := map[string]string{}
	for _, pair := range pairs.FindAllStringSubmatch(page, -1) {
		if _, twice := said[pair[1]]; !twice {
			said[pair[1]] = html.UnescapeString(pair[2])
		}
	}
	file := acmeFile(company, "apps: []\n")
	for _, name := range []string{"authorize_url", "token_url", "user_url"} {
		if !strings.Contains(file, said[name]) {
			t.Fatalf("%s is %q", name, said[name])
		}
	}
	own := prepare(t, company)
	own.write(t, "secret", said["client_secret"])
	own.apply(t, strings.NewReplacer("client_id: acme", "client_id: "+said["client_id"], "env:ACME_SECRET", "file:"+own.dir+"/secret").Replace(file))
	own.run(t)

	d := newDesk(t)
	login := d.login(t, "acme", "--directory", own.origin, "--yes", "--print-url")
	w.signIn(t, login.address(t), "zhangsan")
	login.succeeds(t)
	if out := d.must(t, "status"); !strings.Contains(out, "张三") || !strings.Contains(out, "Acme") {
		t.Errorf("status: %s", out)
	}
}
