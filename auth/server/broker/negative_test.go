package broker_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestNegative is the table of what a provider must refuse: the negative cases of the
// OpenID conformance suite (oidcc-basic, oidcc-rp-initiated-logout) and of RFC 9700. A row
// does something wrong and says what must come of it:
//
//	page            a page for the person, nothing for the client (its address is in doubt)
//	asks            a page that asks the person, who is signed in
//	sign in         a trip to the company's sign-in
//	on              on to the address after signing out
//	401             no such token
//	anything else   the OAuth error that the client gets
//
// Rows that need a story of their own, such as tokens that end, have it elsewhere in this
// package; here stands every line at least once.
func TestNegative(t *testing.T) {
	for line, rows := range map[string][]negative{
		"redirect mismatch in every disguise": redirectRows(),
		"PKCE":                                pkceRows,
		"codes and clients that are mixed up": mixRows,
		"refresh tokens":                      refreshRows,
		"algorithm confusion":                 hintRows,
		"expired":                             expiredRows,
		"prompt":                              promptRows,
		"oversized":                           sizeRows,
		"duplicated parameters":               twiceRows(),
		"keys that change in mid-flight":      keyRows,
		"another enterprise":                  enterpriseRows,
		"requests of another form":            formRows,
	} {
		t.Run(line, func(t *testing.T) {
			s := newScene(t)
			for _, row := range rows {
				if s.Now() != s.made || !s.signedIn() { // a row that was refused at once changed nothing
					s = newScene(t)
				}
				if got := row.try(s); got != row.want {
					t.Errorf("%s: got %q, want %q", row.what, got, row.want)
				}
			}
		})
	}
}

type negative struct {
	what string
	want string
	try  func(s *scene) string
}

// scene is a browser in which 张三 is signed in.
type scene struct {
	*world
	*browser
	elsewhere string // another enterprise's issuer
	made      time.Time
}

func newScene(t *testing.T) *scene {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	return &scene{world: w, browser: b, elsewhere: w.URL + "/e/" + other, made: w.Now()}
}

// redirectRows ask for an answer at an address that is nearly the registered one; the
// whole list is in TestRedirectMismatchInEveryDisguise.
func redirectRows() (rows []negative) {
	for what, uri := range map[string]string{
		"host in capitals": "https://NOTES.example/cb", "scheme": "http://notes.example/cb", "default port": "https://notes.example:443/cb",
		"slash at the end": appRedirect + "/", "path in capitals": "https://notes.example/CB", "path that goes round": "https://notes.example/x/../cb",
		"user information": "https://notes.example@evil.example/cb", "our host as user": "https://evil.example@notes.example/cb",
		"fragment": appRedirect + "#x", "query": appRedirect + "?x=y", "encoded": "https://notes.example/%63b", "encoded slash": "https://notes.example%2Fcb",
		"backslash": `https://notes.example\cb`, "line break": appRedirect + "\r\nSet-Cookie: x=y", "a code of its own": appRedirect + "?code=stolen",
		"a subdomain": "https://x.notes.example/cb", "loopback by name": "http://localhost/native", "loopback by another number": "http://127.0.0.2/native",
		"another client's": "https://handbook.example/cb", "the desktop's": "http://127.0.0.1:40123/callback", "none": "",
	} {
		rows = append(rows, negative{what, "page", func(s *scene) string { return s.authorize("redirect_uri", uri) }})
	}
	return append(
		rows,
		negative{"another address at the token endpoint", "invalid_grant", func(s *scene) string { return s.redeemed("redirect_uri", "http://127.0.0.1/native") }},
		negative{"no address at the token endpoint", "invalid_grant", func(s *scene) string { return s.redeemed("redirect_uri", "") }},
		negative{"after signing out", "page", func(s *scene) string {
			return s.asked(s.issuer() + "/end-session?" + url.Values{"id_token_hint": {s.tokens().ID}, "post_logout_redirect_uri": {postLogout + "/"}}.Encode())
		}},
		negative{"after signing out, without saying who asks", "page", func(s *scene) string {
			return s.asked(s.issuer() + "/end-session?" + url.Values{"post_logout_redirect_uri": {postLogout}}.Encode())
		}},
	)
}

