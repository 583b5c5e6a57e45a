package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"lanyard/assets"
	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/demo"
	"lanyard/auth/server/setup"
)

// runDemo is "lanyard-server demo": a pretend company behind the code "demo", and its
// people again behind "demo-oidc", whose provider is another server that the desktop
// signs in at by itself.
//
// Our servers are on 127.0.0.1, the company's sign-in and apps on localhost, so that no
// cookie is shared between what in real life has different names.
func runDemo(ctx context.Context, args []string, out, errOut io.Writer) error {
	var listen, data *string
	_, err := parse("demo", args, errOut, 0, func(fs *flag.FlagSet) {
		listen = fs.String("listen", "127.0.0.1:8200", "where the server listens; the next free port is taken")
		data = fs.String("data", "lanyard-demo", "a folder for its data")
	})
	if err != nil {
		return err
	}
	log := newLogger(errOut, "warn")
	d := &demoCompany{log: log, data: *data}
	defer d.close()
	if err := d.bind(ctx, *listen); err != nil {
		return err
	}
	if err := d.found(ctx); err != nil {
		return err
	}
	if err := d.front.firstLink(ctx, out); err != nil {
		return err
	}
	if err := d.tell(out); err != nil {
		return err
	}
	fmt.Fprintf(out, "ready %s\n", d.server)
	return d.serve(ctx)
}

// pageFile is where the company's own page is noted for who cannot read the terminal.
const pageFile = "company-page"

// tell says where the company's own page is: to a terminal, else in a file.
func (d *demoCompany) tell(out io.Writer) error {
	if terminal(out) {
		fmt.Fprintf(out, "The company's own page, with switches for what can go wrong:\n  %s/\n\n", d.sso)
		return nil
	}
	if err := os.WriteFile(filepath.Join(d.data, pageFile), []byte(d.sso+"/\n"), 0o600); err != nil {
		return fmt.Errorf("write company's page: %w", err)
	}
	return nil
}

// demoCompany is everything that the demo runs.
type demoCompany struct {
	log  *slog.Logger
	data string

	listeners []net.Listener
	handlers  []http.Handler
	services  []*service
	front     *service // the one that people meet

	server, provider string // origins on 127.0.0.1
	// Origins on localhost.
	sso, notes, handbook, cloud, docs, ops, intranet string

	stopwatch stopwatch
}

// bind takes nine ports: the wanted one or the next that is free, and eight beside it.
func (d *demoCompany) bind(ctx context.Context, listen string) error {
	host, portText, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("%w: --listen %q is not an address and a port", errUsage, listen)
	}
	if !isLoopback(host) {
		return fmt.Errorf("%w: the demo listens on this computer only, such as 127.0.0.1:8200", errUsage)
	}
	port, err := strconv.Atoi(portText)
	if err != nil || !isPort(portText) {
		return fmt.Errorf("%w: --listen %q has no port from 0 to 65535", errUsage, listen)
	}
	var lc net.ListenConfig
	for _, origin := range []struct {
		set  *string
		host string
	}{
		{&d.server, host},
		{&d.sso, "localhost"},
		{&d.notes, "localhost"},
		{&d.handbook, "localhost"},
		{&d.provider, host},
		{&d.cloud, "localhost"},
		{&d.docs, "localhost"},
		{&d.ops, "localhost"},
		{&d.intranet, "localhost"},
	} {
		l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		for tries := 0; err != nil && port != 0 && tries < 50; tries++ {
			port++
			l, err = lc.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		}
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		if port != 0 {
			port++
		}
		d.listeners = append(d.listeners, l)
		_, bound, _ := net.SplitHostPort(l.Addr().String())
		*origin.set = "http://" + net.JoinHostPort(origin.host, bound)
	}
	return nil
}

// found makes the company: two servers, its own sign-in, its apps.
func (d *demoCompany) found(ctx context.Context) error {
	logo := "data:image/png;base64," + strings.TrimSpace(assets.DemoLogo)
	name := auth.Text{"en": demo.Company, "zh": demo.CompanyZH}
	help := auth.Help{Name: "Demo IT", Phone: "4008"}

	// The provider behind demo-oidc: a server with the same sign-in in front of it.
	provider, providerHandler, err := d.start(ctx, d.provider, "provider")
	if err != nil {
		return err
	}
	signIn, err := d.ownSignIn()
	if err != nil {
		return err
	}
	people, err := provider.setup.Apply(ctx, setup.File{
		Schema: setup.FileSchema, Code: "people", Name: name, Help: help, Connector: signIn,
	})
	if err != nil {
		return fmt.Errorf("make provider: %w", err)
	}

	front, frontHandler, err := d.start(ctx, d.server, "server")
	if err != nil {
		return err
	}
	d.front = front
	company, err := front.setup.Apply(ctx, setup.File{
		Schema: setup.FileSchema, Code: "demo", Name: name, Help: help, Logo: logo, Public: true, Device: true,
		Connector: signIn, Apps: d.apps(), Clients: d.clients(),
	})
	if err != nil {
		return fmt.Errorf("make company: %w", err)
	}
	_, err = front.setup.Apply(ctx, setup.File{
		Schema: setup.FileSchema, Code: "demo-oidc", Help: help, Logo: logo, Public: true,
		Name: auth.Text{"en": demo.Company + " (direct)", "zh": demo.CompanyZH + "（直连）"},
		Connector: setup.Connector{
			Preset: "oidc",
			Vars:   map[string]string{"issuer": provider.base.Issuer(people.ID), "client_id": server.DesktopClient},
		},
		Apps: []setup.App{{
			ID: "handbook", Title: auth.Text{"en": "Handbook", "zh": "员工手册"},
			Launch: server.LaunchSpec{Kind: "link", URL: d.handbook + "/"},
		}},
	})
	if err != nil {
		return fmt.Errorf("make direct company: %w", err)
	}

	d.handlers = append([]http.Handler{frontHandler}, d.staff(front.base, company, people, providerHandler)...)
	return nil
}

// start opens one of the two servers.
func (d *demoCompany) start(ctx context.Context, origin, folder string) (*service, http.Handler, error) {
	dir := filepath.Join(d.data, folder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make data folder: %w", err)
	}
	ssoHost := strings.TrimPrefix(d.sso, "http://")
	c := &config{
		// Short, so that whoever switches a fault on need not wait to see what becomes of it.
		Lifetimes: map[string]string{"access_token": "1m", "upstream_proof": "1s"},
		PublicURL: origin, Data: dir, KeyFile: filepath.Join(dir, "key"),
		Allow: []string{ssoHost, strings.TrimPrefix(d.ops, "http://")}, AllowHTTP: []string{"localhost", "127.0.0.1"},
	}
	unlimited := 0
	c.LookupsPerMinute = &unlimited
	if err := c.finish(); err != nil {
		return nil, nil, err
	}
	s, err := open(ctx, c, d.log)
	if err != nil {
		return nil, nil, err
	}
	d.services = append(d.services, s)
	h, err := s.handler()
	return s, h, err
}

// serve answers on all listeners until ctx ends or one fails.
func (d *demoCompany) serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, len(d.listeners))
	var wg sync.WaitGroup
	for _, s := range d.services {
		go s.background(ctx)
	}
	for i, l := range d.listeners {
		wg.Go(func() {
			defer cancel()
			errs[i] = serve(ctx, newHTTPServer(d.handlers[i], d.log), l)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (d *demoCompany) close() {
	for _, l := range d.listeners {
		l.Close()
	}
	for _, s := range d.services {
		s.Close()
	}
}
