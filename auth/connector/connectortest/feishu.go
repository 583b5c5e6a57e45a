package connectortest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
)

// Feishu wants PKCE and the secret in the body of a JSON request and nowhere else, and
// rotates its refresh tokens. lark is the same vendor at its hosts abroad.
func Feishu(lark bool) *Vendor {
	const id = "cli_a5d611352af9d00b"
	accounts, open := "accounts.feishu.cn", "open.feishu.cn"
	if lark {
		accounts, open = "accounts.larksuite.com", "open.larksuite.com"
	}
	v := newVendor(Traits{Subject: "union_id"})
	v.person = Person{ID: "on_8ed6aa67826108097d9ee143816345", Name: "张三", Email: "zhangsan@acme.com", Avatar: "https://sf.feishu.cn/zs.png", Tenant: "736588c9260f175e"}
	v.Vars = map[string]string{"client_id": id, "tenant_expected": "736588c9260f175e", "accounts_host": accounts, "open_host": open}
	v.Secrets = map[string]string{"client_secret": "feishu-app-secret"}
	refuse := func(code int, text string) reply {
		return reply{http.StatusBadRequest, map[string]any{"code": code, "error": "invalid_grant", "error_description": text}}
	}
	v.page = accounts + "/open-apis/authen/v1/authorize"
	v.authorize = func(c *call) url.Values {
		if !c.takes(shape{method: http.MethodGet, query: map[string]string{
			"client_id": id, "response_type": "code", "redirect_uri": v.Callback, "scope": "offline_access", "state": "*",
			"code_challenge": "*", "code_challenge_method": "S256",
		}}) {
			return nil
		}
		if v.deny {
			return url.Values{"error": {"access_denied"}, "state": {c.given["state"]}}
		}
		return url.Values{"code": {v.code(grant{challenge: c.given["code_challenge"]})}, "state": {c.given["state"]}}
	}
	v.endpoints = map[string]func(*call) reply{
		open + "/open-apis/authen/v2/oauth/token": func(c *call) reply {
			if c.header.Get("Authorization") != "" {
				return refuse(20070, "both Basic and body")
			}
			want := map[string]string{"grant_type": "*", "client_id": id, "client_secret": "*"}
			var asked struct {
				GrantType string `json:"grant_type"`
			}
			_ = json.Unmarshal(c.body, &asked) // takes says what is wrong with it
			if asked.GrantType == "refresh_token" {
				want["refresh_token"] = "*"
			} else {
				want["grant_type"], want["code"], want["redirect_uri"], want["code_verifier"] = "authorization_code", "*", v.Callback, "*"
			}
			switch {
			case !c.takes(shape{method: http.MethodPost, json: want}):
				return refuse(20063, "parameters")
			case c.given["client_secret"] != v.Secrets["client_secret"]:
				return refuse(20002, "the secret is not "+c.given["client_secret"])
			}
			var g *grant
			if want["refresh_token"] != "" {
				if g = v.rotate(c.given["refresh_token"]); g == nil {
					return refuse(20064, "refresh token was used")
				}
				if v.gone[g.person.ID] {
					return refuse(20010, "the user may not use the app")
				}
			} else {
				if known := v.codes[c.given["code"]]; known != nil && known.expired {
					return refuse(20004, "code expired")
				}
				if g = v.take(c.given["code"]); g == nil {
					return refuse(20003, "code "+c.given["code"]+" not found")
				}
				if sum := sha256.Sum256([]byte(c.given["code_verifier"])); base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge {
					return refuse(20049, "PKCE")
				}
			}
			access, refresh := v.userToken(g)
			return ok(map[string]any{
				"code": 0, "access_token": access, "expires_in": 7200, "refresh_token": refresh,
				"refresh_token_expires_in": 604800, "scope": "offline_access", "token_type": "Bearer",
			})
		},
		open + "/open-apis/authen/v1/user_info": func(c *call) reply {
			g := v.bearer(c)
			switch {
			case g == nil:
				return ok(map[string]any{"code": 20005, "msg": "invalid access token"})
			case v.gone[g.person.ID]:
				return ok(map[string]any{"code": 20021, "msg": "user resigned"})
			}
			return ok(map[string]any{"code": 0, "msg": "success", "data": filled(map[string]any{
				"name": g.person.Name, "en_name": "Zhang San", "avatar_url": g.person.Avatar, "open_id": "ou_1",
				"union_id": g.person.ID, "email": "", "enterprise_email": g.person.Email, "tenant_key": g.person.Tenant,
			})})
		},
	}
	return v
}
