package catalog_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/server"
)

func TestApps(t *testing.T) {
	w := newWorld(t)
	zhang := w.signedIn(acme, "张三")
	address := w.issuer(acme) + "/v1/apps"
	answer, body := w.call(http.MethodGet, address, zhang.token, "")
	want := `{"apps":[{"id":"notes","title":{"en":"Notes","zh":"笔记"},"url":"` + w.issuer(acme) + `/a/notes","plain":"` + w.app.URL + `"}]}`
	if string(body) != want {
		t.Errorf("apps = %s, want %s", body, want)
	}
	etag := answer.Header.Get("ETag")
	for _, header := range []string{etag, "W/" + etag, `"x", ` + etag, "*"} {
		if answer, body := w.call(http.MethodGet, address, zhang.token, "", "If-None-Match", header); answer.StatusCode != http.StatusNotModified || len(body) != 0 || answer.Header.Get("ETag") != etag {
			t.Errorf("If-None-Match %s: %s %s", header, answer.Status, body)
		}
	}
	must(t, w.Store.DeleteApp(t.Context(), acme, "notes"))
	answer, body = w.call(http.MethodGet, address, zhang.token, "", "If-None-Match", etag)
	if answer.StatusCode != http.StatusOK || string(body) != `{"apps":[]}` || answer.Header.Get("ETag") == etag {
		t.Errorf("after a change: %s %s", answer.Status, body)
	}
}

func TestTokensThatOpenNothing(t *testing.T) {
	w := newWorld(t)
	zhang, foreign := w.signedIn(acme, "张三"), w.signedIn(other, "外人")
	left := w.signedIn(acme, "已离职")
	must(t, w.Store.EndPerson(t.Context(), acme, left.person, w.Now()))
	for name, token := range map[string]string{
		"none": "", "junk": "junk", "an app's": w.accessToken(zhang, server.AudienceUserinfo),
		"another enterprise's": foreign.token, "of somebody who left": left.token,
	} {
		for _, call := range [][2]string{{"GET", "/v1/apps"}, {"GET", "/v1/icons/abc"}, {"POST", "/v1/launches"}, {"POST", "/v1/sign-out"}} {
			if answer, body := w.call(call[0], w.issuer(acme)+call[1], token, `{"app":"notes"}`); answer.StatusCode != http.StatusUnauthorized {
				t.Errorf("token %s: %s %s: %s %s", name, call[0], call[1], answer.Status, body)
			}
		}
	}
	must(t, second(w.Store.Session(t.Context(), acme, zhang.session, w.Now())))
}

func TestMintRefuses(t *testing.T) {
	w := newWorld(t)
	zhang := w.signedIn(acme, "张三")
	must(t, w.Store.SaveApp(t.Context(), server.App{ID: "secret", EnterpriseID: other, Launch: raw(map[string]string{"kind": "link", "url": "https://x.example"})}))
	nonce := strings.Repeat("n", 32)
	for _, c := range []struct {
		body   string
		status int
		err    string
	}{
		{`{"app":"none","port":0}`, http.StatusNotFound, "app_unknown"},
		{`{"app":"secret","port":0}`, http.StatusNotFound, "app_unknown"}, // another enterprise's
		{`{"app":"notes","port":-1,"nonce":"` + nonce + `"}`, http.StatusBadRequest, "bad_input"},
		{`{"app":"notes","port":65536,"nonce":"` + nonce + `"}`, http.StatusBadRequest, "bad_input"},
		{`{"app":"notes","port":1}`, http.StatusBadRequest, "bad_input"},
		{`{"app":"notes","port":1,"nonce":"../../../../../../x"}`, http.StatusBadRequest, "bad_input"},
		{`{"app":"notes","port":1,"nonce":"` + nonce + `?@evil.example/"}`, http.StatusBadRequest, "bad_input"},
		{`{"app":"notes","port":"1"}`, http.StatusBadRequest, "bad_input"},
		{``, http.StatusBadRequest, "bad_input"},
		{`{"app":"` + strings.Repeat("x", 5000) + `"}`, http.StatusBadRequest, "bad_input"},
	} {
		answer, body := w.call(http.MethodPost, w.issuer(acme)+"/v1/launches", zhang.token, c.body)
		var got struct{ Error string }
		if err := json.Unmarshal(body, &got); err != nil || answer.StatusCode != c.status || got.Error != c.err {
			t.Errorf("%.60s: %s %s, want %d %s", c.body, answer.Status, body, c.status, c.err)
		}
	}
}

func TestIcons(t *testing.T) {
	w := newWorld(t)
	zhang := w.signedIn(acme, "张三")
	must(t, w.Store.SaveIcon(t.Context(), acme, server.Icon{SHA256: "aa", MediaType: "image/png", Data: []byte("png")}))
	must(t, w.Store.SaveIcon(t.Context(), acme, server.Icon{SHA256: "bb", MediaType: "image/svg+xml", Data: []byte("<svg>")}))
	must(t, w.Store.SaveIcon(t.Context(), other, server.Icon{SHA256: "cc", MediaType: "image/png", Data: []byte("png")}))
	answer, body := w.call(http.MethodGet, w.issuer(acme)+"/v1/icons/aa", zhang.token, "")
	if string(body) != "png" || answer.Header.Get("Content-Type") != "image/png" || answer.Header.Get("X-Content-Type-Options") != "nosniff" ||
		answer.Header.Get("Content-Security-Policy") != "default-src 'none'; sandbox" {
		t.Errorf("icon: %s %v", answer.Status, answer.Header)
	}
	b := w.browser()
	b.signIn(zhang)
	for _, sha := range []string{"bb", "cc", "dd"} { // a script's home, another enterprise's, none
		if answer, _ := w.call(http.MethodGet, w.issuer(acme)+"/v1/icons/"+sha, zhang.token, ""); answer.StatusCode != http.StatusNotFound {
			t.Errorf("icon %s: %s", sha, answer.Status)
		}
		if answer, _ := b.open(w.issuer(acme) + "/icons/" + sha); answer.StatusCode != http.StatusNotFound {
			t.Errorf("page icon %s: %s", sha, answer.Status)
		}
	}
	if answer, body := b.open(w.issuer(acme) + "/icons/aa"); answer.StatusCode != http.StatusOK || body != "png" {
		t.Errorf("page icon: %s", answer.Status)
	}
	if answer, _ := w.browser().open(w.issuer(acme) + "/icons/aa"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("page icon without a session: %s", answer.Status)
	}
}

func TestSignOutEverywhere(t *testing.T) {
	w := newWorld(t)
	zhang, li := w.signedIn(acme, "张三"), w.signedIn(acme, "李四")
	b, bystander := w.browser(), w.browser()
	b.signIn(zhang)
	bystander.signIn(li)
	if answer, _ := w.call(http.MethodPost, w.issuer(acme)+"/v1/sign-out", zhang.token, `nonsense`); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("nonsense: %s", answer.Status)
	}
	if answer, _ := w.call(http.MethodPost, w.issuer(acme)+"/v1/sign-out", zhang.token, `{"everywhere":true}`); answer.StatusCode != http.StatusNoContent {
		t.Errorf("%s", answer.Status)
	}
	if _, err := b.session(acme); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("the browser's session: %v", err)
	}
	if answer, _ := w.call(http.MethodGet, w.issuer(acme)+"/v1/apps", zhang.token, ""); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("the agent's token: %s", answer.Status)
	}
	must(t, second(bystander.session(acme)))
}
