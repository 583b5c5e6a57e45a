package demo_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lanyard/auth/authtest"
	"lanyard/auth/server/demo"
)

// idToken has the provider give an id_token to its client.
func idToken(t *testing.T, p *authtest.Provider) string {
	t.Helper()
	verifier := strings.Repeat("v", 43)
	sum := sha256.Sum256([]byte(verifier))
	code := p.GiveCode(base64.RawURLEncoding.EncodeToString(sum[:]), "")
	res := newBrowser(t).post(p.Issuer+"/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {verifier},
		"client_id": {authtest.ClientID}, "client_secret": {"app-secret"},
	})
	var answer struct {
		ID string `json:"id_token"`
	}
	if err := json.Unmarshal([]byte(res.body), &answer); err != nil || answer.ID == "" {
		t.Fatalf("no id_token: %d %s", res.StatusCode, res.body)
	}
	return answer.ID
}

// assume is AssumeRoleWithOIDC, with changes as name, value pairs.
func assume(token string, changes ...string) url.Values {
	v := url.Values{
		"Action": {"AssumeRoleWithOIDC"}, "Version": {"2015-04-01"}, "OIDCProviderArn": {demo.OpsProviderArn},
		"RoleArn": {demo.OpsRoleArn("reader")}, "OIDCToken": {token}, "RoleSessionName": {"zhangsan"}, "DurationSeconds": {"3600"},
	}
	for i := 0; i < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
	}
	return v
}

type stsAnswer struct {
	Code        string
	Credentials struct{ AccessKeyId, AccessKeySecret, SecurityToken string } //nolint:revive // the vendor's names
	SigninToken string
}

func sts(t *testing.T, res answer) stsAnswer {
	t.Helper()
	var v stsAnswer
	if err := json.Unmarshal([]byte(res.body), &v); err != nil {
		t.Fatalf("answer is no data: %d %s", res.StatusCode, res.body)
	}
	return v
}

func signinToken(t *testing.T, base string, a stsAnswer) answer {
	t.Helper()
	return newBrowser(t).get(base + "/federation?" + url.Values{
		"Action": {"GetSigninToken"}, "AccessKeyId": {a.Credentials.AccessKeyId}, "AccessKeySecret": {a.Credentials.AccessKeySecret},
		"SecurityToken": {a.Credentials.SecurityToken}, "TicketType": {"mini"},
	}.Encode())
}

// The chain of Alibaba Cloud's console by OpenID Connect, and that each part of it opens
// once and for nobody else.
func TestOpsByIDToken(t *testing.T) {
	p := newProvider(t, authtest.Faults{Alg: "RS256"})
	base := startApp(t, p.Issuer, demo.NewOps)
	given := sts(t, newBrowser(t).post(base+"/sts", assume(idToken(t, p))))
	if given.Credentials.AccessKeyId == "" || given.Credentials.SecurityToken == "" {
		t.Fatalf("no credentials: %+v", given)
	}
	signin := sts(t, signinToken(t, base, given))
	if signin.SigninToken == "" {
		t.Fatalf("no sign-in: %+v", signin)
	}
	login := base + "/federation?" + url.Values{
		"Action": {"Login"}, "Destination": {base + "/"}, "SigninToken": {signin.SigninToken},
	}.Encode()
	b := newBrowser(t)
	page := b.follow(login)
	for _, want := range []string{"Signed in as 张三", "reader", "zhangsan", "one-time sign-in"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("page lacks %q:\n%s", want, page.body)
		}
	}
	if page := newBrowser(t).get(login); page.StatusCode != http.StatusForbidden || !strings.Contains(page.body, "used before") {
		t.Errorf("a second time: %d", page.StatusCode)
	}
	for what, change := range map[string]func(*stsAnswer){
		"another key":    func(a *stsAnswer) { a.Credentials.AccessKeyId = "STS.x" },
		"another secret": func(a *stsAnswer) { a.Credentials.AccessKeySecret += "x" },
		"another token":  func(a *stsAnswer) { a.Credentials.SecurityToken = "" },
	} {
		wrong := given
		change(&wrong)
		if res := signinToken(t, base, wrong); res.StatusCode != http.StatusForbidden || sts(t, res).SigninToken != "" {
			t.Errorf("%s: %d %s", what, res.StatusCode, res.body)
		}
	}
	away := sts(t, signinToken(t, base, given)).SigninToken
	if res := b.get(base + "/federation?" + url.Values{"Action": {"Login"}, "Destination": {"https://evil.example/"}, "SigninToken": {away}}.Encode()); res.Header.Get("Location") != "/" {
		t.Errorf("sent to %q", res.Header.Get("Location"))
	}
}

func TestOpsRefuses(t *testing.T) {
	for what, claims := range map[string]func(map[string]any){
		"another audience": func(c map[string]any) { c["aud"] = "other" },
		"another issuer":   func(c map[string]any) { c["iss"] = "https://evil.example" },
		"expired":          func(c map[string]any) { c["exp"] = 1 },
	} {
		p := newProvider(t, authtest.Faults{Claims: claims})
		base := startApp(t, p.Issuer, demo.NewOps)
		if a := sts(t, newBrowser(t).post(base+"/sts", assume(idToken(t, p)))); a.Code != "AuthenticationFail.OIDCToken.Invalid" || a.Credentials.AccessKeyId != "" {
			t.Errorf("%s: %+v", what, a)
		}
	}
	p := newProvider(t, authtest.Faults{})
	base := startApp(t, p.Issuer, demo.NewOps)
	token := idToken(t, p)
	head, rest, _ := strings.Cut(token, ".")
	for what, form := range map[string]url.Values{
		"no token":         assume(""),
		"no signature":     assume(head + "." + strings.Split(rest, ".")[0] + "."),
		"spoilt signature": assume(token[:len(token)-6] + "AAAAAA"),
		"another action":   assume(token, "Action", "AssumeRole"),
		"another version":  assume(token, "Version", "2014-01-01"),
		"another provider": assume(token, "OIDCProviderArn", "acs:ram::1:oidc-provider/lanyard"),
		"another account":  assume(token, "RoleArn", "acs:ram::1:role/reader"),
		"no role":          assume(token, "RoleArn", demo.OpsRoleArn("")),
		"a long name":      assume(token, "RoleSessionName", strings.Repeat("x", 65)),
		"a name with more": assume(token, "RoleSessionName", "a b"),
	} {
		if a := sts(t, newBrowser(t).post(base+"/sts", form)); a.Code == "" || a.Credentials.AccessKeyId != "" {
			t.Errorf("%s: %+v", what, a)
		}
	}
}
