package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"lanyard/auth/connector/schema"
	"lanyard/auth/server/setup"
)

// runApply is "lanyard-server apply -f enterprise.yaml".
func runApply(ctx context.Context, args []string, out, errOut io.Writer) error {
	var name, file *string
	_, err := parse("apply", args, errOut, 0, func(fs *flag.FlagSet) {
		name = configFlag(fs)
		file = fs.String("f", "", "the enterprise's file")
	})
	if err != nil {
		return err
	}
	data, err := enterpriseFile(*file)
	if err != nil {
		return err
	}
	return withService(ctx, *name, errOut, func(s *service) error {
		f, err := setup.Parse(*file, data, func(f *setup.File) error { return s.setup.Check(ctx, f) })
		if err != nil {
			return err
		}
		report, err := s.setup.Apply(ctx, f)
		if err != nil {
			return schema.At(*file, data, "", err)
		}
		for _, change := range report.Changes {
			fmt.Fprintln(out, change)
		}
		if len(report.Changes) == 0 {
			fmt.Fprintln(out, "Nothing to change.")
		}
		fmt.Fprintf(out, "\nEnterprise code   %s/%s\nPage to hand out  %s/join/%s\nLanyard APPID     %s\n",
			s.base.PublicURL, report.Code, s.base.PublicURL, report.Code, report.AppID)
		if report.Callback != "" {
			fmt.Fprintf(out, "Register at your sign-in this address to come back to:\n  %s\n", report.Callback)
		}
		if report.Logout != "" {
			fmt.Fprintf(out, "And this one, if it can tell of sign-outs (back-channel logout):\n  %s\n", report.Logout)
		}
		return nil
	})
}

// runExport is "lanyard-server export CODE".
func runExport(ctx context.Context, args []string, out, errOut io.Writer) error {
	var name *string
	words, err := parse("export", args, errOut, 1, func(fs *flag.FlagSet) { name = configFlag(fs) })
	if err != nil {
		return err
	}
	if len(words) == 0 {
		return fmt.Errorf("%w: name the enterprise code", errUsage)
	}
	return withService(ctx, *name, errOut, func(s *service) error {
		f, err := s.setup.Export(ctx, words[0])
		if err != nil {
			return err
		}
		yaml, err := schema.Encode(f)
		if err != nil {
			return err
		}
		_, err = out.Write(yaml)
		return err
	})
}
