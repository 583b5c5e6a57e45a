package setup

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"lanyard/auth/connector"
	"lanyard/auth/connector/schema"
	"lanyard/auth/directory"
	"lanyard/auth/server"
)

// faults collects what is wrong with a file, by path.
type faults []error

func (f *faults) add(path, format string, args ...any) {
	*f = append(*f, &connector.FieldError{Path: path, Message: fmt.Sprintf(format, args...)})
}

// more adds errors, but no fault in or around a place that has one: it would be that one's
// consequence.
func (f *faults) more(err error) {
	var known, list faultList
	known.collect(errors.Join(*f...))
	if list.collect(err); list.others() {
		*f = append(*f, err)
		return
	}
	for _, fault := range list {
		if !slices.ContainsFunc(known, func(k *connector.FieldError) bool {
			return strings.HasPrefix(k.Path+".", fault.Path+".") || strings.HasPrefix(fault.Path+".", k.Path+".")
		}) {
			*f = append(*f, fault)
		}
	}
}

// check finds what no schema can: all of it, as joined connector.FieldErrors.
func (f *File) check() error {
	var bad faults
	f.checkSelf(&bad)
	claims := f.Connector.check(&bad)
	f.Access.check("access", &bad)
	f.checkApps(claims, &bad)
	f.checkClients(&bad)
	_, more := f.withPresetClients()
	bad = append(bad, more...)
	return errors.Join(bad...)
}

// checkSelf finds what is wrong with the enterprise's own fields.
func (f *File) checkSelf(bad *faults) {
	if f.Schema != FileSchema {
		bad.add("schema", "must be %s", FileSchema)
	}
	if normal, err := directory.Normal(f.Code); err != nil || normal != f.Code {
		bad.add("code", "must be 2 to 64 lower case letters, digits and inner hyphens")
	}
	if f.Name.In("en") == "" {
		bad.add("name", "must not be empty")
	}
	if f.Help.Link != "" && !strings.HasPrefix(f.Help.Link, "https://") {
		bad.add("help.link", "must be an https:// address")
	}
}

// check finds what is wrong with the connector and returns the claims that it marks
// authoritative, nil where that cannot be known.
func (c *Connector) check(bad *faults) (claims []string) {
	filled, err := c.fill()
	if err != nil {
		bad.addAll(c, err)
		return nil
	}
	declared := secretNames(filled)
	for _, name := range sortedKeys(c.Secrets) {
		if !slices.Contains(declared, name) {
			bad.add("connector.secrets."+name, "this connector has no secret of that name; it has %s", orNone(declared))
		}
	}
	return append([]string{}, filled.Authoritative...)
}

// addAll takes over the faults of filling a connector. Those of vars have a place of
// their own in the file; in a preset, what else is wrong follows from them.
func (f *faults) addAll(c *Connector, err error) {
	at := "connector.document"
	if c.Document == nil {
		at = "connector.preset"
	}
	var list faultList
	list.collect(err)
	for _, field := range list {
		switch {
		case field.Path == "":
			f.add(at, "%s", field.Message)
		case strings.HasPrefix(field.Path, "vars."), c.adds(field.Path):
			f.add("connector."+field.Path, "%s", field.Message)
		default:
			f.add(at+"."+field.Path, "%s", field.Message)
		}
	}
}

// adds reports whether a path of the connector is one that the file adds to it.
func (c *Connector) adds(path string) bool {
	part, _, _ := strings.Cut(path, ".")
	return part == "targets" && c.Targets != nil || part == "activate" && c.Activate != nil
}

// fill returns the connector with its vars filled in, ready to be stored.
func (c *Connector) fill() (*connector.Connector, error) {
	var blank connector.Connector
	switch {
	case (c.Preset == "") == (c.Document == nil):
		return nil, errors.New("must have either a preset or a document")
	case c.Document != nil:
		blank = *c.Document
	default:
		preset, err := schema.FindPreset(c.Preset)
		if err != nil {
			return nil, err
		}
		blank = preset.Connector
	}
	if c.Targets != nil {
		blank.Targets = c.Targets
	}
	if c.Activate != nil {
		blank.Activate = c.Activate
	}
	if c.Reverify != "" {
		blank.Reverify = c.Reverify
	}
	filled, err := connector.Load(blank, c.Vars)
	if err != nil {
		return nil, err
	}
	filled.Blanks = nil // what to ask an admin has been answered
	return filled, nil
}

