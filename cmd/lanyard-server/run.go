package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"strings"

	"lanyard/auth"
	"lanyard/auth/connector/schema"
)

// runServer is "lanyard-server run".
func runServer(ctx context.Context, args []string, out, errOut io.Writer) error {
	var name *string
	if _, err := parse("run", args, errOut, 0, func(fs *flag.FlagSet) { name = configFlag(fs) }); err != nil {
		return err
	}
	c, err := loadConfig(*name)
	if errors.Is(err, errConfigWritten) {
		fmt.Fprintf(out, "There was no configuration, so %s was written.\n"+
			"Fill the three lines marked (fill): public_url, data, key_file. Then start again.\n", *name)
		return err
	}
	if err != nil {
		return err
	}
	log := newLogger(errOut, c.LogLevel)
	s, err := open(ctx, c, log)
	if err != nil {
		return err
	}
	defer s.Close()
	h, err := s.handler()
	if err != nil {
		return err
	}
	srv := newHTTPServer(h, log)
	if c.Certificate.File != "" {
		pair, err := readKeyPair(c.Certificate.File, c.Certificate.KeyFile, log)
		if err != nil {
			return err
		}
		srv.TLSConfig.GetCertificate = pair.certificate
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	collectRarely()
	ctx = s.drained(ctx)
	go s.background(ctx)
	if err := s.firstLink(ctx, out); err != nil {
		return err
	}
	fmt.Fprintf(out, "ready %s\n", c.PublicURL)
	log.InfoContext(ctx, "server started", "version", auth.Version, "commit", auth.Commit(), "listen", l.Addr().String(), "public_url", c.PublicURL)
	err = serve(ctx, srv, l)
	log.InfoContext(context.WithoutCancel(ctx), "server stopped")
	return err
}

// collectRarely lets the heap grow to nine times what is in use before the garbage is
// collected, up to half a gigabyte. That is a few MB here, and scanning it at its double
// costs a sixth of all that a sign-in costs. GOGC and GOMEMLIMIT say otherwise.
func collectRarely() {
	const percent, most = 800, 512 << 20
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(most)
	}
}

// runCheck is "lanyard-server check".
func runCheck(ctx context.Context, args []string, out, errOut io.Writer) error {
	var name *string
	if _, err := parse("check", args, errOut, 0, func(fs *flag.FlagSet) { name = configFlag(fs) }); err != nil {
		return err
	}
	c, err := readConfig(*name, (*config).checkCertificate)
	if err != nil {
		return err
	}
	return c.withService(ctx, errOut, func(s *service) error {
		list, err := s.store.ListEnterprises(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s is right; the database opens; enterprises in it: %d.\n", *name, len(list))
		return nil
	})
}

// withService reads the configuration and calls do with an open service.
func withService(ctx context.Context, name string, errOut io.Writer, do func(*service) error) error {
	c, err := readConfig(name)
	if err != nil {
		return err
	}
	return c.withService(ctx, errOut, do)
}

// readConfig reads the configuration for a command that needs one to be there.
func readConfig(name string, also ...func(*config) error) (*config, error) {
	data, err := os.ReadFile(name) // #nosec G304 -- the operator names their own file
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w (name it with --config)", err)
	}
	return parseConfig(name, data, also...)
}

// withService calls do with an open service.
func (c *config) withService(ctx context.Context, errOut io.Writer, do func(*service) error) error {
	s, err := open(ctx, c, newLogger(errOut, "warn"))
	if err != nil {
		return err
	}
	defer s.Close()
	return do(s)
}

// runPresets is "lanyard-server presets [ID]".
func runPresets(_ context.Context, args []string, out, errOut io.Writer) error {
	words, err := parse("presets", args, errOut, 1, func(*flag.FlagSet) {})
	if err != nil {
		return err
	}
	if len(words) == 0 {
		for _, p := range schema.Presets() {
			fmt.Fprintf(out, "%-16s %s\n", p.ID, p.Title.In("en"))
		}
		return nil
	}
	p, err := schema.FindPreset(words[0])
	if err != nil {
		return err
	}
	_, err = out.Write(p.YAML)
	return err
}

// runBackup is "lanyard-server backup FILE".
func runBackup(ctx context.Context, args []string, out, errOut io.Writer) error {
	var name *string
	words, err := parse("backup", args, errOut, 1, func(fs *flag.FlagSet) { name = configFlag(fs) })
	if err != nil {
		return err
	}
	if len(words) == 0 {
		return fmt.Errorf("%w: name the file to write", errUsage)
	}
	c, err := readConfig(*name)
	if err != nil {
		return err
	}
	// Opening would make a database, and the copy of an empty one is no backup.
	if !strings.Contains(c.Database, "://") {
		if _, err := os.Stat(c.Database); err != nil {
			return fmt.Errorf("find database: %w", err)
		}
	}
	return c.withService(ctx, errOut, func(s *service) error {
		if err := s.store.Backup(ctx, words[0]); err != nil {
			return err
		}
		fmt.Fprintf(out, "Wrote %s. The key that seals its secrets is not in it: keep a copy of %s elsewhere.\n", words[0], s.conf.KeyFile)
		return nil
	})
}
