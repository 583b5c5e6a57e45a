package openid_test

import (
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/connector"
)

func TestClaims(t *testing.T) {
	tests := map[string]struct {
		paths map[string]connector.Paths
		user  map[string]any
		want  auth.Identity
	}{
		"standard":                     {nil, map[string]any{"sub": "1", "name": "N", "email": "e@x", "email_verified": true, "picture": "https://x/p"}, auth.Identity{Subject: "1", Name: "N", Email: "e@x", Avatar: "https://x/p"}},
		"e-mail not verified":          {nil, map[string]any{"sub": "1", "name": "N", "email": "e@x", "email_verified": false}, auth.Identity{Subject: "1", Name: "N"}},
		"e-mail without a word":        {nil, map[string]any{"sub": "1", "name": "N", "email": "e@x"}, auth.Identity{Subject: "1", Name: "N"}},
		"verified as a text":           {nil, map[string]any{"sub": "1", "name": "N", "email": "e@x", "email_verified": "true"}, auth.Identity{Subject: "1", Name: "N", Email: "e@x"}},
		"nickname":                     {nil, map[string]any{"sub": "1", "nickname": "Nick"}, auth.Identity{Subject: "1", Name: "Nick"}},
		"picture that is a script":     {nil, map[string]any{"sub": "1", "name": "N", "picture": "javascript:x"}, auth.Identity{Subject: "1", Name: "N"}},
		"picture by plain http":        {nil, map[string]any{"sub": "1", "name": "N", "picture": "http://x/p"}, auth.Identity{Subject: "1", Name: "N"}},
		"endless name":                 {nil, map[string]any{"sub": "1", "name": strings.Repeat("名", 9999)}, auth.Identity{Subject: "1", Name: strings.Repeat("名", 200)}},
		"mapped":                       {map[string]connector.Paths{"sub": {"oid"}, "name": {"none", "profile.display"}, "avatar": {"photos.0"}}, map[string]any{"sub": "1", "oid": "o-1", "profile": map[string]any{"display": "D"}, "photos": []string{"https://x/0"}}, auth.Identity{Subject: "o-1", Name: "D", Avatar: "https://x/0"}},
		"a long number is not a float": {map[string]connector.Paths{"sub": {"uid"}}, map[string]any{"sub": "1", "uid": 9007199254740993, "name": "N"}, auth.Identity{Subject: "9007199254740993", Name: "N"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := meet(t, func(c *connector.Connector) { c.Claims = test.paths })
			p.idp.User = test.user
			_, got, err := p.signIn(t, t.Context())
			test.want.Issuer = p.Issuer
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v; want %+v", got, err, test.want)
			}
		})
	}
	for name, user := range map[string]map[string]any{
		"is missing":       {"sub": "1"},
		"is of two lines":  {"sub": "1", "oid": "o-1\no-2"},
		"is beyond reason": {"sub": "1", "oid": strings.Repeat("o", 256)},
	} {
		t.Run("a subject that "+name, func(t *testing.T) {
			p := meet(t, func(c *connector.Connector) { c.Claims = map[string]connector.Paths{"sub": {"oid"}} })
			p.idp.User = user
			_, _, err := p.signIn(t, t.Context())
			expectFault(t, err, auth.TokenInvalid, "sub")
		})
	}
}

func TestUserinfo(t *testing.T) {
	withUserinfo := func(f authtest.Faults) authtest.Faults {
		f.Claims = without("name") // a reason to ask
		return f
	}
	tests := map[string]struct {
		faults authtest.Faults
		name   string
		fault  auth.Fault
		check  string
	}{
		"fills in":          {withUserinfo(authtest.Faults{}), "张三", "", ""},
		"another sub":       {withUserinfo(authtest.Faults{Userinfo: set("sub", "u-1002")}), "", auth.TokenInvalid, "userinfo sub"},
		"no sub":            {withUserinfo(authtest.Faults{Userinfo: without("sub")}), "", auth.TokenInvalid, "userinfo sub"},
		"sub as a number":   {withUserinfo(authtest.Faults{Userinfo: set("sub", 1001)}), "", auth.TokenInvalid, "userinfo sub"},
		"down":              {withUserinfo(answer("/userinfo", authtest.Status(500))), "", "", ""},
		"a web page":        {withUserinfo(answer("/userinfo", authtest.HTML)), "", "", ""},
		"5 MB":              {withUserinfo(answer("/userinfo", authtest.Huge)), "", "", ""},
		"refuses the token": {withUserinfo(answer("/userinfo", authtest.OAuthError(401, "invalid_token", ""))), "", "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := meet(t, nil)
			p.idp.Set(test.faults)
			_, id, err := p.signIn(t, t.Context())
			if test.fault != "" {
				expectFault(t, err, test.fault, test.check)
				return
			}
			if err != nil || id.Name != test.name || id.Subject != "u-1001" {
				t.Errorf("got %+v, %v; want %q", id, err, test.name)
			}
			if got := p.idp.Count("/userinfo"); got != 1 {
				t.Errorf("userinfo was asked %d times, want once", got)
			}
		})
	}
}

