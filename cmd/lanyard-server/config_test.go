package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// TestDomainFiles: what a vendor wants to see at the server's address is there, and a
// file that was named by mistake is not.
func TestDomainFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	parse := func(file string) (*config, error) {
		return parseConfig("server.yaml", fmt.Appendf(nil,
			"public_url: http://127.0.0.1:8200\ndata: %s\nkey_file: %s/key\ndomain_files: [%q]\n", dir, dir, file))
	}
	c, err := parse(write("WW_verify_AbCdEfGh12345678.txt", "AbCdEfGh12345678"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := open(t.Context(), c, newLogger(t.Output(), "error"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	h, err := s.handler()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/WW_verify_AbCdEfGh12345678.txt": http.StatusOK, "/WW_verify_other.txt": http.StatusNotFound} {
		r := httptest.NewRequestWithContext(server.WithClientIP(t.Context(), ""), http.MethodGet, path, nil)
		r.RemoteAddr = "127.0.0.1:5"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want || want == http.StatusOK && w.Body.String() != "AbCdEfGh12345678" {
			t.Errorf("%s: %d %q", path, w.Code, w.Body)
		}
	}
	for _, file := range []string{write("key", "k"), filepath.Join(dir, "missing.txt"), write("big.txt", strings.Repeat("x", 5000))} {
		if _, err := parse(file); err == nil || !strings.Contains(err.Error(), "domain_files") {
			t.Errorf("%s: %v", filepath.Base(file), err)
		}
	}
}

// TestPlainHTTPStaysHere: plain http is for this computer, whoever may reach the listener.
func TestPlainHTTPStaysHere(t *testing.T) {
	for _, row := range []struct {
		listen, publicURL, fault string
	}{
		{"127.0.0.1:8200", "http://127.0.0.1:8200", ""},
		{"localhost:8200", "http://127.0.0.1:8200", ""},
		{"[::1]:8200", "http://[::1]:8200", ""},
		{"0.0.0.0:8200", "http://127.0.0.1:8200", "line 1, column 1: listen"},
		{":8200", "http://127.0.0.1:8200", "line 1, column 1: listen"},
		{"192.0.2.1:8200", "http://127.0.0.1:8200", "line 1, column 1: listen"},
		{"0.0.0.0:8200", "https://login.acme.example\nbehind_proxy: [10.0.0.0/8]", ""},
	} {
		_, err := parseConfig("server.yaml", fmt.Appendf(nil, "listen: %q\npublic_url: %s\ndata: d\nkey_file: k\n", row.listen, row.publicURL))
		if row.fault == "" && err != nil || row.fault != "" && (err == nil || !strings.Contains(err.Error(), row.fault)) {
			t.Errorf("%s, %s: %v", row.listen, row.publicURL, err)
		}
	}
}

// TestMissingKey: a new key is made for a new database alone.
func TestMissingKey(t *testing.T) {
	dir := t.TempDir()
	c, err := parseConfig("server.yaml", fmt.Appendf(nil, "public_url: http://127.0.0.1:8200\ndata: %s\nkey_file: %s/key\n", dir, dir))
	if err != nil {
		t.Fatal(err)
	}
	s, err := open(t.Context(), c, newLogger(t.Output(), "error"))
	if err != nil {
		t.Fatal(err)
	}
	err = s.store.SaveEnterprise(t.Context(), server.Enterprise{Enterprise: auth.Enterprise{ID: "e1", Code: "acme", Name: auth.Text{"en": "Acme"}}})
	s.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "key"), filepath.Join(dir, "away")); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t.Context(), c, newLogger(t.Output(), "error")); err == nil || !strings.Contains(err.Error(), "put it back") {
		t.Errorf("without the key: %v", err)
	}
	if err := os.Rename(filepath.Join(dir, "away"), filepath.Join(dir, "key")); err != nil {
		t.Fatal(err)
	}
	if s, err = open(t.Context(), c, newLogger(t.Output(), "error")); err != nil {
		t.Fatal(err)
	}
	s.Close()
}

// TestDays: days are read, and no number of them is another.
func TestDays(t *testing.T) {
	for text, want := range map[string]time.Duration{"30d": 720 * time.Hour, "90m": 90 * time.Minute, "213504d": 0, "1d2h": 0} {
		if d, err := parseLife(text); d != want || (err == nil) != (want != 0) {
			t.Errorf("%s: %v, %v", text, d, err)
		}
	}
}

