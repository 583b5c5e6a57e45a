package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"lanyard/auth/words"
)

// root makes the whole tree of commands.
func (c *cli) root() *cobra.Command {
	var version bool
	root := c.command("lanyard [COMMAND]", "", cobra.ArbitraryArgs, func(cmd *cobra.Command, args []string) error {
		if version {
			return c.version(cmd, args)
		}
		return c.wake(cmd, args)
	})
	root.Flags().BoolVar(&version, "version", false, c.t("cmd.version"))
	root.Args = nil // cobra then suggests a command for one that it does not know
	root.Short = words.T(c.lang, "common.tagline")
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetIn(c.Stdin)
	root.SetOut(c.Stdout)
	root.SetErr(c.Stderr)
	root.SetUsageFunc(func(cmd *cobra.Command) error { c.usage(cmd.OutOrStderr(), cmd); return nil })
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		fmt.Fprintf(c.Stdout, "%s\n\n", cmd.Short)
		c.usage(c.Stdout, cmd)
	})
	root.AddCommand(
		c.agentCommand(), c.loginCommand(), c.statusCommand(), c.appsCommand(), c.openCommand(),
		c.command("accounts", "accounts", cobra.NoArgs, c.accounts),
		c.command("use ACCOUNT", "use", cobra.ExactArgs(1), c.use),
		c.logoutCommand(), c.activateCommand(), c.doctorCommand(),
		c.command("diagnostics FILE.zip", "diagnostics", cobra.ExactArgs(1), c.diagnostics),
		c.command("settings", "settings", cobra.NoArgs, c.settings),
		c.command("quit", "quit", cobra.NoArgs, c.quit),
		c.command("version", "version", cobra.NoArgs, c.version),
	)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range append(root.Commands(), root) {
		switch cmd.Name() {
		case "help": // cobra's texts are English alone
			cmd.Short, cmd.DisableFlagsInUseLine = c.t("cmd.help"), true
			cmd.Args = func(_ *cobra.Command, args []string) error {
				_, _, err := root.Find(args)
				return err
			}
		case "completion":
			cmd.Use, cmd.Short, cmd.DisableFlagsInUseLine = "completion SHELL", c.t("cmd.completion"), true
			cmd.RunE = func(*cobra.Command, []string) error { return errArguments }
			for _, shell := range cmd.Commands() {
				shell.Short = cmd.Short
			}
		}
		cmd.Flags().BoolP("help", "h", false, c.t("flag.help"))
	}
	return root
}

func (c *cli) version(*cobra.Command, []string) error {
	line := words.Product + " " + c.Version
	if c.Commit != "" {
		line += " (" + c.Commit + ")"
	}
	c.tell(line)
	return nil
}

// command makes one command; key names its one-line description.
func (c *cli) command(use, key string, args cobra.PositionalArgs, run func(*cobra.Command, []string) error) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: c.t("cmd." + key),
		Args: func(cmd *cobra.Command, given []string) error {
			if args(cmd, given) != nil {
				return errArguments
			}
			return nil
		},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.running = true
			return run(cmd, args)
		},
	}
}

// profileFlag and jsonFlag are the same wherever they are.
func (c *cli) profileFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("profile", "", c.t("flag.profile"))
}

func (c *cli) jsonFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("json", false, c.t("flag.json"))
}

// usage writes how a command is called. It is written by hand because cobra's own
// links text/template and speaks English alone.
func (c *cli) usage(w io.Writer, cmd *cobra.Command) {
	fmt.Fprintf(w, "%s\n  %s\n", c.t("usage"), cmd.UseLine())
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n%s\n", c.t("commands"))
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(w, "  %-12s  %s\n", sub.Name(), sub.Short)
			}
		}
	}
	flags := strings.ReplaceAll(cmd.LocalFlags().FlagUsages(), "(default ", "("+c.t("default")+" ")
	fmt.Fprintf(w, "\n%s\n%s", c.t("flags"), flags)
}
