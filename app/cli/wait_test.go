package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lanyard/app/cli"
	"lanyard/app/local"
	"lanyard/auth"
)

// bubble are Deps without sockets, for tests in which time is made.
func bubble(a *agent) (cli.Deps, *bytes.Buffer) {
	a.start()
	var out bytes.Buffer
	return cli.Deps{
		Connect: func(context.Context) (local.Service, error) { return a, nil },
		Stdin:   strings.NewReader(""), Stdout: io.Discard, Stderr: &out,
		Env:     func(string) (string, bool) { return "", false },
		Version: "0.2.0",
	}, &out
}

func (a *agent) seen() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.calls, "; ")
}

func TestInterruptCancelsTheAttempt(t *testing.T) {
	for name, terminal := range map[string]bool{"while waiting": false, "while asking": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &agent{state: signedIn, script: []local.Attempt{opened}}
				never, typing := io.Pipe()
				defer typing.Close()
				deps, out := bubble(a)
				if terminal {
					a.script = []local.Attempt{confirming}
					deps.Stdin, deps.IsTerminal = never, func() bool { return true }
				}
				ctx, interrupt := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, interrupt)
				if code := cli.Run(ctx, []string{"login", "acme"}, deps); code != 7 {
					t.Errorf("exit code %d", code)
				}
				if !strings.HasSuffix(a.seen(), "; cancel attempt-1") {
					t.Errorf("the agent saw %s", a.seen())
				}
				if !strings.Contains(out.String(), "\nSign-in canceled\n") || !strings.Contains(out.String(), reference) {
					t.Errorf("wrote %s", out)
				}
			})
		})
	}
}

func TestTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// An agent that has hung: it knows the limit, and does not keep it.
		a := &agent{state: signedIn, script: []local.Attempt{opened}}
		deps, out := bubble(a)
		start := time.Now()
		if code := cli.Run(t.Context(), []string{"login", "acme", "--timeout", "2m"}, deps); code != 7 {
			t.Errorf("exit code %d", code)
		}
		if d := time.Since(start); d < 2*time.Minute || d > 3*time.Minute {
			t.Errorf("took %v", d)
		}
		if !strings.Contains(out.String(), "Stuck? Ask IT: Helpdesk · 8000 · Reference 4829-1375") {
			t.Errorf("nobody said whom to ask: %s", out)
		}
		if !strings.Contains(out.String(), "That took too long") || !strings.HasSuffix(a.seen(), "; cancel attempt-1") {
			t.Errorf("wrote %s, the agent saw %s", out, a.seen())
		}
	})
}

func TestQuestionEndsWithTheAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &agent{state: signedIn, script: []local.Attempt{confirming, failedBy(auth.SignInTimeout, nil)}}
		never, typing := io.Pipe()
		defer typing.Close()
		deps, out := bubble(a)
		deps.Stdin, deps.IsTerminal = never, func() bool { return true }
		time.AfterFunc(time.Minute/2, func() { a.answered <- "nobody" })
		if code := cli.Run(t.Context(), []string{"login", "acme"}, deps); code != 7 {
			t.Errorf("exit code %d", code)
		}
		if !strings.Contains(out.String(), "[y/N] \nThat took too long\n") {
			t.Errorf("wrote %s", out)
		}
	})
}

func TestAgentEndsMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &agent{state: signedIn, script: []local.Attempt{opened}}
		deps, _ := bubble(a)
		time.AfterFunc(time.Second, func() { close(a.quit) })
		if code := cli.Run(t.Context(), []string{"login", "acme"}, deps); code != 6 {
			t.Errorf("exit code %d", code)
		}
	})
}

func TestStartsAnAgent(t *testing.T) {
	tests := []struct {
		name  string
		after time.Duration // until it listens
		code  int
		took  time.Duration // at most
	}{
		{"at once", 0, 0, 0},
		{"after a while", 300 * time.Millisecond, 0, 350 * time.Millisecond},
		{"after the one before has ended", 11 * time.Second, 0, 11050 * time.Millisecond},
		{"never", time.Hour, 6, 15 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &agent{state: signedIn}
				deps, out := bubble(a)
				var listensAt time.Time
				starts := 0
				deps.StartAgent = func(context.Context) error {
					starts++
					listensAt = time.Now().Add(test.after)
					return nil
				}
				deps.Connect = func(context.Context) (local.Service, error) {
					if listensAt.IsZero() || time.Now().Before(listensAt) {
						return nil, auth.Fail(auth.AgentMissing, nil, nil)
					}
					return a, nil
				}
				start := time.Now()
				if code := cli.Run(t.Context(), []string{"status"}, deps); code != test.code {
					t.Errorf("exit code %d, want %d: %s", code, test.code, out)
				}
				if d := time.Since(start); d > test.took {
					t.Errorf("took %v", d)
				}
				if starts != 1 {
					t.Errorf("started %d times", starts)
				}
			})
		})
	}
}

func TestAnotherUsersAgentIsNotReplaced(t *testing.T) {
	deps, _ := bubble(&agent{})
	deps.Connect = func(context.Context) (local.Service, error) { return nil, auth.Fail(auth.NotPermitted, nil, nil) }
	deps.StartAgent = func(context.Context) error { t.Error("started one"); return nil }
	if code := cli.Run(t.Context(), []string{"status"}, deps); code != 4 {
		t.Errorf("exit code %d", code)
	}
}

