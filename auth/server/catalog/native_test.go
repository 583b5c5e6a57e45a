package catalog_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

const nativeChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // RFC 7636, appendix B

func (w *world) native(token, challenge string) (int, map[string]string) {
	w.T.Helper()
	answer, body := w.call(http.MethodPost, w.issuer(acme)+"/v1/launches", token, `{"app":"cad","challenge":"`+challenge+`"}`)
	var got map[string]string
	if err := json.Unmarshal(body, &got); err != nil {
		w.T.Fatalf("%s: %s", answer.Status, body)
	}
	if answer.StatusCode == http.StatusCreated && answer.Header.Get("Cache-Control") != "no-store" {
		w.T.Error("the answer may be kept")
	}
	return answer.StatusCode, got
}

func TestNativeLaunch(t *testing.T) {
	w := newWorld(t)
	w.kinds()
	zhang := w.signedIn(acme, "张三")
	_, body := w.call(http.MethodGet, w.issuer(acme)+"/v1/apps", zhang.token, "")
	var list struct{ Apps []auth.App }
	must(t, json.Unmarshal(body, &list))
	i := slices.IndexFunc(list.Apps, func(a auth.App) bool { return a.ID == "cad" })
	if i < 0 || list.Apps[i].Native != "cad-suite" || list.Apps[i].URL != "" {
		t.Errorf("listed as %+v", list.Apps)
	}
	status, got := w.native(zhang.token, nativeChallenge)
	want := map[string]string{
		"id": got["id"], "native": "cad-suite", "code": "code of " + zhang.person, "client_id": "cad", "redirect_uri": "http://127.0.0.1/callback",
		"issuer": w.issuer(acme), "expires_at": got["expires_at"],
	}
	if status != http.StatusCreated || len(got["id"]) != 32 || len(got) != len(want) {
		t.Errorf("%d %v", status, got)
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s = %q, want %q", name, got[name], value)
		}
	}
	if at, err := time.Parse(time.RFC3339, got["expires_at"]); err != nil || at.Sub(w.Now()) > time.Minute {
		t.Errorf("expires %q", got["expires_at"])
	}
	o, err := w.Store.Opening(t.Context(), acme, got["id"])
	if err != nil || o.Outcome != server.OpeningLinked || o.PersonID != zhang.person || o.AppID != "cad" {
		t.Errorf("opening %+v, %v", o, err)
	}
	if strings.Contains(w.Log.String(), "code of") {
		t.Error("the log shows the code")
	}

	for name, c := range map[string]struct {
		before func()
		token  string
		status int
		err    string
	}{
		"no challenge":   {func() {}, zhang.token, http.StatusBadRequest, "bad_input"},
		"due":            {func() { w.due = zhang.person }, zhang.token, http.StatusForbidden, "sign_in_required"},
		"userinfo token": {func() {}, w.accessToken(zhang, server.AudienceUserinfo), http.StatusUnauthorized, ""},
	} {
		w.due = ""
		c.before()
		challenge := nativeChallenge
		if name == "no challenge" {
			challenge = ""
		}
		answer, body := w.call(http.MethodPost, w.issuer(acme)+"/v1/launches", c.token, `{"app":"cad","challenge":"`+challenge+`"}`)
		if answer.StatusCode != c.status || !strings.Contains(string(body), c.err) {
			t.Errorf("%s: %s %s", name, answer.Status, body)
		}
	}
	w.due = ""
	if w.minter.codes != 1 {
		t.Errorf("%d codes were made, want 1", w.minter.codes)
	}

	// In a browser nothing of it opens; the page says where it does.
	b := w.browser()
	b.signIn(zhang)
	if _, page := b.open(w.issuer(acme) + "/a/cad"); !strings.Contains(page, "The cad runs on your computer") || strings.Contains(page, "code of") {
		t.Errorf("access link:\n%s", page)
	}
}

// A program without a client gets no code: it starts, and that is all.
func TestNativeWithoutClient(t *testing.T) {
	w := newWorld(t)
	zhang := w.signedIn(acme, "张三")
	must(t, w.Store.SaveApp(t.Context(), server.App{ID: "cad", EnterpriseID: acme, Launch: raw(map[string]any{"kind": "native", "native": map[string]string{"id": "cad-suite"}})}))
	if status, got := w.native(zhang.token, ""); status != http.StatusCreated || got["code"] != "" || got["native"] != "cad-suite" {
		t.Errorf("%d %v", status, got)
	}
	must(t, w.Store.SaveApp(t.Context(), server.App{ID: "cad", EnterpriseID: acme, Launch: raw(map[string]any{"kind": "native", "native": map[string]string{"id": "cad-suite", "client": "gone"}})}))
	if status, got := w.native(zhang.token, nativeChallenge); status != http.StatusInternalServerError || got["error"] != "enterprise_misconfig" {
		t.Errorf("a client that is not there: %d %v", status, got)
	}
}
