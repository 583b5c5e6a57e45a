package agent_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lanyard/app/agent"
	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/directory"
)

// TestSignOut ends here at once and at the provider; nothing comes back by a restart.
func TestSignOut(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	if err := d.SignOut(t.Context(), local.SignOutRequest{}); err != nil {
		t.Fatal(err)
	}
	p := d.phase(local.SignedOut)
	if c.Count("/v1/sign-out") != 1 || c.Count("/revoke") != 1 {
		t.Errorf("%d sessions ended, %d tokens revoked", c.Count("/v1/sign-out"), c.Count("/revoke"))
	}
	if len(p.Apps) != 0 {
		t.Errorf("profile = %+v", p)
	}
	if got := c.Last("/revoke").Get("token_type_hint"); got != "refresh_token" {
		t.Errorf("revoked a %q", got)
	}
	_, err := d.Apps(local.WithLang(t.Context(), "zh"), local.AppsQuery{})
	isFault(t, err, auth.SignInRequired)
	if _, args := auth.FaultOf(err); args["company"] != "极致" {
		t.Errorf("the company in another language than its reader's: %v", args)
	}
	tokens := c.Count("/token")
	d.restart()
	d.phase(local.SignedOut)
	if c.Count("/token") != tokens {
		t.Error("a signed-out profile asked for tokens")
	}
	if err := d.SignOut(t.Context(), local.SignOutRequest{}); err != nil {
		t.Errorf("sign out twice: %v", err)
	}
}

// TestSignOutOfAll ends what earlier sign-ins of the same person began, such as one that was
// there because the company asked again: their browsers would stay signed in.
func TestSignOutOfAll(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	for range 3 {
		d.signIn(c, local.SignInRequest{})
		d.phase(local.SignedIn)
	}
	if n := c.Count("/revoke"); n != 0 {
		t.Errorf("%d tokens revoked by signing in: apps that are open would be signed out", n)
	}
	d.restart()
	if err := d.SignOut(t.Context(), local.SignOutRequest{}); err != nil {
		t.Fatal(err)
	}
	if n := c.Count("/revoke"); n != 3 {
		t.Errorf("%d tokens revoked, want those of 3 sign-ins", n)
	}
}

// TestSignOutEverywhere needs the company: without it nothing changes.
func TestSignOutEverywhere(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	c.fault(func(f *authtest.Faults) { f.Answer["/v1/sign-out"] = authtest.Status(503) })
	if err := d.SignOut(t.Context(), local.SignOutRequest{Everywhere: true}); !errors.Is(err, auth.ErrOffline) {
		t.Errorf("server down: %v", err)
	}
	d.phase(local.SignedIn)
	c.fault(func(*authtest.Faults) {})
	if err := d.SignOut(t.Context(), local.SignOutRequest{Everywhere: true}); err != nil {
		t.Fatal(err)
	}
	d.phase(local.SignedOut)

	c.change(func(doc *directory.Document) { doc.Workbench = false })
	d.signIn(c, local.SignInRequest{})
	isFault(t, d.SignOut(t.Context(), local.SignOutRequest{Everywhere: true}), auth.NotHere)
}

// TestTokenNotTaken gets a new token where the company does not take one that we thought
// good, as by a clock that is late, and hears of it where the company has ended the session.
func TestTokenNotTaken(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	d.phase(local.SignedIn)
	list, err := d.Apps(t.Context(), local.AppsQuery{})
	if err != nil || list.Stale {
		t.Fatalf("apps: %+v, %v", list, err)
	}
	var old string
	refuseFirst := func(answer http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if token := r.Header.Get("Authorization"); old == "" || token == old {
				old = token
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			answer(w, r)
		}
	}
	c.fault(func(f *authtest.Faults) { f.Answer["/v1/apps"] = refuseFirst(f.Answer["/v1/apps"]) })
	if list, err := d.Apps(t.Context(), local.AppsQuery{}); err != nil || list.Stale {
		t.Errorf("with a token that is not taken: stale %v, %v", list.Stale, err)
	}
	old = ""
	c.fault(func(f *authtest.Faults) { f.Answer["/v1/sign-out"] = refuseFirst(f.Answer["/v1/sign-out"]) })
	if err := d.SignOut(t.Context(), local.SignOutRequest{Everywhere: true}); err != nil {
		t.Errorf("sign out everywhere: %v", err)
	}

	c.fault(func(*authtest.Faults) {})
	d.signIn(c, local.SignInRequest{})
	d.phase(local.SignedIn)
	c.fault(func(f *authtest.Faults) {
		f.Answer["/v1/apps"], f.Answer["/v1/sign-out"] = authtest.Status(401), authtest.Status(401)
		f.Answer["/token"] = authtest.OAuthError(400, "invalid_grant", "")
	})
	if list, err := d.Apps(t.Context(), local.AppsQuery{}); err != nil || !list.Stale {
		t.Errorf("after the session's end: %+v, %v", list, err)
	}
	d.phase(local.NeedsYou)
	err = d.SignOut(t.Context(), local.SignOutRequest{Everywhere: true})
	isFault(t, err, auth.SignInRequired)
	if _, args := auth.FaultOf(err); args["company"] != "Acme acme" {
		t.Errorf("facts %v", args)
	}
}

