//go:build !windows

package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"lanyard/app/local"
	"lanyard/auth"
)

// TestWindowIsThere asks for a window on a computer that takes its time: who asked hears
// that there is one when it listens, or that there is none when it has failed, not before.
func TestWindowIsThere(t *testing.T) {
	for name, shown := range map[string]bool{"shown": true, "failed": false} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			program, fifo := filepath.Join(dir, "window"), filepath.Join(dir, "fifo")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			// It starts, and then waits for the test before it fails.
			if err := os.WriteFile(program, []byte("#!/bin/sh\nread -r line <'"+fifo+"'\nexit 1\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			asked, answer := make(chan struct{}), make(chan bool)
			w := &windows{
				program: program, state: dir, said: filepath.Join(dir, "said"), logger: slog.New(slog.DiscardHandler),
				listens: func() bool { asked <- struct{}{}; return <-answer },
			}
			opened := make(chan error, 1)
			go func() { opened <- w.open(t.Context(), "apps", local.Env{"DISPLAY": ":7"}) }()
			look := func(listens bool) (over bool, err error) {
				select {
				case <-asked:
					answer <- listens
					return false, nil
				case err := <-opened:
					return true, err
				}
			}
			if over, err := look(false); over { // is there one already?
				t.Fatalf("opened nothing: %v", err)
			}
			hold, err := os.OpenFile(fifo, os.O_WRONLY, 0) // when it has started
			if err != nil {
				t.Fatal(err)
			}
			defer hold.Close()
			for range 60 {
				if over, err := look(false); over {
					t.Fatalf("told before the window was there: %v", err)
				}
			}
			if !shown {
				hold.Close()
			}
			over := false
			for !over {
				over, err = look(shown)
			}
			if fault, _ := auth.FaultOf(err); shown != (err == nil) || !shown && fault != auth.WindowMissing {
				t.Errorf("told %v", err)
			}
		})
	}
}
