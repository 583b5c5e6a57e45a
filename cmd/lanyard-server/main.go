// Command lanyard-server is the company's side of Lanyard: the directory of enterprise
// codes, the OpenID provider, the catalogue of apps; and, as "lanyard-server demo", a
// whole pretend company to try it with.
//
// This package reads flags and the configuration and wires the parts by hand; it knows
// no protocol and no page. What it prints on standard output is for people or scripts
// and never holds a secret.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"lanyard/auth"
)

const usage = `lanyard-server: the company's side of Lanyard

  lanyard-server demo [--listen 127.0.0.1:8200] [--data DIR]
        a pretend company, to try everything with the code "demo"
  lanyard-server run [--config server.yaml]
        the server; without a configuration it writes a commented one
  lanyard-server check [--config server.yaml]
        read the configuration, open the database, say what is wrong
  lanyard-server apply -f enterprise.yaml [--config server.yaml]
        make or change an enterprise; the same file again changes nothing
  lanyard-server export CODE [--config server.yaml]
        print an enterprise as such a file, without secrets
  lanyard-server connector test -f enterprise.yaml [--config server.yaml]
        try the sign-in of such a file, changed or as it is; nobody is signed in
  lanyard-server presets [ID]
        the identity providers it knows; with an ID, the preset itself
  lanyard-server admin link [--config server.yaml]
        print a link that opens the admin console once, within 15 minutes
  lanyard-server keys rotate [--openid CODE | --saml CODE [--after 336h]] [--config server.yaml]
        new keys for the directory, for the id_tokens of an enterprise, or a second
        SAML certificate for it; no key changes by itself
  lanyard-server publish DIR [--origin URL] [--config server.yaml]
        write the directory of codes as signed files, for any static host
  lanyard-server backup FILE [--config server.yaml]
        copy the SQLite database while it runs; the key file is not in it. To restore:
        stop the server, put the copy alone into an empty data folder as lanyard.db
  lanyard-server version
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// errUsage says that the words on the command line are wrong; the exit code is 2.
var errUsage = errors.New("usage")

type command func(ctx context.Context, args []string, out, errOut io.Writer) error

// run is the whole program: it returns the exit code.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	commands := map[string]command{
		"demo": runDemo, "run": runServer, "check": runCheck, "apply": runApply, "export": runExport,
		"presets": runPresets, "backup": runBackup, "admin": runAdmin, "keys": runKeys, "publish": runPublish,
		"connector": runConnector,
	}
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	switch name {
	case "version", "--version":
		line := "lanyard-server " + auth.Version
		if id := auth.Commit(); id != "" {
			line += " (" + id + ")"
		}
		fmt.Fprintln(out, line)
		return 0
	case "help", "--help", "-h":
		io.WriteString(out, usage)
		return 0
	}
	c, ok := commands[name]
	if !ok {
		if name != "" {
			fmt.Fprintf(errOut, "lanyard-server: no command is called %q.\n\n", name)
		}
		io.WriteString(errOut, usage)
		return 2
	}
	switch err := c(ctx, args[1:], out, errOut); {
	case err == nil, errors.Is(err, flag.ErrHelp), errors.Is(err, errConfigWritten):
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprintf(errOut, "lanyard-server %s: %v\n", name, err)
		return 2
	default:
		fmt.Fprintf(errOut, "lanyard-server %s: %v\n", name, err)
		return 1
	}
}

// parse reads flags, each of which has a value, before and after at most max plain words,
// which it returns.
func parse(name string, args []string, errOut io.Writer, most int, define func(*flag.FlagSet)) ([]string, error) {
	fs := flag.NewFlagSet("lanyard-server "+name, flag.ContinueOnError)
	fs.SetOutput(errOut)
	define(fs)
	var words []string
	for {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, fmt.Errorf("%w: %w", errUsage, err)
		}
		if fs.NArg() == 0 {
			break
		}
		words = append(words, fs.Arg(0))
		args = fs.Args()[1:]
	}
	var empty error
	fs.Visit(func(f *flag.Flag) {
		if f.Value.String() == "" { // in a script, a variable that nobody set
			empty = fmt.Errorf("%w: --%s is empty", errUsage, f.Name)
		}
	})
	if empty != nil {
		return nil, empty
	}
	if len(words) > most {
		return nil, fmt.Errorf("%w: %q is one word too many", errUsage, words[most])
	}
	return words, nil
}

// configFlag defines --config.
func configFlag(fs *flag.FlagSet) *string {
	return fs.String("config", "server.yaml", "the server's configuration")
}
