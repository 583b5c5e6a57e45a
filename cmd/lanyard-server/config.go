package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"lanyard/assets"
	"lanyard/auth/connector"
	"lanyard/auth/connector/schema"
	"lanyard/auth/server"
)

// config is server.yaml; every key is described in assets/server.yaml.
type config struct {
	Listen       string `json:"listen"`
	PublicURL    string `json:"public_url"`
	Data         string `json:"data"`
	Database     string `json:"database"`
	DatabaseFile string `json:"database_file"`
	KeyFile      string `json:"key_file"`
	Certificate  struct {
		File    string `json:"file"`
		KeyFile string `json:"key_file"`
	} `json:"certificate"`
	BehindProxy      []string          `json:"behind_proxy"`
	Allow            []string          `json:"allow"`
	AllowHTTP        []string          `json:"allow_http"`
	DomainFiles      []string          `json:"domain_files"`
	LookupsPerMinute *int              `json:"lookups_per_minute"`
	LogLevel         string            `json:"log_level"`
	Lifetimes        map[string]string `json:"lifetimes"` // see parseLife

	// Derived by finish.
	domainFiles map[string][]byte // by name
	lifetimes   server.Lifetimes
	drain       time.Duration // see [service.drained]
	proxies     []netip.Prefix
	lookups     int
}

const (
	day = 24 * time.Hour
	// longest is the longest life of anything: a hundred years. Two of them can be added.
	longest = 36500 * day
)

// parseLife reads a length of time such as "60s", "12h" or "30d": what time.ParseDuration
// does, and days.
func parseLife(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n > int(longest/day) {
			return 0, errors.New("must be a whole number of days, 36500 at most")
		}
		return time.Duration(n) * day, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d > longest {
		return 0, errors.New("must be a length of time such as 60s, 12h or 30d, 36500d at most")
	}
	return d, nil
}

// errConfigWritten says that there was no configuration and a commented one was written.
var errConfigWritten = errors.New("configuration written")

// loadConfig reads and checks the configuration; where the file is missing it writes
// the commented sample and returns errConfigWritten.
func loadConfig(name string) (*config, error) {
	data, err := os.ReadFile(name) // #nosec G304 -- the operator names their own file
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(name, assets.ServerConfig, 0o600); err != nil {
			return nil, fmt.Errorf("write sample configuration: %w", err)
		}
		return nil, errConfigWritten
	}
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return parseConfig(name, data, (*config).checkCertificate)
}

// parseConfig reads and checks a configuration; also finds what is wrong for some commands
// alone.
func parseConfig(name string, data []byte, also ...func(*config) error) (*config, error) {
	var c config
	err := schema.DecodeChecked(schema.KindServer, name, data, &c, func() error {
		c.beside(filepath.Dir(name))
		faults := []error{c.finish()}
		for _, check := range also {
			faults = append(faults, check(&c))
		}
		return errors.Join(faults...)
	})
	if err != nil {
		return nil, fmt.Errorf("read configuration %s:\n%w", name, err)
	}
	return &c, nil
}

// beside makes relative names those of the configuration's folder: whoever runs a command
// from elsewhere must not get an empty database there.
func (c *config) beside(dir string) {
	names := []*string{&c.Data, &c.DatabaseFile, &c.KeyFile, &c.Certificate.File, &c.Certificate.KeyFile}
	for i := range c.DomainFiles {
		names = append(names, &c.DomainFiles[i])
	}
	for _, name := range names {
		if *name != "" && !filepath.IsAbs(*name) {
			*name = filepath.Join(dir, *name)
		}
	}
}

// finish fills defaults and checks what a schema cannot: every fault, at once.
func (c *config) finish() error {
	var faults []error
	fault := func(path, format string, args ...any) {
		faults = append(faults, &connector.FieldError{Path: path, Message: fmt.Sprintf(format, args...)})
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8200"
	}
	if c.DatabaseFile != "" {
		address, err := os.ReadFile(c.DatabaseFile)
		if err != nil {
			fault("database_file", "%v", err)
		}
		c.Database = strings.TrimSpace(string(address))
	}
	if c.Database == "" {
		c.Database = filepath.Join(c.Data, "lanyard.db")
	}
	c.domainFiles = map[string][]byte{}
	for _, name := range c.DomainFiles {
		data, err := readSmall(name)
		if err != nil {
			fault("domain_files", "%v", err)
		}
		c.domainFiles[filepath.Base(name)] = data
	}
	c.lookups = 60
	if c.LookupsPerMinute != nil {
		c.lookups = *c.LookupsPerMinute
	}
	for i, cidr := range c.BehindProxy {
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil {
			fault(fmt.Sprintf("behind_proxy.%d", i), "is not a range of addresses such as 10.0.0.0/8")
		}
		c.proxies = append(c.proxies, prefix)
	}
	c.finishLifetimes(fault)
	if _, port, err := net.SplitHostPort(c.Listen); err != nil || !isPort(port) {
		fault("listen", "must be an address and a port up to 65535, such as 127.0.0.1:8200")
	}
	for i, address := range c.Allow {
		if _, port, err := net.SplitHostPort(address); err != nil || !isPort(port) {
			fault(fmt.Sprintf("allow.%d", i), "must be a host and a port up to 65535, such as sso.internal.acme.com:443")
		}
	}
	u, err := url.Parse(c.PublicURL)
	switch {
	case err != nil:
		fault("public_url", "is not an address")
	case u.Port() != "" && !isPort(u.Port()):
		fault("public_url", "has a port above 65535")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		fault("public_url", "plain http is only for 127.0.0.1; use https, by certificate files or a proxy in front")
	case u.Scheme == "http" && !listensHere(c.Listen):
		fault("listen", "plain http is only for this computer: listen on 127.0.0.1, or use https")
	case u.Scheme == "https" && c.Certificate.File == "" && len(c.BehindProxy) == 0:
		fault("public_url", "https needs certificate files, or behind_proxy where a proxy ends it")
	}
	return errors.Join(faults...)
}