// RFC 9700 section 2.1.1, RFC 7636.
var pkceRows = []negative{
	{"none", "invalid_request", func(s *scene) string { return s.authorize("code_challenge", "", "code_challenge_method", "") }},
	{"a method without a challenge", "invalid_request", func(s *scene) string { return s.authorize("code_challenge", "") }},
	{"downgraded to plain by its name", "invalid_request", func(s *scene) string { return s.authorize("code_challenge_method", "plain") }},
	{"downgraded to plain by silence", "invalid_request", func(s *scene) string { return s.authorize("code_challenge_method", "") }},
	{"method in small letters", "invalid_request", func(s *scene) string { return s.authorize("code_challenge_method", "s256") }},
	{"padded challenge", "invalid_request", func(s *scene) string { return s.authorize("code_challenge", challenge+"=") }},
	{"no verifier", "invalid_grant", func(s *scene) string { return s.redeemed("code_verifier", "") }},
	{"wrong verifier", "invalid_grant", func(s *scene) string { return s.redeemed("code_verifier", strings.Repeat("w", 43)) }},
	{"the challenge as verifier", "invalid_grant", func(s *scene) string { return s.redeemed("code_verifier", challenge) }},
	{"too short a verifier", "invalid_grant", func(s *scene) string { return s.redeemed("code_verifier", verifier[:42]) }},
	{"verifier of strange letters", "invalid_grant", func(s *scene) string { return s.redeemed("code_verifier", verifier[:42]+"é") }},
	{"a second try with the right verifier", "invalid_grant", func(s *scene) string {
		code := s.code(ask())
		s.token(with(redeem(code), "code_verifier", strings.Repeat("w", 43)))
		return granted(s.token(redeem(code)))
	}},
}

// What belongs to one client is worth nothing to another (RFC 9700 section 4.4, RFC 6749
// section 10.5).
var mixRows = []negative{
	{"a code twice", "invalid_grant", func(s *scene) string {
		code := s.code(ask())
		s.token(redeem(code))
		return granted(s.token(redeem(code)))
	}},
	{"the access token of a code that came twice", "401", func(s *scene) string {
		code := s.code(ask())
		first := s.token(redeem(code))
		s.token(redeem(code))
		return s.userinfo(s.issuer(), first.Access)
	}},
	{"the refresh token of a code that came twice", "invalid_grant", func(s *scene) string {
		code := s.code(ask())
		first := s.token(redeem(code))
		s.token(redeem(code))
		return s.refreshed(first.Refresh)
	}},
	{"another client's code", "invalid_grant", func(s *scene) string { return s.redeemed("client_id", "handbook", "client_secret", "") }},
	{"another client's code, then by its own", "invalid_grant", func(s *scene) string {
		code := s.code(ask())
		s.token(with(redeem(code), "client_id", "handbook", "client_secret", ""))
		return granted(s.token(redeem(code)))
	}},
	{"an app's code at the desktop's name", "invalid_grant", func(s *scene) string { return s.redeemed("client_id", "lanyard", "client_secret", "") }},
	{"another client's secret", "invalid_client", func(s *scene) string { return s.redeemed("client_secret", "handbook's secret") }},
	{"a confidential client without its secret", "invalid_client", func(s *scene) string { return s.redeemed("client_secret", "") }},
	{"another client's refresh token", "invalid_grant", func(s *scene) string {
		return s.refreshed(s.tokens().Refresh, "client_id", "handbook", "client_secret", "")
	}},
	{"another client's id_token as a hint", "invalid_request", func(s *scene) string {
		return s.asked(s.authorizeURL(ask("client_id", "handbook", "redirect_uri", "https://handbook.example/cb", "id_token_hint", s.tokens().ID)))
	}},
	{"another client named beside the hint at sign-out", "page", func(s *scene) string {
		return s.asked(s.issuer() + "/end-session?" + url.Values{"id_token_hint": {s.tokens().ID}, "client_id": {"handbook"}}.Encode())
	}},
	{"another client gives the token back", "invalid_grant", func(s *scene) string {
		p := s.Post(s.issuer()+"/revoke", url.Values{"token": {s.tokens().Refresh}, "client_id": {"handbook"}})
		a := answer{}
		_ = json.Unmarshal([]byte(p.Body), &a) // an answer without an error is no refusal
		return granted(a)
	}},
}

