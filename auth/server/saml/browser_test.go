package saml_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lanyard/auth/authtest"
	"lanyard/auth/server"
)

// TestBrowser lets a real browser post by itself, past the page's policy, to a service
// provider that goes on to another site of its own.
func TestBrowser(t *testing.T) {
	ctx := authtest.Chromium(t, "ignore-certificate-errors=true")
	w := newWorld(t)
	b := w.browser().signIn(w.zhangsan())
	u, err := url.Parse(w.URL)
	must(t, err)
	w.Mux.HandleFunc("GET /sign-in", func(rw http.ResponseWriter, _ *http.Request) {
		for _, c := range b.Client.Jar.Cookies(u) {
			http.SetCookie(rw, &http.Cookie{Name: c.Name, Value: c.Value, Path: "/", SameSite: http.SameSiteLaxMode})
		}
		_, _ = rw.Write([]byte("<title>in</title>"))
	})
	arrived := make(chan url.Values, 1)
	home := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = rw.Write([]byte("<p id=home>home"))
	}))
	defer home.Close()
	acs := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		arrived <- r.PostForm
		http.Redirect(rw, r, home.URL+"/home", http.StatusFound)
	}))
	defer acs.Close()
	w.app(acme, "x", server.SAML{EntityID: "urn:x", ACS: []string{acs.URL + "/acs"}, RelayState: "there"})

	must(t, chromedp.Do(ctx, chromedp.Navigate(w.URL+"/sign-in")))
	must(t, chromedp.Do(ctx, chromedp.Navigate(w.URL+"/open/"+acme+"/x")))
	select {
	case v := <-arrived:
		if v.Get("SAMLResponse") == "" || v.Get("RelayState") != "there" {
			t.Errorf("posted %v", v)
		}
	case <-time.After(time.Minute):
		t.Fatal("the browser never posted")
	}
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	must(t, chromedp.Do(limited, chromedp.WaitReady(chromedp.CSS("#home"))))
}
