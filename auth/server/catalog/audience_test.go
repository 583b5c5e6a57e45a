package catalog_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// theirs is what a person's two lists of apps show.
func (w *world) theirs(b *browser, a account) (api, page []string) {
	w.T.Helper()
	_, body := w.call(http.MethodGet, w.issuer(acme)+"/v1/apps", a.token, "")
	var list struct{ Apps []auth.App }
	must(w.T, json.Unmarshal(body, &list))
	for _, app := range list.Apps {
		api = append(api, app.ID)
	}
	_, html := b.open(w.issuer(acme) + "/")
	for _, id := range []string{"board", "cad", "mail", "notes"} {
		if strings.Contains(html, `href="/e/`+acme+`/a/`+id+`"`) {
			page = append(page, id)
		}
	}
	return api, page
}

// kinds puts an app of each kind beside the notes.
func (w *world) kinds() {
	w.T.Helper()
	for id, launch := range map[string]any{
		"mail":  map[string]any{"kind": "saml", "saml": map[string]any{"entity_id": "urn:mail", "acs": []string{w.app.URL + "/acs"}}},
		"board": map[string]any{"kind": "steps", "url": w.app.URL + "/in", "steps": []map[string]any{{"method": "GET", "url": w.app.URL + "/api"}}},
		"cad":   map[string]any{"kind": "native", "native": map[string]string{"id": "cad-suite", "client": "cad"}},
	} {
		must(w.T, w.Store.SaveApp(w.T.Context(), server.App{ID: id, EnterpriseID: acme, Title: auth.Text{"en": "The " + id}, Launch: raw(launch)}))
	}
}

func TestAppOfOthersDoesNotOpen(t *testing.T) {
	w := newWorld(t)
	w.kinds()
	zhang := w.signedIn(acme, "张三")
	b := w.browser()
	b.signIn(zhang)
	all := []string{"board", "cad", "mail", "notes"}
	if api, page := w.theirs(b, zhang); !slices.Equal(api, all) || !slices.Equal(page, all) {
		t.Fatalf("without lists: %q, %q", api, page)
	}
	links := map[string]*agent{"notes": w.agentFor(zhang, "notes"), "mail": w.agentFor(zhang, "mail")}
	answer, _ := w.call(http.MethodGet, w.issuer(acme)+"/v1/apps", zhang.token, "")
	etag := answer.Header.Get("ETag")
	for _, app := range all {
		w.assign(app, "", "李四")
	}
	if api, page := w.theirs(b, zhang); len(api) != 0 || len(page) != 0 {
		t.Errorf("on nobody's list: %q, %q", api, page)
	}
	if answer, _ := w.call(http.MethodGet, w.issuer(acme)+"/v1/apps", zhang.token, "", "If-None-Match", etag); answer.StatusCode != http.StatusOK {
		t.Errorf("the desktop keeps its old list: %s", answer.Status)
	}
	if _, html := b.open(w.issuer(acme) + "/"); !strings.Contains(html, "No apps here yet") {
		t.Errorf("the empty page:\n%s", html)
	}
	w.opened = ""
	for _, app := range all {
		answer, body := w.call(http.MethodPost, w.issuer(acme)+"/v1/launches", zhang.token, `{"app":"`+app+`","port":0}`)
		var said struct{ Error, Reference string }
		must(t, json.Unmarshal(body, &said))
		if answer.StatusCode != http.StatusForbidden || said.Error != "app_not_yours" {
			t.Errorf("mint %s: %s %s", app, answer.Status, body)
		}
		w.isNoted(t, said.Reference, app)
		w.failed = nil
		b.open(w.issuer(acme) + "/a/" + app)
		if fault, args := auth.FaultOf(w.failed); fault != auth.AppNotYours || app != "notes" && args["app"] != "The "+app {
			t.Errorf("access link of %s: %v %v", app, w.failed, args)
		}
		w.isNoted(t, w.reference, app)
	}
	// Links that were made before count for nothing any more.
	for app, agent := range links {
		w.failed = nil
		fresh := w.browser()
		fresh.open(agent.link.URL)
		if !errors.Is(w.failed, auth.AppNotYours) {
			t.Errorf("old link of %s: %v", app, w.failed)
		}
	}
	if w.opened != "" || len(w.posted) != 0 || w.minter.codes != 0 {
		t.Errorf("opened %q, posted %d times, made %d codes", w.opened, len(w.posted), w.minter.codes)
	}
	if second(b.session(acme)) != nil {
		t.Error("taken off a list, the person was signed out")
	}

	w.assign("notes", "", "张三")
	w.assign("cad", "", "z+s@acme.com")
	if api, page := w.theirs(b, zhang); !slices.Equal(api, []string{"cad", "notes"}) || !slices.Equal(page, []string{"cad", "notes"}) {
		t.Errorf("on two lists: %q, %q", api, page)
	}
	b.open(w.issuer(acme) + "/a/notes")
	w.inApp(b.trail)
}

// isNoted finds under the number that somebody was told, that the app is not theirs.
func (w *world) isNoted(t *testing.T, reference, app string) {
	t.Helper()
	lines, err := w.Store.SignInsByReference(t.Context(), acme, reference)
	if err != nil || len(lines) != 1 || lines[0].Fault != auth.AppNotYours || lines[0].AppID != app {
		t.Errorf("under %q the admin reads %+v, %v", reference, lines, err)
	}
}

// A person whom another's desktop has left in the browser is judged by their own lists.
func TestListIsThePersonsInTheBrowser(t *testing.T) {
	w := newWorld(t)
	zhang, li := w.signedIn(acme, "张三"), w.signedIn(acme, "李四")
	w.assign("notes", "", "张三")
	b := w.browser()
	b.signIn(li)
	_, page := b.open(w.agent(zhang).link.URL)
	b.press(page, "keep") // stay 李四, whose app it is not
	if !errors.Is(w.failed, auth.AppNotYours) || w.opened != "" {
		t.Errorf("opened %q, %v", w.opened, w.failed)
	}
	if s, err := b.session(acme); err != nil || s.PersonID != li.person {
		t.Errorf("session of %s, %v", s.PersonID, err)
	}
	// A list of another enterprise says nothing here.
	must(t, w.Store.SaveAudience(t.Context(), server.Audience{EnterpriseID: other, AppID: "notes"}))
	b = w.browser()
	b.open(w.agent(zhang).link.URL)
	w.inApp(b.trail)
}

func TestOpenerOpens(t *testing.T) {
	w := newWorld(t)
	w.kinds()
	zhang := w.signedIn(acme, "张三")
	b := w.browser()
	if _, page := b.open(w.agentFor(zhang, "mail").link.URL); page != "posting to mail" {
		t.Errorf("%s, %v", page, w.failed)
	}
	s, err := b.session(acme)
	must(t, err)
	if len(w.posted) != 1 || w.posted[0].ID != s.ID || w.posted[0].PersonID != zhang.person {
		t.Errorf("the opener was given %+v, want the launch's own session", w.posted)
	}
	w.Advance(time.Second) // so that one is the newer
	w.refuses = auth.Fail(auth.EnterpriseMisconfig, nil, errors.New("the certificate has expired"))
	if b.open(w.issuer(acme) + "/a/mail"); !errors.Is(w.failed, auth.EnterpriseMisconfig) {
		t.Errorf("%v", w.failed)
	}
	if got := w.outcomes(); !slices.Equal(got, []string{"mail failed", "mail posted"}) {
		t.Errorf("openings %q", got)
	}
}