// TestTokensThatStay calls nothing done as long as the disk does not let tokens go.
func TestTokensThatStay(t *testing.T) {
	c, other := newCompany(t, "acme"), newCompany(t, "beta")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	first := d.phase(local.SignedIn)
	d.signIn(other, local.SignInRequest{})
	sealed := filepath.Join(d.dir, "vault.sealed")
	in := filepath.Join(sealed, "the way")
	if err := errors.Join(os.Remove(sealed), os.MkdirAll(in, 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := d.SignOut(t.Context(), local.SignOutRequest{}); err == nil {
		t.Error("signed out, and the tokens are kept")
	}
	d.phase(local.SignedOut)
	if err := d.Forget(t.Context(), first.ID); err == nil {
		t.Error("forgotten, and the tokens are kept")
	}
	if s, _ := d.State(t.Context()); len(s.Profiles) != 2 || s.Profiles[0].Phase != local.SignedOut {
		t.Errorf("state = %+v", s)
	}
	if err := os.RemoveAll(sealed); err != nil {
		t.Fatal(err)
	}
	if err := d.SignOut(t.Context(), local.SignOutRequest{}); err != nil {
		t.Error(err)
	}
	if err := d.Forget(t.Context(), first.ID); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(sealed); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the last tokens: %v", err)
	}
}

// TestForget removes all that is kept of a profile, with the last one the key too.
func TestForget(t *testing.T) {
	c, other := newCompany(t, "acme"), newCompany(t, "beta")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	first := d.phase(local.SignedIn)
	d.signIn(other, local.SignInRequest{})
	second := d.phase(local.SignedIn)
	if first.ID == second.ID {
		t.Fatal("two companies, one profile")
	}
	if err := d.Forget(t.Context(), second.ID); err != nil {
		t.Fatal(err)
	}
	if s, _ := d.State(t.Context()); len(s.Profiles) != 1 || s.Current != first.ID {
		t.Errorf("state = %+v", s)
	}
	if err := d.Forget(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	s, _ := d.State(t.Context())
	if len(s.Profiles) != 0 || s.Current != "" {
		t.Errorf("state = %+v", s)
	}
	if _, err := d.keyring.Get(t.Context()); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("the key is still there: %v", err)
	}
	isFault(t, d.Forget(t.Context(), first.ID), auth.ProfileUnknown)
	isFault(t, d.SignOut(t.Context(), local.SignOutRequest{}), auth.SignInRequired)
	d.signIn(c, local.SignInRequest{})
	d.restart()
	d.phase(local.SignedIn)
}

// TestAppList searches, pins, and shows the kept list when the server is away.
func TestAppList(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	if err := d.Pin(t.Context(), "notes", true); err != nil {
		t.Fatal(err)
	}
	isFault(t, d.Pin(t.Context(), "payroll", true), auth.AppUnknown)
	d.restart()
	p := d.phase(local.SignedIn)
	if len(p.Apps) != 2 || p.Apps[0].ID != "notes" || !p.Apps[0].Pinned || p.Apps[1].Pinned {
		t.Errorf("apps = %+v", p.Apps)
	}
	if list, err := d.Apps(t.Context(), local.AppsQuery{Query: "手册"}); err != nil || len(list.Apps) != 1 || list.Apps[0].ID != "handbook" {
		t.Errorf("search = %+v, %v", list, err)
	}
	c.fault(func(f *authtest.Faults) { f.Answer["/v1/apps"] = authtest.Status(503) })
	if list, err := d.Apps(t.Context(), local.AppsQuery{}); err != nil || len(list.Apps) != 2 || !list.Stale {
		t.Errorf("kept list = %+v, %v", list, err)
	}
	if err := d.Pin(t.Context(), "notes", false); err != nil {
		t.Fatal(err)
	}
	if s, _ := d.State(t.Context()); s.Profile("").Apps[0].Pinned {
		t.Error("still pinned")
	}
}

func TestIcon(t *testing.T) {
	c := newCompany(t, "acme")
	png := []byte("\x89PNG\r\n\x1a\n and a picture")
	sum := sha256.Sum256(png)
	sha := hex.EncodeToString(sum[:])
	c.fault(func(f *authtest.Faults) {
		f.Answer["/v1/apps"] = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"apps":[{"id":"notes","title":{"en":"Notes"},"url":"%s/a/notes","icon":"%s"}]}`, c.Issuer, sha)
		}
		f.Answer["/v1/icons/"+sha] = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(png) }
	})
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	data, mediaType, err := d.Icon(t.Context(), sha)
	if err != nil || !bytes.Equal(data, png) || mediaType != "image/png" {
		t.Errorf("icon = %q, %q, %v", data, mediaType, err)
	}
	_, _, err = d.Icon(t.Context(), strings.Repeat("0", 64))
	if !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("unknown icon: %v", err)
	}
}

// autostart is an entry in memory.
type autostart struct{ on bool }

func (a *autostart) Enabled() (bool, error) { return a.on, nil }
func (a *autostart) Enable() error          { a.on = true; return nil }
func (a *autostart) Disable() error         { a.on = false; return nil }

func TestSettings(t *testing.T) {
	entry := &autostart{}
	d := newDesk(t, func(cfg *agent.Config) { cfg.Autostart = entry })
	if _, err := d.SetSettings(t.Context(), local.Settings{Language: "fr"}); !errors.Is(err, auth.BadInput) {
		t.Errorf("language fr: %v", err)
	}
	want := local.Settings{Autostart: true, Language: "zh", Browser: "firefox"}
	got, err := d.SetSettings(t.Context(), want)
	if err != nil || got.Autostart != true || got.Language != "zh" || got.Browser != "firefox" || !entry.on {
		t.Errorf("settings = %+v, %v", got, err)
	}
	d.restart()
	if got, err := d.Settings(t.Context()); err != nil || !got.Autostart || got.Language != "zh" {
		t.Errorf("settings = %+v, %v", got, err)
	}
	bare := newDesk(t)
	if got, err := bare.Settings(t.Context()); err != nil || len(got.Locked) != 1 {
		t.Errorf("without autostart: %+v, %v", got, err)
	}
}

// TestDiagnostics holds what helps and nobody's name, address or secret.
func TestDiagnostics(t *testing.T) {
	c := devices(t)
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	if _, err := d.SignIn(t.Context(), local.SignInRequest{Code: "acme", Directory: c.origin, Device: true}); err != nil {
		t.Fatal(err)
	}
	waiting := d.askDevice()
	var buf bytes.Buffer
	if err := d.Diagnostics(t.Context(), &buf); err != nil {
		t.Fatal(err)
	}
	bundle, err := zip.NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range []string{"about.json", "state.json", "doctor.json", "log.jsonl"} {
		f, err := bundle.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		data, _ := io.ReadAll(f)
		if len(data) < 20 {
			t.Errorf("%s is empty: %s", name, data)
		}
		all.Write(data)
	}
	contains(t, all.String(), `"phase": "signed_in"`)
	contains(t, all.String(), "sign-in started")
	for _, private := range []string{"张三", "zhangsan@", waiting.URL, waiting.Device.UserCode, c.Last("/token").Get("code_verifier")} {
		if strings.Contains(all.String(), private) {
			t.Errorf("diagnostics hold %q", private)
		}
	}
}

// TestQuit ends Run, with the wish to start again.
func TestQuit(t *testing.T) {
	d := newDesk(t)
	if err := d.Quit(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	err := d.Events(t.Context(), func(local.Event) error { return nil }) // until the agent ends
	isFault(t, err, auth.AgentMissing)
	if !d.stop() {
		t.Error("the wish to restart was lost")
	}
	isFault(t, d.Window(t.Context(), "apps", nil), auth.WindowMissing)
}

// TestStateIsACopy lets a listener do what it likes with what it was given.
func TestStateIsACopy(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	s, _ := d.State(t.Context())
	s.Profiles[0].Enterprise.Name["en"] = "spoilt"
	s.Profiles[0].Apps[0].Title["en"] = "spoilt"
	s.Attempt.Enterprise.Name["en"] = "spoilt"
	again, _ := d.State(t.Context())
	if p := again.Profiles[0]; p.Enterprise.Name["en"] == "spoilt" || p.Apps[0].Title["en"] == "spoilt" || again.Attempt.Enterprise.Name["en"] == "spoilt" {
		t.Error("State shares memory with the agent")
	}
}

func TestLogHandler(t *testing.T) {
	var ring agent.Ring
	log := slog.New(agent.LogHandler(slog.LevelInfo, failing{}, &ring))
	log.Info("kept", "profile", "acme-1", "password", "hunter2", slog.Group("inner", slog.String("token", "hunter2"), slog.String("host", "h")))
	log.Debug("below")
	out := string(ring.Lines())
	contains(t, out, `"profile":"acme-1"`)
	contains(t, out, `"host":"h"`)
	if strings.Contains(out, "hunter2") || strings.Contains(out, "below") {
		t.Errorf("log = %s", out)
	}
	for i := range 1200 {
		log.Info("more", "count", i)
	}
	lines := strings.Split(strings.TrimSpace(string(ring.Lines())), "\n")
	if len(lines) != 1000 || !strings.Contains(lines[0], `"count":200`) || !strings.Contains(lines[999], `"count":1199`) {
		t.Errorf("%d lines, first %s, last %s", len(lines), lines[0], lines[len(lines)-1])
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }
