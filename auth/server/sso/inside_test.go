package sso_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/connector"
)

// inside is a service on the company's network that the server's configuration does not
// allow: whoever makes the server call it has won.
type inside struct {
	url    string
	called atomic.Int64
}

func newInside(t *testing.T) *inside {
	n := &inside{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n.called.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"x","union_id":"admin","user_name":"the metadata service"}`))
	}))
	t.Cleanup(s.Close)
	n.url = s.URL
	return n
}

// byName is the service's address by a name that points inside.
func (n *inside) byName() string { return strings.Replace(n.url, "127.0.0.1", "localhost", 1) }

// allowing is a policy for one vendor at this machine, and no more.
func allowing(origin string) connector.Policy {
	host := strings.TrimPrefix(origin, "http://")
	return connector.Policy{Allow: []string{host}, AllowHTTP: []string{"127.0.0.1", "localhost"}}
}

// A connector's steps lead nowhere inside, neither by their own address, nor by a name,
// nor by a redirect of a vendor that is allowed.
func TestStepsLeadNowhereInside(t *testing.T) {
	for what, bend := range map[string]func(v *vendor, n *inside, c *connector.Connector){
		"token address": func(_ *vendor, n *inside, c *connector.Connector) { c.Steps[0].URL = n.url + "/token" },
		"by name":       func(_ *vendor, n *inside, c *connector.Connector) { c.Steps[1].URL = n.byName() + "/user" },
		"by redirect": func(_ *vendor, n *inside, c *connector.Connector) {
			c.Steps[1].URL = strings.Replace(c.Steps[1].URL, "/userInfo", "/away?to="+n.url, 1)
		},
		"link-local":  func(_ *vendor, _ *inside, c *connector.Connector) { c.Steps[1].URL = "https://169.254.169.254/latest" },
		"private":     func(_ *vendor, _ *inside, c *connector.Connector) { c.Steps[1].URL = "https://10.0.0.1/user" },
		"mapped":      func(_ *vendor, _ *inside, c *connector.Connector) { c.Steps[1].URL = "https://[::ffff:10.0.0.1]/user" },
		"unspecified": func(_ *vendor, _ *inside, c *connector.Connector) { c.Steps[1].URL = "https://[::]/user" },
	} {
		t.Run(what, func(t *testing.T) {
			v, n := newVendor(t, "u-1", "张三"), newInside(t)
			w := newWorldWith(t, allowing(v.url))
			c := v.connector("")
			bend(v, n, &c)
			w.connect(acme, "conn1", "", c)
			b := w.browser()
			p := b.Get(b.callback("/e/" + acme + "/home"))
			lines := w.logged(wantRefused(t, p, what, titleOf(p)))
			if len(lines) != 1 || lines[0].Fault != auth.EnterpriseMisconfig {
				t.Errorf("log %+v", lines)
			}
			if n.called.Load() != 0 || b.signedIn(acme) {
				t.Errorf("inside was called %d times, signed in: %v", n.called.Load(), b.signedIn(acme))
			}
		})
	}
}

// A discovery document decides nothing about where the server goes: every address in it
// is checked like one that an admin wrote.
func TestDiscoveryLeadsNowhereInside(t *testing.T) {
	for _, endpoint := range []string{"token_endpoint", "jwks_uri", "userinfo_endpoint"} {
		t.Run(endpoint, func(t *testing.T) {
			n := newInside(t)
			p := authtest.NewProvider(t, authtest.Faults{
				Discovery: func(document map[string]any) { document[endpoint] = n.url + "/x" },
				Claims:    func(claims map[string]any) { delete(claims, "name") }, // a reason to ask userinfo
			})
			w := newWorldWith(t, allowing(p.Issuer))
			p.Now, p.Redirects = w.Now, []string{w.URL + "/c/conn1/callback"}
			w.connect(acme, "conn1", "", oidc(p))
			b := w.browser()
			answer := b.Get(b.callback("/e/" + acme + "/home"))
			if endpoint != "userinfo_endpoint" { // without a name people may still come in
				wantRefused(t, answer, endpoint, titleOf(answer))
			}
			if n.called.Load() != 0 {
				t.Errorf("inside was called %d times", n.called.Load())
			}
		})
	}
	n := newInside(t)
	p := authtest.NewProvider(t, authtest.Faults{})
	w := newWorldWith(t, allowing(p.Issuer))
	c := oidc(p)
	c.OIDC.Discovery = n.byName() + "/.well-known/openid-configuration"
	w.connect(acme, "conn1", "", c)
	start := w.browser().Get("/e/" + acme + "/home")
	wantRefused(t, start, "discovery itself", titleOf(start))
	if n.called.Load() != 0 {
		t.Error("inside was called")
	}
}

// Asking about a person later is no way inside either, and a connector that was bent so
// signs nobody out.
func TestProofLeadsNowhereInside(t *testing.T) {
	v, n, r := newVendor(t, "u-1", "张三"), newInside(t), newRegistry(t)
	policy := allowing(v.url)
	policy.Allow = append(policy.Allow, strings.TrimPrefix(r.url, "http://"))
	w := newWorldWith(t, policy)
	c := r.onto(v.connector(""))
	c.Refresh[0].URL = n.url + "/refresh"
	e := w.employee(c)
	if err := e.prove(5 * time.Hour); err != nil {
		t.Errorf("prove: %v", err)
	}
	if n.called.Load() != 0 {
		t.Error("inside was called")
	}
	e.session()
}

// What an upstream says of a person is text: it reaches no path, header or host of the
// next call as anything else, and no page as markup.
func TestUpstreamValuesStayValues(t *testing.T) {
	for what, id := range map[string]string{
		"path": "../../admin?x=1#y", "slashes": "a/b//c", "header": "x\r\nX-Admin: 1", "markup": "<script>alert(1)</script>", "host": "@evil.example/",
	} {
		t.Run(what, func(t *testing.T) {
			var seen []string
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				seen = append(seen, r.URL.EscapedPath()+"?"+r.URL.RawQuery)
				if r.Header.Get("X-Admin") != "" || !strings.HasPrefix(r.URL.EscapedPath(), "/people/") {
					t.Errorf("reached %s %s, header %v", r.Host, r.URL, r.Header)
				}
				_, _ = w.Write([]byte(`{"name":"<b>x</b>"}`))
			}))
			t.Cleanup(s.Close)
			v := newVendor(t, id, "<img src=x onerror=alert(1)>")
			w := newWorld(t)
			c := v.connector("")
			c.Steps[1].Set = map[string]connector.Paths{"employee": {"union_id"}, "sub": {"user_name"}}
			c.Steps = append(c.Steps, connector.Step{
				ID: "more", Method: "GET", URL: s.URL + "/people/{employee}/card", Headers: map[string]string{"X-Employee": "{employee}"},
				Optional: true, Set: map[string]connector.Paths{"name": {"name"}},
			})
			w.connect(acme, "conn1", "", c)
			w.browser().signInAt(acme)
			for _, at := range seen {
				if path, query, _ := strings.Cut(at, "?"); !strings.HasSuffix(path, "/card") || strings.Count(path, "/") != 3 || query != "" {
					t.Errorf("reached %s", at)
				}
			}
			if what == "header" && len(seen) != 0 {
				t.Errorf("a value with a line break went out: %q", seen)
			}
		})
	}
}

// The two kinds of connector that answer at one address are told apart by the APPID in it
// and by the browser's own flow: an answer of one is never redeemed at the other.
func TestMixUpAtTheSharedCallback(t *testing.T) {
	honest, evil := newVendor(t, "u-1", "张三"), newVendor(t, "u-1", "Mallory")
	w := newWorld(t)
	w.connect(acme, "conn1", "AK1", honest.connector("/oauth/v1/code"))
	w.connect(other, "conn2", "AK2", evil.connector("/oauth/v1/code"))
	b := w.browser()
	callback := b.callback("/e/" + acme + "/home")
	// The evil vendor hands its visitor an honest code, in the hope that it comes to it.
	stolen := callback[strings.Index(callback, "code="):]
	victim := w.browser()
	own := victim.callback("/e/" + other + "/home")
	wantRefused(t, victim.Get(own[:strings.Index(own, "?")]+"?app_id=AK2&"+stolen), "honest code at the evil connector", stalePage)
	honest.mu.Lock()
	left := len(honest.codes)
	honest.mu.Unlock()
	if left != 1 || victim.signedIn(acme) || victim.signedIn(other) {
		t.Errorf("%d codes are left", left)
	}
	if p := b.Get(callback); p.Location() != "/e/"+acme+"/home" {
		t.Errorf("the honest browser: status %d", p.Status)
	}
}