// secretNames lists the secrets that a connector needs.
func secretNames(c *connector.Connector) []string {
	names := slices.Clone(c.Secrets)
	if c.Activate != nil {
		names = append(names, c.Activate.Secrets...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (f *File) checkApps(claims []string, bad *faults) {
	seen := map[string]bool{}
	for i, a := range f.Apps {
		at := fmt.Sprintf("apps.%d.", i)
		if a.ID == "" || seen[a.ID] {
			bad.add(at+"id", "must be there, and different from every other app's")
		}
		seen[a.ID] = true
		if a.Title.In("en") == "" {
			bad.add(at+"title", "must not be empty")
		}
		filled, err := a.fill()
		if err != nil {
			bad.under(at, err)
		} else {
			a.checkFilled(at, filled, claims, bad)
		}
		if a.Plain != "" && !webAddress(a.Plain) {
			bad.add(at+"plain", "must be an https:// address")
		}
		a.Access.check(at+"access", bad)
	}
}

// checkFilled checks how an app is opened. What is wrong in a preset's launch is a fault
// of its vars.
func (a *App) checkFilled(at string, filled filledApp, claims []string, bad *faults) {
	var launch faults
	checkLaunch("launch", filled.Spec, claims, &launch)
	for _, err := range launch {
		if a.Preset == "" {
			bad.under(at, err)
			continue
		}
		bad.under(at, a.blame(err))
	}
	declared := slices.Clone(filled.Spec.Secrets)
	if filled.Client != nil && filled.Client.Public != "yes" {
		declared = append(declared, clientSecret)
	}
	for _, name := range sortedKeys(a.Secrets) {
		if !slices.Contains(declared, name) {
			bad.add(at+"secrets."+name, "this app has no secret of that name; it has %s", orNone(declared))
		}
	}
}

// under adds errors that are about a part of the file, or of another thing there.
func (f *faults) under(at string, err error) {
	var list faultList
	list.collect(err)
	for _, fault := range list {
		f.add(at+fault.Path, "%s", fault.Message)
	}
}

func (f *File) checkClients(bad *faults) {
	seen := map[string]bool{}
	for i, c := range f.Clients {
		at := fmt.Sprintf("clients.%d.", i)
		switch {
		case c.ID == server.DesktopClient:
			bad.add(at+"id", "is Lanyard's own; choose another")
		case c.ID == "" || seen[c.ID]:
			bad.add(at+"id", "must be there, and different from every other client's")
		}
		seen[c.ID] = true
		if c.Public && (c.Secret != "" || !c.Given.IsZero()) {
			bad.add(at+"secret", "a public client has none")
		}
		if c.Three != nil && (c.Alg != "" || c.Farewell != "" || len(c.LogoutURIs) > 0 || c.Public) {
			bad.add(at+"three", "knows no alg, farewell, logout_uris or public: those are OpenID Connect's")
		}
		if c.Farewell != "" && !safeRedirect(c.Farewell) {
			bad.add(at+"farewell", "must be an https:// address without fragment; http is for this computer only")
		}
		for j, uri := range slices.Concat(c.RedirectURIs, c.LogoutURIs) {
			key, at2 := "redirect_uris", j
			if j >= len(c.RedirectURIs) {
				key, at2 = "logout_uris", j-len(c.RedirectURIs)
			}
			if !safeRedirect(uri) {
				bad.add(fmt.Sprintf("%s%s.%d", at, key, at2), "must be an https:// address without fragment; http is for this computer only")
			}
		}
	}
}

// webAddress reports whether a browser may be sent there. Which hosts may be opened by
// plain http is the catalogue's to decide.
func webAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

// safeRedirect reports whether codes may be sent there (RFC 9700 section 4.1).
func safeRedirect(address string) bool {
	u, err := url.Parse(address)
	if err != nil || !webAddress(address) || strings.Contains(address, "#") {
		return false
	}
	return u.Scheme == "https" || isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
