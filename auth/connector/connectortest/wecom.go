package connectortest

import (
	"net/http"
	"net/url"
	"strings"
)

// WeCom has neither response_type nor scope nor client_id at its page, takes everything
// in the query, answers every error by errcode at HTTP 200, and tells no error of
// somebody who is no member: they just have no userid.
func WeCom() *Vendor {
	const (
		corp, agent = "wwd08c8e7c8ab44d01", "1000002"
		host        = "qyapi.weixin.qq.com"
	)
	v := newVendor(Traits{
		Subject: "userid", Denied: "field_missing", Stranger: "field_missing",
		AppToken: host + "/cgi-bin/gettoken", Optional: []string{host + "/cgi-bin/user/get"},
	})
	v.person = Person{ID: "ZhangSan", Name: "张三", Email: "zhangsan@acme.com", Avatar: "https://wework.qpic.cn/zs/0", Tenant: corp}
	v.Vars = map[string]string{"corp_id": corp, "agent_id": agent}
	v.Secrets = map[string]string{"client_secret": "wecom-app-secret"}
	refuse := func(code int, msg string) reply { return ok(map[string]any{"errcode": code, "errmsg": msg}) }
	v.page = "login.work.weixin.qq.com/wwlogin/sso/login"
	v.authorize = func(c *call) url.Values {
		if !c.takes(shape{method: http.MethodGet, query: map[string]string{
			"login_type": "CorpApp", "appid": corp, "agentid": agent, "redirect_uri": v.Callback, "state": "*",
		}}) {
			return nil
		}
		if state := c.given["state"]; len(state) > 128 || strings.Trim(state, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			v.problem("state %q is not letters and digits", state)
		}
		if v.deny { // no code, and no word why
			return url.Values{"state": {c.given["state"]}}
		}
		return url.Values{"code": {v.code(grant{})}, "state": {c.given["state"]}, "appid": {corp}}
	}
	// app reads a call that must carry the app's token.
	app := func(c *call, more string) (bad reply, right bool) {
		switch {
		case !c.takes(shape{method: http.MethodGet, query: map[string]string{"access_token": "*", more: "*"}}):
			return refuse(40035, "parameters"), false
		case !v.apps[c.given["access_token"]]:
			return refuse(42001, "access_token expired"), false
		}
		return reply{}, true
	}
	v.endpoints = map[string]func(*call) reply{
		host + "/cgi-bin/gettoken": func(c *call) reply {
			switch {
			case !c.takes(shape{method: http.MethodGet, query: map[string]string{"corpid": corp, "corpsecret": "*"}}):
				return refuse(40035, "parameters")
			case c.given["corpsecret"] != v.Secrets["client_secret"]:
				return refuse(40001, "invalid credential "+c.given["corpsecret"])
			}
			return ok(map[string]any{"errcode": 0, "errmsg": "ok", "access_token": v.appToken(), "expires_in": 7200})
		},
		host + "/cgi-bin/auth/getuserinfo": func(c *call) reply {
			if bad, right := app(c, "code"); !right {
				return bad
			}
			g := v.take(c.given["code"])
			switch {
			case g == nil:
				return refuse(40029, "invalid code "+c.given["code"])
			case g.person.Tenant != corp:
				return ok(map[string]any{"errcode": 0, "errmsg": "ok", "openid": "o-1", "external_userid": "wm-1"})
			}
			return ok(map[string]any{"errcode": 0, "errmsg": "ok", "userid": g.person.ID, "user_ticket": v.hand()})
		},
		host + "/cgi-bin/user/get": func(c *call) reply {
			if bad, right := app(c, "userid"); !right {
				return bad
			}
			if c.given["userid"] != v.person.ID || v.gone[v.person.ID] {
				return refuse(60111, "userid not found")
			}
			return ok(filled(map[string]any{
				"errcode": 0, "errmsg": "ok", "userid": v.person.ID, "name": v.person.Name, "avatar": v.person.Avatar, "biz_mail": v.person.Email,
			}))
		},
	}
	return v
}
