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
	w.t.Helper()
	e, err := w.store.Enterprise(context.Background(), acme)
	must(w.t, err)
	e.Device = true
	must(w.t, w.store.SaveEnterprise(context.Background(), e))
}

func (w *world) askDevice(changes ...string) pending {
	w.t.Helper()
	p := w.browser().post(w.issuer()+"/device_authorization", with(url.Values{
		"client_id": {"lanyard"}, "scope": {"openid profile email offline_access"}, "device": {"build-7"}, "nonce": {"the nonce"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}, changes...))
	a := pending{status: p.status}
	must(w.t, json.Unmarshal([]byte(p.body), &a))
	return a
}

func pollForm(code string) url.Values {
	return url.Values{"grant_type": {deviceGrantType}, "device_code": {code}, "client_id": {"lanyard"}, "code_verifier": {verifier}}
}

// approving takes a browser to the page that asks about the device, through a fresh
// sign-in as the person.
func (b *browser) approving(p server.Person, address string) page {
	b.w.t.Helper()
	if away := b.get(address); away.location().Host != "idp.example" {
		b.w.t.Fatalf("device page: status %d, location %v, %s", away.status, away.location(), away.body)
	}
	b.w.clock.advance(time.Second)
	b.signIn(p)
	shown := b.get(b.w.url + b.w.gate.ret)
	if shown.status != http.StatusOK || !strings.Contains(shown.body, `id="number"`) {
		b.w.t.Fatalf("device page after signing in: status %d, location %v, %s", shown.status, shown.location(), shown.body)
	}
	return shown
}

func (b *browser) answerDevice(shown page, answer, number string) page {
	b.w.t.Helper()
	return b.post(b.w.issuer()+"/device", with(hidden(shown), "answer", answer, "number", number))
}

func TestDeviceSignsIn(t *testing.T) {
	w := newWorld(t)
	w.allowDevices()
	zhang := w.person(acme, "张三")
	desktop := w.desktop(zhang)
	d := w.askDevice()
	if d.Life != 600 || d.Every != 5 || len(d.Number) != 2 || len(d.User) != 9 || d.URI != w.url+"/device" || d.Whole != w.issuer()+"/device?user_code="+d.User {
		t.Fatalf("answer %+v", d)
	}
	w.token(pollForm(d.Device)).want(t, "before approval", "authorization_pending")
	w.token(pollForm(d.Device)).want(t, "too soon", "slow_down")
	w.clock.advance(5 * time.Second)
	w.token(pollForm(d.Device)).want(t, "still before approval", "authorization_pending")

	b := w.browser()
	b.signIn(zhang) // a session alone approves nothing
	shown := b.approving(zhang, d.Whole)
	if got := w.gate.begun[len(w.gate.begun)-1]; !got.Fresh {
		t.Errorf("signed in with %+v", got)
	}
	for _, want := range []string{"build-7", "127.0.0.1", "started this yourself", "张三"} {
		if !strings.Contains(shown.body, want) {
			t.Errorf("page lacks %q:\n%s", want, shown.body)
		}
	}
	if strings.Contains(shown.body, `value="`+d.Number) || strings.Contains(shown.body, ">"+d.Number+"<") {
		t.Error("the page shows the number that only the device may show")
	}
	if done := b.answerDevice(shown, "yes", d.Number); !strings.Contains(done.body, "Go back to the device") {
		t.Fatalf("approved: %d %s", done.status, done.body)
	}
	a := w.token(pollForm(d.Device))
	c := a.claims(t)
	if a.Refresh == "" || c["sub"] != zhang.ID || c["aud"] != "lanyard" || c["nonce"] != "the nonce" || c["auth_time"] != float64(b.session.AuthTime.Unix()) {
		t.Fatalf("tokens: %v", c)
	}
	s, err := w.store.Session(context.Background(), acme, c["sid"].(string), w.clock.Now())
	if err != nil || s.Device != "build-7" || s.Client != "lanyard" || s.ID == b.session.ID {
		t.Errorf("session %+v, %v", s, err)
	}

	// Signing the browser out leaves the device signed in.
	must(t, w.store.EndSession(context.Background(), acme, b.session.ID, w.clock.Now()))
	if next := w.token(renew(a.Refresh)); next.Refresh == "" || strings.Contains(next.raw, "new_device") {
		t.Errorf("the device's own refresh: %s", next.raw)
	}
	// The other desktop is told, for a day.
	told := w.token(renew(desktop.Refresh))
	if !strings.Contains(told.raw, `"new_device":{"name":"build-7","at":`) {
		t.Errorf("the other desktop's refresh: %s", told.raw)
	}
	w.clock.advance(25 * time.Hour)
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
	if p := w.bearer("/userinfo", a.Access); p.status != http.StatusOK {
		t.Errorf("ended by somebody without the verifier: %d", p.status)
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
	if p := w.browser().get(w.issuer() + "/device"); !strings.HasPrefix(p.body, "page: device_not_offered") {
		t.Errorf("page where it is not allowed: %s", p.body)
	}
	if p := w.browser().get(w.issuer() + "/.well-known/openid-configuration"); strings.Contains(p.body, "device") {
		t.Error("discovery names what is not offered")
	}
	w.allowDevices()
	if p := w.browser().get(w.issuer() + "/.well-known/openid-configuration"); !strings.Contains(p.body, w.issuer()+"/device_authorization") || !strings.Contains(p.body, deviceGrantType) {
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
	w.tokenAt(w.url+"/e/"+other, pollForm(d.Device)).want(t, "another enterprise", "invalid_grant")
	w.clock.advance(10 * time.Minute)
	w.token(pollForm(d.Device)).want(t, "too late", "expired_token")
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
	w.clock.advance(time.Second)
	victim.signIn(zhang)
	if p := victim.get(w.url + w.gate.ret); p.location().Host != "idp.example" {
		t.Errorf("somebody else's way back: status %d %s", p.status, p.body)
	}
	if p := victim.answerDevice(shown, "yes", d.Number); !strings.HasPrefix(p.body, "page: sign_in_stale") {
		t.Errorf("somebody else's form: %s", p.body)
	}
	if p := thief.do("POST", w.issuer()+"/device", with(hidden(shown), "answer", "yes", "number", d.Number), http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {"cross-site"},
	}); !strings.HasPrefix(p.body, "page: not_permitted") {
		t.Errorf("from another site: %s", p.body)
	}
	if p := thief.post(w.issuer()+"/device", with(hidden(shown), "answer", "yes", "number", d.Number, "token", strings.Repeat("A", 43))); !strings.HasPrefix(p.body, "page: sign_in_stale") {
		t.Errorf("forged token: %s", p.body)
	}
	// A form for one device approves no other.
	another := w.askDevice()
	moved := with(hidden(shown), "answer", "yes", "number", another.Number)
	moved.Set("request", strings.Replace(moved.Get("request"), d.User, another.User, 1))
	if p := thief.post(w.issuer()+"/device", moved); !strings.HasPrefix(p.body, "page: sign_in_stale") {
		t.Errorf("another device: %s", p.body)
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
		if !strings.Contains(shown.body, "Tries left: "+string(rune('0'+left))) {
			t.Fatalf("wrong number, %d left: %s", left, shown.body)
		}
	}
	if p := b.answerDevice(shown, "yes", ""); !strings.Contains(p.body, "Too many wrong numbers") {
		t.Errorf("fifth wrong number: %s", p.body)
	}
	if p := b.answerDevice(shown, "yes", d.Number); strings.Contains(p.body, "Go back") {
		t.Errorf("the right number after five: %s", p.body)
	}
	w.token(pollForm(d.Device)).want(t, "after five wrong numbers", "access_denied")

	d = w.askDevice()
	if p := b.answerDevice(b.approving(zhang, d.Whole), "no", ""); !strings.Contains(p.body, "was not signed in") {
		t.Errorf("refused: %s", p.body)
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
		if p := w.browser().get(address); !strings.Contains(p.body, `id="user_code"`) || strings.Contains(p.body, `role="alert"`) {
			t.Fatalf("page without a code: %s", p.body)
		}
		for _, typed := range []string{d.User, plain, strings.ToLower(plain), " " + plain[:4] + " " + plain[4:] + " ", wide} {
			b := w.browser()
			p := b.get(address + "?typed=1&user_code=" + url.QueryEscape(typed))
			if address == d.URI {
				if p.status != http.StatusSeeOther || p.header.Get("Location") != "/e/"+acme+"/device?user_code="+d.User+"&typed=1" {
					t.Errorf("typed %q: status %d, location %q", typed, p.status, p.header.Get("Location"))
				}
				p = b.get(w.url + p.header.Get("Location"))
			}
			if want := "0; url=/e/" + acme + "/device?user_code=" + d.User; p.header.Get("Refresh") != want || !strings.Contains(p.body, `id="continue"`) {
				t.Errorf("typed %q: refresh %q, %s", typed, p.header.Get("Refresh"), p.body)
			}
		}
	}
	if p := w.browser().get(d.URI + "?user_code=" + d.User); p.header.Get("Location") != "/e/"+acme+"/device?user_code="+d.User {
		t.Errorf("link to everybody's page: status %d, location %q", p.status, p.header.Get("Location"))
	}
	b := w.browser()
	for i, typed := range []string{"BBBB-BBBB", "AEIOU", plain + "B", "<script>", strings.Repeat("B", 4000), "!", "张三", "\x00", plain[:7], "%2e%2e"} {
		if p := b.get([]string{own, d.URI}[i%2] + "?user_code=" + url.QueryEscape(typed)); !strings.Contains(p.body, "not known here") || p.header.Get("Location") != "" {
			t.Errorf("guess %q: status %d, %s", typed, p.status, p.body)
		}
	}
	for _, address := range []string{d.Whole, d.URI + "?user_code=" + d.User} {
		if p := b.get(address); !strings.Contains(p.body, "Too many tries") {
			t.Errorf("the eleventh: %s", p.body)
		}
	}
	w.clock.advance(time.Minute)
	if p := b.get(d.Whole); p.location().Host != "idp.example" {
		t.Errorf("a minute later: %v", p.location())
	}
	if p := b.get(w.url + "/e/" + other + "/device?user_code=" + d.User); !strings.HasPrefix(p.body, "page: device_not_offered") {
		t.Errorf("at another enterprise: %s", p.body)
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
	never := w.browser().get(w.url + "/device?typed=1&user_code=BBBB-BBBB")
	again := w.browser().get(w.url + "/device?typed=1&user_code=" + answered.User)
	w.clock.advance(10 * time.Minute)
	late := w.browser().get(w.url + "/device?typed=1&user_code=" + expired.User)
	if never.status != http.StatusOK || again.status != never.status || late.status != never.status || again.body != never.body || late.body != never.body {
		t.Errorf("never: %d %s\nanswered: %d %s\nexpired: %d %s", never.status, never.body, again.status, again.body, late.status, late.body)
	}
	if strings.Contains(never.body, "Acme") || strings.Contains(never.body, acme) || !strings.Contains(never.body, `action="/device"`) {
		t.Errorf("page: %s", never.body)
	}
	csp := never.header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || !strings.HasSuffix(csp, "form-action 'self'") || never.header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers: %v", never.header)
	}
	if p := w.browser().get(w.url + "/device?user_code=%zz"); !strings.HasPrefix(p.body, "page: request_invalid") {
		t.Errorf("broken query: %d %s", p.status, p.body)
	}
}

// The name comes from a program that anybody may have written.
func TestDeviceNameIsHarmless(t *testing.T) {
	w := newWorld(t)
	w.allowDevices()
	d := w.askDevice("device", "<b>\u202eevil\x00\n"+strings.Repeat("长", 100))
	shown := w.browser().approving(w.person(acme, "张三"), d.Whole)
	if strings.Contains(shown.body, "<b>") || strings.Contains(shown.body, "\u202e") || strings.Contains(shown.body, strings.Repeat("长", 60)) {
		t.Errorf("page:\n%s", shown.body)
	}
}
