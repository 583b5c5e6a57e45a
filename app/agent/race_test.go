package agent_test

import (
	"context"
	"log/slog"
	"testing"

	"lanyard/app/agent"
	"lanyard/app/local"
	"lanyard/auth/authtest"
)

// holding is a log that keeps whoever writes one line until it is let go.
type holding struct {
	slog.Handler
	line    string
	reached chan struct{}
	goOn    chan struct{}
}

// hold returns a desk's log that keeps whoever writes line.
func hold(line string) (holding, func(*agent.Config)) {
	h := holding{line: line, reached: make(chan struct{}), goOn: make(chan struct{})}
	return h, func(cfg *agent.Config) {
		held := h
		held.Handler = cfg.Logger.Handler()
		cfg.Logger = slog.New(held)
	}
}

func (h holding) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == h.line {
		close(h.reached)
		<-h.goOn
	}
	return h.Handler.Handle(ctx, r)
}

// TestSignOutMeetsSignIn lets a sign-in end while a sign-out is about to delete tokens: it
// deletes none that came later.
func TestSignOutMeetsSignIn(t *testing.T) {
	c := newCompany(t, "acme")
	h, log := hold("signed out")
	d := newDesk(t, log)
	d.signIn(c, local.SignInRequest{})
	if _, err := d.SignIn(t.Context(), local.SignInRequest{Code: "acme", Directory: c.origin}); err != nil {
		t.Fatal(err)
	}
	address := d.step(local.StepWaiting).URL
	left := make(chan error, 1)
	go func() { left <- d.SignOut(t.Context(), local.SignOutRequest{}) }()
	<-h.reached
	authtest.NewVisitor(t).Visit(t, address)
	d.step(local.StepDone)
	close(h.goOn)
	if err := <-left; err != nil {
		t.Error(err)
	}
	list, err := d.Apps(t.Context(), local.AppsQuery{})
	if s, _ := d.State(t.Context()); err != nil || list.Stale || s.Profile("").Phase != local.SignedIn {
		t.Errorf("signed in after the sign-out, and the phase is %s; apps: %v, %v", s.Profile("").Phase, list, err)
	}
}
