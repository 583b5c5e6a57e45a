//go:build linux

package cmd_test

import (
	"path/filepath"
	"testing"

	"lanyard/auth"
	"lanyard/auth/directory"
	"lanyard/auth/server"
	"lanyard/auth/server/store"
)

// TestReferenceLeadsSomewhere opens an app that the company has given to others: the number
// that the command line shows is the one under which IT finds why.
func TestReferenceLeadsSomewhere(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	origin := demo(t, "--data", data)
	d := newDesk(t)
	d.signInQuietly(t, origin, "zhangsan")

	st, err := store.Open(t.Context(), filepath.Join(data, "server", "lanyard.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	e, err := st.EnterpriseByCode(t.Context(), directory.Hash("demo"))
	if err != nil {
		t.Fatal(err)
	}
	if err := st.SaveAudience(t.Context(), server.Audience{EnterpriseID: e.ID, AppID: "notes"}); err != nil {
		t.Fatal(err)
	}
	reference := d.run(t, "open", "notes").refused(t, "en", 4, auth.AppNotYours, auth.Args{"app": "Notes", "help": "Demo IT · 4008"})
	lines, err := st.SignInsByReference(t.Context(), e.ID, reference)
	if err != nil || len(lines) != 1 || lines[0].Fault != auth.AppNotYours || lines[0].AppID != "notes" || lines[0].Stage != "open" {
		t.Errorf("under %s the admin reads %+v, %v", reference, lines, err)
	}
}
