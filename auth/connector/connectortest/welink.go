package connectortest

import (
	"net/http"
	"net/url"
	"strings"
)

const (
	welinkID   = "20200101123456789"
	welinkHost = "open.welink.huaweicloud.com"
)

// WeLinkBackend is Huawei WeLink's back-end login: an error of its page comes as code
// and message, codes are texts, and an app serves one company.
func WeLinkBackend() *Vendor {
	v := newVendor(Traits{Subject: "userId", Denied: "provider_failed", Stranger: None, Gone: None, Unnamed: true})
	v.welink()
	v.Vars = map[string]string{"client_id": welinkID}
	v.welinkPage("login.welink.huaweicloud.com/sso/oauth2/authorize", "backendlogin")
	v.endpoints = map[string]func(*call) reply{
		welinkHost + "/api/oauth2/v1/token": func(c *call) reply {
			switch {
			case !c.takes(shape{method: http.MethodPost, form: map[string]string{
				"grant_type": "authorization_code", "code": "*", "client_id": welinkID, "client_secret": "*", "state": "*",
			}}):
				return welinkError(http.StatusBadRequest, "60002", "parameter error")
			case c.given["client_secret"] != v.Secrets["client_secret"]:
				return welinkError(http.StatusBadRequest, "60010", "client authentication failed")
			}
			g := v.codes[c.given["code"]]
			if g != nil && g.expired {
				return welinkError(http.StatusBadRequest, "60007", "code is expired")
			}
			if g = v.take(c.given["code"]); g == nil {
				return welinkError(http.StatusBadRequest, "60008", "code is invalid")
			}
			access, _ := v.userToken(g)
			return ok(map[string]any{"access_token": access, "expires_in": 7200})
		},
		welinkHost + "/api/auth/v1/userid": func(c *call) reply {
			if !c.takes(shape{method: http.MethodGet, header: map[string]string{"x-wlk-Authorization": "*"}}) {
				return welinkError(http.StatusBadRequest, "403", "")
			}
			g := v.access[c.given["x-wlk-Authorization"]]
			if g == nil {
				return ok(map[string]any{"code": "1000", "message": "access_token is invalid"})
			}
			return ok(map[string]any{"code": "0", "message": "ok", "userId": g.person.ID})
		},
	}
	return v
}

// WeLink is Huawei WeLink's scan login: the code is redeemed with the app's own token,
// the person has none. Empty fields are left out, and the gateway has error names of its
// own.
func WeLink() *Vendor {
	const tickets = welinkHost + "/api/auth/v2/tickets"
	v := newVendor(Traits{
		Subject: "userId", Denied: "provider_failed", AppToken: tickets,
		Optional: []string{welinkHost + "/api/contact/v2/user/detail"},
	})
	v.welink()
	v.Vars = map[string]string{"client_id": welinkID, "tenant_expected": "1C2D"}
	v.welinkPage("login.welink.huaweicloud.com/connect/oauth2/sns_authorize", "snsapi_login")
	header := map[string]string{"x-wlk-Authorization": "*"}
	v.endpoints = map[string]func(*call) reply{
		tickets: func(c *call) reply {
			switch {
			case !c.takes(shape{method: http.MethodPost, json: map[string]string{"client_id": welinkID, "client_secret": "*"}}):
				return ok(map[string]any{"code": "41580", "message": "parameters"})
			case c.given["client_secret"] != v.Secrets["client_secret"]:
				return ok(map[string]any{"code": "10007", "message": "client_id and client_secret do not match"})
			}
			return ok(map[string]any{"code": "0", "message": "ok", "access_token": v.appToken(), "expires_in": 7200})
		},
		welinkHost + "/api/auth/v2/userid": func(c *call) reply {
			if !c.takes(shape{method: http.MethodGet, query: map[string]string{"code": "*"}, header: header}) {
				return ok(map[string]any{"errorcode": "403", "errorMessage": "forbidden"})
			}
			if !v.apps[c.given["x-wlk-Authorization"]] {
				return ok(map[string]any{"code": "1000", "message": "access_token is invalid"})
			}
			code := "41501"
			switch g := v.codes[c.given["code"]]; {
			case g != nil && g.expired:
				code = "41503"
			case g != nil && g.used:
				code = "41504"
			case g != nil:
				g.used = true
				return ok(map[string]any{"code": "0", "message": "ok", "userId": g.person.ID, "tenantId": g.person.Tenant})
			}
			return welinkError(http.StatusOK, code, "code "+c.given["code"]+" is not valid")
		},
		welinkHost + "/api/contact/v2/user/detail": func(c *call) reply {
			if !c.takes(shape{method: http.MethodPost, json: map[string]string{"userId": "*"}, header: map[string]string{
				"x-wlk-Authorization": "*", "lang": "zh",
			}}) {
				return ok(map[string]any{"errorcode": "403", "errorMessage": "forbidden"})
			}
			switch {
			case !v.apps[c.given["x-wlk-Authorization"]]:
				return ok(map[string]any{"code": "1000", "message": "access_token is invalid"})
			case c.given["userId"] != v.person.ID || v.gone[v.person.ID]:
				return ok(map[string]any{"code": "43051", "message": "user does not exist"})
			}
			return ok(filled(map[string]any{
				"code": "0", "message": "ok", "userStatus": "1", "userId": v.person.ID, "userNameCn": v.person.Name, "userEmail": v.person.Email,
			}))
		},
	}
	return v
}

func (v *Vendor) welink() {
	v.person = Person{ID: "zhangsan@welink", Name: "张三", Email: "zhangsan@acme.com", Tenant: "1C2D"}
	v.Secrets = map[string]string{"client_secret": "welink-app-secret"}
}

// welinkPage is either sign-in page: neither takes a callback that has a query.
func (v *Vendor) welinkPage(place, scope string) {
	v.page = place
	v.authorize = func(c *call) url.Values {
		if !c.takes(shape{method: http.MethodGet, query: map[string]string{
			"client_id": welinkID, "response_type": "code", "redirect_uri": v.Callback, "scope": scope, "state": "*",
		}}) {
			return nil
		}
		if strings.Contains(c.given["redirect_uri"], "?") {
			v.problem("the redirect address has a query")
		}
		if v.deny {
			return url.Values{"code": {"60009"}, "message": {"authorization refused"}, "state": {c.given["state"]}}
		}
		return url.Values{"code": {v.code(grant{})}, "state": {c.given["state"]}}
	}
}

func welinkError(status int, code, message string) reply {
	return reply{status, map[string]any{"code": code, "message": message}}
}
