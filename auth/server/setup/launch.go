package setup

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"lanyard/auth/server"
)

// kinds are the ways in which an app can be opened.
var kinds = []string{server.LaunchLink, server.LaunchOIDC, server.LaunchSAML, server.LaunchSteps, server.LaunchNative}

// A native app is named, never described: which file that is, the device knows.
var nativeID = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}$`)

// checkLaunch reports what is wrong with how an app at a path of the file is opened.
// claims are those that the connector marks authoritative; nil: not known here.
func checkLaunch(at string, l server.LaunchSpec, claims []string, bad *faults) {
	if !slices.Contains(kinds, l.Kind) {
		bad.add(at+".kind", "must be one of %s", strings.Join(kinds, ", "))
	}
	checkParts(at, l, bad)
	switch l.Kind {
	case server.LaunchLink, server.LaunchOIDC:
		if !webAddress(l.URL) {
			bad.add(at+".url", "must be an https:// address")
		}
		for i, p := range l.Params {
			if p[0] == "" {
				bad.add(fmt.Sprintf("%s.params.%d", at, i), "must have a name")
			}
			if _, _, err := linkValue(p[1], ""); err != nil {
				bad.add(fmt.Sprintf("%s.params.%d", at, i), "%v", err)
			}
		}
	case server.LaunchSAML:
		if l.SAML != nil {
			checkSAML(at+".saml", *l.SAML, claims, bad)
		}
	case server.LaunchSteps:
		if !webAddress(l.URL) {
			bad.add(at+".url", "must be an https:// address: the one that the browser is sent to in the end")
		}
		if len(l.Steps) == 0 {
			bad.add(at+".steps", "is missing: what is asked before the app opens?")
		} else {
			checkSteps(at, l, bad)
		}
	case server.LaunchNative:
		if l.Native != nil && !nativeID.MatchString(l.Native.ID) {
			bad.add(at+".native.id", "must be the id of a program in the device's own list: lower case letters, digits, dots and hyphens")
		}
	}
}

// checkParts checks that what the kind needs is there, and nothing that it does not know.
func checkParts(at string, l server.LaunchSpec, bad *faults) {
	for _, part := range []struct {
		name, kind string
		there      bool
		needed     bool
	}{
		{"saml", server.LaunchSAML, l.SAML != nil, true},
		{"native", server.LaunchNative, l.Native != nil, true},
		{"steps", server.LaunchSteps, len(l.Steps) > 0, false}, // said above
		{"secrets", server.LaunchSteps, len(l.Secrets) > 0, false},
	} {
		switch {
		case part.kind == l.Kind && part.needed && !part.there:
			bad.add(at+"."+part.name, "is missing")
		case part.kind != l.Kind && part.there:
			bad.add(at+"."+part.name, "belongs to kind %s", part.kind)
		}
	}
}

func checkSAML(at string, s server.SAML, claims []string, bad *faults) {
	if s.EntityID == "" {
		bad.add(at+".entity_id", "must not be empty")
	}
	if len(s.ACS) == 0 {
		bad.add(at+".acs", "is missing: where does the answer go?")
	}
	for i, address := range s.ACS {
		if !webAddress(address) {
			bad.add(fmt.Sprintf("%s.acs.%d", at, i), "must be an https:// address")
		}
	}
	if s.Logout != "" && !webAddress(s.Logout) {
		bad.add(at+".logout", "must be an https:// address")
	}
	for i, text := range s.Certificates {
		if _, err := server.ReadSigner(text); err != nil {
			bad.add(fmt.Sprintf("%s.certificates.%d", at, i), "%v", err)
		}
	}
	if err := checkTemplate(s.NameID, claims); err != nil {
		bad.add(at+".name_id", "%v", err)
	}
	for i, a := range s.Attributes {
		if a.Name == "" {
			bad.add(fmt.Sprintf("%s.attributes.%d.name", at, i), "must not be empty")
		}
		if len(a.Values) == 0 {
			bad.add(fmt.Sprintf("%s.attributes.%d.values", at, i), "is missing")
		}
		for j, value := range a.Values {
			if err := checkTemplate(value, claims); err != nil {
				bad.add(fmt.Sprintf("%s.attributes.%d.values.%d", at, i, j), "%v", err)
			}
		}
	}
}

// placeholder is what may stand in braces in a value that says something of a person.
var placeholder = regexp.MustCompile(`^([a-z][a-z0-9_]*|assigned\.[A-Za-z0-9_-]+)\??$`)

// checkTemplate checks a value of a SAML response.
func checkTemplate(template string, claims []string) error {
	known := append([]string{"sub", "name", "email"}, claims...)
	for _, name := range placeholders(template) {
		plain := strings.TrimSuffix(name, "?")
		switch {
		case !placeholder.MatchString(name):
			return fmt.Errorf("has the placeholder {%s}; write {name}", name)
		case strings.HasPrefix(plain, "assigned."), claims == nil, slices.Contains(known, plain):
		default:
			return fmt.Errorf("knows {%s} and {assigned.…}; {%s} is no claim that the connector marks authoritative", strings.Join(known, "}, {"), plain)
		}
	}
	if strings.ContainsAny(braces.ReplaceAllString(template, ""), "{}") {
		return errors.New("has a brace without its partner")
	}
	return nil
}

var braces = regexp.MustCompile(`\{([^{}]*)\}`)

// placeholders lists what stands in braces in a template.
func placeholders(template string) []string {
	var names []string
	for _, m := range braces.FindAllStringSubmatch(template, -1) {
		names = append(names, m[1])
	}
	return names
}

var assignedName = regexp.MustCompile(`\{assigned\.([A-Za-z0-9_-]+)\??\}`)

// assigned lists what an assignment carries for an app: the names in {assigned.…},
// wherever in its launch they stand.
func assigned(launch json.RawMessage) []string {
	var names []string
	for _, m := range assignedName.FindAllSubmatch(launch, -1) {
		if name := string(m[1]); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// linkAddress returns the address of a link for a desktop that opens it itself. Who the
// person is, is the desktop's to add (see auth.App.Kind), so parameters that say it are
// left out.
func linkAddress(l server.LaunchSpec, issuer string) (string, error) {
	u, err := url.Parse(l.URL)
	if err != nil {
		return "", errors.New("not an address")
	}
	for _, p := range l.Params {
		value, personal, err := linkValue(p[1], issuer)
		if err != nil {
			return "", err
		}
		if personal {
			continue
		}
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += url.QueryEscape(p[0]) + "=" + url.QueryEscape(value)
	}
	return u.String(), nil
}

// linkValue fills a parameter; personal says that it depends on who opens the app.
func linkValue(template, issuer string) (value string, personal bool, err error) {
	shared := strings.NewReplacer("{login_hint}", "", "{login_hint?}", "").Replace(template)
	if strings.ContainsAny(strings.ReplaceAll(shared, "{issuer}", ""), "{}") {
		return "", false, errors.New("knows {issuer}, {login_hint} and {login_hint?}, no other placeholder")
	}
	return strings.ReplaceAll(shared, "{issuer}", issuer), shared != template, nil
}