// TestSilentAgent says which process does not answer, and starts no second one.
func TestSilentAgent(t *testing.T) {
	deps, out := bubble(&agent{})
	deps.Connect = func(context.Context) (local.Service, error) {
		return nil, auth.Fail(auth.AgentSilent, auth.Args{"pid": "4711"}, nil)
	}
	deps.StartAgent = func(context.Context) error { t.Error("started one"); return nil }
	for _, args := range [][]string{{"status"}, {"quit"}, {}} {
		out.Reset()
		if code := cli.Run(t.Context(), args, deps); code != 6 || !strings.Contains(out.String(), "end process 4711 and start it again") {
			t.Errorf("%v: exit code %d, wrote %s", args, code, out)
		}
	}
}

// TestNoRoomForAnAgent says why none runs, with the code of that.
func TestNoRoomForAnAgent(t *testing.T) {
	deps, out := bubble(&agent{})
	deps.Connect = func(context.Context) (local.Service, error) { return nil, auth.Fail(auth.AgentMissing, nil, nil) }
	deps.StartAgent = func(context.Context) error { return auth.Fail(auth.DiskFull, nil, nil) }
	if code := cli.Run(t.Context(), []string{"status"}, deps); code != 6 || !strings.Contains(out.String(), "The disk is full") {
		t.Errorf("exit code %d, wrote %s", code, out)
	}
}

func TestLanyardTwiceAtOnce(t *testing.T) {
	a := &agent{state: signedIn}
	deps, _ := bubble(a)
	connects := 0
	deps.Connect = func(context.Context) (local.Service, error) {
		if connects++; connects == 1 {
			return nil, auth.Fail(auth.AgentMissing, nil, nil)
		}
		return a, nil
	}
	deps.RunAgent = func(context.Context, cli.AgentOptions) error { return auth.Fail(auth.AlreadyRuns, nil, nil) }
	if code := cli.Run(t.Context(), nil, deps); code != 0 || a.seen() != "window apps" {
		t.Errorf("exit code %d, the agent saw %s", code, a.seen())
	}
}

// versioned is an agent that says its version, as a Client does.
type versioned struct {
	*agent
	version string
}

func (v versioned) AgentVersion() string { return v.version }

func TestOlderAgentIsAskedToRestart(t *testing.T) {
	tests := []struct {
		version string
		refuses error
		want    string // seen by the old one
		answers string // which one
	}{
		{"0.1.0", nil, "quit restart=true", "new"},
		{"0.1.0", fault(auth.SignInBusy), "quit restart=true", "old"},
		{"0.2.0", nil, "", "old"},
		{"0.10.0", nil, "", "old"},
		{"devel", nil, "", "old"},
	}
	for _, test := range tests {
		t.Run(test.version, func(t *testing.T) {
			older := &agent{state: local.State{ManagedBy: "old"}, err: test.refuses}
			newer := &agent{state: local.State{ManagedBy: "new"}}
			newer.start()
			deps, _ := bubble(older)
			var out bytes.Buffer
			deps.Stdout = &out
			var once sync.Once
			var svc local.Service = versioned{older, test.version}
			deps.Connect = func(context.Context) (local.Service, error) { return svc, nil }
			deps.StartAgent = func(context.Context) error {
				once.Do(func() { svc = versioned{newer, "0.2.0"} })
				return nil
			}
			if code := cli.Run(t.Context(), []string{"status"}, deps); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if older.seen() != test.want || !strings.Contains(out.String(), "Set up by "+test.answers) {
				t.Errorf("the old one saw %q; %s", older.seen(), out.String())
			}
		})
	}
	t.Run("before its window", func(t *testing.T) {
		older, newer := &agent{}, &agent{}
		newer.start()
		deps, _ := bubble(older)
		var svc local.Service = versioned{older, "0.1.0"}
		deps.Connect = func(context.Context) (local.Service, error) { return svc, nil }
		deps.StartAgent = func(context.Context) error {
			svc = versioned{newer, "0.2.0"}
			return nil
		}
		if code := cli.Run(t.Context(), []string{}, deps); code != 0 || older.seen() != "quit restart=true" || newer.seen() != "window sign-in" {
			t.Errorf("exit code %d; the old one saw %q, the new one %q", code, older.seen(), newer.seen())
		}
	})
}

func TestExitCodeOfAnInterruptedCall(t *testing.T) {
	deps, out := bubble(&agent{err: context.Canceled})
	if code := cli.Run(t.Context(), []string{"apps"}, deps); code != 7 || out.String() != "Canceled\n" {
		t.Errorf("exit code %d, wrote %q", code, out)
	}
	deps, _ = bubble(&agent{err: errors.New("anything")})
	if code := cli.Run(t.Context(), []string{"apps"}, deps); code != 1 {
		t.Errorf("exit code %d", code)
	}
}

func TestConfirmsTheHostThatWasShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := confirming
		other.Host = "evil.example"
		a := &agent{state: signedIn, script: []local.Attempt{confirming, other, done}}
		typed, typing := io.Pipe()
		defer typing.Close()
		deps, out := bubble(a)
		deps.Stdin, deps.IsTerminal = typed, func() bool { return true }
		time.AfterFunc(time.Second, func() { a.answered <- "the agent goes on by itself" })
		time.AfterFunc(2*time.Second, func() { _, _ = io.WriteString(typing, "y\n") })
		if code := cli.Run(t.Context(), []string{"login", "acme"}, deps); code != 0 {
			t.Errorf("exit code %d: %s", code, out)
		}
		if !strings.HasSuffix(a.seen(), "; confirm attempt-1 sso.acme.com") {
			t.Errorf("the agent saw %s", a.seen())
		}
	})
}
