package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
