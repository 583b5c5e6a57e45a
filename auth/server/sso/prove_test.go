package sso_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/connector"
	"lanyard/auth/server"
)

// registry is a vendor's interface that says who belongs. Its refresh tokens rotate.
type registry struct {
	url string

	mu     sync.Mutex
	says   string // "", "gone", "down", "odd" or "again"
	token  string // the refresh token that counts; the sign-in gives the first
	asked  int
	during func() // runs while a question is open
}

func newRegistry(t *testing.T) *registry {
	r := &registry{token: vendorAgain}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /refresh", func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.asked++
		if r.during != nil {
			r.during()
		}
		switch {
		case r.says == "down":
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		case r.says == "again" || q.PostFormValue("refresh_token") != r.token:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"used"}`)
			return
		}
		r.token = auth.RandomToken()
		_, _ = io.WriteString(w, `{"access_token":"`+vendorToken+`","refresh_token":"`+r.token+`"}`)
	})
	mux.HandleFunc("GET /member/{id}", func(w http.ResponseWriter, _ *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		switch r.says {
		case "gone":
			_, _ = io.WriteString(w, `{"code":404}`)
		case "odd":
			_, _ = io.WriteString(w, `<title>Maintenance</title>`)
		default:
			_, _ = io.WriteString(w, `{"code":0}`)
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	r.url = s.URL
	return r
}

func (r *registry) set(says string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.says = says
}

func (r *registry) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

// onto gives a connector the way to ask.
func (r *registry) onto(c connector.Connector) connector.Connector {
	c.Refresh = []connector.Step{{
		ID: "refresh", Method: "POST", URL: r.url + "/refresh", Form: map[string]string{"refresh_token": "{refresh_token}"},
		Fail:    connector.Fail{Code: []string{"error"}, Means: map[string]string{"used": connector.MeansAgain}},
		Set:     map[string]connector.Paths{"access_token": {"access_token"}, "refresh_token": {"refresh_token"}},
		Require: []string{"access_token"},
	}}
	c.Recheck = []connector.Step{{
		ID: "member", Method: "GET", URL: r.url + "/member/{sub}", Headers: map[string]string{"Authorization": "Bearer {access_token}"},
		OK:   &connector.Match{Path: "code", In: []string{"0"}},
		Fail: connector.Fail{Code: []string{"code"}, Means: map[string]string{"404": connector.MeansGone}},
	}}
	return c
}

// employee is a person signed in at a desktop, whose session lasts for a month.
type employee struct {
	w  *world
	id string // of the session
}

func (w *world) employee(c connector.Connector) *employee {
	w.T.Helper()
	w.connect(acme, "conn1", "", c)
	person := strings.TrimPrefix(w.browser().signInAt(acme).Body, "home of ")
	sessions, err := w.Store.SessionsOf(context.Background(), acme, person, w.Now())
	must(w.T, err)
	desktop := sessions[0]
	desktop.ID, desktop.CookieHash, desktop.ExpiresAt = auth.RandomID(), "", w.Now().Add(30*24*time.Hour)
	must(w.T, w.Store.SaveSession(context.Background(), desktop))
	return &employee{w, desktop.ID}
}

func (e *employee) session() server.Session {
	e.w.T.Helper()
	s, err := e.w.Store.Session(context.Background(), acme, e.id, e.w.Now())
	must(e.w.T, err)
	return s
}

// prove asks as a refresh would, some time later.
func (e *employee) prove(after time.Duration) error {
	e.w.T.Helper()
	e.w.Advance(after)
	return e.w.sso.Prove(context.Background(), e.session())
}

func (e *employee) due(want bool) {
	e.w.T.Helper()
	if due, err := e.w.sso.Due(context.Background(), e.session()); err != nil || due != want {
		e.w.T.Errorf("due is %v, %v; want %v", due, err, want)
	}
}

func TestStillThereIsAskedEveryFewHours(t *testing.T) {
	w, r := newWorld(t), newRegistry(t)
	e := w.employee(r.onto(newVendor(t, "u/1 张三", "张三").connector("")))
	must(t, e.prove(3*time.Hour+59*time.Minute))
	if r.count() != 0 {
		t.Error("asked before four hours were over")
	}
	for i := range 4 {
		must(t, e.prove(4*time.Hour))
		must(t, e.prove(time.Minute))
		if r.count() != i+1 || w.Now().Sub(e.session().ProvenAt) != time.Minute {
			t.Errorf("question %d: asked %d times, proven %v ago", i+1, r.count(), w.Now().Sub(e.session().ProvenAt))
		}
	}
	e.due(false)
}

func TestGoneEndsEverything(t *testing.T) {
	w, r := newWorld(t), newRegistry(t)
	v := newVendor(t, "u-1", "张三")
	e := w.employee(r.onto(v.connector("")))
	b := w.browser()
	b.signInAt(acme)
	w.Advance(5 * time.Hour)
	r.set("gone")
	session := e.session()
	// The browser's fresh sign-in was the company's word on all devices.
	session.ProvenAt = time.Time{}
	must(t, w.Store.SaveSession(context.Background(), session))
	if err := e.prove(0); !errors.Is(err, auth.AccessEnded) {
		t.Fatalf("prove: %v", err)
	}
	if _, err := w.Store.Session(context.Background(), acme, e.id, w.Now()); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("the desktop's session: %v", err)
	}
	if b.signedIn(acme) {
		t.Error("the browser is signed in")
	}
	person, err := w.Store.Person(context.Background(), acme, session.PersonID)
	must(t, err)
	if person.LeftAt.IsZero() {
		t.Error("the person has not left")
	}
	// Whoever can sign in at the company again belongs again.
	if home := w.browser().signInAt(acme); home.Body != "home of "+session.PersonID {
		t.Errorf("back again: %s", home.Body)
	}
}

func TestSilenceIsToleratedForADay(t *testing.T) {
	w, r := newWorld(t), newRegistry(t)
	e := w.employee(r.onto(newVendor(t, "u-1", "张三").connector("")))
	r.set("down")
	// After a weekend, on the morning on which the vendor is down.
	must(t, e.prove(60*time.Hour))
	e.due(false)
	must(t, e.prove(23*time.Hour+59*time.Minute))
	e.due(false)
	if err := e.prove(2 * time.Minute); !errors.Is(err, auth.ErrOffline) {
		t.Errorf("after a day: %v", err)
	}
	e.due(true)
	e.session() // it stands: nobody is signed out
	r.set("")
	must(t, e.prove(time.Minute))
	e.due(false)
}

// What is neither yes nor no sends the person by the company's page, and signs nobody out.
func TestNoAnswerAboutThePerson(t *testing.T) {
	t.Run("refresh token refused", func(t *testing.T) {
		w, r := newWorld(t), newRegistry(t)
		e := w.employee(r.onto(newVendor(t, "u-1", "张三").connector("")))
		r.set("again")
		must(t, e.prove(5*time.Hour))
		e.due(true)
		must(t, e.prove(time.Hour))
		if r.count() != 1 {
			t.Errorf("asked %d times", r.count())
		}
		r.mu.Lock()
		r.says, r.token = "", vendorAgain
		r.mu.Unlock()
		w.browser().signInAt(acme) // by the company's page, in any browser
		e.due(false)
		must(t, e.prove(5*time.Hour))
		if r.count() != 2 {
			t.Error("not asked again after the sign-in")
		}
	})
	t.Run("nonsense", func(t *testing.T) {
		w, r := newWorld(t), newRegistry(t)
		e := w.employee(r.onto(newVendor(t, "u-1", "张三").connector("")))
		r.set("odd")
		must(t, e.prove(5*time.Hour))
		e.due(false)
		r.set("")
		must(t, e.prove(time.Hour)) // with the refresh token that came although the recheck failed
		if w.Now().Sub(e.session().ProvenAt) != 0 {
			t.Error("the rotated refresh token was lost")
		}
		r.set("odd")
		must(t, e.prove(25*time.Hour))
		e.due(true)
	})
}

// Two devices that refresh at once ask once: the token they share rotates.
func TestOneQuestionAtATime(t *testing.T) {
	w, r := newWorld(t), newRegistry(t)
	e := w.employee(r.onto(newVendor(t, "u-1", "张三").connector("")))
	w.Advance(5 * time.Hour)
	session := e.session()
	r.during = func() {
		if err := w.sso.Prove(context.Background(), session); err != nil {
			t.Errorf("the second device: %v", err)
		}
	}
	must(t, w.sso.Prove(context.Background(), session))
	must(t, w.sso.Prove(context.Background(), session)) // as it was read before the answer
	if r.count() != 1 {
		t.Errorf("asked %d times", r.count())
	}
}

func TestReverify(t *testing.T) {
	for reverify, limit := range map[string]time.Duration{"": 7 * 24 * time.Hour, "1d": 24 * time.Hour, "never": 0} {
		t.Run("reverify "+reverify, func(t *testing.T) {
			w := newWorld(t)
			c := newVendor(t, "u-1", "张三").connector("")
			c.Reverify = reverify
			e := w.employee(c)
			if limit == 0 {
				w.Advance(29 * 24 * time.Hour)
				e.due(false)
				return
			}
			must(t, e.prove(limit-time.Minute))
			e.due(false)
			must(t, e.prove(2*time.Minute))
			e.due(true)
			w.browser().signInAt(acme)
			e.due(false)
		})
	}
}

// A changed connector asks in the way in which the person signed in, and signs nobody out.
func TestChangedConnector(t *testing.T) {
	w, r := newWorld(t), newRegistry(t)
	v := newVendor(t, "u-1", "张三")
	e := w.employee(r.onto(v.connector("")))
	w.connect(acme, "conn2", "", v.connector(""))
	must(t, e.prove(5*time.Hour))
	if r.count() != 1 {
		t.Error("the old connector was not asked")
	}
	w.connect(acme, "conn1", "", v.connector("")) // without a way to ask
	must(t, e.prove(6*24*time.Hour))
	e.due(false)
}

// A connector that becomes another provider's keeps its id: nobody is asked there about
// people who signed in elsewhere, and nobody is signed out.
func TestConnectorOfAnotherPlace(t *testing.T) {
	w, r := newWorld(t), newRegistry(t)
	first, second := newVendor(t, "u-1", "张三"), newVendor(t, "w-9", "李四")
	e := w.employee(r.onto(first.connector("")))
	r.set("gone") // as it would say of anybody whom it never knew
	w.connect(acme, "conn1", "", r.onto(second.connector("")))
	if err := e.prove(5 * time.Hour); err != nil || r.count() != 0 {
		t.Errorf("asked %d times: %v", r.count(), err)
	}
	e.due(false)
	w.connect(acme, "conn1", "", r.onto(first.connector(""))) // switched back
	if err := e.prove(time.Hour); !errors.Is(err, auth.AccessEnded) || r.count() != 1 {
		t.Errorf("asked %d times: %v", r.count(), err)
	}
}

// A sign-in that began before the connector changed is begun again, once, as it was asked
// for: its code is for the connector that was, and goes nowhere.
func TestConnectorChangedMidway(t *testing.T) {
	w := newWorld(t)
	first, second := newVendor(t, "u-1", "张三"), newVendor(t, "w-9", "李四")
	w.connect(acme, "conn1", "", first.connector(""))
	change := func(v *vendor) {
		w.Advance(time.Second)
		w.connect(acme, "conn1", "", v.connector(""))
	}
	w.opts = server.BeginOptions{Fresh: true, Reference: "4829-1375"}
	b := w.browser()
	callback := b.callback("/e/" + acme + "/home")
	change(second)
	p := b.Get(callback)
	if p.Status != http.StatusSeeOther || !strings.HasPrefix(p.Location(), second.url+"/authorize?") {
		t.Fatalf("status %d, location %q", p.Status, p.Location())
	}
	if b.signedIn(acme) || first.redeemed+second.redeemed != 0 {
		t.Errorf("the code went to the first %d times, to the second %d times", first.redeemed, second.redeemed)
	}
	callback = b.Get(p.Location()).Location()
	if second.asked.Get("prompt") != "login" {
		t.Errorf("asked %v: the sign-in was to be a fresh one", second.asked)
	}
	if p = b.Get(callback); p.Location() != "/e/"+acme+"/home" || !b.signedIn(acme) {
		t.Errorf("status %d, location %q, %s", p.Status, p.Location(), p.Body)
	}
	if lines := w.logged("4829-1375"); len(lines) != 1 || lines[0].Fault != "" {
		t.Errorf("log %+v", lines)
	}

	w.opts = server.BeginOptions{MaxAge: time.Hour}
	b = w.browser()
	callback = b.callback("/e/" + acme + "/home")
	change(first)
	callback = b.Get(b.Get(callback).Location()).Location()
	if first.asked.Get("max_age") != "3600" {
		t.Errorf("asked %v: the proof was to be at most an hour old", first.asked)
	}
	change(second)
	wantRefused(t, b.Get(callback), "changed again", stalePage)
}

func TestProveByOpenID(t *testing.T) {
	w := newWorld(t)
	p := authtest.NewProvider(t, authtest.Faults{})
	p.Now, p.Secret = w.Now, clientSecret
	p.Redirects = []string{w.URL + "/c/conn1/callback"}
	c := oidc(p)
	c.Secrets, c.Authoritative = []string{"client_secret"}, []string{"employee", "groups"}
	c.Claims = map[string]connector.Paths{"groups": {"groups"}, "employee": {"employee"}}
	p.User["groups"], p.User["employee"] = []string{"staff"}, "007"
	e := w.employee(c)
	person, err := w.Store.Person(context.Background(), acme, e.session().PersonID)
	must(t, err)
	if len(person.Groups) != 1 || person.Authoritative["employee"] != "007" || person.Authoritative["groups"] != "staff" {
		t.Errorf("person %+v", person)
	}
	for range 3 { // its refresh tokens rotate
		must(t, e.prove(5*time.Hour))
		if w.Now().Sub(e.session().ProvenAt) != 0 {
			t.Error("not proven")
		}
	}
	p.Set(authtest.Faults{Answer: map[string]http.HandlerFunc{"/token": authtest.Status(http.StatusBadGateway)}})
	must(t, e.prove(5*time.Hour))
	e.due(false)
	p.Set(authtest.Faults{Answer: map[string]http.HandlerFunc{"/token": authtest.OAuthError(http.StatusBadRequest, "invalid_grant", "")}})
	must(t, e.prove(5*time.Hour))
	e.due(true)
}
