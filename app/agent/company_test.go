package agent_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/app/agent"
	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/connector"
	"lanyard/auth/directory"
)

// company is a directory, an OpenID provider and a workbench: everything that an
// agent meets on the network. Its launch links behave as a server's do, but for the
// session that they lead to.
type company struct {
	*authtest.Provider
	origin string
	code   string

	mu       sync.Mutex
	doc      directory.Document
	down     bool // the directory answers nothing of use
	key      directory.SigningKey
	keys     []byte
	launches map[string]*launchRequest
}

// launchRequest is one launch link of the company.
type launchRequest struct {
	App   string `json:"app"`
	Port  int    `json:"port"`
	Nonce string `json:"nonce"`
}

const (
	launchKey = "canary-launch-key"
	challenge = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

func newCompany(t testing.TB, code string) *company {
	t.Helper()
	c := &company{Provider: authtest.NewProvider(t, authtest.Faults{}), code: code, launches: map[string]*launchRequest{}}
	root, err := directory.NewSigningKey()
	if err != nil {
		t.Fatal(err)
	}
	if c.key, err = directory.NewSigningKey(); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/keys.jws", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jose")
		_, _ = w.Write(c.keys)
	})
	mux.HandleFunc("GET /v1/enterprises/{file}", c.enterprise)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c.origin = server.URL

	now := time.Now().Unix()
	c.keys, err = directory.SignKeys(directory.KeyList{
		Origin: c.origin, Version: now, IssuedAt: now, ExpiresAt: now + 86400,
		Keys: []directory.PublicKey{c.key.PublicKey},
	}, root)
	if err != nil {
		t.Fatal(err)
	}
	c.doc = directory.Document{
		Schema: directory.DocumentSchema, Origin: c.origin, Version: now, IssuedAt: now, ExpiresAt: now + 86400,
		Enterprise: auth.Enterprise{
			ID: "id-" + code, Code: code, Name: auth.Text{"en": "Acme " + code, "zh": "极致"},
			Help: auth.Help{Name: "Help Desk", Phone: "4242"},
		},
		Codes: []string{code}, Workbench: true,
		Connector: connector.Connector{
			Schema: connector.Schema, ID: "sso", Kind: connector.KindOIDC,
			OIDC: &connector.OIDC{Issuer: c.Issuer, ClientID: authtest.ClientID},
		},
	}
	c.fault(func(*authtest.Faults) {})
	return c
}

// change changes the company's document and gives it a new version.
func (c *company) change(f func(*directory.Document)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doc.Version++
	f(&c.doc)
}

func (c *company) setDown(down bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = down
}

func (c *company) enterprise(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down {
		http.Error(w, "maintenance", http.StatusServiceUnavailable)
		return
	}
	if r.PathValue("file") != directory.Hash(c.code)+".jws" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	raw, err := directory.SignDocument(c.doc, c.key)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/jose")
	_, _ = w.Write(raw)
}

// fault sets the provider's faults; the workbench stays unless f takes it away.
func (c *company) fault(f func(*authtest.Faults)) {
	faults := authtest.Faults{Answer: map[string]http.HandlerFunc{
		"/v1/apps":     c.apps,
		"/v1/launches": c.launch,
		"/v1/sign-out": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
	}}
	for i := range 4 {
		token := fmt.Sprintf("/launch/l%d", i)
		faults.Answer[token] = c.link
		faults.Answer[token+"/proof"] = c.proof
	}
	for _, app := range []string{"notes", "handbook"} {
		faults.Answer["/a/"+app] = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "access link of "+app) }
	}
	f(&faults)
	c.Set(faults)
}

func (c *company) appList() []auth.App {
	return []auth.App{
		{ID: "handbook", Title: auth.Text{"en": "Handbook", "zh": "手册"}, URL: c.Issuer + "/a/handbook"},
		{ID: "notes", Title: auth.Text{"en": "Notes", "zh": "笔记"}, URL: c.Issuer + "/a/notes"},
	}
}

func (c *company) apps(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.Header.Get("If-None-Match") == `"1"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("ETag", `"1"`)
	_ = json.NewEncoder(w).Encode(map[string]any{"apps": c.appList()})
}

func (c *company) launch(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var l launchRequest
	if err := json.NewDecoder(r.Body).Decode(&l); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	id := fmt.Sprintf("l%d", len(c.launches))
	c.launches[id] = &l
	c.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"id": id, "url": c.Issuer + "/launch/" + id, "key": launchKey, "expires_at": time.Now().Add(time.Minute),
	})
}

func (c *company) launched(id string) launchRequest {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.launches[id]; l != nil {
		return *l
	}
	return launchRequest{}
}

// link is what the browser opens: by way of the agent, or a page that asks.
func (c *company) link(w http.ResponseWriter, r *http.Request) {
	l := c.launched(strings.TrimPrefix(r.URL.Path, "/launch/"))
	if l.Port == 0 {
		fmt.Fprint(w, "continue to "+l.App)
		return
	}
	http.Redirect(w, r, fmt.Sprintf("http://127.0.0.1:%d/launch/%s?challenge=%s", l.Port, l.Nonce, challenge), http.StatusSeeOther)
}

func (c *company) proof(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/launch/"), "/proof")
	mac := hmac.New(sha256.New, []byte(launchKey))
	mac.Write([]byte(id + "." + challenge))
	if r.URL.Query().Get("proof") != base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) {
		http.Error(w, "wrong proof", http.StatusForbidden)
		return
	}
	fmt.Fprint(w, "signed in at "+c.launched(id).App)
}

// keyring is a keyring that can be locked or missing.
type keyring struct {
	mu     sync.Mutex
	value  auth.Secret
	locked bool
	absent bool
}

func (k *keyring) set(locked, absent bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.locked, k.absent = locked, absent
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

func (k *keyring) Get(context.Context) (auth.Secret, error) {
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
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
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
	for deadline := time.Now().Add(10 * time.Second); !good(); time.Sleep(2 * time.Millisecond) {
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
