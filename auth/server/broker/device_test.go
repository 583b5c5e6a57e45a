package broker_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/auth/server"
)

const deviceGrantType = "urn:ietf:params:oauth:grant-type:device_code"

// pending is what a device was answered.
type pending struct {
	status int
	Device string `json:"device_code"`
	User   string `json:"user_code"`
	URI    string `json:"verification_uri"`
	Whole  string `json:"verification_uri_complete"`
	Life   int    `json:"expires_in"`
	Every  int    `json:"interval"`
	Number string `json:"number"`
	Error  string `json:"error"`
}

// allowDevices lets acme's people sign in by a device code.
func (w *world) allowDevices() {
	w.T.Helper()
	e, err := w.Store.Enterprise(context.Background(), acme)
	must(w.T, err)
	e.Device = true
	must(w.T, w.Store.SaveEnterprise(context.Background(), e))
}

func (w *world) askDevice(changes ...string) pending {
	w.T.Helper()
	p := w.browser().Post(w.issuer()+"/device_authorization", with(url.Values{
		"client_id": {"lanyard"}, "scope": {"openid profile email offline_access"}, "device": {"build-7"}, "nonce": {"the nonce"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}, changes...))
	a := pending{status: p.Status}
	must(w.T, json.Unmarshal([]byte(p.Body), &a))
	return a
}

func pollForm(code string) url.Values {
	return url.Values{"grant_type": {deviceGrantType}, "device_code": {code}, "client_id": {"lanyard"}, "code_verifier": {verifier}}
}

// approving takes a browser to the page that asks about the device, through a fresh
// sign-in as the person.
func (b *browser) approving(p server.Person, address string) page {
	b.w.T.Helper()
	if away := b.Get(address); location(away).Host != "idp.example" {
		b.w.T.Fatalf("device page: status %d, location %v, %s", away.Status, location(away), away.Body)
	}
	b.w.Advance(time.Second)
	b.SignIn(p)
	shown := b.Get(b.w.URL + b.w.gate.Return)
	if shown.Status != http.StatusOK || !strings.Contains(shown.Body, `id="number"`) {
		b.w.T.Fatalf("device page after signing in: status %d, location %v, %s", shown.Status, location(shown), shown.Body)
	}
	return shown
}

func (b *browser) answerDevice(shown page, answer, number string) page {
	b.w.T.Helper()
	return b.Post(b.w.issuer()+"/device", with(hidden(shown), "answer", answer, "number", number))
}

func TestDeviceSignsIn(t *testing.T) {
	w := newWorld(t)
	w.allowDevices()
	zhang := w.person(acme, "张三")
	desktop := w.desktop(zhang)
	d := w.askDevice()
	if d.Life != 600 || d.Every != 5 || len(d.Number) != 2 || len(d.User) != 9 || d.URI != w.URL+"/device" || d.Whole != w.issuer()+"/device?user_code="+d.User {
		t.Fatalf("answer %+v", d)
	}
	w.token(pollForm(d.Device)).want(t, "before approval", "authorization_pending")
	w.token(pollForm(d.Device)).want(t, "too soon", "slow_down")
	w.Advance(5 * time.Second)
	w.token(pollForm(d.Device)).want(t, "still before approval", "authorization_pending")

	b := w.browser()
	b.SignIn(zhang) // a session alone approves nothing
	shown := b.approving(zhang, d.Whole)
	if got := w.gate.Begun[len(w.gate.Begun)-1]; !got.Fresh {
		t.Errorf("signed in with %+v", got)
	}
	for _, want := range []string{"build-7", "127.0.0.1", "started this yourself", "张三"} {
		if !strings.Contains(shown.Body, want) {
			t.Errorf("page lacks %q:\n%s", want, shown.Body)
		}
	}
	if strings.Contains(shown.Body, `value="`+d.Number) || strings.Contains(shown.Body, ">"+d.Number+"<") {
		t.Error("the page shows the number that only the device may show")
	}
	if done := b.answerDevice(shown, "yes", d.Number); !strings.Contains(done.Body, "Go back to the device") {
		t.Fatalf("approved: %d %s", done.Status, done.Body)
	}
	a := w.token(pollForm(d.Device))
	c := a.claims(t)
	if a.Refresh == "" || c["sub"] != zhang.ID || c["aud"] != "lanyard" || c["nonce"] != "the nonce" || c["auth_time"] != float64(b.Session.AuthTime.Unix()) {
		t.Fatalf("tokens: %v", c)
	}
	s, err := w.Store.Session(context.Background(), acme, c["sid"].(string), w.Now())
	if err != nil || s.Device != "build-7" || s.Client != "lanyard" || s.ID == b.Session.ID {
		t.Errorf("session %+v, %v", s, err)
	}

	// Signing the browser out leaves the device signed in.
	must(t, w.Store.EndSession(context.Background(), acme, b.Session.ID, w.Now()))
	if next := w.token(renew(a.Refresh)); next.Refresh == "" || strings.Contains(next.raw, "new_device") {
		t.Errorf("the device's own refresh: %s", next.raw)
	}
	// The other desktop is told, for a day.
	told := w.token(renew(desktop.Refresh))
	if !strings.Contains(told.raw, `"new_device":{"name":"build-7","at":`) {
		t.Errorf("the other desktop's refresh: %s", told.raw)
	}
	w.Advance(25 * time.Hour)
	if later := w.token(renew(told.Refresh)); strings.Contains(later.raw, "new_device") {
		t.Error("told for longer than a day")
	}
}

// Used twice, the code is in two hands, and what it gave ends.
func TestDeviceCodeReplayRevokes(t *testing.T) {
	w := newWorld(t)
	w.allowDevices()
	b := w.browser()
	d := w.askDevice()
	b.answerDevice(b.approving(w.person(acme, "张三"), d.Whole), "yes", d.Number)
	w.token(with(pollForm(d.Device), "code_verifier", strings.Repeat("w", 43))).want(t, "wrong verifier", "invalid_grant")
	w.token(with(pollForm(d.Device), "code_verifier", "")).want(t, "no verifier", "invalid_grant")
	a := w.token(pollForm(d.Device))
	if a.Refresh == "" {
		t.Fatalf("tokens: %+v", a)
	}
	w.token(with(pollForm(d.Device), "code_verifier", strings.Repeat("w", 43))).want(t, "replay without the verifier", "invalid_grant")
	if p := w.bearer("/userinfo", a.Access); p.Status != http.StatusOK {
		t.Errorf("ended by somebody without the verifier: %d", p.Status)
	}
	w.token(pollForm(d.Device)).want(t, "replay", "invalid_grant")
	w.token(renew(a.Refresh)).want(t, "refresh after replay", "invalid_grant")
}

// What the device endpoint and the device grant refuse.
func TestDeviceRefusals(t *testing.T) {
	w := newWorld(t)
	if d := w.askDevice(); d.Error != "unauthorized_client" {
		t.Errorf("not allowed by the company: %+v", d)
	}
	if p := w.browser().Get(w.issuer() + "/device"); !strings.HasPrefix(p.Body, "page: device_not_offered") {
		t.Errorf("page where it is not allowed: %s", p.Body)
	}
	if p := w.browser().Get(w.issuer() + "/.well-known/openid-configuration"); strings.Contains(p.Body, "device") {
		t.Error("discovery names what is not offered")
	}
	w.allowDevices()
	if p := w.browser().Get(w.issuer() + "/.well-known/openid-configuration"); !strings.Contains(p.Body, w.issuer()+"/device_authorization") || !strings.Contains(p.Body, deviceGrantType) {
		t.Error("discovery does not name what is offered")
	}
	for _, c := range []struct {
		what    string
		changes []string
		want    string
	}{
		{"an app", []string{"client_id", "handbook"}, "unauthorized_client"},
		{"a confidential app", []string{"client_id", "notes", "client_secret", appSecret}, "unauthorized_client"},
		{"an app without its secret", []string{"client_id", "notes"}, "invalid_client"},
		{"nobody", []string{"client_id", "nobody"}, "invalid_client"},
		{"no PKCE", []string{"code_challenge", "", "code_challenge_method", ""}, "invalid_request"},
		{"PKCE plain", []string{"code_challenge_method", "plain"}, "invalid_request"},
		{"no openid", []string{"scope", "profile"}, "invalid_scope"},
	} {
		if d := w.askDevice(c.changes...); d.Error != c.want || d.Device != "" {
			t.Errorf("%s: got %+v, want %s", c.what, d, c.want)
		}
	}
	d := w.askDevice()
	w.token(pollForm("unknown")).want(t, "unknown code", "invalid_grant")
	w.token(pollForm(d.User)).want(t, "the user code", "invalid_grant")
	w.token(with(pollForm(d.Device), "client_id", "handbook")).want(t, "another client", "invalid_grant")
	w.tokenAt(w.URL+"/e/"+other, pollForm(d.Device)).want(t, "another enterprise", "invalid_grant")
	w.Advance(10 * time.Minute)
	w.token(pollForm(d.Device)).want(t, "too late", "expired_token")
}

// Who approves in a code's last second has signed the device in, though it asks again only
// when the code has ended; it may not take its time, and nobody approves later.
func TestDeviceApprovedAtTheEnd(t *testing.T) {
	w := newWorld(t)
	w.allowDevices()
	for _, row := range []struct {
		name  string
		after time.Duration // that the device asks, after the code's end
		want  string
	}{
		{"its next question", 4 * time.Second, ""},
		{"slowed down", time.Minute - time.Second, ""},
		{"long afterwards", time.Minute, "expired_token"},
	} {
		d, b := w.askDevice(), w.browser()
		end := w.Now().Add(10 * time.Minute)
		shown := b.approving(w.person(acme, row.name), d.Whole)
		w.Advance(end.Sub(w.Now()) - time.Second)
		if done := b.answerDevice(shown, "yes", d.Number); !strings.Contains(done.Body, "Go back to the device") {
			t.Fatalf("%s: %d %s", row.name, done.Status, done.Body)
		}
		w.Advance(time.Second + row.after)
		a := w.token(pollForm(d.Device))
		if row.want != "" {
			a.want(t, row.name, row.want)
		} else if a.Refresh == "" {
			t.Errorf("%s: %s", row.name, a.raw)
		}
	}
	d, b := w.askDevice(), w.browser()
	shown := b.approving(w.person(acme, "张三"), d.Whole)
	w.Advance(10*time.Minute - time.Second)
	if late := b.answerDevice(shown, "yes", d.Number); strings.Contains(late.Body, "Go back to the device") {
		t.Error("approved after its end")
	}
	w.token(pollForm(d.Device)).want(t, "not approved", "expired_token")
}

// Nobody approves a device by its link alone, nor with a session from before.
func TestDeviceApprovalIsTheirOwn(t *testing.T) {
	w := newWorld(t)
	w.allowDevices()
	zhang := w.person(acme, "张三")
	d := w.askDevice()
	thief, victim := w.browser(), w.browser()

	// The address that one browser comes back to is worth nothing in another.
	shown := thief.approving(w.person(acme, "李四"), d.Whole)
	w.Advance(time.Second)
	victim.SignIn(zhang)
	if p := victim.Get(w.URL + w.gate.Return); location(p).Host != "idp.example" {
		t.Errorf("somebody else's way back: status %d %s", p.Status, p.Body)
	}
	if p := victim.answerDevice(shown, "yes", d.Number); !strings.HasPrefix(p.Body, "page: sign_in_stale") {
		t.Errorf("somebody else's form: %s", p.Body)
	}
	if p := thief.postWith(w.issuer()+"/device", with(hidden(shown), "answer", "yes", "number", d.Number), http.Header{"Sec-Fetch-Site": {"cross-site"}}); !strings.HasPrefix(p.Body, "page: not_permitted") {
		t.Errorf("from another site: %s", p.Body)
	}
	if p := thief.Post(w.issuer()+"/device", with(hidden(shown), "answer", "yes", "number", d.Number, "token", strings.Repeat("A", 43))); !strings.HasPrefix(p.Body, "page: sign_in_stale") {
		t.Errorf("forged token: %s", p.Body)
	}
	// A form for one device approves no other.
	another := w.askDevice()
	moved := with(hidden(shown), "answer", "yes", "number", another.Number)
	moved.Set("request", strings.Replace(moved.Get("request"), d.User, another.User, 1))
	if p := thief.Post(w.issuer()+"/device", moved); !strings.HasPrefix(p.Body, "page: sign_in_stale") {
		t.Errorf("another device: %s", p.Body)
	}
	w.token(pollForm(d.Device)).want(t, "after all", "authorization_pending")
	w.token(pollForm(another.Device)).want(t, "the other after all", "authorization_pending")
}

func TestDeviceNumber(t *testing.T) {
	w := newWorld(t)
	w.allowDevices()
	zhang := w.person(acme, "张三")
	d := w.askDevice()
	wrong := "00"
	if d.Number == wrong {
		wrong = "01"
	}
	b := w.browser()
	shown := b.approving(zhang, d.Whole)
	for left := 4; left > 0; left-- {
		shown = b.answerDevice(shown, "yes", wrong)
		if !strings.Contains(shown.Body, "Tries left: "+string(rune('0'+left))) {
			t.Fatalf("wrong number, %d left: %s", left, shown.Body)
		}
	}
	if p := b.answerDevice(shown, "yes", ""); !strings.Contains(p.Body, "Too many wrong numbers") {
		t.Errorf("fifth wrong number: %s", p.Body)
	}
	if p := b.answerDevice(shown, "yes", d.Number); strings.Contains(p.Body, "Go back") {
		t.Errorf("the right number after five: %s", p.Body)
	}
	w.token(pollForm(d.Device)).want(t, "after five wrong numbers", "access_denied")

	d = w.askDevice()
	if p := b.answerDevice(b.approving(zhang, d.Whole), "no", ""); !strings.Contains(p.Body, "was not signed in") {
		t.Errorf("refused: %s", p.Body)
	}
	w.token(pollForm(d.Device)).want(t, "refused", "access_denied")
}

// A code is found however it is typed, at the enterprise's page and at everybody's;
// guessing is slow.
func TestTypedUserCode(t *testing.T) {
	w := newWorld(t)
	w.allowDevices()
	d := w.askDevice()
	own := w.issuer() + "/device"
	plain := strings.ReplaceAll(d.User, "-", "")
	wide := strings.Map(func(c rune) rune { return c + '！' - '!' }, plain)
	for _, address := range []string{own, d.URI} {
		if p := w.browser().Get(address); !strings.Contains(p.Body, `id="user_code"`) || strings.Contains(p.Body, `role="alert"`) {
			t.Fatalf("page without a code: %s", p.Body)
		}
		for _, typed := range []string{d.User, plain, strings.ToLower(plain), " " + plain[:4] + " " + plain[4:] + " ", wide} {
			b := w.browser()
			p := b.Get(address + "?typed=1&user_code=" + url.QueryEscape(typed))
			if address == d.URI {
				if p.Status != http.StatusSeeOther || p.Location() != "/e/"+acme+"/device?user_code="+d.User+"&typed=1" {
					t.Errorf("typed %q: status %d, location %q", typed, p.Status, p.Location())
				}
				p = b.Get(w.URL + p.Location())
			}
			if want := "0; url=/e/" + acme + "/device?user_code=" + d.User; p.Header.Get("Refresh") != want || !strings.Contains(p.Body, `id="continue"`) {
				t.Errorf("typed %q: refresh %q, %s", typed, p.Header.Get("Refresh"), p.Body)
			}
		}
	}
	if p := w.browser().Get(d.URI + "?user_code=" + d.User); p.Location() != "/e/"+acme+"/device?user_code="+d.User {
		t.Errorf("link to everybody's page: status %d, location %q", p.Status, p.Location())
	}
	b := w.browser()
	for i, typed := range []string{"BBBB-BBBB", "AEIOU", plain + "B", "<script>", strings.Repeat("B", 4000), "!", "张三", "\x00", plain[:7], "%2e%2e"} {
		if p := b.Get([]string{own, d.URI}[i%2] + "?user_code=" + url.QueryEscape(typed)); !strings.Contains(p.Body, "not known here") || p.Location() != "" {
			t.Errorf("guess %q: status %d, %s", typed, p.Status, p.Body)
		}
	}
	for _, address := range []string{d.Whole, d.URI + "?user_code=" + d.User} {
		if p := b.Get(address); !strings.Contains(p.Body, "Too many tries") {
			t.Errorf("the eleventh: %s", p.Body)
		}
	}
	w.Advance(time.Minute)
	if p := b.Get(d.Whole); location(p).Host != "idp.example" {
		t.Errorf("a minute later: %v", location(p))
	}
	if p := b.Get(w.URL + "/e/" + other + "/device?user_code=" + d.User); !strings.HasPrefix(p.Body, "page: device_not_offered") {
		t.Errorf("at another enterprise: %s", p.Body)
	}
}

// Everybody's page tells who guesses nothing: a code that was answered, one that has
// expired and one that never was look the same, and no page but a company's own names it.
func TestDevicePageOfEverybody(t *testing.T) {
	w := newWorld(t)
	w.allowDevices()
	answered, expired := w.askDevice(), w.askDevice()
	b := w.browser()
	b.answerDevice(b.approving(w.person(acme, "张三"), answered.Whole), "yes", answered.Number)
	never := w.browser().Get(w.URL + "/device?typed=1&user_code=BBBB-BBBB")
	again := w.browser().Get(w.URL + "/device?typed=1&user_code=" + answered.User)
	w.Advance(10 * time.Minute)
	late := w.browser().Get(w.URL + "/device?typed=1&user_code=" + expired.User)
	if never.Status != http.StatusOK || again.Status != never.Status || late.Status != never.Status || again.Body != never.Body || late.Body != never.Body {
		t.Errorf("never: %d %s\nanswered: %d %s\nexpired: %d %s", never.Status, never.Body, again.Status, again.Body, late.Status, late.Body)
	}
	if strings.Contains(never.Body, "Acme") || strings.Contains(never.Body, acme) || !strings.Contains(never.Body, `action="/device"`) {
		t.Errorf("page: %s", never.Body)
	}
	csp := never.Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || !strings.HasSuffix(csp, "form-action 'self'") || never.Header.Get("Referrer-Policy") != "same-origin" {
		t.Errorf("headers: %v", never.Header)
	}
	if p := w.browser().Get(w.URL + "/device?user_code=%zz"); !strings.HasPrefix(p.Body, "page: request_invalid") {
		t.Errorf("broken query: %d %s", p.Status, p.Body)
	}
}

// The name comes from a program that anybody may have written.
func TestDeviceNameIsHarmless(t *testing.T) {
	w := newWorld(t)
	w.allowDevices()
	d := w.askDevice("device", "<b>\u202eevil\x00\n"+strings.Repeat("长", 100))
	shown := w.browser().approving(w.person(acme, "张三"), d.Whole)
	if strings.Contains(shown.Body, "<b>") || strings.Contains(shown.Body, "\u202e") || strings.Contains(shown.Body, strings.Repeat("长", 60)) {
		t.Errorf("page:\n%s", shown.Body)
	}
}
