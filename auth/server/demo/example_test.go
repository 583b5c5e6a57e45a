package demo_test

import (
	"fmt"
	"html"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"lanyard/auth/authtest"
	"lanyard/auth/server/demo"
)

var shownExample = regexp.MustCompile(`(?s)<pre[^>]*>(.*?)</pre>`)

// The example that the page shows to developers, run as it stands there.
func TestExample(t *testing.T) {
	python := authtest.Need(t, "python3")
	p := authtest.NewProvider(t, authtest.Faults{})
	srv := startWith(t, func(base string) http.Handler {
		return demo.NewSSO(demo.SSOConfig{BaseURL: base, Developer: demo.Developer{Issuer: p.Issuer, ClientID: authtest.ClientID}})
	})
	page := newBrowser(t).get(srv + "/")
	for _, want := range []string{p.Issuer + "/token", p.Issuer + "/keys", "<dd>" + authtest.ClientID + "</dd>"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("page lacks %q", want)
		}
	}
	found := shownExample.FindStringSubmatch(page.body)
	if found == nil {
		t.Fatalf("no example on the page:\n%s", page.body)
	}
	_, port, err := net.SplitHostPort(authtest.ClosedPort(t)) // the example's own may be taken here
	must(t, err)
	example := strings.ReplaceAll(html.UnescapeString(found[1]), "8499", port)

	dir := t.TempDir()
	opened := filepath.Join(dir, "opened")
	must(t, os.WriteFile(filepath.Join(dir, "example.py"), []byte(example), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "browser"), []byte("#!/bin/sh\nprintf '%s' \"$1\" >'"+opened+".new' && mv '"+opened+".new' '"+opened+"'\n"), 0o700))
	cmd := exec.CommandContext(t.Context(), python, filepath.Join(dir, "example.py"))
	cmd.Env = append(os.Environ(), "BROWSER="+filepath.Join(dir, "browser"), "PYTHONIOENCODING=utf-8",
		"NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1") // which goes without saying for Go
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	must(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	address := ""
	for deadline := time.Now().Add(time.Minute); address == ""; time.Sleep(10 * time.Millisecond) { // another process
		if data, err := os.ReadFile(opened); err == nil {
			address = string(data)
		} else if time.Now().After(deadline) {
			t.Fatal("the example opened no page")
		}
	}
	if page := newBrowser(t).follow(address); page.StatusCode != http.StatusOK || page.body != "Done." {
		t.Errorf("back at the example: %d %s", page.StatusCode, page.body)
	}
	if err := <-ended; err != nil || !strings.Contains(said.String(), fmt.Sprintf("'name': '%s'", "张三")) {
		t.Errorf("the example ended with %v:\n%s", err, said.String())
	}
}