// finishLifetimes fills lifetimes.
func (c *config) finishLifetimes(fault func(path, format string, args ...any)) {
	c.lifetimes = server.DefaultLifetimes()
	for name, field := range map[string]*time.Duration{
		"code": &c.lifetimes.Code, "access_token": &c.lifetimes.AccessToken,
		"refresh_token": &c.lifetimes.RefreshToken, "session": &c.lifetimes.Session,
		"launch_session": &c.lifetimes.LaunchSession, "launch_link": &c.lifetimes.LaunchLink,
		"flow": &c.lifetimes.Flow, "document": &c.lifetimes.Document,
		"upstream_proof": &c.lifetimes.UpstreamProof, "upstream_grace": &c.lifetimes.UpstreamGrace,
		"admin_link": &c.lifetimes.AdminLink, "admin_session": &c.lifetimes.AdminSession, "audit": &c.lifetimes.Audit,
	} {
		if text, ok := c.Lifetimes[name]; ok {
			var err error
			if *field, err = parseLife(text); err != nil {
				fault("lifetimes."+name, "%v", err)
				continue
			}
		}
		if *field <= 0 {
			fault("lifetimes."+name, "must be longer than nothing")
		}
	}
	if text, ok := c.Lifetimes["drain"]; ok {
		var err error
		if c.drain, err = parseLife(text); err != nil || c.drain > 10*time.Minute {
			fault("lifetimes.drain", "must be a length of time such as 15s, 10m at most")
		}
	}
	// What lets somebody in without a question, once, is for now (RFC 6749 section 4.1.2).
	for name, life := range map[string]time.Duration{"code": c.lifetimes.Code, "launch_link": c.lifetimes.LaunchLink} {
		if life > 10*time.Minute {
			fault("lifetimes."+name, "must be 10m at most")
		}
	}
	if c.lifetimes.AdminLink > day {
		fault("lifetimes.admin_link", "must be 1d at most")
	}
}

// checkCertificate finds a certificate that is not there or cannot be read, which no
// command minds but those that serve.
func (c *config) checkCertificate() error {
	if c.Certificate.File == "" {
		return nil
	}
	if _, err := tls.LoadX509KeyPair(c.Certificate.File, c.Certificate.KeyFile); err != nil {
		return &connector.FieldError{Path: "certificate", Message: err.Error()}
	}
	return nil
}

func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

// readSmall reads a file that is to be shown to everybody: one of a few words, not one
// that was named by mistake.
func readSmall(name string) ([]byte, error) {
	const most = 4 << 10
	f, err := os.Open(name) // #nosec G304 -- the operator names their own file
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && len(data) > most {
		err = fmt.Errorf("%s is longer than %d bytes", name, most)
	}
	return data, err
}

// listensHere reports whether only this computer can reach a listener.
func listensHere(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	return err == nil && (isLoopback(host) || host == "localhost")
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// sealer returns the Sealer of key_file, or of LANYARD_KEY.
func (c *config) sealer() (*server.Sealer, error) {
	encoded := []byte(os.Getenv("LANYARD_KEY"))
	if len(encoded) == 0 {
		var err error
		if encoded, err = os.ReadFile(c.KeyFile); err != nil {
			return nil, fmt.Errorf("read key_file: %w", err)
		}
	}
	key, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(encoded)))
	if err != nil {
		return nil, errors.New("read key_file: not base64")
	}
	return server.NewSealer(key)
}

// newKey makes the key_file that is missing and returns its Sealer, but not where the
// database is older than that: only the key that is missing opens what it holds.
func (c *config) newKey(ctx context.Context, st server.Enterprises) (*server.Sealer, error) {
	known, err := st.ListEnterprises(ctx)
	if err != nil {
		return nil, err
	}
	if len(known) > 0 {
		return nil, fmt.Errorf("read key_file: %s is missing, and what the database holds was sealed with it: put it back", c.KeyFile)
	}
	encoded := base64.StdEncoding.EncodeToString(server.NewKey()) + "\n"
	if err := os.WriteFile(c.KeyFile, []byte(encoded), 0o600); err != nil {
		return nil, fmt.Errorf("make key_file: %w", err)
	}
	return c.sealer()
}
