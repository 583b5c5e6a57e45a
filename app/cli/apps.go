package cli

import (
	"context"
	"encoding/json"
	"errors"
	"maps"

	"github.com/spf13/cobra"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/words"
)

func (c *cli) appsCommand() *cobra.Command {
	var asJSON *bool
	var profile *string
	cmd := c.command("apps [QUERY] [--json] [--profile ACCOUNT]", "apps", cobra.MaximumNArgs(1), func(cmd *cobra.Command, args []string) error {
		svc, err := c.agent(cmd.Context())
		if err != nil {
			return err
		}
		var q local.AppsQuery
		if len(args) > 0 {
			q.Query = args[0]
		}
		if q.Profile, err = c.profile(cmd.Context(), svc, *profile); err != nil {
			return err
		}
		if *asJSON {
			data, err := answerJSON(cmd.Context(), svc, local.AppsPath(q), func() (any, error) { return svc.Apps(cmd.Context(), q) })
			c.raw(data)
			return err
		}
		list, err := svc.Apps(cmd.Context(), q)
		if err != nil {
			return err
		}
		c.listApps(list, q)
		if list.Stale {
			c.say(c.whyStale(cmd.Context(), svc, list.Profile))
		}
		return nil
	})
	asJSON, profile = c.jsonFlag(cmd), c.profileFlag(cmd)
	return cmd
}

func (c *cli) listApps(list local.AppList, q local.AppsQuery) {
	rows := make([][]string, 0, len(list.Apps))
	for _, app := range list.Apps {
		rows = append(rows, []string{plain(app.ID), plain(app.Title.In(c.lang))})
	}
	c.table(rows)
	if len(rows) == 0 {
		c.say(c.t("no_apps", "query", q.Query))
	}
}

// whyStale says why a list of apps may be old.
func (c *cli) whyStale(ctx context.Context, svc local.Service, profile string) string {
	state, err := svc.State(ctx)
	if p := state.Profile(profile); err == nil && p != nil && p.Problem != nil {
		args := auth.Args{}
		maps.Copy(args, p.Problem.Args)
		args["company"] = c.company(p.Enterprise) // in our language, not in the agent's
		m := c.message(p.Problem.Code, args)
		return plain(words.Follow(m.Sentence, m.Hint))
	}
	return c.t("apps_stale")
}

// wire is a service that can give the API's own words, with fields that this build
// does not know.
type wire interface {
	Raw(ctx context.Context, path string) ([]byte, error)
}

var _ wire = (*local.Client)(nil)

// answerJSON returns the API's answer at path as it came. Of a service in this
// process, which has no wire, ask's answer is encoded.
func answerJSON(ctx context.Context, svc local.Service, path string, ask func() (any, error)) ([]byte, error) {
	if agent, ok := svc.(wire); ok {
		return agent.Raw(ctx, path)
	}
	answer, err := ask()
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}

func (c *cli) openCommand() *cobra.Command {
	var printURL bool
	var profile *string
	cmd := c.command("open APP [--print-url] [--profile ACCOUNT]", "open", cobra.ExactArgs(1), func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		svc, err := c.agent(ctx)
		if err != nil {
			return err
		}
		req := local.LaunchRequest{App: args[0], Print: printURL, Lang: c.lang, Env: c.callerEnv()}
		if req.Profile, err = c.profile(ctx, svc, *profile); err != nil {
			return err
		}
		return c.open(ctx, svc, req)
	})
	cmd.Flags().BoolVar(&printURL, "print-url", false, c.t("flag.print_url"))
	profile = c.profileFlag(cmd)
	return cmd
}

// printCommand is the command that prints the address at which an app opens.
func printCommand(req local.LaunchRequest) string {
	command := "lanyard open " + word(req.App) + " --print-url"
	if req.Profile != "" {
		command += " --profile " + req.Profile
	}
	return command
}

// open opens an app, or prints its address. Where a sign-in comes first it shows
// where that is; the agent then opens the app in the same tab.
func (c *cli) open(ctx context.Context, svc local.Service, req local.LaunchRequest) error {
	launched, err := svc.Launch(ctx, req)
	if p := (*local.Problem)(nil); errors.Is(err, auth.BrowserNotOpened) && errors.As(err, &p) {
		elsewhere := *p // no link is in sight here that could be copied
		elsewhere.Args = auth.Args{"command": printCommand(req)}
		return &elsewhere
	}
	if err != nil {
		return err
	}
	if launched.Attempt != "" {
		c.say(c.t("sign_in_first", "app", req.App))
		f := c.following(svc, launched.Attempt)
		f.printURL = req.Print
		state, err := f.run(ctx)
		if err != nil {
			return err
		}
		c.say(c.signedIn(state))
		if p := state.Attempt.Problem; p != nil { // the app did not open
			return f.problem(p)
		}
		return nil
	}
	switch {
	case req.Print:
		c.tell(plain(launched.URL))
	case launched.Via == "native":
		c.say(c.t("opened_native", "app", req.App))
	case launched.Via == "launch-link":
		c.say(c.t("opened", "app", req.App))
	default:
		c.say(c.t("opened_plain", "app", req.App))
	}
	return nil
}
