package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/app/agent"
	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
)

// keyring is a keyring that can be locked or missing.
type keyring struct {
	mu     sync.Mutex
	value  auth.Secret
	locked bool
	absent bool
	prompt chan struct{} // where not nil, Get waits for it, as for a person
}

func (k *keyring) set(locked, absent bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.locked, k.absent = locked, absent
}

// ask makes the keyring ask its owner and returns what the owner does.
func (k *keyring) ask() (answer func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.locked, k.prompt = false, make(chan struct{})
	return sync.OnceFunc(func() { close(k.prompt) })
}

func (k *keyring) check() error {
	switch {
	case k.absent:
		return auth.KeyringMissing
	case k.locked:
		return auth.KeyringLocked
	}
	return nil
}

func (k *keyring) Get(ctx context.Context) (auth.Secret, error) {
	k.mu.Lock()
	prompt := k.prompt
	k.mu.Unlock()
	if prompt != nil {
		select {
		case <-prompt:
		case <-ctx.Done():
			return auth.Secret{}, auth.KeyringLocked
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.check(); err != nil {
		return auth.Secret{}, err
	}
	if k.value.IsZero() {
		return auth.Secret{}, auth.ErrNotFound
	}
	return k.value, nil
}

func (k *keyring) Set(_ context.Context, s auth.Secret) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.check(); err != nil {
		return err
	}
	k.value = s
	return nil
}

func (k *keyring) Delete(context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.value = auth.Secret{}
	return k.check()
}

// desk is one employee's computer: an agent, its keyring and folder, and the browser
// that it opens.
type desk struct {
	*agent.Agent
	t       testing.TB
	dir     string
	keyring *keyring
	config  func(*agent.Config)
	ring    *agent.Ring
	http    *http.Client
	stop    func() (restart bool)

	mu     sync.Mutex
	opened []string
}

func newDesk(t testing.TB, config ...func(*agent.Config)) *desk {
	t.Helper()
	d := &desk{t: t, dir: t.TempDir(), keyring: &keyring{}, config: func(*agent.Config) {}, ring: &agent.Ring{}}
	if len(config) > 0 {
		d.config = config[0]
	}
	d.start()
	t.Cleanup(func() { d.stop() })
	return d
}

// start starts the agent, as the only one of the desk.
func (d *desk) start() {
	d.t.Helper()
	d.http = agent.NewHTTPClient()
	cfg := agent.Config{
		Version: "test", Dir: d.dir, HTTP: d.http, Keyring: d.keyring,
		Env: local.Env{"DISPLAY": ":99", "LANG": "en_US.UTF-8"}, Ring: d.ring,
		Logger: slog.New(agent.LogHandler(slog.LevelDebug, d.ring)),
		Open: func(_ context.Context, address string, _ map[string]string, _ string) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.opened = append(d.opened, address)
			return nil
		},
	}
	d.config(&cfg)
	a, err := agent.New(cfg)
	if err != nil {
		d.t.Fatal(err)
	}
	d.Agent = a
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan bool, 1)
	go func() { ended <- a.Run(ctx) }()
	d.stop = sync.OnceValue(func() bool {
		cancel()
		defer d.http.CloseIdleConnections()
		return <-ended
	})
}

// restart ends the agent and starts another in its place.
func (d *desk) restart() {
	d.t.Helper()
	d.stop()
	d.start()
}

// tabs are the addresses that the browser was opened with.
func (d *desk) tabs() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.opened...)
}

// until waits for a State, by the agent's own events.
func (d *desk) until(what string, good func(local.State) bool) local.State {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var last local.State
	found := errors.New("found")
	err := d.Events(ctx, func(e local.Event) error {
		last = *e.State
		if good(last) {
			return found
		}
		return nil
	})
	if !errors.Is(err, found) {
		data, _ := json.MarshalIndent(last, "", " ")
		d.t.Fatalf("no State with %s; the last was %s\nlog:\n%s", what, data, d.ring.Lines())
	}
	return last
}

// step waits until the attempt has come to a step.
func (d *desk) step(step local.Step) *local.Attempt {
	d.t.Helper()
	s := d.until("step "+string(step), func(s local.State) bool {
		return s.Attempt != nil && (s.Attempt.Step == step || s.Attempt.Over())
	})
	if s.Attempt.Step != step {
		d.t.Fatalf("attempt is %s, want %s; problem %+v\nlog:\n%s", s.Attempt.Step, step, s.Attempt.Problem, d.ring.Lines())
	}
	return s.Attempt
}

// phase waits until the current profile has a phase and is not refreshing.
func (d *desk) phase(phase local.Phase) local.Profile {
	d.t.Helper()
	s := d.until("phase "+string(phase), func(s local.State) bool {
		p := s.Profile("")
		return p != nil && p.Phase == phase && !p.Refreshing
	})
	return *s.Profile("")
}

// signIn signs in from the code to the end and returns the page in the browser.
func (d *desk) signIn(c *company, req local.SignInRequest) authtest.Page {
	d.t.Helper()
	if req.Code == "" && req.Profile == "" {
		req.Code = c.code
	}
	req.Directory, req.Yes = c.origin, true
	if _, err := d.SignIn(d.t.Context(), req); err != nil {
		d.t.Fatalf("sign in: %v", err)
	}
	page := authtest.NewVisitor(d.t).Visit(d.t, d.step(local.StepWaiting).URL)
	d.step(local.StepDone)
	return page
}

// noBrowser is a computer without one.
func noBrowser(context.Context, string, map[string]string, string) error {
	return auth.Fail(auth.BrowserNotOpened, nil, nil)
}

// goesOn returns where a page sends its browser by itself.
func goesOn(t testing.TB, page authtest.Page) string {
	t.Helper()
	_, address, found := strings.Cut(page.Header.Get("Refresh"), "url=")
	if !found {
		t.Fatalf("the page goes nowhere: %s", page.Body)
	}
	return address
}

// isFault fails the test unless err carries the fault.
func isFault(t testing.TB, err error, want auth.Fault) {
	t.Helper()
	if got, _ := auth.FaultOf(err); err == nil || got != want {
		t.Errorf("got %v, want fault %s", err, want)
	}
}

// eventually waits for what only the network's other end can tell.
func eventually(t testing.TB, what string, good func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !good(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s", what)
		}
	}
}

func contains(t testing.TB, text, want string) {
	t.Helper()
	if !strings.Contains(text, want) {
		t.Errorf("no %q in:\n%s", want, text)
	}
}

func clone(v map[string]any) map[string]any { return maps.Clone(v) }