// TestNumbers: what is below nothing or beyond all sense is said when the configuration is
// read, not when it is too late.
func TestNumbers(t *testing.T) {
	for _, row := range []struct{ text, fault string }{
		{"listen: 127.0.0.1:65535", ""},
		{"listen: 127.0.0.1:65536", "line 4, column 1: listen"},
		{"listen: ::1:8200", "line 4, column 1: listen"},
		{"allow: [a.example:443, \"b.example:99999\"]", "line 4, column 24: allow.1"},
		{"lookups_per_minute: -1", "line 4, column 1: lookups_per_minute"},
		{"lifetimes: {session: -5h}", "line 4, column 13: lifetimes.session"},
		{"lifetimes: {audit: 0d}", "line 4, column 13: lifetimes.audit"},
		{"lifetimes: {audit: 36500d, session: 876000h}", ""},
		{"lifetimes: {audit: 36501d}", "line 4, column 13: lifetimes.audit"},
		{"lifetimes: {session: 876001h}", "line 4, column 13: lifetimes.session"},
		{"lifetimes: {code: 10m, launch_link: 600s, admin_link: 1d}", ""},
		{"lifetimes: {code: 1h}", "line 4, column 13: lifetimes.code: must be 10m at most"},
		{"lifetimes: {launch_link: 30d}", "line 4, column 13: lifetimes.launch_link: must be 10m at most"},
		{"lifetimes: {drain: 1h}", "line 4, column 13: lifetimes.drain: must be a length of time such as 15s, 10m at most"},
		{"lifetimes: {admin_link: 25h}", "line 4, column 13: lifetimes.admin_link: must be 1d at most"},
	} {
		_, err := parseConfig("server.yaml", []byte("public_url: http://127.0.0.1:8200\ndata: d\nkey_file: k\n"+row.text+"\n"))
		if row.fault == "" && err != nil || row.fault != "" && (err == nil || !strings.Contains(err.Error(), row.fault)) {
			t.Errorf("%s: %v, want %q", row.text, err, row.fault)
		}
	}
	if _, err := parseConfig("server.yaml", []byte("public_url: http://127.0.0.1:82000\ndata: d\nkey_file: k\n")); err == nil || !strings.Contains(err.Error(), "line 1, column 1: public_url") {
		t.Errorf("public_url: %v", err)
	}
}

// TestMissingCertificate: one that is not there is said with what else is wrong, with its
// line, to those who serve; others do without.
func TestMissingCertificate(t *testing.T) {
	name := filepath.Join(t.TempDir(), "server.yaml")
	yaml := "public_url: https://login.acme.example\ndata: d\nkey_file: k\ncertificate: {file: c.pem, key_file: k.pem}\n"
	if err := os.WriteFile(name, []byte(yaml+"lifetimes: {audit: 0d}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"check", "run"} {
		var out, errOut strings.Builder
		if code := run(t.Context(), []string{command, "--config", name}, &out, &errOut); code != 1 ||
			!strings.Contains(errOut.String(), "line 4, column 1: certificate: open") || !strings.Contains(errOut.String(), "line 5, ") {
			t.Errorf("%s ended with %d: %s", command, code, errOut.String())
		}
	}
	if _, err := parseConfig(name, []byte(yaml)); err != nil {
		t.Errorf("another command: %v", err)
	}
}

// TestBackupOfNothing: where there is no database yet, such as by another configuration than
// the server's, there is no backup, and none is made for it.
func TestBackupOfNothing(t *testing.T) {
	dir := t.TempDir()
	name, copied := filepath.Join(dir, "server.yaml"), filepath.Join(dir, "copy.db")
	if err := os.WriteFile(name, []byte("public_url: http://127.0.0.1:8200\ndata: data\nkey_file: key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		command string
		code    int
	}{{"backup " + copied, 1}, {"check", 0}, {"backup " + copied, 0}} {
		var out, errOut strings.Builder
		args := append(strings.Fields(row.command), "--config", name)
		if code := run(t.Context(), args, &out, &errOut); code != row.code {
			t.Errorf("%s ended with %d: %s%s", row.command, code, out.String(), errOut.String())
		}
		if _, err := os.Stat(filepath.Join(dir, "data", "lanyard.db")); (err == nil) != (row.code == 0) {
			t.Errorf("after %s: %v", row.command, err)
		}
	}
	if _, err := os.Stat(copied); err != nil {
		t.Error(err)
	}
}

// TestRelativeNames: files are where the configuration says, wherever a command is run.
func TestRelativeNames(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := parseConfig(filepath.Join(dir, "server.yaml"), []byte("public_url: http://127.0.0.1:8200\ndata: ./data\nkey_file: key\ndomain_files: [a.txt]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Database != filepath.Join(dir, "data", "lanyard.db") || c.KeyFile != filepath.Join(dir, "key") || c.Certificate.File != "" || string(c.domainFiles["a.txt"]) != "a" {
		t.Errorf("%+v", c)
	}
	c, err = parseConfig(filepath.Join(dir, "server.yaml"), []byte("public_url: http://127.0.0.1:8200\ndata: /var/lib/lanyard\nkey_file: /etc/key\n"))
	if err != nil || c.Data != "/var/lib/lanyard" || c.KeyFile != "/etc/key" {
		t.Errorf("%+v, %v", c, err)
	}
}
