//go:build linux

package cmd_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lanyard/app/agent"
	"lanyard/app/local"
	"lanyard/app/tray"
	"lanyard/assets"
	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/connector/connectortest"
	"lanyard/auth/openid"
	"lanyard/auth/server"
	"lanyard/auth/server/broker"
	"lanyard/auth/server/catalog"
	"lanyard/auth/server/setup"
	"lanyard/auth/server/sso"
	"lanyard/auth/server/store"
	"lanyard/auth/words"
)

// TestPresetsOnTheWholeRoad sets each shipped preset up, signs a person in from the
// enterprise code to what the tray says, and, where the vendor tells, out again once they
// have left. Server and agent are the real ones in one process; only the vendors are
// simulated, in place of the network.
func TestPresetsOnTheWholeRoad(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		preset string
		vendor func() *connectortest.Vendor
		leaves bool // the vendor clearly says so
	}{
		{"wps-style", func() *connectortest.Vendor { return connectortest.WPSStyle(http.MethodPost) }, false},
		{"wps365", connectortest.WPS365, false},
		{"welink", connectortest.WeLink, true},
		{"welink-backend", connectortest.WeLinkBackend, false},
		{"genauth", connectortest.GenAuth, false},
		{"dingtalk", connectortest.DingTalk, true},
		{"feishu", func() *connectortest.Vendor { return connectortest.Feishu(false) }, true},
		{"wecom", connectortest.WeCom, true},
		{"oidc", connectortest.OIDC, false},
		{"oidc-broker", connectortest.OIDCConfidential, false},
	} {
		t.Run(row.preset, func(t *testing.T) {
			v := row.vendor()
			r := newRoad(t, v, row.preset)
			r.signIn()
			p := r.profile(local.SignedIn)
			who := v.Who()
			if v.Unnamed {
				who.Name = ""
			}
			if p.Identity.Name != who.Name {
				t.Errorf("name %q, want %q", p.Identity.Name, who.Name)
			}
			shown := fmt.Sprintf("%+v", tray.Menu(r.state(), "zh"))
			if !strings.Contains(shown, "极致") || who.Name != "" && !strings.Contains(shown, who.Name) {
				t.Errorf("the tray shows %s", shown)
			}
			if row.preset == "genauth" {
				apps, err := r.agent.Apps(t.Context(), local.AppsQuery{})
				if err != nil || len(apps.Apps) != 1 || apps.Apps[0].URL != "https://aliyun.genauth.ai/login" {
					t.Errorf("the vendor's list of apps: %+v, %v", apps, err)
				}
			}
			if row.leaves {
				v.Leave()
				r.later(5 * time.Hour)
				r.restart()
				if p := r.profile(local.NeedsYou); p.Problem == nil || p.Problem.Code != auth.AccessEnded {
					t.Errorf("after leaving: %+v", p)
				}
			}
			for _, problem := range v.Problems() {
				t.Errorf("the vendor was called wrongly: %s", problem)
			}
			for _, secret := range v.Secrets {
				if strings.Contains(r.log.String(), secret) {
					t.Error("the log holds the secret")
				}
			}
		})
	}
}

// road is a server and an agent in one process, with a vendor in place of the network.
type road struct {
	t      *testing.T
	v      *connectortest.Vendor
	origin string
	dir    string
	ahead  atomic.Int64
	log    lockedBuffer

	keyring *sealedKey
	agent   *agent.Agent
	stop    func()
}

// sealedKey is a keyring of one entry.
type sealedKey struct{ value auth.Secret }

func (k *sealedKey) Get(context.Context) (auth.Secret, error) {
	if k.value.IsZero() {
		return k.value, auth.ErrNotFound
	}
	return k.value, nil
}

func (k *sealedKey) Set(_ context.Context, v auth.Secret) error { k.value = v; return nil }

func (k *sealedKey) Delete(context.Context) error { k.value = auth.Secret{}; return nil }

func (r *road) now() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) }

func (r *road) later(d time.Duration) { r.ahead.Add(int64(d)) }

// RoundTrip is the network as desktop and browser see it: the vendor, and this machine.
func (r *road) RoundTrip(req *http.Request) (*http.Response, error) {
	if r.v.Serves(req.URL.Host) {
		return r.v.RoundTrip(req)
	}
	return http.DefaultTransport.RoundTrip(req)
}

