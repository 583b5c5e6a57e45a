package desktop

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
)

// Policy is what an administrator fixed for this device. Every field may be missing,
// and unknown ones are ignored, so that one policy serves several versions.
type Policy struct {
	// ManagedBy is who set the device up, as people read it.
	ManagedBy string `json:"managed_by,omitempty"`
	// Directory is the origin that bare codes are asked of.
	Directory string `json:"directory,omitempty"`
	// Code is the enterprise this device signs in to; it is confirmed by being here.
	Code string `json:"code,omitempty"`
	// Pins are the root keys of directories: origin → thumbprint.
	Pins map[string]string `json:"pins,omitempty"`
	// Native are the programs that apps may start here.
	Native []NativeApp `json:"native,omitempty"`
	// NoKeyring keeps everything in memory.
	NoKeyring bool `json:"no_keyring,omitempty"`
}

// NativeApp is one program that apps of kind native may start: by Path with fixed Args,
// or by URL Scheme. A catalogue names its ID and nothing else.
type NativeApp struct {
	ID     string   `json:"id"`
	Path   string   `json:"path,omitempty"`
	Scheme string   `json:"scheme,omitempty"`
	Args   []string `json:"args,omitempty"`
}

// ReadPolicy reads this device's policy: /etc/lanyard/policy.json, on macOS
// /Library/Application Support/Lanyard/policy.json, on Windows the values of
// HKLM\Software\Policies\Lanyard. A device without one has the zero Policy; a policy
// that cannot be read or used is an error, never none.
func ReadPolicy() (Policy, error) {
	p, err := readPolicy()
	if err != nil {
		return Policy{}, fmt.Errorf("read policy: %w", err)
	}
	return p, nil
}

// check reports everything that is wrong at once.
func (p Policy) check() error {
	var errs []error
	if p.Directory != "" {
		errs = append(errs, checkOrigin("directory", p.Directory))
	}
	for origin := range p.Pins {
		errs = append(errs, checkOrigin("pins", origin))
	}
	seen := map[string]bool{}
	for _, app := range p.Native {
		switch {
		case app.ID == "" || seen[app.ID]:
			errs = append(errs, fmt.Errorf("native: id %q is missing or used twice", app.ID))
		case (app.Path == "") == (app.Scheme == ""):
			errs = append(errs, fmt.Errorf("native %q: needs a path or a scheme", app.ID))
		case app.Path != "" && !filepath.IsAbs(app.Path):
			errs = append(errs, fmt.Errorf("native %q: path is not absolute", app.ID))
		}
		seen[app.ID] = true
	}
	return errors.Join(errs...)
}

// checkOrigin wants https://host[:port]; plain http on loopback only, for trying out.
func checkOrigin(what, origin string) error {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%s: %q is not an origin such as https://login.acme.com", what, origin)
	}
	loopback := u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback) {
		return fmt.Errorf("%s: %q is not https", what, origin)
	}
	return nil
}
