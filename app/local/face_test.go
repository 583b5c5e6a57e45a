package local_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"lanyard/app/local"
)

// TestHasWindow knows of a window for as long as it listens, and of no other face.
func TestHasWindow(t *testing.T) {
	server := &local.Server{Service: &fake{}}
	c := serveWith(t, server)
	heard := errors.New("heard")
	if err := c.Events(t.Context(), func(local.Event) error {
		if server.HasWindow() {
			t.Error("the command line passes for a window")
		}
		return heard
	}); !errors.Is(err, heard) {
		t.Fatal(err)
	}
	if err := c.Events(local.AsWindow(t.Context()), func(local.Event) error {
		if !server.HasWindow() {
			t.Error("a window that listens is not known")
		}
		return heard
	}); !errors.Is(err, heard) {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); server.HasWindow(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a window that has gone is still known")
		}
	}
}

// TestHasWindowInTime does not count a window that has not heard its first State yet: a wish
// of that moment would be lost on it.
func TestHasWindowInTime(t *testing.T) {
	service := &silent{fake: &fake{}, asked: make(chan struct{})}
	server := &local.Server{Service: service}
	c := serveWith(t, server)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan struct{})
	go func() {
		defer close(left)
		_ = c.Events(local.AsWindow(ctx), func(local.Event) error { return nil })
	}()
	<-service.asked
	if server.HasWindow() {
		t.Error("a window passes for one that listens before it has heard anything")
	}
	leave()
	<-left
}

// silent has no State to tell.
type silent struct {
	*fake
	asked chan struct{}
}

func (s *silent) Events(ctx context.Context, _ func(local.Event) error) error {
	close(s.asked)
	<-ctx.Done()
	return ctx.Err()
}
