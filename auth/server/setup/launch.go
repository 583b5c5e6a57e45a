package setup

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"lanyard/auth/connector"
)

// The kinds of launch that a file can name.
const (
	launchLink = "link"
	launchOIDC = "oidc"
)

// Launch is how an app opens, as the catalogue stores it: "link" goes to the address as
// it is, "oidc" is the app's initiate_login_uri (OpenID Connect Core section 4). Params
// are added to its query, in their order; a value may hold {issuer} and, dropped where
// there is none, {login_hint?}.
type Launch struct {
	Kind   string           `json:"kind"`
	URL    string           `json:"url"`
	Params []connector.Pair `json:"params,omitempty"`
}

// check reports what is wrong with the launch of an app at a path of the file.
func (l Launch) check(at string, bad *faults) {
	if l.Kind != launchLink && l.Kind != launchOIDC {
		bad.add(at+".kind", "must be link or oidc")
	}
	if !webAddress(l.URL) {
		bad.add(at+".url", "must be an https:// address")
	}
	for i, p := range l.Params {
		if p[0] == "" {
			bad.add(fmt.Sprintf("%s.params.%d", at, i), "must have a name")
		}
		if _, _, err := l.value(p[1], ""); err != nil {
			bad.add(fmt.Sprintf("%s.params.%d", at, i), "%v", err)
		}
	}
}

// address returns the address for a desktop that opens it itself. Who the person is, is
// the desktop's to add (see auth.App.Kind), so parameters that say it are left out.
func (l Launch) address(issuer string) (string, error) {
	u, err := url.Parse(l.URL)
	if err != nil {
		return "", errors.New("not an address")
	}
	for _, p := range l.Params {
		value, personal, err := l.value(p[1], issuer)
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

// value fills a parameter; personal says that it depends on who opens the app.
func (l Launch) value(template, issuer string) (value string, personal bool, err error) {
	shared := strings.NewReplacer("{login_hint}", "", "{login_hint?}", "").Replace(template)
	if strings.ContainsAny(strings.ReplaceAll(shared, "{issuer}", ""), "{}") {
		return "", false, errors.New("knows {issuer}, {login_hint} and {login_hint?}, no other placeholder")
	}
	return strings.ReplaceAll(shared, "{issuer}", issuer), shared != template, nil
}