// RFC 9700 section 4.14.
var refreshRows = []negative{
	{"reuse after the successor was used", "invalid_grant", func(s *scene) string {
		first := s.tokens()
		second := s.token(with(renew(first.Refresh), "client_id", "notes", "client_secret", appSecret))
		s.refreshed(second.Refresh)
		return s.refreshed(first.Refresh)
	}},
	{"the newest after such a reuse", "invalid_grant", func(s *scene) string {
		app := []string{"client_id", "notes", "client_secret", appSecret}
		first := s.tokens()
		second := s.token(with(renew(first.Refresh), app...))
		third := s.token(with(renew(second.Refresh), app...))
		s.refreshed(first.Refresh)
		return s.refreshed(third.Refresh)
	}},
	{"an access token in its place", "invalid_grant", func(s *scene) string { return s.refreshed(s.tokens().Access) }},
	{"a code in its place", "invalid_grant", func(s *scene) string { return s.refreshed(s.code(ask())) }},
	{"an id_token in its place", "invalid_grant", func(s *scene) string { return s.refreshed(s.tokens().ID) }},
	{"in the place of an access token", "401", func(s *scene) string { return s.userinfo(s.issuer(), s.tokens().Refresh) }},
	{"for more than was granted", "invalid_scope", func(s *scene) string {
		a := s.token(redeem(s.code(ask("scope", "openid offline_access"))))
		return s.refreshed(a.Refresh, "scope", "openid email")
	}},
	{"after the browser's session has ended", "invalid_grant", func(s *scene) string {
		a := s.tokens()
		must(s.T, s.Store.EndSession(context.Background(), acme, s.Session.ID, s.Now()))
		return s.refreshed(a.Refresh)
	}},
}

var expiredRows = []negative{
	{"a code", "invalid_grant", func(s *scene) string {
		code := s.code(ask())
		s.Advance(s.Base.Lifetimes.Code)
		return granted(s.token(redeem(code)))
	}},
	{"an access token", "401", func(s *scene) string {
		a := s.tokens()
		s.Advance(s.Base.Lifetimes.AccessToken)
		return s.userinfo(s.issuer(), a.Access)
	}},
	{"a session, for another app", "sign in", func(s *scene) string {
		s.Advance(s.Base.Lifetimes.Session)
		return s.authorize()
	}},
	{"a session, for a refresh", "invalid_grant", func(s *scene) string {
		a := s.tokens()
		s.Advance(s.Base.Lifetimes.Session)
		return s.refreshed(a.Refresh)
	}},
	{"a sign-in that is older than max_age", "sign in", func(s *scene) string {
		s.Advance(time.Minute)
		return s.authorize("max_age", "30")
	}},
	{"a device code", "expired_token", func(s *scene) string {
		s.allowDevices()
		d := s.askDevice()
		s.Advance(10 * time.Minute)
		return granted(s.token(pollForm(d.Device)))
	}},
}

