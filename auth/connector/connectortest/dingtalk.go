package connectortest

import (
	"net/http"
	"net/url"
)

// DingTalk speaks camel case, has its own header for tokens, calls the code authCode,
// and says errors by HTTP status at one host and by errcode at the other.
func DingTalk() *Vendor {
	const (
		id, corp  = "dingabcdef", "ding9f50b15bccd16741"
		api, oapi = "api.dingtalk.com", "oapi.dingtalk.com"
	)
	v := newVendor(Traits{Subject: "userid", BadSecret: "provider_failed", AppToken: api + "/v1.0/oauth2/accessToken"})
	v.person = Person{ID: "manager4220", Name: "张三", Email: "zhangsan@acme.com", Avatar: "https://static.dingtalk.com/zs.jpg", Tenant: corp}
	v.Vars = map[string]string{"client_id": id, "corp_id": corp}
	v.Secrets = map[string]string{"client_secret": "dingtalk-app-secret"}
	refuse := func(code, message string) reply {
		return reply{http.StatusBadRequest, map[string]any{"code": code, "message": message, "requestid": "7D2F"}}
	}
	v.page = "login.dingtalk.com/oauth2/auth"
	v.authorize = func(c *call) url.Values {
		if !c.takes(shape{method: http.MethodGet, query: map[string]string{
			"client_id": id, "redirect_uri": v.Callback, "response_type": "code", "scope": "openid corpid",
			"state": "*", "prompt": "consent", "corpId": corp,
		}}) {
			return nil
		}
		if v.deny {
			return url.Values{"error": {"access_denied"}, "state": {c.given["state"]}}
		}
		return url.Values{"authCode": {v.code(grant{})}, "state": {c.given["state"]}}
	}
	unionID := func(p Person) string { return "union-" + p.ID }
	v.endpoints = map[string]func(*call) reply{
		api + "/v1.0/oauth2/userAccessToken": func(c *call) reply {
			switch {
			case !c.takes(shape{method: http.MethodPost, json: map[string]string{
				"clientId": id, "clientSecret": "*", "code": "*", "grantType": "authorization_code",
			}}):
				return refuse("invalidParameter", "parameters")
			case c.given["clientSecret"] != v.Secrets["client_secret"]:
				return refuse("invalidClientIdOrSecret", "secret "+c.given["clientSecret"])
			}
			g := v.take(c.given["code"])
			if g == nil {
				return refuse("invalidAuthCode", "code "+c.given["code"])
			}
			access, refresh := v.userToken(g)
			return ok(map[string]any{"accessToken": access, "refreshToken": refresh, "expireIn": 7200, "corpId": g.person.Tenant})
		},
		api + "/v1.0/contact/users/me": func(c *call) reply {
			if !c.takes(shape{method: http.MethodGet, header: map[string]string{"x-acs-dingtalk-access-token": "*"}}) {
				return refuse("invalidParameter", "parameters")
			}
			g := v.access[c.given["x-acs-dingtalk-access-token"]]
			if g == nil {
				return refuse("InvalidAuthentication", "token")
			}
			return ok(filled(map[string]any{
				"nick": g.person.Name, "avatarUrl": g.person.Avatar, "email": g.person.Email, "mobile": "15000000000",
				"openId": "open-1", "unionId": unionID(g.person), "stateCode": "86",
			}))
		},
		api + "/v1.0/oauth2/accessToken": func(c *call) reply {
			switch {
			case !c.takes(shape{method: http.MethodPost, json: map[string]string{"appKey": id, "appSecret": "*"}}):
				return refuse("invalidParameter", "parameters")
			case c.given["appSecret"] != v.Secrets["client_secret"]:
				return refuse("invalidClientIdOrSecret", "secret "+c.given["appSecret"])
			}
			return ok(map[string]any{"accessToken": v.appToken(), "expireIn": 7200})
		},
		oapi + "/topapi/user/getbyunionid": func(c *call) reply {
			switch {
			case !c.takes(shape{method: http.MethodPost, query: map[string]string{"access_token": "*"}, json: map[string]string{"unionid": "*"}}):
				return ok(map[string]any{"errcode": 40035, "errmsg": "parameters"})
			case !v.apps[c.given["access_token"]]:
				return ok(map[string]any{"errcode": 40014, "errmsg": "不合法的access_token"})
			case c.given["unionid"] != unionID(v.person) || v.gone[v.person.ID]:
				return ok(map[string]any{"errcode": 60121, "errmsg": "找不到该用户"})
			}
			return ok(map[string]any{"errcode": 0, "errmsg": "ok", "result": map[string]any{"contact_type": 0, "userid": v.person.ID}})
		},
	}
	return v
}
