package local_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
)

var errHalf = errors.New("broke in the middle")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs a Server before svc on a real socket and returns a Client of it.
func serve(t *testing.T, svc local.Service) *local.Client {
	t.Helper()
	return serveWith(t, &local.Server{Service: svc, Explain: explain})
}

func serveWith(t *testing.T, srv *local.Server) *local.Client {
	t.Helper()
	dir := authtest.ShortDir(t)
	l, err := local.Listen(filepath.Join(dir, "run"))
	if err != nil {
		t.Fatal(err)
	}
	info := local.Info{PID: os.Getpid(), Address: l.Addr().String(), Version: "1.2.3"}
	if err := local.WriteInfo(dir, info); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ctx, l) }()
	client, err := local.Dial(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return client
}

func explain(err error, lang string) *local.Problem {
	fault, args := auth.FaultOf(err)
	return &local.Problem{Code: fault, Title: string(fault) + " in " + lang, Args: args}
}

func TestEveryCallTravels(t *testing.T) {
	svc := &fake{state: local.State{API: local.API, Rev: 7}, icon: bytes.Repeat([]byte("png"), 100_000)}
	c := serve(t, svc)
	ctx := t.Context()
	env := local.Env{"DISPLAY": ":1", "LD_PRELOAD": "evil.so"}

	tests := []struct {
		name string
		call func() (any, error)
		seen string // by the service
		want any
	}{
		{"state", func() (any, error) { return c.State(ctx) }, "state", local.State{API: 1, Rev: 7, Profiles: []local.Profile{}}},
		{"sign-in", func() (any, error) {
			return c.SignIn(ctx, local.SignInRequest{Code: "acme", Open: true, Yes: true, Timeout: 9, Env: env})
		}, "sign-in code=acme open=true yes=true timeout=9 env=map[DISPLAY::1]", "attempt-1"},
		{"confirm", func() (any, error) {
			return nil, c.Confirm(ctx, "a", local.Confirmation{Host: "sso.acme.com", Shared: true})
		}, "confirm a sso.acme.com shared=true", nil},
		{"use device", func() (any, error) { return nil, c.UseDevice(ctx, "a") }, "device a", nil},
		{"devices", func() (any, error) { return nil, c.Devices(ctx, "p1", env) }, "devices p1 map[DISPLAY::1]", nil},
		{"asked", func() (any, error) { return nil, c.Asked(ctx, "a/b", "p1") }, "asked a/b p1", nil},
		{"reopen", func() (any, error) { return nil, c.Reopen(ctx, "a", env) }, "reopen a map[DISPLAY::1]", nil},
		{"cancel", func() (any, error) { return nil, c.Cancel(ctx, "a") }, "cancel a", nil},
		{"activate", func() (any, error) { return c.Activate(ctx, local.ActivateRequest{AppID: "AK1", Code: "c"}) }, "activate AK1 c", "attempt-2"},
		{"sign-out", func() (any, error) {
			return nil, c.SignOut(ctx, local.SignOutRequest{Profile: "p", Everywhere: true})
		}, "sign-out p true", nil},
		{"select", func() (any, error) { return nil, c.Select(ctx, "p1") }, "select p1", nil},
		{"forget", func() (any, error) { return nil, c.Forget(ctx, "p1") }, "forget p1", nil},
		{"apps", func() (any, error) {
			list, err := c.Apps(ctx, local.AppsQuery{Query: "笔 &记", Profile: "p1"})
			return list.Apps[0].Title["zh"], err
		}, `apps "笔 &记" "p1"`, "笔记"},
		{
			"launch", func() (any, error) { return c.Launch(ctx, local.LaunchRequest{App: "notes", Print: true, Env: env}) },
			`launch "notes" print=true env=map[DISPLAY::1]`,
			local.LaunchAnswer{URL: "https://acme.example/launch/x", Via: "launch-link"},
		},
		{
			"launch after a sign-in", func() (any, error) { return c.Launch(ctx, local.LaunchRequest{App: "later"}) },
			`launch "later" print=false env=map[]`,
			local.LaunchAnswer{Attempt: "attempt-3"},
		},
		{"launch by title", func() (any, error) {
			_, err := c.Launch(ctx, local.LaunchRequest{App: "a/b ?c#笔记%2F"})
			return nil, err
		}, `launch "a/b ?c#笔记%2F" print=false env=map[]`, nil},
		{"launch of dots", func() (any, error) {
			_, err := c.Launch(ctx, local.LaunchRequest{App: ".."})
			return nil, err
		}, `launch ".." print=false env=map[]`, nil},
		{"pin", func() (any, error) { return nil, c.Pin(ctx, "notes", true) }, "pin notes true", nil},
		{"icon", func() (any, error) {
			data, mediaType, err := c.Icon(ctx, "abc")
			return mediaType + " " + strconv.Itoa(len(data)), err
		}, "icon abc", "image/png 300000"},
		{"settings", func() (any, error) { return c.Settings(ctx) }, "settings", local.Settings{Language: "zh"}},
		{"set settings", func() (any, error) { return c.SetSettings(ctx, local.Settings{Browser: "firefox"}) }, "set settings firefox", local.Settings{Browser: "firefox"}},
		{"doctor", func() (any, error) { return c.Doctor(ctx) }, "doctor", local.Report{Checks: []local.Check{{Name: "disk", Status: "ok"}}}},
		{"diagnostics", func() (any, error) {
			var b strings.Builder
			err := c.Diagnostics(ctx, &b)
			return b.String(), err
		}, "diagnostics", "PK whole"},
		{"window", func() (any, error) { return nil, c.Window(ctx, "apps", env) }, "window apps map[DISPLAY::1]", nil},
		{"quit", func() (any, error) { return nil, c.Quit(ctx, true) }, "quit true", nil},
		{"raw", func() (any, error) {
			data, err := c.Raw(ctx, "/v1/settings")
			return string(data), err
		}, "settings", `{"autostart":false,"language":"zh","browser":""}` + "\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.call()
			if err != nil {
				t.Fatal(err)
			}
			if seen := svc.last(); seen != test.seen {
				t.Errorf("service saw %s, want %s", seen, test.seen)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %#v, want %#v", got, test.want)
			}
		})
	}
}

