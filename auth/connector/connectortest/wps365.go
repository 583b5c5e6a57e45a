package connectortest

import (
	"net/http"
	"net/url"
)

// WPS365 is the open platform of WPS 365: errors as a number in code, at HTTP 200 and
// 400 alike, a refresh token that rotates. Its text names no error of its own for a
// secret, a code or a leaver, so all of them are plain failures.
func WPS365() *Vendor {
	const id, host = "AK20240101ABCDEF", "openapi.wps.cn"
	v := newVendor(Traits{Subject: "id", BadSecret: "provider_failed", Gone: "provider_failed"})
	v.person = Person{ID: "1234567890123456789", Name: "张三", Avatar: "https://img.wps.cn/zs.png", Tenant: "4001234"}
	v.Vars = map[string]string{"client_id": id, "tenant_expected": "4001234", "scope": "kso.user_base.read,kso.contact.read"}
	v.Secrets = map[string]string{"client_secret": "wps-365-app-key"}
	refuse := func(status int, code int, msg string) reply {
		return reply{status, map[string]any{"code": code, "msg": msg, "debug": map[string]any{"desc": msg}}}
	}
	v.page = host + "/oauth2/auth"
	v.authorize = func(c *call) url.Values {
		if !c.takes(shape{method: http.MethodGet, query: map[string]string{
			"response_type": "code", "client_id": id, "redirect_uri": v.Callback, "state": "*",
			"scope": "kso.user_base.read,kso.contact.read",
		}}) {
			return nil
		}
		if v.deny {
			return url.Values{"state": {c.given["state"]}, "error": {"access_denied"}}
		}
		return url.Values{"state": {c.given["state"]}, "code": {v.code(grant{})}}
	}
	issue := func(g *grant) reply {
		access, refresh := v.userToken(g)
		return ok(map[string]any{
			"access_token": access, "expires_in": 7200, "refresh_token": refresh, "refresh_expires_in": 2592000, "token_type": "bearer",
		})
	}
	v.endpoints = map[string]func(*call) reply{
		host + "/oauth2/token": func(c *call) reply {
			want := map[string]string{"grant_type": "*", "client_id": id, "client_secret": "*"}
			form, _ := url.ParseQuery(string(c.body))
			if form.Get("grant_type") == "refresh_token" {
				want["refresh_token"] = "*"
			} else {
				want["grant_type"], want["code"], want["redirect_uri"] = "authorization_code", "*", v.Callback
			}
			switch {
			case !c.takes(shape{method: http.MethodPost, form: want}):
				return refuse(http.StatusBadRequest, 40000001, "invalid_request")
			case c.given["client_secret"] != v.Secrets["client_secret"]:
				return refuse(http.StatusBadRequest, 40000001, "invalid client: "+c.given["client_secret"])
			}
			g := v.take(c.given["code"])
			if want["refresh_token"] != "" {
				g = v.rotate(c.given["refresh_token"])
			}
			if g == nil || v.gone[g.person.ID] {
				return refuse(http.StatusOK, 40000001, "invalid_request")
			}
			return issue(g)
		},
		host + "/v7/users/current": func(c *call) reply {
			g := v.bearer(c)
			if g == nil {
				return refuse(http.StatusOK, 40000002, "invalid token")
			}
			return ok(map[string]any{"code": 0, "msg": "ok", "data": filled(map[string]any{
				"id": g.person.ID, "user_name": g.person.Name, "avatar": g.person.Avatar, "company_id": g.person.Tenant,
			})})
		},
	}
	return v
}

// bearer reads a GET without parameters that carries an access token (RFC 6750 section
// 2.1).
func (v *Vendor) bearer(c *call) *grant {
	if !c.takes(shape{method: http.MethodGet, header: map[string]string{"Authorization": "*"}}) {
		return nil
	}
	const scheme = "Bearer "
	token := c.given["Authorization"]
	if len(token) <= len(scheme) || token[:len(scheme)] != scheme {
		v.problem("%s is not sent a Bearer token", c.place)
		return nil
	}
	return v.access[token[len(scheme):]]
}
