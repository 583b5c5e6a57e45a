package threestep_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lanyard/auth/server"
	"lanyard/auth/server/threestep"
)

// FuzzRedirect: whatever is accepted leads a browser to the registered origin and path,
// with the registered app_id, once.
func FuzzRedirect(f *testing.F) {
	c := server.Client{RedirectURIs: []string{callback}, Three: &server.Three{}}
	for _, seed := range []string{
		callback, asked, callback + "#", "https://open.wps.cn@evil.example/", callback + "&app_id=x", callback + "&a;app_id=x",
		"https://open.wps.cn/oauth/v1/code?a=1&app_id=" + appID, `https://open.wps.cn\@evil.example/?app_id=` + appID,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		if !threestep.RedirectAllowed(c, uri) {
			return
		}
		u, err := url.Parse(uri)
		if err != nil || u.Scheme != "https" || u.Host != "open.wps.cn" || u.User != nil || u.EscapedPath() != "/oauth/v1/code" || u.Fragment != "" {
			t.Errorf("accepted %q", uri)
			return
		}
		if ids := u.Query()["app_id"]; len(ids) != 1 || ids[0] != appID {
			t.Errorf("accepted %q with app_id %q", uri, ids)
		}
	})
}

// FuzzAuthorize: whatever is asked, a browser is sent to the registered callback with
// one code, or to the company's page, or nowhere.
func FuzzAuthorize(f *testing.F) {
	w := newWorld(f)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	for _, seed := range []string{
		ask().Encode(), ask("state", "").Encode(), ask().Encode() + "&state=2", ask("redirect_uri", "https://evil.example").Encode(),
		"client_id=wps", "%zz", ";", ask("redirect_uri", callback+"&code=1").Encode(),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.at("authorize"), nil)
		if err != nil {
			return
		}
		if r.URL.RawQuery = query; strings.ContainsFunc(query, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '#' }) {
			return // no client can send it
		}
		answer, err := b.Client.Do(r)
		if err != nil {
			return
		}
		answer.Body.Close()
		to := answer.Header.Get("Location")
		if answer.StatusCode == http.StatusBadRequest && to == "" {
			return
		}
		u, err := url.Parse(to)
		if err != nil || answer.StatusCode != http.StatusFound || !strings.HasPrefix(to, "https://open.wps.cn/oauth/v1/code?") ||
			u.Query().Get("app_id") != appID || len(u.Query()["code"]) != 1 {
			t.Errorf("%q: %d to %q", query, answer.StatusCode, to)
		}
	})
}
