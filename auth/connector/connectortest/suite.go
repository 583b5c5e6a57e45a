package connectortest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// Run is the suite: every row at a vendor of its own, made by vendor, with the preset
// filled as an admin would. road nil is [Steps].
func Run(t *testing.T, preset connector.Connector, vendor func() *Vendor, road func(Setting) Road) {
	if road == nil {
		road = Steps
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.run(newScene(t, preset, vendor(), road))
		})
	}
}

var rows = []struct {
	name string
	run  func(*scene)
}{
	{"right person", (*scene).rightPerson},
	{"name in Chinese", (*scene).chineseName},
	{"no picture", (*scene).noPicture},
	{"denied", (*scene).denied},
	{"expired code", (*scene).expiredCode},
	{"replayed code", (*scene).replayedCode},
	{"wrong secret", (*scene).wrongSecret},
	{"vendor down", func(s *scene) { s.everyCall(down, auth.ProviderUnreachable) }},
	{"vendor busy", func(s *scene) { s.everyCall(busy, auth.ProviderUnreachable) }},
	{"vendor slow", func(s *scene) { s.everyCall(slow, auth.ProviderUnreachable) }},
	{"5 MB answer", func(s *scene) { s.everyCall(huge, auth.AnswerNotData) }},
	{"web page for data", func(s *scene) { s.everyCall(webish, auth.AnswerNotData) }},
	{"person of another company", (*scene).stranger},
	{"missing identifier", (*scene).missing},
	{"renamed identifier", (*scene).renamed},
	{"app token ends in mid-flow", (*scene).appTokenEnds},
	{"still there", (*scene).stillThere},
	{"person gone", (*scene).personGone},
	{"asked while down", (*scene).askedWhileDown},
}

// scene is one row's vendor and a road to it.
type scene struct {
	t      *testing.T
	v      *Vendor
	preset connector.Connector
	make   func(Setting) Road
	road   Road
	// patience is how long an answer is waited for; 0 is the client's own limit.
	patience time.Duration
}

func newScene(t *testing.T, preset connector.Connector, v *Vendor, road func(Setting) Road) *scene {
	t.Helper()
	s := &scene{t: t, v: v, preset: preset, make: road}
	s.connect(v.Secrets)
	t.Cleanup(func() {
		for _, p := range v.problems {
			t.Errorf("the vendor was called wrongly: %s", p)
		}
	})
	return s
}

// connect makes a road with nothing kept from before.
func (s *scene) connect(secrets map[string]string) {
	s.t.Helper()
	c, err := connector.Load(s.preset, s.v.Vars)
	if err != nil {
		s.t.Fatalf("fill preset: %v", err)
	}
	setting := Setting{Connector: c, Callback: s.v.Callback, Secrets: map[string]auth.Secret{}}
	for name, value := range secrets {
		setting.Secrets[name] = auth.NewSecret(value)
	}
	setting.HTTP = connector.Policy{AllowHTTP: s.v.AllowHTTP}.ClientOver(s.v)
	if s.patience > 0 {
		setting.HTTP.Timeout = s.patience
	}
	s.road = s.make(setting)
}

// trip signs in as far as it goes; change may change what the browser brings back.
func (s *scene) trip(change func(url.Values)) (*connector.Result, error) {
	s.t.Helper()
	ctx := context.Background()
	address, finish, err := s.road.Begin(ctx)
	if err != nil {
		return nil, s.inspect(nil, err)
	}
	query, err := s.v.Browse(address)
	if err != nil {
		s.t.Fatal(err)
	}
	if change != nil {
		change(query)
	}
	result, err := finish(ctx, query)
	return result, s.inspect(result, err)
}

// inspect fails the test where anything that an admin or a log could see holds a secret.
func (s *scene) inspect(r *connector.Result, err error) error {
	s.t.Helper()
	var seen strings.Builder
	if err != nil {
		_, args := auth.FaultOf(err)
		fmt.Fprintf(&seen, "%v %v", err, args)
	}
	if r != nil {
		fmt.Fprintf(&seen, "%+v", *r)
	}
	s.v.set(func() {
		for _, secret := range slices.Concat(s.v.handed, slices.Collect(maps.Values(s.v.Secrets))) {
			if strings.Contains(seen.String(), secret) || strings.Contains(seen.String(), url.QueryEscape(secret)) {
				s.t.Errorf("the secret %s can be seen:\n%s", secret, seen.String())
			}
		}
	})
	return err
}

