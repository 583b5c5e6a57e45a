package connector_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
)

func get(t *testing.T, c *http.Client, address string) (int, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	return int(n), err
}

func TestClientPolicy(t *testing.T) {
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }))
	defer vendor.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(vendor.URL, "http://"), ":")
	for _, row := range []struct {
		name    string
		policy  connector.Policy
		address string
		fault   auth.Fault // empty: allowed
	}{
		{"nothing allowed", connector.Policy{}, vendor.URL, auth.InsecureAddress},
		{"http only", connector.Policy{AllowHTTP: []string{"127.0.0.1"}}, vendor.URL, auth.EnterpriseMisconfig},
		{"address only", connector.Policy{Allow: []string{"127.0.0.1:" + port}}, vendor.URL, auth.InsecureAddress},
		{"both", connector.Policy{Allow: []string{"127.0.0.1:" + port}, AllowHTTP: []string{"127.0.0.1"}}, vendor.URL, ""},
		{"another port", connector.Policy{Allow: []string{"127.0.0.1:1"}, AllowHTTP: []string{"127.0.0.1"}}, vendor.URL, auth.EnterpriseMisconfig},
		{"a name that points inside", connector.Policy{AllowHTTP: []string{"localhost"}}, "http://localhost:" + port, auth.EnterpriseMisconfig},
		{"that name allowed", connector.Policy{Allow: []string{"localhost:" + port}, AllowHTTP: []string{"LOCALHOST"}}, "http://localhost:" + port, ""},
		{"its address allowed", connector.Policy{Allow: []string{"127.0.0.1:" + port, "[::1]:" + port}, AllowHTTP: []string{"localhost"}}, "http://localhost:" + port, ""},
		{"mapped", connector.Policy{AllowHTTP: []string{"::ffff:127.0.0.1"}}, "http://[::ffff:127.0.0.1]:" + port, auth.EnterpriseMisconfig},
		{"unspecified", connector.Policy{AllowHTTP: []string{"0.0.0.0"}}, "http://0.0.0.0:" + port, auth.EnterpriseMisconfig},
		{"demo", connector.Policy{Loopback: true}, vendor.URL, ""},
		{"demo by name", connector.Policy{Loopback: true}, "http://localhost:" + port, ""},
		{"demo is no leave for others", connector.Policy{Loopback: true}, "http://10.0.0.1/", auth.InsecureAddress},
		{"metadata", connector.Policy{Loopback: true}, "https://169.254.169.254/latest", auth.EnterpriseMisconfig},
		{"user", connector.Policy{Loopback: true}, "http://a:b@127.0.0.1:" + port, auth.EnterpriseMisconfig},
		{"file", connector.Policy{}, "file:///etc/passwd", auth.EnterpriseMisconfig},
	} {
		t.Run(row.name, func(t *testing.T) {
			said := row.policy.Reaches(t.Context(), row.address)
			if fault, _ := auth.FaultOf(said); said != nil && fault != row.fault || said == nil && row.fault != "" {
				t.Errorf("said beforehand: %v, want %v", said, row.fault)
			}
			_, err := get(t, connector.NewHTTPClient(row.policy), row.address)
			if row.fault == "" {
				if err != nil && !strings.Contains(err.Error(), "refused") {
					t.Error(err)
				}
				return
			}
			if fault, _ := auth.FaultOf(err); fault != row.fault {
				t.Errorf("got %v, want %v", err, row.fault)
			}
		})
	}
}

// No proxy of the environment stands in between: it would do the dialling.
func TestClientIgnoresProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	_, err := get(t, connector.NewHTTPClient(connector.Policy{AllowHTTP: []string{"10.1.2.3"}}), "http://10.1.2.3/")
	if fault, _ := auth.FaultOf(err); fault != auth.EnterpriseMisconfig {
		t.Errorf("got %v", err)
	}
}

