package connectortest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"lanyard/auth"
)

// signingKey signs every simulated provider's tokens; making one takes a while.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// oidcShape is where OpenID providers differ.
type oidcShape struct {
	issuer       string
	page         string // of the endpoints, below the issuer
	token        string
	userinfo     string
	scope        string
	authorize    map[string]string // parameters beside the standard ones
	confidential bool              // wants a secret, by Basic
	traits       Traits
}

// GenAuth is GenAuth (Authing) as a desktop's public client: a refresh token only with
// offline_access and prompt=consent, and straight on to one of its sources.
func GenAuth() *Vendor {
	v := oidc(oidcShape{
		issuer: "https://acme.genauth.ai/oidc", page: "/auth", token: "/token", userinfo: "/me",
		scope:     "openid profile email offline_access",
		authorize: map[string]string{"prompt": "consent", "ext_idp_conn_id": "64f0c0ffee0123456789cdef"},
		traits:    Traits{Stranger: None},
	})
	v.Callback = "http://127.0.0.1/callback"
	v.Vars = map[string]string{"host": "acme.genauth.ai", "client_id": oidcClient, "ext_idp_conn_id": "64f0c0ffee0123456789cdef"}
	v.endpoints["acme.genauth.ai/api/v3/get-my-accessible-apps"] = func(c *call) reply {
		if v.bearer(c) == nil {
			return ok(map[string]any{"statusCode": 401, "apiCode": 2020, "message": "not signed in"})
		}
		app := func(id, name string, active bool) map[string]any {
			return map[string]any{"appId": id, "appName": name, "appLoginUrl": "https://" + id + ".genauth.ai/login", "appLogo": "https://img.genauth.ai/" + id, "active": active}
		}
		return ok(map[string]any{"statusCode": 200, "message": "ok", "data": []any{app("aliyun", "阿里云", true), app("old", "Old", false)}})
	}
	return v
}

// OIDC is any OpenID provider that serves several companies, as a desktop's public
// client.
func OIDC() *Vendor {
	v := oidc(oidcShape{
		issuer: "https://id.example.com", page: "/authorize", token: "/token", userinfo: "/userinfo",
		scope: "openid profile email offline_access",
	})
	v.Callback = "http://127.0.0.1/callback"
	v.Vars = map[string]string{"issuer": "https://id.example.com", "client_id": oidcClient, "tenant_claim": "hd", "tenant_expected": "acme.com"}
	return v
}

// OIDCConfidential is any OpenID provider behind the server: a client with a secret, by
// Basic, and groups.
func OIDCConfidential() *Vendor {
	v := oidc(oidcShape{
		issuer: "https://id.example.com", page: "/authorize", token: "/token", userinfo: "/userinfo",
		scope: "openid profile email groups", confidential: true, traits: Traits{Gone: None},
	})
	v.Vars = map[string]string{
		"issuer": "https://id.example.com", "client_id": oidcClient, "more_scopes": "groups",
		"tenant_claim": "hd", "tenant_expected": "acme.com",
	}
	v.Optional = []string{"id.example.com/userinfo"} // asked for groups that the id_token lacks
	v.Secrets = map[string]string{"client_secret": "a secret: with+signs"}
	return v
}

const oidcClient = "64f0c0ffee0123456789abcd"

