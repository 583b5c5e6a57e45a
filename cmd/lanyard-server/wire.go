package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"lanyard/assets"
	"lanyard/auth/connector"
	"lanyard/auth/openid"
	"lanyard/auth/server"
	"lanyard/auth/server/broker"
	"lanyard/auth/server/catalog"
	"lanyard/auth/server/saml"
	"lanyard/auth/server/setup"
	"lanyard/auth/server/sso"
	"lanyard/auth/server/store"
	"lanyard/auth/server/threestep"
	"lanyard/auth/words"
)

// service is one Lanyard server: its store and everything that stands on it.
type service struct {
	base  *server.Base
	store *store.Store
	// recent is the store for the pages of a sign-in.
	recent *server.Recent
	setup  *setup.Setup
	log    *slog.Logger
	conf   *config

	engine *connector.Engine // one: it keeps app-level tokens
	oidc   *openid.Client
	// reaches says why the client of all that would not call an address.
	reaches func(ctx context.Context, address string) error

	farewells *broker.Broker  // by handler
	leaving   <-chan struct{} // closed when the server drains; see drained
}

// open opens the store and makes what commands without a listener need.
func open(ctx context.Context, c *config, log *slog.Logger) (*service, error) {
	if !strings.Contains(c.Database, "://") {
		if err := os.MkdirAll(filepath.Dir(c.Database), 0o700); err != nil {
			return nil, fmt.Errorf("make data folder: %w", err)
		}
	}
	st, err := store.Open(ctx, c.Database)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	sealer, err := c.sealer()
	if errors.Is(err, fs.ErrNotExist) {
		sealer, err = c.newKey(ctx, st)
	}
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	base := &server.Base{PublicURL: c.PublicURL, Sealer: sealer, Lifetimes: c.lifetimes}
	policy := connector.Policy{Allow: c.Allow, AllowHTTP: c.AllowHTTP}
	outgoing := connector.NewHTTPClient(policy)
	st.KeepAudit = c.lifetimes.Audit
	s := &service{
		base: base, store: st, log: log, conf: c, reaches: policy.Reaches,
		engine: &connector.Engine{HTTP: outgoing, Logger: log},
		oidc:   &openid.Client{HTTP: outgoing, AllowHTTP: c.AllowHTTP, Logger: log},
		recent: server.NewRecent(st, 2*time.Second),
	}
	st.OnSetup = s.recent.Forget
	s.setup, err = setup.New(setup.Config{
		Base: base, Enterprises: st, Connectors: st, Keys: st, Clients: st, Catalogue: st, Codes: s.recent, Drafts: st, Audiences: st,
		Removal: st, CheckLaunch: func(l server.LaunchSpec) error { return checkLaunch(l, c.AllowHTTP) },
		Engine: s.engine, OIDC: s.oidc, LookupsPerMinute: c.lookups, Logger: log,
	})
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return s, nil
}

// Close closes the store.
func (s *service) Close() error { return s.store.Close() }

// checkLaunch says what is wrong with how an app is to be opened.
func checkLaunch(l server.LaunchSpec, allowHTTP []string) error {
	raw, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = catalog.ParseLaunch(raw, allowHTTP)
	return err
}

// handler wires the pages. A page knows its neighbours by the interfaces of
// auth/server alone; here is where they meet.
func (s *service) handler() (http.Handler, error) {
	st := s.store
	recent := s.recent
	gate, err := sso.New(sso.Config{
		Base: s.base, Enterprises: recent, Connectors: recent, People: recent, Flows: st, Sessions: st, SignIns: st, Logouts: st,
		Audiences: st, Replaced: s.replaced, Engine: s.engine, OIDC: s.oidc, Pages: assets.SSOPages, Logger: s.log,
	})
	if err != nil {
		return nil, err
	}
	provider, err := broker.New(broker.Config{
		Base: s.base, Enterprises: recent, People: recent, Sessions: st, Clients: st, Grants: st, Keys: st,
		Devices: st, Farewells: st, HTTP: s.engine.HTTP, Audiences: st, Back: s.cameBack,
		Gate: gate, Prover: gate, Activator: gate, Fail: gate.Fail, Pages: assets.BrokerPages, Lang: words.Match, Text: words.T, Logger: s.log,
	})
	if err != nil {
		return nil, err
	}
	three, err := threestep.New(threestep.Config{
		Base: s.base, People: recent, Clients: st, Grants: st, Gate: gate, Prover: gate, Audiences: st,
		Back: s.cameBack, Fail: gate.Fail, Logger: s.log,
	})
	if err != nil {
		return nil, err
	}
	posts, err := saml.New(saml.Config{
		Base: s.base, Enterprises: recent, People: recent, Catalogue: st, Keys: st, Flows: st, Gate: gate, Prover: gate, Audiences: st,
		Opened: func(ctx context.Context, app server.App, session server.Session, outcome string) {
			s.openingBecame(ctx, app.EnterpriseID, session.PersonID, cmp.Or(app.ClientID, app.ID), outcome)
		},
		Fail: gate.Fail, AllowHTTP: s.conf.AllowHTTP, Pages: assets.SAMLPages, Lang: words.Match, Text: words.T, Logger: s.log,
	})
	if err != nil {
		return nil, err
	}
	st.OnFarewell, s.farewells = provider.WakeFarewells, provider
	apps, err := catalog.New(catalog.Config{
		Base: s.base, Enterprises: recent, People: recent, Sessions: st, Catalogue: st, Launches: st,
		Audiences: st, Openings: st, SignIns: st, Minter: provider, Engine: s.engine,
		Openers: map[string]server.Opener{server.LaunchSAML: posts},
		Gate:    gate, Prover: gate, Bearer: provider, Fail: gate.Fail, AllowHTTP: s.conf.AllowHTTP, Logger: s.log,
	})
	if err != nil {
		return nil, err
	}
	admin, err := s.console(gate, posts)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	gate.Mount(mux)
	admin.Mount(mux)
	provider.Mount(mux)
	three.Mount(mux)
	posts.Mount(mux)
	apps.Mount(mux)
	s.setup.Mount(mux)
	for name, data := range s.conf.domainFiles {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Write(data)
		})
	}
	mux.HandleFunc("GET /healthz", s.health)
	return &edge{base: s.base, proxies: s.conf.proxies, log: s.log, next: admin.Callbacks(mux)}, nil
}

