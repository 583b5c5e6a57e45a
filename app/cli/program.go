package cli

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"lanyard/app/local"
	"lanyard/auth"
)

// wake is `lanyard` alone: the agent with its tray, or the window of the one that
// runs.
func (c *cli) wake(cmd *cobra.Command, _ []string) error {
	ctx := cmd.Context()
	svc, err := c.runningAgent(ctx)
	if errors.Is(err, auth.AgentMissing) {
		if err = c.RunAgent(ctx, AgentOptions{Tray: true, Welcome: true}); !errors.Is(err, auth.AlreadyRuns) {
			return err
		}
		svc, err = c.agent(ctx) // another one was quicker
	} else if err == nil && c.newerThan(svc) {
		svc, err = c.agent(ctx) // whose window would be this program's, and not its own
	}
	if err != nil {
		return err
	}
	state, err := svc.State(ctx)
	if err != nil {
		return err
	}
	window := "apps"
	if p := state.Profile(""); p == nil || p.Phase == local.SignedOut {
		window = "sign-in"
	}
	return svc.Window(ctx, window, c.callerEnv())
}

func (c *cli) agentCommand() *cobra.Command {
	var noTray bool
	cmd := c.command("agent [--no-tray]", "agent", cobra.NoArgs, func(cmd *cobra.Command, _ []string) error {
		return c.RunAgent(cmd.Context(), AgentOptions{Tray: !noTray})
	})
	cmd.Flags().BoolVar(&noTray, "no-tray", false, c.t("flag.no_tray"))
	return cmd
}

func (c *cli) settings(cmd *cobra.Command, _ []string) error {
	svc, err := c.agent(cmd.Context())
	if err != nil {
		return err
	}
	return svc.Window(cmd.Context(), "settings", c.callerEnv())
}

func (c *cli) doctorCommand() *cobra.Command {
	var asJSON *bool
	cmd := c.command("doctor [--json]", "doctor", cobra.NoArgs, func(cmd *cobra.Command, _ []string) error {
		return c.doctor(cmd.Context(), *asJSON)
	})
	asJSON = c.jsonFlag(cmd)
	return cmd
}

// quit ends the agent and returns when it has gone. It starts none only to end it.
func (c *cli) quit(cmd *cobra.Command, _ []string) error {
	ctx := cmd.Context()
	svc, err := c.runningAgent(ctx)
	if err != nil {
		return err
	}
	if err := svc.Quit(ctx, false); err != nil {
		return err
	}
	awaitEnd(ctx, svc)
	c.say(c.t("closed"))
	return ctx.Err()
}

// diagnostics writes the zip beside its place first, so that a broken one never has
// the name that was asked for.
func (c *cli) diagnostics(cmd *cobra.Command, args []string) (err error) {
	svc, err := c.agent(cmd.Context())
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(args[0]), filepath.Base(args[0])+".*")
	if err != nil {
		return c.notWritten(args[0], err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	if err = svc.Diagnostics(cmd.Context(), tmp); err != nil {
		_ = tmp.Close()
		return err
	}
	if err = tmp.Close(); err != nil {
		return c.notWritten(args[0], err)
	}
	if err = os.Rename(tmp.Name(), args[0]); err != nil {
		return c.notWritten(args[0], err)
	}
	c.tell(args[0])
	return nil
}

// notWritten says that a file of the person's could not be written. The error names the
// file beside it; the person knows the one that they asked for.
func (c *cli) notWritten(file string, err error) error {
	reason := err.Error()
	if number := syscall.Errno(0); errors.As(err, &number) {
		reason = number.Error()
	}
	return &local.Problem{
		Code: "not_written", Title: c.t("not_written.title"),
		Sentence: c.t("not_written.sentence", "file", file, "reason", reason), Hint: c.t("not_written.hint"),
	}
}