func newRoad(t *testing.T, v *connectortest.Vendor, preset string) *road {
	t.Helper()
	r := &road{t: t, v: v, dir: t.TempDir(), keyring: &sealedKey{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	st, err := store.Open(t.Context(), filepath.Join(r.dir, "lanyard.db"))
	must(err)
	t.Cleanup(func() { _ = st.Close() })
	sealer, err := server.NewSealer(server.NewKey())
	must(err)
	mux := http.NewServeMux()
	listener := httptest.NewServer(mux)
	t.Cleanup(listener.Close)
	r.origin = listener.URL

	logger := slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	base := &server.Base{PublicURL: r.origin, Sealer: sealer, Lifetimes: server.DefaultLifetimes(), Now: r.now}
	outgoing := connector.Policy{AllowHTTP: v.AllowHTTP}.ClientOver(v)
	engine := &connector.Engine{HTTP: outgoing, Now: r.now, Logger: logger}
	client := &openid.Client{HTTP: outgoing, Logger: logger}
	set, err := setup.New(setup.Config{
		Base: base, Enterprises: st, Connectors: st, Keys: st, Clients: st, Catalogue: st, Codes: st,
		Engine: engine, OIDC: client, Logger: logger,
	})
	must(err)
	gate, err := sso.New(sso.Config{
		Base: base, Enterprises: st, Connectors: st, People: st, Flows: st, Sessions: st, SignIns: st,
		Engine: engine, OIDC: client, Pages: assets.SSOPages, Logger: logger,
	})
	must(err)
	provider, err := broker.New(broker.Config{
		Base: base, Enterprises: st, People: st, Sessions: st, Clients: st, Grants: st, Keys: st, Gate: gate, Prover: gate,
		Fail: gate.Fail, Pages: assets.BrokerPages, Lang: words.Match, Text: words.T, Logger: logger,
	})
	must(err)
	apps, err := catalog.New(catalog.Config{
		Base: base, Enterprises: st, People: st, Sessions: st, Catalogue: st, Launches: st, Audiences: st, Openings: st, SignIns: st,
		Gate: gate, Prover: gate, Bearer: provider, Fail: gate.Fail, Logger: logger,
	})
	must(err)
	for _, part := range []interface{ Mount(*http.ServeMux) }{set, gate, provider, apps} {
		part.Mount(mux)
	}

	given := map[string]auth.Secret{}
	for name, secret := range v.Secrets {
		given[name] = auth.NewSecret(secret)
	}
	report, err := set.Apply(t.Context(), setup.File{
		Schema: setup.FileSchema, Code: "acme", Name: auth.Text{"en": "Acme", "zh": "极致"},
		Connector: setup.Connector{Preset: preset, Vars: v.Vars, Given: given},
	})
	must(err)
	v.Register(report.Callback)
	r.start()
	return r
}

// start starts the agent.
func (r *road) start() {
	r.t.Helper()
	a, err := agent.New(agent.Config{
		Version: "test", Dir: filepath.Join(r.dir, "desk"), Keyring: r.keyring, Now: r.now,
		HTTP:   &http.Client{Transport: r, Timeout: patience},
		Env:    local.Env{"DISPLAY": ":99"},
		Logger: slog.New(slog.NewTextHandler(&r.log, nil)),
		Open:   func(context.Context, string, map[string]string, string) error { return nil },
	})
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); a.Run(ctx) }()
	r.agent, r.stop = a, func() { cancel(); <-ended }
	r.t.Cleanup(r.stop)
}

func (r *road) restart() { r.stop(); r.start() }

func (r *road) state() local.State {
	r.t.Helper()
	s, err := r.agent.State(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// until waits for a State.
func (r *road) until(what string, good func(local.State) bool) local.State {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	var last local.State
	_ = r.agent.Events(ctx, func(e local.Event) error {
		if e.State == nil {
			return nil
		}
		if last = *e.State; good(last) {
			return errFound
		}
		return nil
	})
	if !good(last) {
		r.t.Fatalf("no %s; the last state is %+v, attempt %+v", what, last, last.Attempt)
	}
	return last
}

var errFound = fmt.Errorf("found")

func (r *road) profile(phase local.Phase) local.Profile {
	r.t.Helper()
	s := r.until("profile that is "+string(phase), func(s local.State) bool {
		p := s.Profile("")
		return p != nil && p.Phase == phase && !p.Refreshing
	})
	return *s.Profile("")
}

// signIn goes from the code to the end of the attempt, by a browser that is signed in at
// the vendor.
func (r *road) signIn() {
	r.t.Helper()
	if _, err := r.agent.SignIn(r.t.Context(), local.SignInRequest{Code: "acme", Directory: r.origin, Yes: true}); err != nil {
		r.t.Fatal(err)
	}
	step := func(steps ...local.Step) *local.Attempt {
		return r.until("step "+fmt.Sprint(steps), func(s local.State) bool {
			return s.Attempt != nil && (slices.Contains(steps, s.Attempt.Step) || s.Attempt.Over())
		}).Attempt
	}
	att := step(local.StepWaiting)
	if att.Problem != nil {
		r.t.Fatalf("attempt: %+v", att.Problem)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	w := &walker{client: &http.Client{Jar: jar, Timeout: patience, Transport: vendorPage{r}}}
	w.walk(r.t, att.URL)
	if att = step(local.StepDone); att.Step != local.StepDone {
		r.t.Fatalf("attempt: %+v", att.Problem)
	}
}

// vendorPage is a browser's network: the vendor's page sends it back at once.
type vendorPage struct{ *road }

func (b vendorPage) RoundTrip(req *http.Request) (*http.Response, error) {
	if !b.v.Serves(req.URL.Host) {
		return http.DefaultTransport.RoundTrip(req)
	}
	asked := req.URL.Query().Get("redirect_uri")
	if strings.HasPrefix(asked, "http://127.0.0.1:") && strings.HasSuffix(asked, "/callback") {
		b.v.Register(asked) // a desktop's: any port will do (RFC 8252 section 7.3)
	}
	back, err := b.v.Browse(req.URL.String())
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(asked)
	if err != nil {
		return nil, err
	}
	u.RawQuery = back.Encode()
	rec := httptest.NewRecorder()
	http.Redirect(rec, req, u.String(), http.StatusFound)
	answer := rec.Result()
	answer.Request = req
	return answer, nil
}