func TestClientBounds(t *testing.T) {
	size, zip := 0, false
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var out io.Writer = w
		if zip {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Close()
			out = z
		}
		_, _ = out.Write(make([]byte, size))
	}))
	defer vendor.Close()
	c := connector.NewHTTPClient(connector.Policy{Loopback: true})
	for _, row := range []struct {
		size int
		zip  bool
		ok   bool
	}{{1 << 20, false, true}, {1<<20 + 1, false, false}, {1 << 20, true, true}, {64 << 20, true, false}} {
		size, zip = row.size, row.zip
		n, err := get(t, c, vendor.URL)
		if row.ok != (err == nil) || n > 1<<20 || !row.ok && !errors.Is(err, connector.ErrTooLarge) {
			t.Errorf("%+v: read %d, %v", row, n, err)
		}
	}
}

func TestClientRedirects(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	mux := http.NewServeMux()
	vendor := httptest.NewServer(mux)
	defer vendor.Close()
	mux.HandleFunc("/end", func(http.ResponseWriter, *http.Request) {})
	for path, target := range map[string]string{
		"/1": "/end", "/2": "/1", "/3": "/2", "/4": "/3",
		"/port": other.URL, "/scheme": strings.Replace(vendor.URL, "http", "https", 1) + "/end",
	} {
		mux.Handle(path, http.RedirectHandler(target, http.StatusFound))
	}
	c := connector.NewHTTPClient(connector.Policy{Loopback: true})
	for path, ok := range map[string]bool{"/1": true, "/3": true, "/4": false, "/port": false, "/scheme": false} {
		_, err := get(t, c, vendor.URL+path)
		fault, _ := auth.FaultOf(err)
		if ok && err != nil || !ok && fault != auth.EnterpriseMisconfig {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// slow answers each request after four seconds with a redirect to itself.
type slow struct{}

func (slow) RoundTrip(req *http.Request) (*http.Response, error) {
	select {
	case <-time.After(4 * time.Second):
		return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {req.URL.Path}}, Body: http.NoBody, Request: req}, nil
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

// A vendor has ten seconds in all, however often it sends on and however slowly it speaks.
func TestClientTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		_, err := get(t, connector.Policy{}.ClientOver(slow{}), "https://sso.acme.com/x")
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took != 10*time.Second {
			t.Errorf("after %v: %v", took, err)
		}
	})
	held := make(chan struct{})
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done() // the client has gone: closing the answer ends the request
		close(held)
	}))
	defer vendor.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, vendor.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := connector.NewHTTPClient(connector.Policy{Loopback: true}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	<-held
}

func TestPublicAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "2606:4700::1111": true, "64:ff9b::808:808": true,
		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "100.64.0.1": false, "127.0.0.1": false,
		"169.254.169.254": false, "172.16.0.1": false, "172.32.0.1": true, "192.168.1.1": false, "192.0.0.1": false,
		"192.0.2.1": false, "198.18.0.1": false, "198.51.100.1": false, "203.0.113.1": false, "224.0.0.1": false,
		"240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "fe80::1": false, "fc00::1": false, "fd00::1": false, "ff02::1": false,
		"::ffff:10.0.0.1": false, "::ffff:8.8.8.8": true, "::7f00:1": false,
		"64:ff9b::a00:1": false, "64:ff9b::7f00:1": false, "64:ff9b:1::808:808": false,
		"2002:7f00:1::": false, "2001:0:1::1": false, "2001:db8::1": false, "100::1": false, "fe80::1%eth0": false,
	} {
		if got := connector.Public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: got %v", address, got)
		}
	}
}

func TestCheckURL(t *testing.T) {
	for raw, want := range map[string]bool{
		"https://sso.acme.com/x": true, "https://": false, "http://sso.acme.com": false,
		"ftp://sso.acme.com": false, "https://u@sso.acme.com": false, "/x": false,
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := (connector.Policy{}).CheckURL(u); (err == nil) != want {
			t.Errorf("%s: %v", raw, err)
		}
	}
}