func oidc(o oidcShape) *Vendor {
	t := o.traits
	t.Subject, t.BadCode, t.Nameless, t.Email = "sub", auth.SignInStale, auth.TokenInvalid, true
	if t.Gone == "" {
		t.Gone = auth.SignInRequired // invalid_grant does not say why
	}
	at := strings.TrimPrefix(o.issuer, "https://")
	v := newVendor(t)
	v.person = Person{ID: "u-1001", Name: "张三", Email: "zhangsan@acme.com", Avatar: "https://img.acme.com/zs.png", Tenant: "acme.com"}
	v.page = at + o.page
	v.authorize = func(c *call) url.Values {
		want := map[string]string{
			"response_type": "code", "client_id": oidcClient, "redirect_uri": v.Callback, "scope": o.scope, "state": "*", "nonce": "*",
			"code_challenge": "*", "code_challenge_method": "S256",
		}
		for name, value := range o.authorize {
			want[name] = value
		}
		// OpenID Connect Core section 3.1.2.1.
		if !c.takes(shape{method: http.MethodGet, query: want, may: []string{"ui_locales", "login_hint", "max_age"}}) {
			return nil
		}
		if v.deny {
			return url.Values{"state": {c.given["state"]}, "error": {"access_denied"}}
		}
		return url.Values{"state": {c.given["state"]}, "code": {v.code(grant{challenge: c.given["code_challenge"], nonce: c.given["nonce"]})}}
	}
	v.endpoints = map[string]func(*call) reply{
		at: func(*call) reply { return reply{http.StatusNotFound, nil} }, // somebody asks whether it is there
		at + "/.well-known/openid-configuration": func(c *call) reply {
			c.takes(shape{method: http.MethodGet})
			return ok(map[string]any{
				"issuer": o.issuer, "authorization_endpoint": o.issuer + o.page, "token_endpoint": o.issuer + o.token,
				"userinfo_endpoint": o.issuer + o.userinfo, "jwks_uri": o.issuer + "/jwks",
				"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
				"id_token_signing_alg_values_supported": []string{"RS256"},
			})
		},
		at + "/jwks": func(c *call) reply {
			c.takes(shape{method: http.MethodGet})
			key, err := signingKey()
			if err != nil {
				return reply{http.StatusInternalServerError, nil}
			}
			return ok(map[string]any{"keys": []any{map[string]any{
				"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k1", "n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes()),
			}}})
		},
		at + o.token: func(c *call) reply { return v.oidcToken(c, o) },
		at + o.userinfo: func(c *call) reply {
			g := v.bearer(c)
			if g == nil {
				return reply{http.StatusUnauthorized, map[string]any{"error": "invalid_token"}}
			}
			return ok(v.claims(g))
		},
	}
	return v
}

func (v *Vendor) oidcToken(c *call, o oidcShape) reply {
	refuse := func(code string) reply {
		return reply{http.StatusBadRequest, map[string]any{"error": code, "error_description": "refused " + string(c.body)}}
	}
	form, _ := url.ParseQuery(string(c.body))
	s := shape{method: http.MethodPost, form: map[string]string{"grant_type": "*"}}
	if o.confidential {
		s.header = map[string]string{"Authorization": "*"}
	} else {
		s.form["client_id"] = oidcClient
	}
	again := form.Get("grant_type") == "refresh_token"
	if again {
		s.form["refresh_token"] = "*"
	} else {
		for name, value := range map[string]string{"grant_type": "authorization_code", "code": "*", "redirect_uri": v.Callback, "code_verifier": "*"} {
			s.form[name] = value
		}
	}
	if !c.takes(s) {
		return refuse("invalid_request")
	}
	if o.confidential {
		// RFC 6749 section 2.3.1: both parts are form-encoded.
		pair := url.QueryEscape(oidcClient) + ":" + url.QueryEscape(v.Secrets["client_secret"])
		if c.given["Authorization"] != "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)) {
			return reply{http.StatusUnauthorized, map[string]any{"error": "invalid_client"}}
		}
	}
	var g *grant
	if again {
		g = v.rotate(c.given["refresh_token"])
	} else if g = v.take(c.given["code"]); g != nil {
		if sum := sha256.Sum256([]byte(c.given["code_verifier"])); encode(sum[:]) != g.challenge {
			g = nil
		}
	}
	if g == nil || v.gone[g.person.ID] {
		return refuse("invalid_grant")
	}
	access, refresh := v.userToken(g)
	claims := v.claims(g)
	now := time.Now().Unix()
	for name, value := range map[string]any{"iss": o.issuer, "aud": oidcClient, "iat": now, "exp": now + 3600} {
		claims[name] = value
	}
	if !again {
		claims["nonce"] = g.nonce
	}
	answer := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 3600, "id_token": sign(claims)}
	if strings.Contains(o.scope, "offline_access") {
		answer["refresh_token"] = refresh
	}
	return ok(answer)
}

// claims are what the provider says of a person.
func (v *Vendor) claims(g *grant) map[string]any {
	claims := filled(map[string]any{
		"sub": g.person.ID, "name": g.person.Name, "picture": g.person.Avatar, "hd": g.person.Tenant,
		"email": g.person.Email, "email_verified": true, "groups": []any{"staff", "研发"},
	})
	if v.rename != nil {
		v.rename(claims)
	}
	return claims
}

// sign makes an id_token (RFC 7515, RS256).
func sign(claims map[string]any) string {
	header, _ := json.Marshal(map[string]any{"alg": "RS256", "kid": "k1"})
	payload, _ := json.Marshal(claims)
	text := encode(header) + "." + encode(payload)
	sum := sha256.Sum256([]byte(text))
	key, err := signingKey()
	if err != nil {
		return ""
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return ""
	}
	return text + "." + encode(signature)
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
