package cli_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lanyard/app/cli"
	"lanyard/app/local"
	"lanyard/auth"
)

// codeless is an agent that nobody has told a company, and that finds a code only where
// there is an "acme".
type codeless struct{ *agent }

func (a codeless) SignIn(_ context.Context, r local.SignInRequest) (string, error) {
	_ = a.note("sign-in %q", r.Code)
	switch {
	case strings.TrimSpace(r.Code) == "":
		return "", fault(auth.CodeEmpty)
	case !strings.Contains(r.Code, "acme"):
		return "", fault(auth.CodeInvalid)
	}
	return "attempt-1", nil
}

// TestLoginAsks asks for the code that is missing, at a terminal, and takes what the
// argument takes.
func TestLoginAsks(t *testing.T) {
	const message = "Acme now uses Lanyard.\n2. Enter this company code: login.acme.com/acme\nHow to: https://login.acme.com/join/acme"
	const asked = "Enter the company code from your IT message. You can paste the whole message.\nCompany code: "
	for _, test := range []struct {
		name  string
		typed []string // a second apart; "" ends the input
		code  int
		calls string
		wrote string
	}{
		{"a code", []string{"acme\n", "y\n"}, 0, `"acme"; confirm attempt-1 sso.acme.com`, asked},
		{"a message", []string{message, "\n", "y\n"}, 0, `"` + strings.ReplaceAll(message, "\n", `\n`) + `"; confirm attempt-1 sso.acme.com`, asked},
		{"a message whose last line ends", []string{message + "\n", "\n", "y\n"}, 0, `"` + strings.ReplaceAll(message, "\n", `\n`) + `\n"; confirm attempt-1 sso.acme.com`, asked},
		{
			"a code at the second try",
			[]string{"what code?\n", "acme\n", "n\n"},
			7, `"what code?"; sign-in "acme"; cancel attempt-1`,
			asked + "There is no company code or work e-mail in it. A code looks like login.acme.com/acme.\nCompany code: ",
		},
		{"no answer", []string{"\n"}, 2, `""`, asked + "Enter your company code\nThere is no company code yet.\nStart with"},
		{"the end", []string{""}, 2, `""`, asked + "\nEnter your company code\n"},
		{"the end of the second question", []string{"acme\n", ""}, 7, `"acme"; cancel attempt-1`, asked},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &agent{state: nobody, script: []local.Attempt{confirming, done}}
				deps, out := bubble(a)
				stdin, typing := io.Pipe()
				defer typing.Close()
				deps.Stdin, deps.IsTerminal = stdin, func() bool { return true }
				deps.Connect = func(context.Context) (local.Service, error) { return codeless{a}, nil }
				go func() {
					for _, typed := range test.typed {
						time.Sleep(time.Second)
						for line := range strings.Lines(typed) {
							_, _ = io.WriteString(typing, line)
						}
						if typed == "" {
							_ = typing.Close()
						}
					}
				}()
				if code := cli.Run(t.Context(), []string{"login"}, deps); code != test.code {
					t.Errorf("exit code %d, want %d", code, test.code)
				}
				if want := `sign-in ""; sign-in ` + test.calls; a.seen() != want {
					t.Errorf("the agent saw %s\nwant %s", a.seen(), want)
				}
				if !strings.HasPrefix(out.String(), test.wrote) {
					t.Errorf("wrote %s", out)
				}
			})
		})
	}
}

// TestInterruptedQuestion ends while nobody answers.
func TestInterruptedQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &agent{state: nobody}
		deps, out := bubble(a)
		stdin, typing := io.Pipe()
		defer typing.Close()
		deps.Stdin, deps.IsTerminal = stdin, func() bool { return true }
		deps.Connect = func(context.Context) (local.Service, error) { return codeless{a}, nil }
		ctx, interrupt := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, interrupt)
		if code := cli.Run(ctx, []string{"login"}, deps); code != 7 || !strings.HasSuffix(out.String(), "code: \nCanceled\n") {
			t.Errorf("exit code %d, wrote %q", code, out)
		}
	})
}
