package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"lanyard/assets"
	"lanyard/auth/server"
	"lanyard/auth/server/console"
	"lanyard/auth/server/saml"
)

// linkFile is where the first console link lies when nobody sits at a terminal.
const linkFile = "console-link"

// console wires the admin's pages.
func (s *service) console(gate server.Gate, certificates server.Certificates) (*console.Console, error) {
	st := s.store
	return console.New(console.Config{
		Base: s.base, Enterprises: st, Codes: st, People: st, PeopleList: st, Sessions: st, SignIns: st, Catalogue: st,
		Clients: st, Admins: st, Audits: st, Workshop: s.setup, Gate: gate, Pages: assets.ConsolePages, Logger: s.log,
		Audiences: st, Openings: st, Removal: st, Certificates: certificates, ReadMetadata: saml.ReadMetadata, Reaches: s.reaches,
	})
}

// firstLink makes a link into the console where nobody can open it yet: printed to a
// terminal, else written to a file of the data folder that only its owner can read.
func (s *service) firstLink(ctx context.Context, out io.Writer) error {
	operators, err := s.store.ListAdmins(ctx, "")
	if err != nil {
		return err
	}
	for _, a := range operators {
		if a.PasswordHash != "" {
			return nil
		}
	}
	link, err := console.NewLink(ctx, s.base, s.store)
	if err != nil {
		return fmt.Errorf("make console link: %w", err)
	}
	if terminal(out) {
		fmt.Fprintf(out, "\nSet up your company in the console. This link works once, within %.0f minutes:\n  %s\n\n", s.base.Lifetimes.AdminLink.Minutes(), link.Reveal())
		return nil
	}
	name := filepath.Join(s.conf.Data, linkFile)
	if err := os.MkdirAll(s.conf.Data, 0o700); err != nil {
		return fmt.Errorf("write console link: %w", err)
	}
	if err := os.Remove(name); err != nil && !os.IsNotExist(err) { // its permissions too
		return fmt.Errorf("write console link: %w", err)
	}
	if err := os.WriteFile(name, []byte(link.Reveal()+"\n"), 0o600); err != nil {
		return fmt.Errorf("write console link: %w", err)
	}
	s.log.InfoContext(ctx, "console link written: it opens the admin console once", "file", name)
	return nil
}

// terminal reports whether somebody reads what is written to out.
func terminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// runAdmin is "lanyard-server admin link".
func runAdmin(ctx context.Context, args []string, out, errOut io.Writer) error {
	var name *string
	words, err := parse("admin", args, errOut, 1, func(fs *flag.FlagSet) { name = configFlag(fs) })
	if err != nil {
		return err
	}
	if len(words) == 0 || words[0] != "link" {
		return fmt.Errorf("%w: the one thing it does is admin link", errUsage)
	}
	return withService(ctx, *name, errOut, func(s *service) error {
		link, err := console.NewLink(ctx, s.base, s.store)
		if err != nil {
			return fmt.Errorf("make console link: %w", err)
		}
		fmt.Fprintln(out, link.Reveal())
		return nil
	})
}
