package openid_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/connector"
	"lanyard/auth/openid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// redirectURI is where the callback would listen; nothing does in these tests.
const redirectURI = "http://127.0.0.1:1/callback"

// party is a relying party at a provider.
type party struct {
	*openid.Provider
	idp *authtest.Provider
	now time.Time
}

// conn is the plain connector of a provider.
func conn(idp *authtest.Provider) *connector.Connector {
	return &connector.Connector{
		ID: "test", Kind: connector.KindOIDC,
		OIDC: &connector.OIDC{Issuer: idp.Issuer, ClientID: authtest.ClientID},
	}
}

// client makes calls that leave nothing open.
func client(now func() time.Time) *openid.Client {
	return &openid.Client{
		HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		Now:  now,
	}
}

// meet starts a provider and discovers it; change may alter the connector.
func meet(t *testing.T, change func(c *connector.Connector)) *party {
	t.Helper()
	p := &party{idp: authtest.NewProvider(t, authtest.Faults{}), now: time.Now()}
	c := conn(p.idp)
	if change != nil {
		change(c)
	}
	provider, err := client(func() time.Time { return p.now }).Discover(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	p.Provider = provider
	return p
}

// signIn walks through one whole sign-in. What it sends and gets must not stand in
// the error that it returns.
func (p *party) signIn(t *testing.T, ctx context.Context) (auth.TokenSet, auth.Identity, error) {
	t.Helper()
	req := p.AuthorizeRequest(redirectURI, openid.Options{})
	code := auth.NewSecret(p.idp.Callback(t, req.URL).Get("code"))
	tokens, id, err := p.Exchange(ctx, req, code)
	noSecrets(t, err, code, req.Verifier, req.Nonce)
	return tokens, id, err
}

// noSecrets fails the test if an error quotes a secret, in its text or its facts.
func noSecrets(t *testing.T, err error, secrets ...auth.Secret) {
	t.Helper()
	if err == nil {
		return
	}
	_, args := auth.FaultOf(err)
	text := fmt.Sprintf("%v %+v %v", err, err, args)
	for _, secret := range secrets {
		if strings.Contains(text, secret.Reveal()) {
			t.Errorf("the error quotes a secret: %s", text)
		}
	}
}

// expectFault checks an error's fault, and the name of its check if there is one.
func expectFault(t *testing.T, err error, fault auth.Fault, check string) {
	t.Helper()
	got, args := auth.FaultOf(err)
	if err == nil || got != fault || check != "" && args["check"] != check {
		t.Errorf("got %v with %v, want %s %s", err, args, fault, check)
	}
}

func set(name string, value any) func(map[string]any) {
	return func(m map[string]any) { m[name] = value }
}

func without(name string) func(map[string]any) {
	return func(m map[string]any) { delete(m, name) }
}

func answer(path string, with http.HandlerFunc) authtest.Faults {
	return authtest.Faults{Answer: map[string]http.HandlerFunc{path: with}}
}

// slow makes the provider say nothing at a path, and returns a context whose time is over as
// soon as it was asked there.
func slow(t *testing.T, idp *authtest.Provider, path string) context.Context {
	limit, expire := authtest.Timed(t.Context())
	idp.Set(answer(path, func(_ http.ResponseWriter, r *http.Request) {
		expire()
		<-r.Context().Done()
	}))
	return limit
}

func TestSignIn(t *testing.T) {
	p := meet(t, nil)
	tokens, id, err := p.signIn(t, t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := auth.Identity{
		Issuer: p.idp.Issuer, Subject: "u-1001", Name: "张三",
		Email: "zhangsan@acme.example", Avatar: "https://acme.example/zhangsan.png",
	}
	if id != want {
		t.Errorf("identity is %+v, want %+v", id, want)
	}
	if tokens.Access.IsZero() || tokens.Refresh.IsZero() || tokens.ID.IsZero() || tokens.Scope != "openid profile email offline_access" {
		t.Errorf("tokens are %v, scope %q", tokens.LogValue(), tokens.Scope)
	}
	if got := tokens.Expiry.Sub(p.now); got != time.Hour {
		t.Errorf("the access token lasts %s by our clock, want 1h", got)
	}
	if got := p.idp.Count("/userinfo"); got != 0 {
		t.Errorf("userinfo was asked %d times although nothing was missing", got)
	}
	if got := p.Date; time.Since(got).Abs() > time.Minute {
		t.Errorf("the provider's clock says %s", got)
	}
}

func TestIDTokenChecks(t *testing.T) {
	now := time.Now()
	tests := map[string]struct {
		faults authtest.Faults
		check  string // "" = accepted
	}{
		"ES256": {authtest.Faults{}, ""},
		"RS256": {authtest.Faults{Alg: "RS256"}, ""},
		"EdDSA": {authtest.Faults{Alg: "EdDSA"}, ""},
		"none":  {authtest.Faults{Alg: "none"}, "alg"},
		"HS256": {authtest.Faults{Alg: "HS256"}, "alg"},

		"signature spoilt":       {authtest.Faults{BadSignature: true}, "signature"},
		"signature spoilt RS256": {authtest.Faults{Alg: "RS256", BadSignature: true}, "signature"},
		"signature spoilt EdDSA": {authtest.Faults{Alg: "EdDSA", BadSignature: true}, "signature"},
		"unknown kid":            {authtest.Faults{Kid: "other"}, "signature"},
		"no kid, several keys":   {authtest.Faults{Kid: "-"}, ""},
		"alg of another key":     {authtest.Faults{Keys: rename("alg", "ES384")}, "signature"},
		"key for encryption":     {authtest.Faults{Keys: rename("use", "enc")}, "signature"},
		"unreadable key beside":  {authtest.Faults{Keys: strangeKeys}, ""},

		"wrong iss":          {claims(set("iss", "https://evil.example")), "iss"},
		"iss and slash":      {claims(func(c map[string]any) { c["iss"] = c["iss"].(string) + "/" }), "iss"},
		"no iss":             {claims(without("iss")), "iss"},
		"wrong aud":          {claims(set("aud", "other")), "aud"},
		"no aud":             {claims(without("aud")), "aud"},
		"aud of several":     {claims(set("aud", []string{"other", authtest.ClientID})), ""},
		"several and no azp": {claims(both(set("aud", []string{"other", authtest.ClientID}), without("azp"))), "azp"},
		"one aud and no azp": {claims(without("azp")), ""},
		"wrong azp":          {claims(set("azp", "other")), "azp"},
		"azp is no text":     {claims(set("azp", []string{"lanyard"})), "azp"},
		"wrong nonce":        {claims(set("nonce", "replayed")), "nonce"},
		"no nonce":           {claims(without("nonce")), "nonce"},
		"wrong at_hash":      {claims(set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")), "at_hash"},
		"no at_hash":         {claims(without("at_hash")), ""},
		"no sub":             {claims(without("sub")), "sub"},
		"empty sub":          {claims(set("sub", "")), "sub"},
		"endless sub":        {claims(set("sub", strings.Repeat("x", 256))), "sub"},
		"expired":            {claims(set("exp", now.Add(-time.Minute).Unix())), "exp"},
		"no exp":             {claims(without("exp")), "exp"},
		"not yet valid":      {claims(set("nbf", now.Add(time.Hour).Unix())), "nbf"},
		"no iat":             {claims(without("iat")), "iat"},
		"iat in the future":  {claims(set("iat", now.Add(10*time.Minute).Unix())), "iat"},
		"iat within skew":    {claims(set("iat", now.Add(2*time.Minute).Unix())), ""},
		"iat with a point":   {claims(set("iat", float64(now.Unix())+0.5)), ""},

		"no id_token":       {authtest.Faults{Token: without("id_token")}, "id_token"},
		"not a token":       {authtest.Faults{Token: set("id_token", "a.b.c")}, "id_token"},
		"id_token a number": {authtest.Faults{Token: set("id_token", 7)}, "id_token"},
		"another type":      {authtest.Faults{Token: set("token_type", "mac")}, "token_type"},
		"type in capitals":  {authtest.Faults{Token: set("token_type", "BEARER")}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := meet(t, nil)
			p.idp.Set(test.faults)
			tokens, id, err := p.signIn(t, t.Context())
			if test.check == "" {
				if err != nil || id.Subject != "u-1001" {
					t.Errorf("got %+v, %v; want a sign-in", id, err)
				}
				return
			}
			expectFault(t, err, auth.TokenInvalid, test.check)
			if !tokens.Access.IsZero() || id != (auth.Identity{}) {
				t.Errorf("a refused answer gave %v and %+v", tokens.LogValue(), id)
			}
		})
	}
}

func claims(change func(map[string]any)) authtest.Faults { return authtest.Faults{Claims: change} }

func both(one, two func(map[string]any)) func(map[string]any) {
	return func(m map[string]any) {
		one(m)
		two(m)
	}
}

func rename(name, value string) func([]map[string]any) []map[string]any {
	return func(keys []map[string]any) []map[string]any {
		for _, key := range keys {
			key[name] = value
		}
		return keys
	}
}

func strangeKeys(keys []map[string]any) []map[string]any {
	return append([]map[string]any{
		{"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA", "kid": "bad point"},
		{"kty": "EC", "crv": "secp256k1", "x": "AAAA", "y": "AAAA"},
		{"kty": "RSA", "n": "!!", "e": "AQAB"},
		{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "short"},
		{"kty": "OKP", "crv": "Ed448", "x": "AAAA"},
		{"kty": "AKP", "kid": 7},
		{},
	}, keys...)
}

func TestTokenEndpointFaults(t *testing.T) {
	tests := map[string]struct {
		faults authtest.Faults
		fault  auth.Fault
	}{
		"500":                {answer("/token", authtest.Status(500)), auth.ProviderUnreachable},
		"429":                {answer("/token", authtest.Status(429)), auth.ProviderUnreachable},
		"a web page":         {answer("/token", authtest.HTML), auth.AnswerNotData},
		"5 MB":               {answer("/token", authtest.Huge), auth.AnswerNotData},
		"slow":               {authtest.Faults{}, auth.ProviderUnreachable},
		"redirect":           {answer("/token", http.RedirectHandler("/elsewhere", http.StatusTemporaryRedirect).ServeHTTP), auth.ProviderFailed},
		"code refused":       {answer("/token", authtest.OAuthError(400, "invalid_grant", "")), auth.SignInStale},
		"client unknown":     {answer("/token", authtest.OAuthError(401, "invalid_client", "")), auth.EnterpriseMisconfig},
		"error with 200":     {answer("/token", authtest.OAuthError(200, "invalid_grant", "")), auth.SignInStale},
		"another error":      {answer("/token", authtest.OAuthError(400, "invalid_scope", "")), auth.ProviderFailed},
		"no access token":    {authtest.Faults{Token: without("access_token")}, auth.AnswerNotData},
		"keys: 500":          {answer("/keys", authtest.Status(500)), auth.ProviderUnreachable},
		"keys: a web page":   {answer("/keys", authtest.HTML), auth.AnswerNotData},
		"keys: 5 MB":         {answer("/keys", authtest.Huge), auth.AnswerNotData},
		"keys: not there":    {answer("/keys", authtest.Status(404)), auth.ProviderFailed},
		"keys: not reached":  {answer("/keys", hangUp), auth.ProviderUnreachable},
		"token: not reached": {answer("/token", hangUp), auth.ProviderUnreachable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := meet(t, nil)
			p.idp.Set(test.faults)
			ctx := t.Context()
			if name == "slow" {
				ctx = slow(t, p.idp, "/token")
			}
			_, _, err := p.signIn(t, ctx)
			expectFault(t, err, test.fault, "")
			if got := p.idp.Count("/token"); got != 1 {
				t.Errorf("the code was sent %d times, want once", got)
			}
		})
	}
}

// hangUp ends the connection without an answer.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func TestErrorsNeverQuoteTheAnswer(t *testing.T) {
	p := meet(t, nil)
	for _, body := range []string{
		"%s", `{"error":"%s"}`, `{"error":"invalid_grant","error_description":"%s"}`, `{"error":"x","error_uri":"%s"}`, `{"access_token":%s}`,
	} {
		for _, status := range []int{200, 400, 500} {
			p.idp.Set(answer("/token", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				_, _ = fmt.Fprintf(w, body, r.PostForm.Get("code")+r.PostForm.Get("code_verifier")+r.PostForm.Get("refresh_token"))
			}))
			if _, _, err := p.signIn(t, t.Context()); err == nil {
				t.Errorf("%d %s was taken for tokens", status, body)
			}
			refresh := auth.NewSecret("canary-refresh-token")
			_, err := p.Refresh(t.Context(), auth.TokenSet{Refresh: refresh}, auth.Identity{Issuer: p.Issuer})
			if err == nil {
				t.Errorf("%d %s was taken for tokens", status, body)
			}
			noSecrets(t, err, refresh)
		}
	}
}

