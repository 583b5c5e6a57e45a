//go:build linux

package cmd_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestConnectorTest tries a company's sign-in by its file: all stages and the person are
// shown, a changed file is tried before it is applied, what fails says why, and no secret
// is printed.
func TestConnectorTest(t *testing.T) {
	t.Parallel()
	v := newStrictVendor(t)
	c, _ := newActivating(t, v)
	try := func(file string, spoil func(address string) string) result {
		t.Helper()
		in, paste, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer paste.Close()
		defer in.Close()
		cmd := exec.Command(program(t, "lanyard-server"), "connector", "test", "-f", filepath.Join(c.dir, file), "--config", filepath.Join(c.dir, "server.yaml"))
		cmd.Stdin = in
		p := startCommand(t, os.Environ(), cmd)
		page := "http" + p.line(t, "  http", patience)
		w, back := newWalker(), ""
		w.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.String(), c.origin) {
				back = r.URL.String()
				return http.ErrUseLastResponse
			}
			return nil
		}
		w.get(t, page)
		if back == "" {
			t.Fatal("nobody came back")
		}
		if _, err := paste.WriteString(spoil(back) + "\n"); err != nil {
			t.Fatal(err)
		}
		return p.ended(t)
	}
	asItIs := func(address string) string { return address }
	before := c.command(t, "export", "plain").succeeds(t).out
	r := try("plain.yaml", asItIs)
	for _, want := range []string{"2. token", "POST " + v.url + "/token", "3. user", "It works.", "id      ZhangSan", "name    张三"} {
		if r.code != 0 || !strings.Contains(r.out, want) {
			t.Errorf("exit code %d, and it does not say %q:\n%s%s", r.code, want, r.out, r.err)
		}
	}
	said := r.out + r.err

	c.write(t, "changed.yaml", strings.Replace(c.read(t, "plain.yaml"), "client_id: page}", "client_id: page, user_id_field: number}", 1))
	r = try("changed.yaml", asItIs)
	r.says(t, 1, "has no “number”")
	said += r.out + r.err
	r = try("plain.yaml", func(address string) string { return strings.Replace(address, "state=", "state=0", 1) })
	r.says(t, 1, "state")
	c.write(t, "page", "another secret")
	r = try("plain.yaml", asItIs)
	r.says(t, 1, "answered with an error at “token”")
	for _, secret := range []string{strictClients["page"], "another secret", "token-of-"} {
		if strings.Contains(said+r.out+r.err, secret) {
			t.Errorf("it prints %q:\n%s", secret, said+r.out+r.err)
		}
	}
	if after := c.command(t, "export", "plain").succeeds(t).out; after != before {
		t.Errorf("it changed something:\n%s", after)
	}

	c.write(t, "new.yaml", strings.Replace(c.read(t, "plain.yaml"), "code: plain", "code: new", 1))
	c.command(t, "connector", "test", "-f", filepath.Join(c.dir, "new.yaml")).ended(t).says(t, 1, "lanyard-server apply -f")
	c.command(t, "connector", "test").ended(t).says(t, 2, "-f")
	c.command(t, "connector").ended(t).says(t, 2, "connector test")
}