// signIn is a trip that must work.
func (s *scene) signIn() *connector.Result {
	s.t.Helper()
	r, err := s.trip(nil)
	if err != nil {
		s.t.Fatalf("sign in: %v", err)
	}
	s.v.set(func() {
		if r.Subject != s.v.person.ID {
			s.t.Errorf("subject is %q, want %q", r.Subject, s.v.person.ID)
		}
	})
	return r
}

// refused is a trip that must end with a fault, and with nobody.
func (s *scene) refused(what string, want auth.Fault, change func(url.Values)) auth.Args {
	s.t.Helper()
	r, err := s.trip(change)
	if r != nil && (r.Subject != "" || r.Name != "" || !r.Tokens.Access.IsZero()) {
		s.t.Errorf("%s: somebody came of it: %q", what, r.Subject)
	}
	fault, args := auth.FaultOf(err)
	if err == nil || fault != want {
		s.t.Errorf("%s: %v, want %s", what, err, want)
	}
	return args
}

func (s *scene) rightPerson() {
	r := s.signIn()
	want := s.v.person
	if s.v.Unnamed {
		want.Name = ""
	}
	if r.Name != want.Name || r.Avatar != want.Avatar {
		s.t.Errorf("name %q, picture %q; want %q, %q", r.Name, r.Avatar, want.Name, want.Avatar)
	}
	if email := r.Email; s.v.Email && email != want.Email || !s.v.Email && email != "" {
		s.t.Errorf("e-mail %q; vouched for: %v", email, s.v.Email)
	}
	// Once more: what the first one left behind must not stand in the way.
	s.signIn()
}