func TestPKCEBindsTheCode(t *testing.T) {
	p := meet(t, nil)
	mine, theirs := p.AuthorizeRequest(redirectURI, openid.Options{}), p.AuthorizeRequest(redirectURI, openid.Options{})
	code := auth.NewSecret(p.idp.Callback(t, mine.URL).Get("code"))
	if _, _, err := p.Exchange(t.Context(), theirs, code); err == nil {
		t.Error("a code was redeemed with another request's verifier")
	}
	code = auth.NewSecret(p.idp.Callback(t, mine.URL).Get("code"))
	if _, _, err := p.Exchange(t.Context(), mine, code); err != nil {
		t.Error(err)
	}
	_, _, err := p.Exchange(t.Context(), mine, code)
	expectFault(t, err, auth.SignInStale, "") // replayed
	if form := p.idp.Last("/token"); form.Get("client_secret") != "" || form.Get("code_verifier") == "" {
		t.Errorf("the token request was %v", form)
	}
	bare := mine
	bare.Nonce = auth.Secret{}
	code = auth.NewSecret(p.idp.Callback(t, mine.URL).Get("code"))
	_, _, err = p.Exchange(t.Context(), bare, code)
	expectFault(t, err, auth.TokenInvalid, "nonce")
}

func TestExchangeCanceled(t *testing.T) {
	p := meet(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	p.idp.Set(answer("/token", func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	_, _, err := p.signIn(t, ctx)
	expectFault(t, err, auth.SignInCanceled, "")
}
