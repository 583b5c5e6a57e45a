package setup_test

import (
	"bytes"
	"errors"
	"net/http"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/directory"
	"lanyard/auth/server"
	"lanyard/auth/server/setup"
)

func TestRotateKeys(t *testing.T) {
	f := newFixture(t, public, nil)
	f.apply(mustFile(t))
	r, late := f.resolver(), f.resolver()
	q := directory.Query{Directory: public, Code: "acme"}
	for round := range 3 * directory.MaxRotations {
		if round%directory.MaxRotations == 0 { // as much as a desktop that sleeps may miss
			if _, err := late.Resolve(t.Context(), q); err != nil {
				t.Fatalf("late in round %d: %v", round, err)
			}
			if list := read(t, f.get("/v1/keys.jws", "192.0.2.1")); len(list) > 32<<10 {
				t.Fatalf("round %d: the list of keys has %d bytes", round, len(list))
			}
		}
		if _, err := r.Resolve(t.Context(), q); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		f.now = f.now.Add(time.Hour)
		if err := f.RotateKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Resolve(t.Context(), q); err != nil {
		t.Errorf("after the last rotation: %v", err)
	}
	for _, k := range f.m.keys {
		if len(k.Sealed) == 0 || bytes.Contains(k.Sealed, k.Public[len(k.Public)-32:]) {
			t.Errorf("key %s is not sealed", k.ID)
		}
	}
	impostor := newFixture(t, public, nil)
	impostor.apply(mustFile(t))
	impostor.now = f.now
	r.HTTP = &http.Client{Transport: impostor}
	if _, err := r.Resolve(t.Context(), q); !errors.Is(err, auth.DocumentPinMismatch) {
		t.Errorf("another server at the same address: %v", err)
	}
}

// TestSecondInstance: what one instance signs, the keys of another must know.
func TestSecondInstance(t *testing.T) {
	sealer, err := server.NewSealer(server.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	share := func(m *memory) func(*setup.Config) {
		return func(c *setup.Config) {
			c.Base.Sealer = sealer
			c.Enterprises, c.Connectors, c.Keys, c.Clients, c.Catalogue, c.Codes = m, m, m, m, m, m
		}
	}
	m := newMemory()
	one, two := newFixture(t, public, share(m)), newFixture(t, public, share(m))
	one.apply(mustFile(t))
	r := two.resolver()
	resolve := func(moment string) {
		t.Helper()
		for _, f := range []*fixture{one, two} {
			r.HTTP = &http.Client{Transport: f}
			if _, err := r.Resolve(t.Context(), directory.Query{Directory: public, Code: "acme"}); err != nil {
				t.Errorf("%s: %v", moment, err)
			}
		}
	}
	resolve("at first")
	one.now = one.now.Add(10 * time.Minute)
	two.now = one.now
	if err := one.RotateKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	one.apply(mustFile(t, "en: Acme,", "en: Acme Ltd,"))
	resolve("after a rotation at one")
	one.now = one.now.Add(3 * time.Minute)
	two.now = one.now
	resolve("a little later")

	// Two has just read the keys, and hears of no other for a minute: what one signs
	// meanwhile, two's list must know.
	if err := one.RotateKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	one.apply(mustFile(t))
	document := one.get("/v1/enterprises/"+directory.Hash("acme")+".jws", "192.0.2.1")
	r = &directory.Resolver{Now: r.Now, HTTP: &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		if req.URL.Path == "/v1/keys.jws" {
			return two.RoundTrip(req)
		}
		document.Request = req
		return document, nil
	})}}
	if _, err := r.Resolve(t.Context(), directory.Query{Directory: public, Code: "acme"}); err != nil {
		t.Errorf("one's document by two's keys: %v", err)
	}
	// Then both sign by the new key from the same moment on, whenever they read it.
	writes := func(after time.Duration) int {
		one.now = one.now.Add(after)
		two.now = one.now
		before := m.writes
		for range 3 {
			for _, f := range []*fixture{one, two} {
				f.get("/v1/enterprises/"+directory.Hash("acme")+".jws", "192.0.2.1")
			}
		}
		return m.writes - before
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{90 * time.Second, 0}, {29 * time.Second, 0}, {time.Second, 1}, {time.Minute, 0}} {
		if got := writes(step.after); got != step.want {
			t.Errorf("%v later: signed %d times, want %d", step.after, got, step.want)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
