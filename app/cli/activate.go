package cli

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"lanyard/app/local"
	"lanyard/auth"
)

// maxStdin bounds what is read as an authorization code.
const maxStdin = 8 << 10

// activateCommand signs in with the authorization code of an enterprise's own program,
// which writes it to standard input: a command line can be seen by others.
func (c *cli) activateCommand() *cobra.Command {
	var appID string
	cmd := c.command("activate --app-id AK…", "activate", cobra.NoArgs, func(cmd *cobra.Command, _ []string) error {
		return c.activate(cmd.Context(), appID)
	})
	cmd.Flags().StringVar(&appID, "app-id", "", c.t("flag.app_id"))
	if err := cmd.MarkFlagRequired("app-id"); err != nil {
		panic(err) // the flag is two lines above
	}
	return cmd
}

func (c *cli) activate(ctx context.Context, appID string) error {
	data, err := io.ReadAll(io.LimitReader(c.Stdin, maxStdin))
	code := strings.TrimSpace(string(data))
	if err != nil || code == "" {
		return auth.Fail(auth.BadInput, auth.Args{"reason": c.t("no_stdin")}, err)
	}
	svc, err := c.agent(ctx)
	if err != nil {
		return err
	}
	id, err := svc.Activate(ctx, local.ActivateRequest{AppID: appID, Code: code, Env: c.callerEnv()})
	if err != nil {
		return err
	}
	f := c.following(svc, id)
	// Standard input is used up, so that the question has to be asked in the window.
	f.elsewhere = func(ctx context.Context) error { return svc.Window(ctx, "sign-in", c.callerEnv()) }
	state, err := f.run(ctx)
	if err != nil {
		return err
	}
	c.tell(c.signedIn(state))
	return nil
}
