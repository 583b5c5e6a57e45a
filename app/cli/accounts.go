package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/words"
)

func (c *cli) statusCommand() *cobra.Command {
	var asJSON *bool
	cmd := c.command("status [--json]", "status", cobra.NoArgs, func(cmd *cobra.Command, _ []string) error {
		svc, err := c.agent(cmd.Context())
		if err != nil {
			return err
		}
		if *asJSON {
			data, err := answerJSON(cmd.Context(), svc, "/v1/state", func() (any, error) { return svc.State(cmd.Context()) })
			c.raw(data)
			return err
		}
		state, err := svc.State(cmd.Context())
		if err == nil {
			c.showState(state)
		}
		return err
	})
	asJSON = c.jsonFlag(cmd)
	return cmd
}

// showState writes what a person asks first: who am I here, and does it work.
func (c *cli) showState(s local.State) {
	if s.ManagedBy != "" {
		c.tell(c.t("managed_by", "company", s.ManagedBy))
	}
	if len(s.Profiles) == 0 {
		c.tell(c.t("nobody"))
	} else {
		c.listAccounts(s)
	}
	if a := s.Attempt; a != nil && !a.Over() {
		c.tell(c.t("signing_in", "reference", a.Reference))
	}
	p := s.Profile("")
	switch {
	case p != nil && p.Ended():
		c.tell(words.T(c.lang, "tray.ended", "company", p.Enterprise.Name.In(c.lang)))
	case p != nil && p.ServerDown:
		c.tell(c.t("server_down"))
	case s.Offline:
		c.tell(c.t("offline"))
	}
	if p != nil && p.NewDevice != nil {
		c.tell(c.t("new_device", "device", p.NewDevice.Name))
	}
	switch {
	case p != nil && p.Shared:
		c.tell(c.t("shared"))
	case s.MemoryOnly && slices.ContainsFunc(s.Profiles, func(p local.Profile) bool { return p.Phase == local.SignedIn }):
		c.tell(c.t("memory_only"))
	}
}

func (c *cli) accounts(cmd *cobra.Command, _ []string) error {
	svc, err := c.agent(cmd.Context())
	if err != nil {
		return err
	}
	state, err := svc.State(cmd.Context())
	if err != nil {
		return err
	}
	if len(state.Profiles) == 0 {
		c.say(c.t("nobody"))
		return nil
	}
	c.listAccounts(state)
	return nil
}

// listAccounts writes one line a profile, a star before the current one.
func (c *cli) listAccounts(s local.State) {
	rows := make([][]string, 0, len(s.Profiles))
	for i := range s.Profiles {
		p := &s.Profiles[i]
		mark := " "
		if p.ID == s.Current {
			mark = "*"
		}
		rows = append(rows, []string{mark + " " + plain(p.ID), c.t("phase." + string(p.Phase)), c.account(p)})
	}
	c.table(rows)
}

func (c *cli) use(cmd *cobra.Command, args []string) error {
	svc, err := c.agent(cmd.Context())
	if err != nil {
		return err
	}
	state, err := svc.State(cmd.Context())
	if err != nil {
		return err
	}
	p, err := c.find(state, args[0])
	if err != nil {
		return err
	}
	if err := svc.Select(cmd.Context(), p.ID); err != nil {
		return err
	}
	c.tell(c.t("using", "account", c.account(p)))
	return nil
}

func (c *cli) logoutCommand() *cobra.Command {
	var req local.SignOutRequest
	var profile *string
	cmd := c.command("logout [--everywhere] [--profile ACCOUNT]", "logout", cobra.NoArgs, func(cmd *cobra.Command, _ []string) error {
		svc, err := c.agent(cmd.Context())
		if err != nil {
			return err
		}
		if req.Profile, err = c.profile(cmd.Context(), svc, *profile); err != nil {
			return err
		}
		if err := svc.SignOut(cmd.Context(), req); err != nil {
			return err
		}
		c.tell(c.t("signed_out"))
		return nil
	})
	cmd.Flags().BoolVar(&req.Everywhere, "everywhere", false, c.t("flag.everywhere"))
	profile = c.profileFlag(cmd)
	return cmd
}

// profile returns the id of the profile that a flag names; "" stays the current one.
func (c *cli) profile(ctx context.Context, svc local.Service, named string) (string, error) {
	if named == "" {
		return "", nil
	}
	state, err := svc.State(ctx)
	if err != nil {
		return "", err
	}
	p, err := c.find(state, named)
	if err != nil {
		return "", err
	}
	c.other = p.ID != state.Current
	return p.ID, nil
}

// find returns the profile that is meant: by its id, else by the company's code or
// name or the person's name or address, if only one has it.
func (c *cli) find(s local.State, named string) (*local.Profile, error) {
	var found []*local.Profile
	for i := range s.Profiles {
		p := &s.Profiles[i]
		if p.ID == named {
			return p, nil
		}
		names := []string{p.Enterprise.Code, p.Identity.Name, p.Identity.Email}
		for _, name := range p.Enterprise.Name {
			names = append(names, name)
		}
		if slices.ContainsFunc(names, func(name string) bool { return name != "" && strings.EqualFold(name, named) }) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return nil, auth.Fail(auth.ProfileUnknown, auth.Args{"profile": named}, nil)
	case 1:
		return found[0], nil
	}
	var candidates []string
	for _, p := range found {
		candidates = append(candidates, p.ID+" ("+c.account(p)+")")
	}
	return nil, auth.Fail(auth.ProfileAmbiguous, auth.Args{
		"profile": named, "candidates": strings.Join(candidates, ", "), "example": found[0].ID,
	}, nil)
}
