package broker_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lanyard/auth/authtest"
)

// The policies of the pages let a real browser do what the pages are for: confirm and
// reach the desktop's loopback address, switch to the company's own page, and post a
// form_post answer by itself.
func TestPagesInABrowser(t *testing.T) {
	ctx := authtest.Chromium(t, "ignore-certificate-errors=true")
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	u, err := url.Parse(w.URL)
	must(t, err)
	w.Mux.HandleFunc("GET /sign-in", func(rw http.ResponseWriter, _ *http.Request) {
		for _, c := range b.Client.Jar.Cookies(u) {
			http.SetCookie(rw, &http.Cookie{Name: c.Name, Value: c.Value, Path: "/", SameSite: http.SameSiteLaxMode})
		}
		_, _ = rw.Write([]byte("<title>in</title>"))
	})
	var origin string
	inner := http.NewServeMux()
	w.broker.Mount(inner)
	w.Mux.HandleFunc("POST /e/"+acme+"/authorize", func(rw http.ResponseWriter, r *http.Request) {
		origin = r.Header.Get("Origin")
		inner.ServeHTTP(rw, r)
	})
	arrived := make(chan url.Values, 1)
	// An app that takes its answer at one address and begins at another site of its own.
	home := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = rw.Write([]byte("<p id=done>done"))
	}))
	defer home.Close()
	goOn := ""
	loopback := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/callback") || strings.HasSuffix(r.URL.Path, "/native") {
			_ = r.ParseForm()
			arrived <- r.Form
			if goOn != "" {
				http.Redirect(rw, r, goOn, http.StatusSeeOther)
				return
			}
		}
		_, _ = rw.Write([]byte("<p id=done>done"))
	}))
	defer loopback.Close()
	arrive := func(what string) url.Values {
		t.Helper()
		select {
		case v := <-arrived:
			// Else the next Navigate would break off what still loads.
			limited, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			if err := chromedp.Do(limited, chromedp.WaitReady(chromedp.CSS("#done"))); err != nil {
				t.Fatalf("%s: the app's page never came: %v", what, err)
			}
			return v
		case <-time.After(time.Minute):
			t.Fatalf("%s: the browser never arrived", what)
			return nil
		}
	}

	must(t, chromedp.Do(ctx, chromedp.Navigate(w.URL+"/sign-in")))
	must(t, chromedp.Do(ctx, chromedp.Navigate(w.authorizeURL(askDesktop("redirect_uri", loopback.URL+"/callback")))))
	must(t, chromedp.Do(ctx, chromedp.Click("#confirm")))
	if v := arrive("consent"); v.Get("code") == "" || v.Get("iss") != w.issuer() {
		t.Errorf("consent: %v", v)
	}
	if origin != w.URL {
		t.Errorf("the form came from %q: a browser that sends no Sec-Fetch-Site could not be told from another site's", origin)
	}

	must(t, chromedp.Do(ctx, chromedp.Navigate(w.authorizeURL(ask("redirect_uri", loopback.URL+"/native", "response_mode", "form_post")))))
	if v := arrive("form_post"); v.Get("code") == "" || v.Get("state") != "the state" {
		t.Errorf("form_post: %v", v)
	}

	goOn = home.URL + "/home"
	must(t, chromedp.Do(ctx, chromedp.Navigate(w.authorizeURL(ask("redirect_uri", loopback.URL+"/native", "response_mode", "form_post")))))
	arrive("form_post to an app that goes on")
	goOn = ""

	// Switching leads off-site, here to where the gate sends everybody.
	w.gate.Away = loopback.URL + "/native"
	must(t, chromedp.Do(ctx, chromedp.Navigate(w.authorizeURL(askDesktop()))))
	must(t, chromedp.Do(ctx, chromedp.Click("#switch")))
	arrive("switch")
	if got := w.gate.Begun[len(w.gate.Begun)-1]; !got.Fresh || got.LoginHint != "" {
		t.Errorf("switch: %+v", got)
	}

	// Signing out goes on to the app's own address.
	client, err := w.Store.Client(t.Context(), acme, "notes")
	must(t, err)
	client.LogoutURIs = []string{loopback.URL + "/native"}
	must(t, w.Store.SaveClient(t.Context(), client))
	leave := url.Values{"client_id": {"notes"}, "post_logout_redirect_uri": client.LogoutURIs, "state": {"bye"}}
	goOn = home.URL + "/home"
	must(t, chromedp.Do(ctx, chromedp.Navigate(w.issuer()+"/end-session?"+leave.Encode())))
	must(t, chromedp.Do(ctx, chromedp.Click("#confirm")))
	if v := arrive("end-session"); v.Get("state") != "bye" || b.signedIn() {
		t.Errorf("end-session: %v, signed in %v", v, b.signedIn())
	}
}
