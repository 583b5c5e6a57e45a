package connectortest

import (
	"net/http"
	"net/url"
)

// The values of the seed's own demo, letter by letter.
const (
	seedClientID = "c1ebe466-1cdc-4bd3-ab69-77c3561b9dee"
	seedSecret   = "d8346ea2-6017-43ed-ad68-19c0f971738b"
)

// WPSStyle is a company's own sign-in of three interfaces as the seed describes it, its
// demo's values included: plain http, no tenant, no word on errors. method is how the
// token is asked for, POST or GET.
func WPSStyle(method string) *Vendor {
	return wpsStyle(method, "http://demo.com", fields{
		redirect: "redirect_uri", state: "state", code: "code", id: "client_id", secret: "client_secret",
		tokenCode: "code", token: "access_token", param: "access_token", user: "union_id", name: "user_name", avatar: "avatar",
	})
}

// WPSStyleRenamed is such a sign-in with every name another one, fixed parameters in its
// addresses, values deep in its answers, and several companies behind it.
func WPSStyleRenamed() *Vendor {
	return wpsStyle(http.MethodPost, "https://sso.acme.com", fields{
		redirect: "redirect_url", state: "st", code: "oauth_code", id: "appid", secret: "appkey",
		tokenCode: "oauth_code", token: "tok", param: "at", user: "uid", name: "nickname", avatar: "pic", renamed: true,
	})
}

type fields struct {
	redirect, state, code, id, secret, tokenCode, token, param, user, name, avatar string
	renamed                                                                        bool
}

func wpsStyle(method, origin string, f fields) *Vendor {
	t := Traits{Subject: f.user, Gone: None, Stranger: None}
	if f.renamed {
		t.Stranger = ""
	}
	v := newVendor(t)
	u, _ := url.Parse(origin)
	if u.Scheme == "http" {
		v.AllowHTTP = []string{u.Host}
	}
	v.Callback = "https://login.acme.com/oauth/v1/code?app_id=AK20211008GIMUUL"
	v.person = Person{ID: "ZhangSan", Name: "张三", Avatar: "http://demo.com/avatar/zhangsan", Tenant: "acme"}
	v.Secrets = map[string]string{"client_secret": seedSecret}
	v.Vars = map[string]string{
		"authorize_url": origin + "/authorize", "token_url": origin + "/accessToken", "user_url": origin + "/userInfo",
		"client_id": seedClientID, "token_method": method,
	}
	if f.renamed {
		for name, value := range map[string]string{
			"authorize_url": origin + "/authorize?theme=blue", "token_url": origin + "/accessToken?zone=cn",
			"user_url": origin + "/userInfo?v=2", "redirect_field": f.redirect, "state_field": f.state,
			"code_field": f.code, "client_id_field": f.id, "client_secret_field": f.secret, "token_code_field": f.tokenCode,
			"token_field": "$.data." + f.token, "token_param": f.param, "user_id_field": "$.data[0]." + f.user,
			"name_field": "data.0." + f.name, "avatar_field": "data.0." + f.avatar,
			"tenant_field": "data.0.company", "tenant_expected": "acme",
		} {
			v.Vars[name] = value
		}
	}
	fixed := func(name, value string, more map[string]string) map[string]string {
		if f.renamed {
			more[name] = value
		}
		return more
	}
	v.page = u.Host + "/authorize"
	v.authorize = func(c *call) url.Values {
		if !c.takes(shape{method: http.MethodGet, query: fixed("theme", "blue", map[string]string{
			f.id: seedClientID, "response_type": "code", f.redirect: v.Callback, f.state: "*",
		})}) {
			return nil
		}
		back := url.Values{f.state: {c.given[f.state]}}
		if v.deny {
			back.Set("error", "access_denied")
			return back
		}
		back.Set(f.code, v.code(grant{}))
		return back
	}
	v.endpoints = map[string]func(*call) reply{
		u.Host + "/accessToken": func(c *call) reply {
			want := map[string]string{f.id: seedClientID, f.secret: "*", "grant_type": "authorization_code", f.tokenCode: "*"}
			s := shape{method: method, form: want, query: fixed("zone", "cn", map[string]string{})}
			if method == http.MethodGet {
				s.form, s.query = nil, want
			}
			switch {
			case !c.takes(s):
				return reply{http.StatusBadRequest, map[string]any{"code": "40003", "msg": "parameters"}}
			case c.given[f.secret] != seedSecret:
				return reply{http.StatusUnauthorized, map[string]any{"error": "invalid_client", "reason": "secret " + c.given[f.secret]}}
			}
			g := v.take(c.given[f.tokenCode])
			if g == nil {
				return reply{http.StatusBadRequest, map[string]any{"code": "40029", "msg": "code " + c.given[f.tokenCode]}}
			}
			access, refresh := v.userToken(g)
			if f.renamed {
				return ok(map[string]any{"code": 0, "data": map[string]any{f.token: access}})
			}
			return ok(map[string]any{
				"access_token": access, "token_type": "example", "expires_in": 3600,
				"refresh_token": refresh, "example_parameter": "example_value",
			})
		},
		u.Host + "/userInfo": func(c *call) reply {
			if !c.takes(shape{method: http.MethodGet, query: fixed("v", "2", map[string]string{f.param: "*"})}) {
				return reply{http.StatusBadRequest, map[string]any{"reason": "parameters"}}
			}
			g := v.access[c.given[f.param]]
			if g == nil {
				return reply{http.StatusUnauthorized, map[string]any{"reason": "token"}}
			}
			who := filled(map[string]any{f.user: g.person.ID, f.name: g.person.Name, f.avatar: g.person.Avatar})
			if f.renamed {
				who["company"] = g.person.Tenant
				return ok(map[string]any{"data": []any{who}})
			}
			return ok(who)
		},
	}
	return v
}