func TestErrorsTravelWithFaultAndReference(t *testing.T) {
	svc := &fake{}
	c := serve(t, svc)
	for _, fault := range auth.Faults() {
		svc.mu.Lock()
		svc.err = auth.Fail(fault, auth.Args{"host": "x"}, errors.New("cause"))
		svc.mu.Unlock()
		_, err := c.State(local.WithLang(t.Context(), "zh"))
		if !errors.Is(err, fault) || !errors.Is(err, fault.Kind()) {
			t.Errorf("%s came back as %v", fault, err)
		}
		var p *local.Problem
		if !errors.As(err, &p) || p.Title != string(fault)+" in zh" || p.Args["host"] != "x" || !auth.ValidTrace(p.Reference) {
			t.Errorf("%s came back as %+v", fault, p)
		}
	}
	for what, err := range map[string]error{
		"a problem with a reference":      &local.Problem{Code: auth.Offline, Reference: "4829-1375"},
		"what the company's server noted": fmt.Errorf("open: %w", auth.Fail(auth.AppNotYours, auth.Args{"reference": "4829-1375"}, nil)),
	} {
		svc.mu.Lock()
		svc.err = err
		svc.mu.Unlock()
		var p *local.Problem
		if _, err := c.State(t.Context()); !errors.As(err, &p) || p.Reference != "4829-1375" {
			t.Errorf("%s came back as %+v", what, err)
		}
	}
}

func TestDiagnosticsThatBreakOffAreAnError(t *testing.T) {
	svc := &fake{err: errHalf}
	c := serve(t, svc)
	var b strings.Builder
	if err := c.Diagnostics(t.Context(), &b); err == nil {
		t.Errorf("no error, and %q", b.String())
	}
	svc.mu.Lock()
	svc.err = auth.Fail(auth.Internal, nil, nil)
	svc.mu.Unlock()
	if err := c.Diagnostics(t.Context(), &b); !errors.Is(err, auth.Internal) {
		t.Errorf("refused at once: %v", err)
	}
}

func TestEvents(t *testing.T) {
	svc := &fake{state: local.State{Rev: 1}, events: make(chan local.Event)}
	c := serve(t, svc)
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan local.Event)
	ended := make(chan error, 1)
	go func() {
		ended <- c.Events(ctx, func(e local.Event) error { got <- e; return nil })
	}()
	if e := <-got; e.State == nil || e.State.Rev != 1 {
		t.Errorf("first event %+v, want the present state", e)
	}
	svc.events <- local.Event{State: &local.State{Rev: 2, ManagedBy: "line\nbreak"}}
	if e := <-got; e.State == nil || e.State.Rev != 2 || e.State.ManagedBy != "line\nbreak" {
		t.Errorf("second event %+v", e)
	}
	svc.events <- local.Event{Window: "apps"}
	if e := <-got; e.Window != "apps" {
		t.Errorf("window event %+v", e)
	}
	big := &local.State{Rev: 3, ManagedBy: strings.Repeat("x", 1<<20)}
	svc.events <- local.Event{State: big}
	if e := <-got; e.State == nil || len(e.State.ManagedBy) != 1<<20 {
		t.Error("a big state was cut")
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestEventsEnd(t *testing.T) {
	t.Run("by the caller's error", func(t *testing.T) {
		c := serve(t, &fake{})
		stop := errors.New("enough")
		if err := c.Events(t.Context(), func(local.Event) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("by a refusal", func(t *testing.T) {
		c := serve(t, &fake{err: auth.Fail(auth.Internal, nil, nil)})
		if err := c.Events(t.Context(), nil); !errors.Is(err, auth.Internal) {
			t.Errorf("got %v", err)
		}
	})
}

func TestManyClients(t *testing.T) {
	svc := &fake{state: local.State{Rev: 1}}
	c := serve(t, svc)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			for range 20 {
				if _, err := c.State(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

func TestServeEndsEventStreams(t *testing.T) {
	const grace = time.Minute
	defer local.SetEndGrace(grace)()
	dir := authtest.ShortDir(t)
	l, err := local.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := local.WriteInfo(dir, local.Info{Address: l.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	srv := local.Server{Service: &fake{}}
	go func() { served <- srv.Serve(ctx, l) }()
	c, err := local.Dial(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	start := time.Now()
	err = c.Events(t.Context(), func(local.Event) error { cancel(); return nil })
	if !errors.Is(err, auth.AgentMissing) {
		t.Errorf("events ended with %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if d := time.Since(start); d >= grace {
		t.Errorf("took %v to end: the stream was cut off", d)
	}
	if _, err := c.State(t.Context()); !errors.Is(err, auth.AgentMissing) {
		t.Errorf("after the end: %v", err)
	}
}
