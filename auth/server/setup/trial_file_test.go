package setup_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/connector"
	"lanyard/auth/openid"
	"lanyard/auth/server/setup"
)

// A file that was never applied is tried where the address that its sign-in comes back to
// is known all the same.
func TestFileBeforeItIsApplied(t *testing.T) {
	srv := upstream(t)
	for name, row := range map[string]struct {
		redirect connector.Redirect
		id       string
		callback string // empty: not known
	}{
		"one address for all":            {connector.Redirect{Path: "/oauth/v1/code", Query: "forbidden"}, "", public + "/oauth/v1/code"},
		"an id that was given":           {connector.Redirect{}, "c0ffee", public + "/c/c0ffee/callback"},
		"an id that is made":             {connector.Redirect{}, "", ""},
		"an APPID that is made":          {connector.Redirect{Path: "/oauth/v1/code"}, "", ""},
		"an APPID that is made, with id": {connector.Redirect{Path: "/oauth/v1/code"}, "c0ffee", ""},
	} {
		f := newFixture(t, public, nil)
		file := mustFile(t, "https://sso.acme.com", srv.URL)
		file.Connector.ID, file.Connector.Document.Redirect = row.id, row.redirect
		trial, callback, err := f.TestFile(t.Context(), file)
		if row.callback == "" {
			if !errors.Is(err, auth.ErrNotFound) {
				t.Errorf("%s: at %q, %v", name, callback, err)
			}
			f.apply(file) // which makes it
			if _, callback, err = f.TestFile(t.Context(), file); err != nil || callback == "" {
				t.Errorf("%s, applied: at %q, %v", name, callback, err)
			}
			continue
		}
		if err != nil || callback != row.callback {
			t.Fatalf("%s: at %q, %v", name, callback, err)
		}
		page, err := url.Parse(trial.URL)
		if err != nil {
			t.Fatal(err)
		}
		result, err := trial.Finish(t.Context(), url.Values{"code": {"good-code"}, "state": {page.Query().Get("state")}})
		if err != nil || result.Name != "张三" {
			t.Errorf("%s: %+v, %v", name, result, err)
		}
		if len(f.m.enterprises)+len(f.m.connectors) != 0 {
			t.Errorf("%s: a test left something behind", name)
		}
		if report := f.apply(file); report.Callback != callback {
			t.Errorf("%s: tried at %s, applied it comes back to %s", name, callback, report.Callback)
		}
	}
}

// The most usual file: an OpenID provider, where desktops sign in by themselves.
func TestFileOfOpenIDBeforeItIsApplied(t *testing.T) {
	idp := authtest.NewProvider(t, authtest.Faults{})
	f := newFixture(t, public, func(c *setup.Config) { c.OIDC = &openid.Client{HTTP: http.DefaultClient} })
	file := oidcFile("acme", "loopback")
	file.Connector.Document.OIDC.Issuer, file.Connector.Document.OIDC.ClientID = idp.Issuer, authtest.ClientID
	trial, callback, err := f.TestFile(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Get(trial.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	back, err := answer.Location()
	if err != nil || back.Scheme+"://"+back.Host+back.Path != callback {
		t.Fatalf("came back to %v, %v, want %s", back, err, callback)
	}
	if result, err := trial.Finish(t.Context(), back.Query()); err != nil || result.Subject == "" {
		t.Errorf("%+v, %v", result, err)
	}
}
