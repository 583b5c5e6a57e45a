package doctor_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lanyard/app/doctor"
	"lanyard/app/local"
	"lanyard/auth"
)

// healthy are probes that find nothing wrong, with a server that has the right time.
func healthy(t *testing.T) doctor.Probes {
	t.Helper()
	srv := httptest.NewServer(http.RedirectHandler("https://elsewhere.example/", http.StatusFound))
	t.Cleanup(srv.Close)
	return doctor.Probes{
		Lang:       "en",
		Keyring:    func(context.Context) error { return nil },
		Address:    srv.URL,
		HTTP:       srv.Client(),
		StateDir:   t.TempDir(),
		SessionBus: func() bool { return true },
		TrayHost:   func(context.Context) bool { return true },
		Browser:    func() error { return nil },
		Getenv:     func(string) string { return "" },
	}
}

func statuses(r local.Report) string {
	var b strings.Builder
	for _, c := range r.Checks {
		b.WriteString(" " + c.Name + "=" + c.Status)
	}
	return b.String()
}

func find(t *testing.T, r local.Report, name string) local.Check {
	t.Helper()
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check %s in %+v", name, r)
	return local.Check{}
}

func TestHealthy(t *testing.T) {
	p := healthy(t)
	want := " port=ok keyring=ok server=ok clock=ok disk=ok proxy=ok browser=ok session_bus=ok tray=ok"
	if got := statuses(doctor.Run(t.Context(), p)); got != want {
		t.Errorf("got %s", got)
	}
	if err := doctor.Preflight(t.Context(), p); err != nil {
		t.Error(err)
	}
	if rest, _ := os.ReadDir(p.StateDir); len(rest) != 0 {
		t.Errorf("left behind: %v", rest)
	}
}

func TestNothingToLookAt(t *testing.T) {
	want := " port=ok keyring=skipped server=skipped clock=skipped disk=skipped proxy=ok browser=skipped session_bus=skipped tray=skipped"
	if got := statuses(doctor.Run(t.Context(), doctor.Probes{Getenv: func(string) string { return "" }})); got != want {
		t.Errorf("got %s", got)
	}
}

