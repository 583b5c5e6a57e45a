package server_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// counting answers with how often it was asked.
type counting struct {
	server.Enterprises
	server.Connectors
	server.People
	server.Codes
	asked int
	err   error
	then  func() // once, before it answers
}

func (c *counting) Enterprise(context.Context, string) (server.Enterprise, error) {
	c.asked++
	e := server.Enterprise{DocumentVersion: int64(c.asked)}
	if c.then != nil {
		c.then()
		c.then = nil
	}
	return e, c.err
}

// A connector whose look-up teaches the other two.
func (c *counting) Connector(context.Context, string) (server.Connector, error) {
	c.asked++
	v := server.Connector{ID: "c", AppID: "app", EnterpriseID: "e", Active: true, Document: []byte{byte(c.asked)}}
	if c.then != nil {
		c.then()
		c.then = nil
	}
	return v, c.err
}

func (c *counting) ActiveConnector(ctx context.Context, _ string) (server.Connector, error) {
	return c.Connector(ctx, "c")
}

// What was read before a change is remembered nowhere after it.
func TestRecentLearnsNothingOld(t *testing.T) {
	inner := &counting{}
	r := server.NewRecent(inner, time.Minute)
	inner.then = r.Forget
	old, err := r.ActiveConnector(t.Context(), "e")
	if err != nil {
		t.Fatal(err)
	}
	for what, ask := range map[string]func() (server.Connector, error){
		"by id":  func() (server.Connector, error) { return r.Connector(t.Context(), "c") },
		"active": func() (server.Connector, error) { return r.ActiveConnector(t.Context(), "e") },
	} {
		if now, err := ask(); err != nil || bytes.Equal(now.Document, old.Document) {
			t.Errorf("%s: %v, %v", what, now.Document, err)
		}
	}
}

func TestRecent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &counting{}
		r := server.NewRecent(inner, 2*time.Second)
		ask := func(id string) int64 {
			e, err := r.Enterprise(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			return e.DocumentVersion
		}
		if first, again, other := ask("a"), ask("a"), ask("b"); first != 1 || again != 1 || other != 2 {
			t.Errorf("asked twice for a and once for b: %d, %d, %d", first, again, other)
		}
		time.Sleep(2 * time.Second)
		if ask("a") != 3 {
			t.Error("a moment lasts too long")
		}
		if r.Forget(); ask("a") != 4 {
			t.Error("a change is not seen at once")
		}
		time.Sleep(2 * time.Second)
		inner.then = r.Forget
		if before, after := ask("a"), ask("a"); before != 5 || after != 6 {
			t.Errorf("changed while it was read: %d, then %d", before, after)
		}
		inner.err = auth.ErrNotFound
		if _, err := r.Enterprise(t.Context(), "c"); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("error = %v", err)
		}
		inner.err = nil
		if ask("c") != 8 {
			t.Error("an error was remembered")
		}
	})
}
