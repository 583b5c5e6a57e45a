package agent_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"lanyard/app/agent"
	"lanyard/app/local"
	"lanyard/auth"
)

// TestWindow starts a window for the caller's display, and raises one that is open by
// its events.
func TestWindow(t *testing.T) {
	var opened []string
	allowed := 0
	d := newDesk(t, func(cfg *agent.Config) {
		cfg.OpenWindow = func(_ context.Context, name string, env local.Env) error {
			opened = append(opened, name+" on "+env["DISPLAY"])
			return nil
		}
		cfg.Raising = func() { allowed++ }
	})
	open := func(name string, env local.Env) {
		t.Helper()
		if err := d.Window(t.Context(), name, env); err != nil {
			t.Fatal(err)
		}
	}
	open("sign-in", local.Env{"DISPLAY": ":7", "HOME": "/elsewhere"})

	var heard []string
	enough := errors.New("enough")
	err := d.Events(t.Context(), func(e local.Event) error {
		switch {
		case e.State != nil: // the present one, before anything else
			heard = append(heard, "state")
			open("apps", nil)
		case e.Window != "":
			heard = append(heard, e.Window)
			if allowed != 2 {
				t.Errorf("the window was allowed to the front %d times before it heard, want 2", allowed)
			}
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || !slices.Equal(heard, []string{"state", "apps"}) {
		t.Errorf("heard %v, %v", heard, err)
	}
	if !slices.Equal(opened, []string{"sign-in on :7", "apps on :7"}) {
		t.Errorf("opened %v", opened)
	}
}

func TestNoWindow(t *testing.T) {
	isFault(t, newDesk(t).Window(t.Context(), "apps", nil), auth.WindowMissing)
}