// drained returns a context that ends as ctx does, but the configured drain later, or at
// another signal: until then the server serves as before, and [service.health] sends load
// balancers elsewhere. Without a drain nobody waits for anything.
func (s *service) drained(ctx context.Context) context.Context {
	leaving := make(chan struct{})
	s.leaving = leaving
	late, end := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		defer end()
		if s.conf.drain == 0 {
			return
		}
		again := make(chan os.Signal, 1)
		signal.Notify(again, os.Interrupt, syscall.SIGTERM)
		close(leaving)
		s.log.InfoContext(late, "server told to stop", "drain", s.conf.drain.String())
		select {
		case <-time.After(s.conf.drain):
		case <-again:
		}
	})
	return late
}

// healthPatience is the second that the most impatient load balancers wait, without the way
// to them. A variable for tests.
var healthPatience = 800 * time.Millisecond

// health tells a load balancer whether this instance can serve: 200, or 503 where its
// database is not there or the server is about to stop. It answers within healthPatience, and
// waits for no sign-in: who is busy is not ill.
func (s *service) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), healthPatience)
	defer cancel()
	w.Header().Set("Cache-Control", "no-store")
	select {
	case <-s.leaving: // never, where the service has not been told
		http.Error(w, "about to stop", http.StatusServiceUnavailable)
		return
	default:
	}
	if err := s.store.Ping(ctx); err != nil {
		s.log.WarnContext(r.Context(), "database does not answer", "err", err)
		http.Error(w, "database does not answer", http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ok\n")
}

// openingLives is how long after a click what an app does counts as its outcome.
const openingLives = 10 * time.Minute

// cameBack notes that an app has asked us for a person: the launch has worked.
func (s *service) cameBack(ctx context.Context, enterprise, person, client string) {
	s.openingBecame(ctx, enterprise, person, client, server.OpeningBack)
}

// openingBecame notes what became of the opening of a client's app, if there was one.
func (s *service) openingBecame(ctx context.Context, enterprise, person, client, outcome string) {
	now := s.base.Time()
	if err := s.store.MarkBack(ctx, enterprise, person, client, outcome, now.Add(-openingLives), now); err != nil {
		s.log.WarnContext(ctx, "opening not marked", "enterprise", enterprise, "client", client, "err", err)
	}
}

// background tells apps that sessions have ended, and removes what has long expired once
// an hour, until ctx ends. It runs beside the handler.
func (s *service) background(ctx context.Context) {
	go s.farewells.SendFarewells(ctx)
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.store.Sweep(ctx, s.base.Time()); err != nil {
				s.log.WarnContext(ctx, "sweep failed", "err", err)
			}
			s.farewells.WakeFarewells() // what an instance that is no more has left
		}
	}
}

// newHTTPServer returns a server with the limits that every listener here has.
func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog:  slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
}

// serve answers on the listener until ctx ends, then lets what runs come to its end, for 5 s
// at most: a browser keeps connections open on which it asks for nothing. It speaks https
// where the server has a certificate.
func serve(ctx context.Context, srv *http.Server, l net.Listener) error {
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err := srv.Shutdown(end)
		if errors.Is(err, context.DeadlineExceeded) { // a request that never ends, or never began
			err = srv.Close()
		}
		stopped <- err
	}()
	var err error
	if srv.TLSConfig.GetCertificate != nil {
		err = srv.ServeTLS(l, "", "")
	} else {
		err = srv.Serve(l)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return <-stopped
}

// newLogger logs JSON lines to w; LANYARD_LOG beats the configured level.
func newLogger(w io.Writer, level string) *slog.Logger {
	if env := os.Getenv("LANYARD_LOG"); env != "" {
		level = env
	}
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l}))
}
