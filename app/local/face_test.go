package local_test

import (
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
	for deadline := time.Now().Add(5 * time.Second); server.HasWindow(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a window that has gone is still known")
		}
	}
}
