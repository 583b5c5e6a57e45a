package store_test

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"lanyard/auth/server"
)

// Whoever remembers a connector for a moment serves the new one as soon as it is saved.
func TestOnSetup(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "lanyard.db"))
	company(t, s)
	recent := server.NewRecent(s, time.Hour)
	s.OnSetup = recent.Forget
	c := server.Connector{ID: "a", EnterpriseID: acme, Document: json.RawMessage(`{"id":"old"}`), Active: true, CreatedAt: now, UpdatedAt: now}
	must(t, s.SaveConnector(ctx(t), c))
	want(t, "the first", c)(recent.ActiveConnector(ctx(t), acme))
	c.Document = json.RawMessage(`{"id":"new"}`)
	must(t, s.SaveConnector(ctx(t), c))
	want(t, "the new one", c)(recent.ActiveConnector(ctx(t), acme))

	first, err := recent.SignedByCode(ctx(t), server.Hash("acme"))
	must(t, err)
	must(t, s.SaveDocument(ctx(t), acme, first.Version+1, []byte("signed"), now.Add(time.Hour)))
	want(t, "which document answers", server.Signed{EnterpriseID: acme, Version: first.Version + 1, Expires: now.Add(time.Hour)})(
		recent.SignedByCode(ctx(t), server.Hash("acme")))

	e := acmeRecord()
	e.Public = !e.Public
	must(t, s.SaveEnterprise(ctx(t), e))
	if got, err := recent.Enterprise(ctx(t), acme); err != nil || got.Public != e.Public {
		t.Errorf("enterprise = %+v, %v", got, err)
	}
	zhang, err := recent.Person(ctx(t), acme, "zhang")
	must(t, err)
	zhang.Name = "Zhang"
	must(t, second(recent.UpsertPerson(ctx(t), zhang)))
	must(t, s.EndPerson(ctx(t), acme, "zhang", now))
	zhang.EndedAt = now
	want(t, "somebody without access", zhang)(recent.Person(ctx(t), acme, "zhang"))
	must(t, s.DeleteConnectors(ctx(t), acme, now))
	if _, err := recent.ActiveConnector(ctx(t), acme); err == nil {
		t.Error("a deleted connector is still served")
	}
}
