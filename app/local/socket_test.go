//go:build !windows

package local_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
)

func TestDialFindsNobody(t *testing.T) {
	dir := authtest.ShortDir(t)
	if _, err := local.Dial(t.Context(), dir); !errors.Is(err, auth.AgentMissing) {
		t.Errorf("without agent.json: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "agent.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := local.Dial(t.Context(), dir); !errors.Is(err, auth.AgentMissing) {
		t.Errorf("with half an agent.json: %v", err)
	}
	stale(t, dir)
	if err := local.WriteInfo(dir, local.Info{Address: filepath.Join(dir, "agent.sock")}); err != nil {
		t.Fatal(err)
	}
	if _, err := local.Dial(t.Context(), dir); !errors.Is(err, auth.AgentMissing) {
		t.Errorf("with the socket of a killed agent: %v", err)
	}
}

// TestDialHearsNothing finds an agent whose process is stopped: the system makes the
// connection, and nobody answers.
func TestDialHearsNothing(t *testing.T) {
	defer local.SetHelloTimeout(50 * time.Millisecond)()
	dir := authtest.ShortDir(t)
	l, err := local.Listen(filepath.Join(dir, "run"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := local.WriteInfo(dir, local.Info{PID: 4711, Address: l.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	_, err = local.Dial(t.Context(), dir)
	if fault, args := auth.FaultOf(err); fault != auth.AgentSilent || args["pid"] != "4711" {
		t.Errorf("got %v", err)
	}
}

// stale leaves a socket in dir that nobody answers.
func stale(t *testing.T, dir string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "agent.sock"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

func TestListen(t *testing.T) {
	dir := filepath.Join(authtest.ShortDir(t), "run")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	stale(t, dir)
	l, err := local.Listen(dir)
	if err != nil {
		t.Fatalf("over a stale socket: %v", err)
	}
	defer l.Close()
	for path, want := range map[string]os.FileMode{dir: 0o700, l.Addr().String(): 0o600} {
		if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != want {
			t.Errorf("%s: mode %v, want %v (%v)", path, fi.Mode().Perm(), want, err)
		}
	}
	if _, err := local.Listen(dir); !errors.Is(err, auth.AlreadyRuns) {
		t.Errorf("beside a living one: %v", err)
	}
	if _, err := local.Listen(filepath.Join(dir, strings.Repeat("x", 100))); err == nil {
		t.Error("a path that no socket can have was accepted")
	}
	link := filepath.Join(authtest.ShortDir(t), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if _, err := local.Listen(link); !errors.Is(err, auth.NotPermitted) {
		t.Errorf("in a folder behind a link: %v", err)
	}
}

func TestInfo(t *testing.T) {
	dir := t.TempDir()
	mine, next := local.Info{PID: 1, Address: "a", Version: "1"}, local.Info{PID: 2, Address: "a", Version: "2"}
	if err := local.WriteInfo(dir, mine); err != nil {
		t.Fatal(err)
	}
	if err := local.WriteInfo(dir, next); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(filepath.Join(dir, "agent.json")); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v)", fi.Mode(), err)
	}
	if err := local.RemoveInfo(dir, mine); err != nil {
		t.Fatal(err)
	}
	if got, err := local.ReadInfo(dir); err != nil || got != next {
		t.Errorf("after another agent's removal: %v, %v", got, err)
	}
	if err := local.RemoveInfo(dir, next); err != nil {
		t.Fatal(err)
	}
	if rest, _ := os.ReadDir(dir); len(rest) != 0 {
		t.Errorf("left behind: %v", rest)
	}
}

// TestRawRequests speaks to the socket as no Client does.
func TestRawRequests(t *testing.T) {
	svc := &fake{}
	c := serve(t, svc)
	tests := []struct {
		name, request string
		status        int
		want          string // in the body
		seen          string
	}{
		{"another host", "GET /v1/state HTTP/1.1\r\nHost: localhost\r\n\r\n", 403, "not_permitted", ""},
		{"a web page", "POST /v1/quit HTTP/1.1\r\nHost: lanyard\r\nOrigin: null\r\nContent-Length: 0\r\n\r\n", 403, "not_permitted", ""},
		{"unknown route", "GET /v9/x HTTP/1.1\r\nHost: lanyard\r\n\r\n", 404, "not_here", ""},
		{"wrong method", "PUT /v1/state HTTP/1.1\r\nHost: lanyard\r\n\r\n", 404, "not_here", ""},
		{"not JSON", "POST /v1/sign-out HTTP/1.1\r\nHost: lanyard\r\nContent-Length: 2\r\n\r\n{]", 400, "bad_input", ""},
		{"too big", "POST /v1/sign-out HTTP/1.1\r\nHost: lanyard\r\nContent-Length: 300000\r\n\r\n\"" + strings.Repeat("x", 299_999), 400, "bad_input", ""},
		{
			"unknown fields", body(`POST /v1/sign-in`, `{"code":"acme","hologram":true,"env":{"PATH":"/evil","LANG":"zh_CN"}}`), 202, "attempt-1",
			"sign-in code=acme open=false yes=false timeout=0 env=map[LANG:zh_CN]",
		},
		{"app named in the path alone", body(`POST /v1/apps/notes/launch`, `{"app":"other"}`), 200, "launch-link", `launch "notes" print=false env=map[]`},
		{"launch that signs in first", body(`POST /v1/apps/later/launch`, ``), 202, "attempt-3", `launch "later" print=false env=map[]`},
		{"no body", body(`POST /v1/sign-out`, ``), 204, "", "sign-out  false"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			svc.mu.Lock()
			svc.calls = nil
			svc.mu.Unlock()
			conn, err := net.Dial("unix", c.Info.Address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			go io.WriteString(conn, test.request)
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			got, _ := io.ReadAll(answer.Body)
			if answer.StatusCode != test.status || !strings.Contains(string(got), test.want) {
				t.Errorf("%s %s, want %d and %q", answer.Status, got, test.status, test.want)
			}
			if seen := svc.last(); seen != test.seen {
				t.Errorf("service saw %q, want %q", seen, test.seen)
			}
		})
	}
}

func body(route, json string) string {
	return route + " HTTP/1.1\r\nHost: lanyard\r\nContent-Length: " + strconv.Itoa(len(json)) + "\r\n\r\n" + json
}