var promptRows = []negative{
	{"none, signed out", "login_required", func(s *scene) string { return outcome(s.world.browser().Get(s.authorizeURL(ask("prompt", "none")))) }},
	{"none, for the desktop", "interaction_required", func(s *scene) string { return s.asked(s.authorizeURL(askDesktop("prompt", "none"))) }},
	{"none, for the desktop, signed out", "interaction_required", func(s *scene) string {
		return outcome(s.world.browser().Get(s.authorizeURL(askDesktop("prompt", "none"))))
	}},
	{"none, and max_age has passed", "login_required", func(s *scene) string {
		s.Advance(time.Minute)
		return s.authorize("prompt", "none", "max_age", "30")
	}},
	{"none, for another person", "login_required", func(s *scene) string {
		li := s.world.browser()
		li.SignIn(s.person(acme, "李四"))
		return s.authorize("prompt", "none", "id_token_hint", s.token(redeem(li.code(ask()))).ID)
	}},
	{"none beside another", "invalid_request", func(s *scene) string { return s.authorize("prompt", "none login") }},
	{"one that we do not know", "invalid_request", func(s *scene) string { return s.authorize("prompt", "create") }},
	{"in capitals", "invalid_request", func(s *scene) string { return s.authorize("prompt", "NONE") }},
	{"login, signed in", "sign in", func(s *scene) string { return s.authorize("prompt", "login") }},
	{"nothing, for the desktop", "asks", func(s *scene) string { return s.asked(s.authorizeURL(askDesktop())) }},
	{"max_age that is no number", "invalid_request", func(s *scene) string { return s.authorize("max_age", "1e9") }},
	{"max_age beyond all numbers", "invalid_request", func(s *scene) string { return s.authorize("max_age", "99999999999999999999") }},
}

var sizeRows = []negative{
	{"state", "page", func(s *scene) string { return s.authorize("state", strings.Repeat("s", 8<<10)) }},
	{"hint at sign-out", "page", func(s *scene) string {
		return s.asked(s.issuer() + "/end-session?id_token_hint=" + strings.Repeat("h", 9<<10))
	}},
	{"form of the token endpoint", "invalid_request", func(s *scene) string { return s.redeemed("x", strings.Repeat("x", 33<<10)) }},
	{"form of the revocation endpoint", "Bad Request", func(s *scene) string {
		return outcome(s.Post(s.issuer()+"/revoke", url.Values{"token": {strings.Repeat("x", 33<<10)}, "client_id": {"lanyard"}}))
	}},
	{"answer to our own page", "page", func(s *scene) string {
		return outcome(s.Post(s.issuer()+"/authorize", url.Values{"token": {strings.Repeat("r", 33<<10)}}))
	}},
	{"form of the device endpoint", "Bad Request", func(s *scene) string {
		return outcome(s.Post(s.issuer()+"/device_authorization", url.Values{"device": {strings.Repeat("x", 33<<10)}, "client_id": {"lanyard"}}))
	}},
}

// twiceRows send each parameter twice (RFC 6749 sections 3.1 and 3.2).
func twiceRows() (rows []negative) {
	all := ask("prompt", "login", "max_age", "1", "login_hint", "zs", "ui_locales", "zh", "response_mode", "query", "whatever", "x")
	for name := range all {
		want := "invalid_request"
		if name == "client_id" || name == "redirect_uri" {
			want = "page"
		}
		rows = append(rows, negative{name, want, func(s *scene) string {
			return s.asked(s.authorizeURL(all) + "&" + name + "=" + url.QueryEscape(all.Get(name)))
		}})
	}
	for name := range redeem("") {
		rows = append(rows, negative{name + " at the token endpoint", "invalid_request", func(s *scene) string {
			form := redeem(s.code(ask()))
			form.Add(name, form.Get(name))
			return granted(s.token(form))
		}})
	}
	return append(rows, negative{"the token's header", "401", func(s *scene) string {
		a := s.tokens()
		p := s.Do("GET", s.issuer()+"/userinfo", "", http.Header{"Authorization": {"Bearer " + a.Access, "Bearer " + a.Access}})
		return map[bool]string{true: "401", false: p.Body}[p.Status == http.StatusUnauthorized]
	}})
}