func (s *scene) chineseName() {
	if s.v.Unnamed {
		return // this vendor tells none
	}
	for _, name := range []string{"欧阳娜娜", "𠮷田·买买提", `张"三"\`, "<b>张三</b>"} {
		s.v.set(func() { s.v.person.Name = name })
		if r := s.signIn(); r.Name != name {
			s.t.Errorf("name %q, want %q", r.Name, name)
		}
	}
}

func (s *scene) noPicture() {
	s.v.set(func() { s.v.person.Avatar = "" })
	if r := s.signIn(); r.Avatar != "" {
		s.t.Errorf("picture %q out of nothing", r.Avatar)
	}
}

func (s *scene) denied() {
	s.v.set(func() { s.v.deny = true })
	s.refused("denied", s.v.Denied, nil)
}

func (s *scene) expiredCode() {
	s.refused("expired code", s.v.BadCode, func(url.Values) {
		s.v.set(func() {
			for _, g := range s.v.codes {
				g.expired = true
			}
		})
	})
}

func (s *scene) replayedCode() {
	ctx := context.Background()
	address, finish, err := s.road.Begin(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	query, err := s.v.Browse(address)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := finish(ctx, query); err != nil {
		s.t.Fatalf("first: %v", err)
	}
	r, err := finish(ctx, query)
	if fault, _ := auth.FaultOf(s.inspect(r, err)); err == nil || fault != s.v.BadCode {
		s.t.Errorf("second: %v, want %s", err, s.v.BadCode)
	}
}

func (s *scene) wrongSecret() {
	if len(s.v.Secrets) == 0 {
		return // a public client
	}
	wrong := map[string]string{}
	for name := range s.v.Secrets {
		wrong[name] = "wr0ng-secret"
	}
	s.connect(wrong)
	r, err := s.trip(nil)
	if fault, _ := auth.FaultOf(err); err == nil || fault != s.v.BadSecret {
		s.t.Errorf("%v, want %s", err, s.v.BadSecret)
	}
	if seen := fmt.Sprintf("%v %+v", err, r); strings.Contains(seen, "wr0ng-secret") {
		s.t.Errorf("the secret can be seen: %s", seen)
	}
}

// everyCall spoils each call of a sign-in in turn. A call that is optional keeps nobody
// out, any other ends with want.
func (s *scene) everyCall(how spoil, want auth.Fault) {
	s.signIn()
	var calls []string
	s.v.set(func() { calls = slices.Compact(slices.Clone(s.v.calls)) })
	if len(calls) < 2 {
		s.t.Fatalf("a sign-in makes the calls %v", calls)
	}
	if how == slow {
		s.patience = 300 * time.Millisecond
	}
	for _, place := range calls {
		s.connect(s.v.Secrets)
		s.v.set(func() { s.v.spoiled = map[string]spoil{place: how} })
		if slices.Contains(s.v.Optional, place) {
			s.signIn()
			continue
		}
		s.refused(place, want, nil)
	}
	s.connect(s.v.Secrets)
	s.v.set(func() { s.v.spoiled = nil })
	s.signIn()
}

func (s *scene) stranger() {
	if s.v.Stranger == None {
		return // the vendor's app serves one company only
	}
	s.v.set(func() { s.v.person.Tenant = "another-company" })
	s.refused("person of another company", s.v.Stranger, nil)
}

func (s *scene) missing() {
	s.v.set(func() { s.v.rename = func(doc map[string]any) { rename(doc, s.v.Subject, "") } })
	s.unidentified()
}

func (s *scene) renamed() {
	s.v.set(func() { s.v.rename = func(doc map[string]any) { rename(doc, s.v.Subject, "renamed_by_vendor") } })
	args := s.unidentified()
	if s.v.Nameless == auth.FieldMissing && !strings.Contains(args["found"], "renamed_by_vendor") {
		s.t.Errorf("what is there instead: %q", args["found"])
	}
}

func (s *scene) unidentified() auth.Args {
	s.t.Helper()
	args := s.refused("without "+s.v.Subject, s.v.Nameless, nil)
	if s.v.Nameless == auth.FieldMissing && !strings.Contains(args["field"], s.v.Subject) {
		s.t.Errorf("the missing field is called %q, want %q", args["field"], s.v.Subject)
	}
	return args
}

// rename gives every field of a name another one, or takes it out.
func rename(v any, from, to string) {
	switch v := v.(type) {
	case map[string]any:
		if value, found := v[from]; found {
			delete(v, from)
			if to != "" {
				v[to] = value
			}
		}
		for _, inner := range v {
			rename(inner, from, to)
		}
	case []any:
		for _, inner := range v {
			rename(inner, from, to)
		}
	}
}

func (s *scene) appTokenEnds() {
	if s.v.AppToken == "" {
		return
	}
	fetched := func() (n int) {
		s.v.set(func() {
			for _, place := range s.v.calls {
				if place == s.v.AppToken {
					n++
				}
			}
		})
		return n
	}
	s.signIn()
	s.signIn()
	if n := fetched(); n != 1 {
		s.t.Errorf("two sign-ins fetched the app token %d times", n)
	}
	s.v.set(func() { clear(s.v.apps) })
	s.signIn()
	if n := fetched(); n != 2 {
		s.t.Errorf("after its end the app token was fetched %d times in all", n)
	}
}

// stillThere asks several times, as refresh tokens rotate in between.
func (s *scene) stillThere() {
	if s.v.Gone == None {
		return // nobody can be asked; reverify is for such vendors
	}
	r := s.signIn()
	for i := range 3 {
		s.v.set(func() { clear(s.v.apps) })
		if err := s.inspect(nil, s.road.Belongs(context.Background(), r)); err != nil {
			s.t.Errorf("question %d: %v", i+1, err)
		}
	}
}

func (s *scene) personGone() {
	if s.v.Gone == None {
		return
	}
	r := s.signIn()
	s.v.set(func() { s.v.gone[s.v.person.ID] = true })
	err := s.inspect(nil, s.road.Belongs(context.Background(), r))
	if fault, _ := auth.FaultOf(err); err == nil || fault != s.v.Gone {
		s.t.Errorf("%v, want %s", err, s.v.Gone)
	}
}

func (s *scene) askedWhileDown() {
	if s.v.Gone == None {
		return
	}
	r := s.signIn()
	s.v.set(func() {
		for place := range s.v.endpoints {
			s.v.spoiled[place] = down
		}
		clear(s.v.apps)
	})
	if err := s.inspect(nil, s.road.Belongs(context.Background(), r)); !errors.Is(err, auth.ErrOffline) {
		s.t.Errorf("%v, want offline", err)
	}
	s.v.set(func() { clear(s.v.spoiled) })
	if err := s.road.Belongs(context.Background(), r); err != nil {
		s.t.Errorf("after it came back: %v", err)
	}
}
