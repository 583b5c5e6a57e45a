package agent_test

import (
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"lanyard/app/agent"
	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
)

// TestAsked asks after an opening whether it went well, and tells the company once.
func TestAsked(t *testing.T) {
	c := newCompany(t, "acme")
	told := make(chan string, 4)
	c.fault(func(f *authtest.Faults) {
		f.Answer["/v1/openings/l0/asked"] = func(w http.ResponseWriter, r *http.Request) {
			told <- r.Method + " " + r.Header.Get("Authorization")[:7]
			w.WriteHeader(http.StatusNoContent)
		}
	})
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	isFault(t, d.Asked(t.Context(), "notes", ""), auth.AppUnknown) // nothing was opened
	if _, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes"}); err != nil {
		t.Fatal(err)
	}
	s := d.until("a question", func(s local.State) bool { return s.Profile("").Opened != nil })
	o := s.Profile("").Opened
	if o.App != "notes" || o.Title.In("zh") != "笔记" || o.Told || time.Until(o.Until) > 2*time.Minute || time.Until(o.Until) < time.Minute {
		t.Errorf("opened %+v", o)
	}
	isFault(t, d.Asked(t.Context(), "handbook", ""), auth.AppUnknown)
	for range 2 {
		if err := d.Asked(t.Context(), "notes", ""); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-told; got != "POST Bearer " {
		t.Errorf("the company was told by %q", got)
	}
	if len(told) != 0 {
		t.Error("the company was told twice")
	}
	if s, _ := d.State(t.Context()); !s.Profile("").Opened.Told {
		t.Error("State does not say that the company was told")
	}

	// The next opening is another question; a server that fails is said so.
	if _, err := d.Launch(t.Context(), local.LaunchRequest{App: "handbook"}); err != nil {
		t.Fatal(err)
	}
	d.until("the next question", func(s local.State) bool { o := s.Profile("").Opened; return o != nil && o.App == "handbook" && !o.Told })
	c.fault(func(f *authtest.Faults) { f.Answer["/v1/openings/l1/asked"] = authtest.Status(503) })
	isFault(t, d.Asked(t.Context(), "handbook", ""), auth.ProviderUnreachable)
}

// TestServerDown opens an app by its own address within three seconds where the company's
// server does not answer, in every way that a server may not, says so, and takes that back
// when the server is there again.
func TestServerDown(t *testing.T) {
	if agent.ClickPatience >= 3*time.Second {
		t.Errorf("a click waits %v for a server", agent.ClickPatience)
	}
	late := make(chan struct{}) // closed when the click has ended
	for name, down := range map[string]http.HandlerFunc{
		"answers too late": func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-late:
			case <-r.Context().Done():
			}
			w.WriteHeader(http.StatusGatewayTimeout)
		},
		"500": authtest.Status(500),
		"hangs up": func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.(*net.TCPConn).SetLinger(0)
				_ = conn.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "answers too late" {
				agent.Hurry(t)
			}
			c := newCompany(t, "acme")
			withPlain := func(f *authtest.Faults) {
				f.Answer["/v1/apps"] = func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					_, _ = w.Write([]byte(`{"apps":[{"id":"notes","title":{"en":"Notes"},"url":"` + c.Issuer + `/a/notes","plain":"https://notes.acme.example/"}]}`))
				}
			}
			c.fault(withPlain)
			d := newDesk(t, func(cfg *agent.Config) { cfg.HTTP.Timeout = 0 }) // which would end the wait as well
			d.signIn(c, local.SignInRequest{})
			c.fault(func(f *authtest.Faults) {
				for _, path := range []string{"/v1/apps", "/v1/launches", "/token", "/.well-known/openid-configuration"} {
					f.Answer[path] = down
				}
			})
			answer, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes"})
			if err != nil || answer.Via != "plain" || answer.URL != "https://notes.acme.example/" {
				t.Errorf("launch = %+v, %v", answer, err)
			}
			if name == "answers too late" {
				close(late)
			}
			s := d.until("a server that is down", func(s local.State) bool { return s.Profile("").ServerDown })
			if !s.Offline || s.Profile("").Phase != local.SignedIn || s.Profile("").Opened != nil {
				t.Errorf("state %+v", s)
			}
			c.fault(withPlain)
			if _, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes"}); err != nil {
				t.Fatal(err)
			}
			d.until("a server that answers", func(s local.State) bool { return !s.Profile("").ServerDown && !s.Offline })
		})
	}
}

// TestServerAnswersAgain does not call a server down any longer that has just made a launch
// link, whatever the last refresh met.
func TestServerAnswersAgain(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	d.stop()
	c.fault(func(f *authtest.Faults) { f.Answer["/token"] = authtest.Status(502) })
	d.start()
	d.until("a server that is down", func(s local.State) bool { return s.Profile("").ServerDown })
	c.fault(func(*authtest.Faults) {})
	if answer, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes"}); err != nil || answer.Via != "launch-link" {
		t.Fatalf("launch = %+v, %v", answer, err)
	}
	d.until("a server that answers", func(s local.State) bool { return !s.Profile("").ServerDown && !s.Offline })
}

// TestNotYours says why an app is missing, and whom to ask: one that was taken from the
// list, and one that the person knows by name.
func TestNotYours(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	const reference = "4829-1375"
	c.fault(func(f *authtest.Faults) {
		f.Answer["/v1/launches"] = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `{"error":"app_not_yours","reference":%q}`, reference)
		}
	})
	for _, row := range []struct{ app, lang, title string }{
		{"notes", "", "Notes"}, {"notes", "zh", "笔记"}, {"payroll", "", "payroll"},
	} {
		_, err := d.Launch(t.Context(), local.LaunchRequest{App: row.app, Lang: row.lang})
		isFault(t, err, auth.AppNotYours)
		if _, args := auth.FaultOf(err); args["app"] != row.title || args["help"] == "" || args["reference"] != reference {
			t.Errorf("%s in %q: told %v", row.app, row.lang, args)
		}
	}
	if tabs := d.tabs(); len(tabs) != 0 {
		t.Errorf("opened %v", tabs)
	}
}

// TestOpenedMeetsSignOut signs somebody out while an app opens: whoever signs in next is
// not asked how that went.
func TestOpenedMeetsSignOut(t *testing.T) {
	c := newCompany(t, "acme")
	h, log := hold("app opened")
	d := newDesk(t, log)
	d.signIn(c, local.SignInRequest{})
	launched := make(chan error, 1)
	go func() {
		_, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes"})
		launched <- err
	}()
	<-h.reached
	if err := d.SignOut(t.Context(), local.SignOutRequest{}); err != nil {
		t.Fatal(err)
	}
	before := d.phase(local.SignedOut)
	s, err := d.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	close(h.goOn)
	if err := <-launched; err != nil {
		t.Fatal(err)
	}
	d.until("counted opening", func(now local.State) bool { return now.Rev > s.Rev })
	d.signIn(c, local.SignInRequest{Profile: before.ID})
	if p := d.phase(local.SignedIn); p.Opened != nil {
		t.Errorf("asked about %+v", p.Opened)
	}
}
