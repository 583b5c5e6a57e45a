package cli

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lanyard/app/desktop"
	"lanyard/app/local"
	"lanyard/auth"
)

// overtime is how much longer than the agent's own time limit a command waits for it.
const overtime = 5 * time.Second

// loginCommand signs in by a code, an address with a code or an e-mail address; with
// none of them the current account again, or the company that this device was set up
// for, or what a person at a terminal answers.
func (c *cli) loginCommand() *cobra.Command {
	var directory string
	var printURL, device, yes bool
	var timeout time.Duration
	cmd := c.command("login CODE|HOST/CODE|EMAIL [--directory URL] [--print-url] [--device] [--yes] [--timeout 5m]",
		"login", cobra.MaximumNArgs(1), func(cmd *cobra.Command, args []string) error {
			switch {
			case device && printURL:
				return auth.Fail(auth.BadInput, auth.Args{"reason": c.t("not_both", "one", "--device", "other", "--print-url")}, nil)
			case timeout <= 0:
				return auth.Fail(auth.BadInput, auth.Args{"reason": "--timeout"}, nil)
			}
			if directory == "" {
				directory, _ = c.Env("LANYARD_DIRECTORY")
			}
			req := local.SignInRequest{
				Directory: directory, Open: !printURL && !device, Device: device, Yes: yes,
				Timeout: int(math.Ceil(timeout.Seconds())), Lang: c.lang, Env: c.callerEnv(),
			}
			if len(args) > 0 {
				req.Code = args[0]
			}
			return c.login(cmd.Context(), req, timeout)
		})
	flags := cmd.Flags()
	flags.StringVar(&directory, "directory", "", c.t("flag.directory"))
	flags.BoolVar(&printURL, "print-url", false, c.t("flag.print_url"))
	flags.BoolVar(&device, "device", false, c.t("flag.device"))
	flags.BoolVar(&yes, "yes", false, c.t("flag.yes"))
	flags.DurationVar(&timeout, "timeout", 5*time.Minute, c.t("flag.timeout"))
	flags.Lookup("timeout").DefValue = "5m" // as a person writes it
	return cmd
}

func (c *cli) login(ctx context.Context, req local.SignInRequest, timeout time.Duration) error {
	svc, err := c.agent(ctx)
	if err != nil {
		return err
	}
	id, err := svc.SignIn(ctx, req)
	if errors.Is(err, auth.CodeEmpty) && c.IsTerminal() {
		id, err = c.signInAsked(ctx, svc, &req)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout+overtime, auth.SignInTimeout)
	defer cancel()
	f := c.following(svc, id)
	f.device, f.printURL, f.hint = req.Device, !req.Open && !req.Device, c.deviceHint(req)
	state, err := f.run(ctx)
	if err != nil {
		return err
	}
	out := c.tell
	if f.printURL {
		out = c.say // standard output holds the address alone
	}
	out(c.signedIn(state))
	if state.MemoryOnly {
		c.say(c.t("memory_only"))
	}
	return nil
}

// deviceHint is the command that finishes the same sign-in on another device, for somebody
// whose browser is probably not on this computer.
func (c *cli) deviceHint(req local.SignInRequest) string {
	if !desktop.BrowserElsewhere(func(name string) string { value, _ := c.Env(name); return value }) {
		return ""
	}
	words := []string{"lanyard login"}
	if req.Code != "" {
		words = append(words, word(req.Code))
	}
	if typed, _ := c.Env("LANYARD_DIRECTORY"); req.Directory != "" && req.Directory != typed {
		words = append(words, "--directory", word(req.Directory))
	}
	return strings.Join(append(words, "--device"), " ")
}

// signedIn says who has signed in by the attempt that state ended with.
func (c *cli) signedIn(state local.State) string {
	p := state.Profile(state.Attempt.Profile)
	if p == nil {
		return c.t("signed_in")
	}
	return c.t("signed_in", "name", person(p.Identity), "company", c.company(p.Enterprise))
}