func TestOneSourceDoesNotVouchForTheOthersAddress(t *testing.T) {
	p := meet(t, nil)
	p.idp.Set(authtest.Faults{
		Claims: func(c map[string]any) {
			delete(c, "name")
			c["email"] = "boss@acme.example"
			delete(c, "email_verified")
		},
		Userinfo: set("email", "u@acme.example"),
	})
	_, id, err := p.signIn(t, t.Context())
	if err != nil || id.Email != "u@acme.example" {
		t.Errorf("the e-mail is %q, %v; want the one that was verified", id.Email, err)
	}
}

func TestUserinfoOnly(t *testing.T) {
	p := meet(t, func(c *connector.Connector) { c.OIDC.IDToken = "userinfo-only" })
	p.idp.Set(authtest.Faults{Alg: "HS256"}) // what such providers sign with
	tokens, id, err := p.signIn(t, t.Context())
	if err != nil || id.Subject != "u-1001" || id.Name != "张三" {
		t.Fatalf("got %+v, %v", id, err)
	}
	if p.idp.Count("/keys") != 0 {
		t.Error("the keys were fetched although no id_token is read")
	}
	if _, err := p.Refresh(t.Context(), tokens, id); err != nil {
		t.Errorf("refresh: %v", err)
	}
	for name, faults := range map[string]authtest.Faults{
		"down":   answer("/userinfo", authtest.Status(500)),
		"no sub": {Userinfo: without("sub")},
	} {
		p.idp.Set(faults)
		if _, _, err := p.signIn(t, t.Context()); err == nil {
			t.Errorf("%s: somebody was signed in", name)
		}
	}
}

func TestExpect(t *testing.T) {
	tests := map[string]struct {
		expect map[string]string
		faults authtest.Faults
		fault  auth.Fault
	}{
		"right tenant":           {map[string]string{"tid": "t-1"}, claims(set("tid", "t-1")), ""},
		"another tenant":         {map[string]string{"tid": "t-1"}, claims(set("tid", "t-2")), auth.SignInWrongCompany},
		"no tenant":              {map[string]string{"tid": "t-1"}, authtest.Faults{}, auth.SignInWrongCompany},
		"empty tenant":           {map[string]string{"tid": "t-1"}, claims(set("tid", "")), auth.SignInWrongCompany},
		"a list":                 {map[string]string{"tid": "t-1"}, claims(set("tid", []string{"t-1"})), auth.SignInWrongCompany},
		"in capitals":            {map[string]string{"hd": "acme.example"}, claims(set("hd", "ACME.example")), auth.SignInWrongCompany},
		"one of two":             {map[string]string{"tid": "t-1", "hd": "acme.example"}, claims(set("tid", "t-1")), auth.SignInWrongCompany},
		"by userinfo":            {map[string]string{"hd": "acme.example"}, authtest.Faults{Userinfo: set("hd", "acme.example")}, ""},
		"userinfo overrules":     {map[string]string{"hd": "acme.example"}, authtest.Faults{Claims: set("hd", "beta.example"), Userinfo: set("hd", "acme.example")}, auth.SignInWrongCompany},
		"userinfo is down":       {map[string]string{"hd": "acme.example"}, answer("/userinfo", authtest.Status(500)), auth.ProviderUnreachable},
		"true and text agree":    {map[string]string{"staff": "true"}, claims(set("staff", true)), ""},
		"mapped by our name":     {map[string]string{"tenant": "t-1"}, claims(set("tid", "t-1")), ""},
		"number, digit by digit": {map[string]string{"tid": "9007199254740993"}, claims(set("tid", 9007199254740993)), ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := meet(t, func(c *connector.Connector) {
				c.Expect = test.expect
				c.Claims = map[string]connector.Paths{"tenant": {"tid"}}
			})
			p.idp.Set(test.faults)
			tokens, id, err := p.signIn(t, t.Context())
			if test.fault == "" {
				if err != nil || id.Subject == "" {
					t.Errorf("got %+v, %v; want a sign-in", id, err)
				}
				return
			}
			expectFault(t, err, test.fault, "")
			if !tokens.Access.IsZero() {
				t.Error("somebody of another company got tokens")
			}
			if _, args := auth.FaultOf(err); test.fault == auth.SignInWrongCompany && args["name"] != "张三" {
				t.Errorf("the fault names %q", args["name"])
			}
		})
	}
}