func TestFindings(t *testing.T) {
	dated := func(date string) func(*testing.T, *doctor.Probes) {
		return func(t *testing.T, p *doctor.Probes) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Date"] = nil
				if date != "" {
					w.Header().Set("Date", date)
				}
				w.WriteHeader(http.StatusNotFound)
			}))
			t.Cleanup(srv.Close)
			p.Address = srv.URL
		}
	}
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	noon := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }

	tests := []struct {
		name      string
		spoil     func(*testing.T, *doctor.Probes)
		check     string
		status    string
		detail    string // part of it
		preflight error
	}{
		{"keyring locked", func(_ *testing.T, p *doctor.Probes) {
			p.Keyring = func(context.Context) error { return auth.Fail(auth.KeyringLocked, nil, nil) }
		}, doctor.Keyring, doctor.Fail, "password store", auth.KeyringLocked},
		{"keyring missing", func(_ *testing.T, p *doctor.Probes) {
			p.Keyring = func(context.Context) error { return auth.Fail(auth.KeyringMissing, nil, nil) }
		}, doctor.Keyring, doctor.Warn, "store your sign-in safely", nil},
		{"port taken", func(_ *testing.T, p *doctor.Probes) {
			p.Bind = func(context.Context) error { return errors.New("in use") }
		}, doctor.Port, doctor.Fail, "", auth.PortUnavailable},
		{"port reserved", func(_ *testing.T, p *doctor.Probes) {
			p.Bind = func(context.Context) error { return auth.Fail(auth.PortReserved, auth.Args{"port": "8200"}, nil) }
		}, doctor.Port, doctor.Fail, "8200", auth.PortReserved},
		{
			"server down", func(_ *testing.T, p *doctor.Probes) { p.Address = "http://127.0.0.1:1/" },
			doctor.Server, doctor.Fail, "127.0.0.1:1", auth.ProviderUnreachable,
		},
		{
			"server address broken", func(_ *testing.T, p *doctor.Probes) { p.Address = "http://[" },
			doctor.Server, doctor.Fail, "", auth.ProviderUnreachable,
		},
		{"TLS intercepted", func(t *testing.T, p *doctor.Probes) {
			srv := httptest.NewTLSServer(http.NotFoundHandler())
			t.Cleanup(srv.Close)
			p.Address = srv.URL // and HTTP does not know its certificate
		}, doctor.Server, doctor.Fail, "127.0.0.1", auth.ProxyInterferes},
		{"clock ahead", dated(noon(-7 * time.Minute)), doctor.Clock, doctor.Fail, "7 min", auth.ClockWrong},
		{"clock behind", dated(noon(72 * time.Hour)), doctor.Clock, doctor.Fail, "3 d", auth.ClockWrong},
		{"clock a little off", dated(noon(4 * time.Minute)), doctor.Clock, doctor.OK, "", nil},
		{"server without a date", dated(""), doctor.Clock, doctor.Skipped, "", nil},
		{"no browser", func(_ *testing.T, p *doctor.Probes) {
			p.Browser = func() error { return errors.New("none") }
		}, doctor.Browser, doctor.Warn, "No browser was found here", nil},
		{
			"disk", func(_ *testing.T, p *doctor.Probes) { p.StateDir = filepath.Join(p.StateDir, "gone") },
			doctor.Disk, doctor.Fail, "gone", fs.ErrNotExist,
		},
		{
			"no session bus", func(_ *testing.T, p *doctor.Probes) { p.SessionBus = func() bool { return false } },
			doctor.SessionBus, doctor.Warn, "desktop", nil,
		},
		{
			"no tray", func(_ *testing.T, p *doctor.Probes) { p.TrayHost = func(context.Context) bool { return false } },
			doctor.Tray, doctor.Warn, "No tray here", nil,
		},
		{
			"proxy", env("https_proxy", "http://user:hunter2@proxy.acme.com:3128", "NO_PROXY", "localhost"), doctor.Proxy, doctor.OK,
			"HTTPS_PROXY=proxy.acme.com:3128 NO_PROXY=localhost", nil,
		},
		{"proxy without scheme", env("ALL_PROXY", "proxy:3128"), doctor.Proxy, doctor.OK, "ALL_PROXY=proxy:3128", nil},
		{"proxy unreadable", env("HTTP_PROXY", "http://user:hunter2@"), doctor.Proxy, doctor.Warn, "HTTP_PROXY=?", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := healthy(t)
			p.Now = func() time.Time { return now }
			dated(noon(0))(t, &p)
			test.spoil(t, &p)
			report := doctor.Run(t.Context(), p)
			got := find(t, report, test.check)
			if got.Status != test.status || !strings.Contains(got.Detail, test.detail) {
				t.Errorf("got %+v, want %s with %q", got, test.status, test.detail)
			}
			if (got.Status == doctor.Fail || got.Status == doctor.Warn) && got.Hint == "" {
				t.Errorf("%+v has no hint", got)
			}
			for _, c := range report.Checks {
				if strings.Contains(c.Detail+c.Hint, "hunter2") {
					t.Errorf("%+v shows a password", c)
				}
				if c.Name != test.check && c.Status != doctor.OK && c.Status != doctor.Skipped {
					t.Errorf("%+v fails too", c)
				}
			}
			err := doctor.Preflight(t.Context(), p)
			if test.preflight == nil && err != nil || test.preflight != nil && !errors.Is(err, test.preflight) {
				t.Errorf("Preflight: %v, want %v", err, test.preflight)
			}
		})
	}
}

func env(pairs ...string) func(*testing.T, *doctor.Probes) {
	return func(_ *testing.T, p *doctor.Probes) {
		p.Getenv = func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
}

func TestChinese(t *testing.T) {
	p := healthy(t)
	p.Lang = "zh"
	p.SessionBus = func() bool { return false }
	if got := find(t, doctor.Run(t.Context(), p), doctor.SessionBus); got.Detail != "Lanyard 没有在桌面环境中运行。" {
		t.Errorf("got %+v", got)
	}
}