var enterpriseRows = []negative{
	{"its browser", "sign in", func(s *scene) string { return s.asked(s.elsewhere + "/authorize?" + ask().Encode()) }},
	{"its client", "page", func(s *scene) string {
		return s.asked(s.elsewhere + "/authorize?" + ask("client_id", "handbook", "redirect_uri", "https://handbook.example/cb").Encode())
	}},
	{"its client's secret", "invalid_client", func(s *scene) string {
		return granted(s.tokenAt(s.elsewhere, with(redeem(s.code(ask())), "client_id", "handbook")))
	}},
	{"its code", "invalid_grant", func(s *scene) string { return granted(s.tokenAt(s.elsewhere, redeem(s.code(ask())))) }},
	{"its refresh token", "invalid_grant", func(s *scene) string {
		return granted(s.tokenAt(s.elsewhere, with(renew(s.tokens().Refresh), "client_id", "notes", "client_secret", appSecret)))
	}},
	{"its access token", "401", func(s *scene) string { return s.userinfo(s.elsewhere, s.tokens().Access) }},
	{"its id_token as a hint", "invalid_request", func(s *scene) string {
		return s.asked(s.elsewhere + "/authorize?" + ask("id_token_hint", s.tokens().ID).Encode())
	}},
	{"its id_token as a hint at sign-out", "page", func(s *scene) string { return s.asked(s.elsewhere + "/end-session?id_token_hint=" + s.tokens().ID) }},
	{"its device code", "invalid_grant", func(s *scene) string {
		s.allowDevices()
		return granted(s.tokenAt(s.elsewhere, pollForm(s.askDevice().Device)))
	}},
	{"no enterprise at all", "page", func(s *scene) string { return s.asked(s.URL + "/e/nowhere/authorize?" + ask().Encode()) }},
	{"no enterprise at all, for tokens", "invalid_client", func(s *scene) string { return granted(s.tokenAt(s.URL+"/e/nowhere", redeem("x"))) }},
}

var formRows = []negative{
	{"implicit", "unsupported_response_type", func(s *scene) string { return s.authorize("response_type", "id_token token") }},
	{"hybrid", "unsupported_response_type", func(s *scene) string { return s.authorize("response_type", "code id_token") }},
	{"answer in the fragment", "invalid_request", func(s *scene) string { return s.authorize("response_mode", "fragment") }},
	{"request object", "request_not_supported", func(s *scene) string { return s.authorize("request", "e30.e30.") }},
	{"request by address", "request_uri_not_supported", func(s *scene) string { return s.authorize("request_uri", "https://evil.example") }},
	{"client that registers itself", "registration_not_supported", func(s *scene) string { return s.authorize("registration", "{}") }},
	{"without openid", "invalid_scope", func(s *scene) string { return s.authorize("scope", "profile") }},
	{"no client", "page", func(s *scene) string { return s.authorize("client_id", "") }},
	{"password", "unsupported_grant_type", func(s *scene) string { return s.redeemed("grant_type", "password") }},
	{"client credentials", "unsupported_grant_type", func(s *scene) string { return s.redeemed("grant_type", "client_credentials") }},
	{"token exchange", "unsupported_grant_type", func(s *scene) string {
		return s.redeemed("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
	}},
	{"tokens by GET", "Method Not Allowed", func(s *scene) string { return outcome(s.Get(s.issuer() + "/token?" + redeem(s.code(ask())).Encode())) }},
	{"tokens by JSON", "Unauthorized", func(s *scene) string {
		body, _ := json.Marshal(map[string]string{"grant_type": "authorization_code", "code": s.code(ask()), "client_id": "notes"})
		return http.StatusText(s.Do("POST", s.issuer()+"/token", string(body), http.Header{"Content-Type": {"application/json"}}).Status)
	}},
	{"a token in the address", "Unauthorized", func(s *scene) string {
		return outcome(s.Get(s.issuer() + "/userinfo?access_token=" + s.tokens().Access))
	}},
	{"sign-out by somebody else's page", "asks", func(s *scene) string { return s.asked(s.issuer() + "/end-session") }},
	{"sign-out by a hint about nobody", "asks", func(s *scene) string { return s.asked(s.issuer() + "/end-session?logout_hint=zs") }},
}
