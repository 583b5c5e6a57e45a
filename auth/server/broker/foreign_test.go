package broker_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// A relying party that others wrote signs in, whatever algorithm its client has.
func TestForeignRelyingParty(t *testing.T) {
	for _, c := range []struct {
		id, secret, redirect, alg string
		style                     oauth2.AuthStyle
	}{
		{"notes", appSecret, appRedirect, "ES256", oauth2.AuthStyleInHeader},
		{"notes", appSecret, appRedirect, "ES256", oauth2.AuthStyleInParams},
		{"handbook", "", "https://handbook.example/cb", "RS256", oauth2.AuthStyleInHeader},
		{"handbook", "", "https://handbook.example/cb", "RS256", oauth2.AuthStyleInParams},
	} {
		t.Run(c.id+c.alg, func(t *testing.T) {
			ctx := context.Background()
			w := newWorld(t)
			provider, err := oidc.NewProvider(ctx, w.issuer())
			must(t, err)
			config := oauth2.Config{
				ClientID: c.id, ClientSecret: c.secret, Endpoint: provider.Endpoint(), RedirectURL: c.redirect,
				Scopes: []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess},
			}
			config.Endpoint.AuthStyle = c.style
			zhang := w.person(acme, "张三")
			b := w.browser()
			b.SignIn(zhang)

			proof := oauth2.GenerateVerifier()
			back := location(b.Get(config.AuthCodeURL("st&te", oidc.Nonce("n0nce"), oauth2.S256ChallengeOption(proof))))
			if q := back.Query(); q.Get("state") != "st&te" || q.Get("iss") != w.issuer() {
				t.Fatalf("answer: state %q, iss %q", q.Get("state"), q.Get("iss"))
			}
			token, err := config.Exchange(ctx, back.Query().Get("code"), oauth2.VerifierOption(proof))
			must(t, err)

			check := func(token *oauth2.Token, nonce string) {
				t.Helper()
				raw, _ := token.Extra("id_token").(string)
				id, err := provider.VerifierContext(ctx, &oidc.Config{
					ClientID: c.id, SupportedSigningAlgs: []string{c.alg}, Now: w.Now,
				}).Verify(ctx, raw)
				must(t, err)
				must(t, id.VerifyAccessToken(token.AccessToken))
				var claims struct {
					Name, Email, Azp, Sid string
					EmailVerified         bool  `json:"email_verified"`
					AuthTime              int64 `json:"auth_time"`
				}
				must(t, id.Claims(&claims))
				if id.Subject != zhang.ID || id.Nonce != nonce || claims.Name != "张三" || !claims.EmailVerified ||
					claims.Azp != c.id || claims.Sid != b.Session.ID || claims.AuthTime != b.Session.AuthTime.Unix() {
					t.Errorf("id_token: subject %q, nonce %q, claims %+v", id.Subject, id.Nonce, claims)
				}
			}
			check(token, "n0nce")
			info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
			must(t, err)
			if info.Subject != zhang.ID || info.Email != "zs@acme.example" || !info.EmailVerified {
				t.Errorf("userinfo: %+v", info)
			}
			renewed, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
			must(t, err)
			if renewed.RefreshToken == token.RefreshToken {
				t.Error("refresh token did not rotate")
			}
			check(renewed, "")
		})
	}
}

func TestFormPost(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	p := b.Get(w.authorizeURL(ask("response_mode", "form_post", "state", `"><script>`)))
	form := hidden(p)
	if p.Status != http.StatusOK || form.Get("iss") != w.issuer() || form.Get("state") != `"><script>` {
		t.Fatalf("form_post: status %d, form %v", p.Status, form)
	}
	if policy := p.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' https://notes.example https:;") ||
		!strings.Contains(policy, "script-src 'sha256-") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	if a := w.token(redeem(form.Get("code"))); a.ID == "" {
		t.Errorf("redeem: %+v", a)
	}
}

func TestUserinfoShowsWhatTheScopeAllows(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	zhang := w.person(acme, "张三")
	b.SignIn(zhang)
	a := w.token(redeem(b.code(ask("scope", "openid unknown"))))
	if a.Refresh != "" || a.Scope != "openid" {
		t.Errorf("scope openid: refresh given %v, scope %q", a.Refresh != "", a.Scope)
	}
	if p := w.bearer("/userinfo", a.Access); strings.TrimSpace(p.Body) != `{"sub":"`+zhang.ID+`"}` || p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("userinfo: %s, %v", p.Body, p.Header)
	}
}

// Who shows no token is told how to show one and no error; who shows a wrong one is told that
// (RFC 6750 section 3.1).
func TestUserinfoWithoutToken(t *testing.T) {
	w := newWorld(t)
	for authorization, challenge := range map[string]string{
		"":                   `Bearer realm="` + w.issuer() + `"`,
		"Basic bGFueWFyZDo=": `Bearer realm="` + w.issuer() + `"`,
		"Bearer":             `Bearer realm="` + w.issuer() + `"`,
		"Bearer of-nobody":   `Bearer error="invalid_token"`,
	} {
		header := http.Header{}
		if authorization != "" {
			header.Set("Authorization", authorization)
		}
		p := w.browser().Do("GET", w.issuer()+"/userinfo", "", header)
		told := strings.Contains(p.Body, "error")
		if got := p.Header.Get("WWW-Authenticate"); p.Status != http.StatusUnauthorized || got != challenge || told != strings.Contains(challenge, "error") {
			t.Errorf("%q: status %d, challenge %s, %s", authorization, p.Status, got, p.Body)
		}
	}
}

// The token is taken from the header and from nowhere else.
func TestUserinfoTokenOnlyInHeader(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	a := w.token(redeem(b.code(ask())))
	if p := w.browser().Get(w.issuer() + "/userinfo?access_token=" + a.Access); p.Status != http.StatusUnauthorized ||
		!strings.Contains(p.Header.Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("in query: status %d", p.Status)
	}
	if p := w.browser().Post(w.issuer()+"/userinfo", url.Values{"access_token": {a.Access}}); p.Status != http.StatusUnauthorized {
		t.Errorf("in form: status %d", p.Status)
	}
	p := w.browser().Do("POST", w.issuer()+"/userinfo", "", http.Header{"Authorization": {"Bearer " + a.Access}})
	if p.Status != http.StatusOK {
		t.Errorf("POST with header: status %d", p.Status)
	}
}
