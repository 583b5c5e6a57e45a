package agent_test

import (
	"testing"
	"time"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/directory"
)

// TestNewDevice shows that somebody signed in elsewhere as this person, until they have
// looked; the same one is not shown again.
func TestNewDevice(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	at := time.Now().Add(-time.Minute).Unix()
	tell := func(name string, at int64) {
		c.fault(func(f *authtest.Faults) {
			f.Token = func(answer map[string]any) { answer["new_device"] = map[string]any{"name": name, "at": at} }
		})
		d.restart()
	}
	tell("desk 5", at)
	s := d.until("a new device", func(s local.State) bool { p := s.Profile(""); return p != nil && p.NewDevice != nil })
	if got := s.Profile("").NewDevice; got.Name != "desk 5" || got.At.Unix() != at {
		t.Errorf("told of %+v", got)
	}
	if err := d.Devices(t.Context(), "", nil); err != nil {
		t.Fatal(err)
	}
	if tabs := d.tabs(); len(tabs) != 1 || tabs[0] != c.Issuer+"/devices" {
		t.Errorf("opened %v", tabs)
	}
	if p := d.phase(local.SignedIn); p.NewDevice != nil {
		t.Errorf("still told of %+v", p.NewDevice)
	}
	tell("desk 5", at)
	if p := d.phase(local.SignedIn); p.NewDevice != nil {
		t.Errorf("told again of %+v", p.NewDevice)
	}
	tell("desk 6", at+10)
	d.until("the next one", func(s local.State) bool {
		p := s.Profile("")
		return p != nil && p.NewDevice != nil && p.NewDevice.Name == "desk 6"
	})

	c.change(func(doc *directory.Document) { doc.Workbench = false })
	other := newDesk(t)
	other.signIn(c, local.SignInRequest{})
	isFault(t, other.Devices(t.Context(), "", nil), auth.NotHere)
}
