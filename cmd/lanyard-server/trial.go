package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/connector/schema"
	"lanyard/auth/server/setup"
	"lanyard/auth/words"
)

// runConnector is "lanyard-server connector test": the console's test sign-in for who keeps
// the set-up in a file. The browser need not be on this machine, and the server need not
// run: where the browser ends is told by hand.
func runConnector(ctx context.Context, args []string, out, errOut io.Writer) error {
	var name, file *string
	word, err := parse("connector", args, errOut, 1, func(fs *flag.FlagSet) {
		name = configFlag(fs)
		file = fs.String("f", "", "the enterprise's file")
	})
	if err != nil {
		return err
	}
	if len(word) == 0 || word[0] != "test" {
		return fmt.Errorf("%w: the one thing it does is connector test", errUsage)
	}
	data, err := enterpriseFile(*file)
	if err != nil {
		return err
	}
	return withService(ctx, *name, errOut, func(s *service) error {
		f, err := setup.ParseForTest(*file, data, func(f *setup.File) error { return s.setup.CheckForTest(ctx, f) })
		if err != nil {
			return err
		}
		trial, callback, err := s.setup.TestFile(ctx, f)
		switch {
		case errors.Is(err, auth.ErrNotFound):
			return fmt.Errorf("the address that your sign-in comes back to is made when the file is applied. Run lanyard-server apply -f %s, "+
				"register the address that it prints, then run this again; nobody can sign in there before you hand out the code", *file)
		case err != nil:
			return explained(schema.At(*file, data, "", err))
		}
		fmt.Fprintf(out, "1. Sign-in page. Open this in a browser and sign in with a test account:\n  %s\n\n"+
			"It comes back to %s, where a page says that this sign-in has ended, or nothing is there.\n"+
			"Either is right: nobody is signed in. Paste the address that the browser shows then:\n", trial.URL, callback)
		line, err := readLine(ctx, os.Stdin)
		if err != nil {
			return fmt.Errorf("read address: %w", err)
		}
		back, err := url.Parse(strings.TrimSpace(line))
		if err != nil || back.RawQuery == "" {
			return errors.New("read address: that is none with an answer in it (…?code=…)")
		}
		result, err := trial.Finish(ctx, back.Query())
		tellTrial(out, result, err)
		return explained(err)
	})
}

// tellTrial prints the stages after the sign-in page, in which secrets are masked, and
// who it was.
func tellTrial(out io.Writer, result *connector.Result, err error) {
	if len(result.Stages) > 0 || err == nil {
		fmt.Fprint(out, "\nIt came back with a code.\n")
	}
	for i, stage := range result.Stages {
		fmt.Fprintf(out, "\n%d. %s (%d ms)\n%s\n%s\n", i+2, stage.ID, stage.Duration.Milliseconds(), indent(stage.Request), indent(stage.Answer))
	}
	if err != nil {
		return
	}
	fmt.Fprintf(out, "\nIt works. It was:\n  id      %s\n  name    %s\n", result.Subject, result.Name)
	if result.Email != "" {
		fmt.Fprintf(out, "  e-mail  %s\n", result.Email)
	}
	if len(result.Groups) > 0 {
		fmt.Fprintf(out, "  groups  %s\n", strings.Join(result.Groups, ", "))
	}
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")
}

// explained says in words what a fault means; other errors stay as they are.
func explained(err error) error {
	var fault *auth.Error
	if !errors.As(err, &fault) {
		return err
	}
	m := words.ExplainFault(fault.Fault, fault.Args, "en")
	return fmt.Errorf("%s. %s", strings.TrimSuffix(m.Title, "."), m.Sentence)
}

// readLine reads one line, as long as ctx lives.
func readLine(ctx context.Context, in io.Reader) (string, error) {
	type read struct {
		line string
		err  error
	}
	got := make(chan read, 1)
	go func() {
		line, err := bufio.NewReader(in).ReadString('\n')
		got <- read{line, err}
	}()
	select {
	case r := <-got:
		if r.err != nil && r.line == "" {
			return "", r.err
		}
		return r.line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// enterpriseFile reads the file that -f names.
func enterpriseFile(name string) ([]byte, error) {
	if name == "" {
		return nil, fmt.Errorf("%w: name the file with -f", errUsage)
	}
	data, err := os.ReadFile(name) // #nosec G304 -- the operator names their own file
	if err != nil {
		return nil, fmt.Errorf("read enterprise: %w", err)
	}
	return data, nil
}
