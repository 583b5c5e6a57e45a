package store_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/store"
)

func testAudiences(t *testing.T, s *store.Store) {
	company(t, s)
	want(t, "none saved", server.Audience{EnterpriseID: acme, AppID: "notes", Everyone: true})(s.Audience(ctx(t), acme, "notes"))
	a := server.Audience{
		EnterpriseID: acme, AppID: "notes", UpdatedAt: now,
		Members: []server.Member{
			{Account: "zhangsan", Values: map[string]string{"role": "acs:ram::1:role/管理员"}}, {Account: "Li@Acme.com"}, {Group: "研发"},
		},
	}
	must(t, s.SaveAudience(ctx(t), a))
	want(t, "kept, in order", a)(s.Audience(ctx(t), acme, "notes"))
	want(t, "another app", server.Audience{EnterpriseID: acme, AppID: "docs", Everyone: true})(s.Audience(ctx(t), acme, "docs"))
	want(t, "another enterprise", server.Audience{EnterpriseID: other, AppID: "notes", Everyone: true})(s.Audience(ctx(t), other, "notes"))

	b := a
	b.Members = []server.Member{{Account: "wangwu"}, {Account: " wangwu "}, {Account: "W@acme.com"}, {Account: "w@ACME.com", Values: map[string]string{"x": "y"}}}
	must(t, s.SaveAudience(ctx(t), b))
	b.Members = []server.Member{{Account: "wangwu"}, {Account: "W@acme.com"}}
	want(t, "replaced, each member once", b)(s.Audience(ctx(t), acme, "notes"))

	for name, m := range map[string]server.Member{"nobody": {}, "blank": {Account: "  "}, "both": {Account: "a", Group: "b"}, "no group": {Group: " "}} {
		bad := b
		bad.Members = []server.Member{{Account: "new"}, m}
		wantErr(t, name, s.SaveAudience(ctx(t), bad), auth.ErrUsage)
	}
	if err := s.SaveAudience(ctx(t), server.Audience{EnterpriseID: "none"}); err == nil {
		t.Error("an audience of no enterprise was saved")
	}
	want(t, "refused ones change nothing", b)(s.Audience(ctx(t), acme, "notes"))

	hostile := server.Audience{EnterpriseID: acme, AppID: "notes", UpdatedAt: now, Members: []server.Member{{Account: "a\x00b\xff' OR 1=1 --"}}}
	must(t, s.SaveAudience(ctx(t), hostile))
	hostile.Members[0].Account = "ab\uFFFD' OR 1=1 --"
	want(t, "text that no column takes", hostile)(s.Audience(ctx(t), acme, "notes"))

	must(t, s.SaveApp(ctx(t), server.App{ID: "notes", EnterpriseID: acme}))
	must(t, s.DeleteApp(ctx(t), acme, "notes"))
	want(t, "goes with its app", server.Audience{EnterpriseID: acme, AppID: "notes", Everyone: true})(s.Audience(ctx(t), acme, "notes"))
}

// admit saves an audience of Acme.
func admit(t testing.TB, s *store.Store, app string, everyone bool, members ...server.Member) {
	t.Helper()
	must(t, s.SaveAudience(ctx(t), server.Audience{EnterpriseID: acme, AppID: app, Everyone: everyone, Members: members}))
}

func testAdmissions(t *testing.T, s *store.Store) {
	company(t, s)
	admit(t, s, "", false, server.Member{Account: "zhangsan"})
	admit(t, s, "closed", false)
	admit(t, s, "by-account", false, server.Member{Account: "zhangsan", Values: map[string]string{"role": "own"}})
	admit(t, s, "by-mail", false, server.Member{Account: " ZHANG@acme.COM"})
	admit(t, s, "by-group", false, server.Member{Group: "研发", Values: map[string]string{"role": "group"}})
	admit(t, s, "open", true, server.Member{Group: "研发", Values: map[string]string{"role": "group", "region": "cn"}}, server.Member{Account: "zhangsan", Values: map[string]string{"role": "own"}})
	admit(t, s, "others", false, server.Member{Account: "ZhangSan"}, server.Member{Account: "研发"}, server.Member{Group: "zhangsan"}, server.Member{Account: "l@acme.com"})
	must(t, s.SaveAudience(ctx(t), server.Audience{EnterpriseID: other, AppID: "open"}))

	many := make([]string, 60) // more than one statement compares
	for i := range many {
		many[i] = fmt.Sprint("group ", i)
	}
	yes, no := server.Admission{Allowed: true}, server.Admission{}
	role := func(name string) server.Admission {
		return server.Admission{Allowed: true, Values: map[string]string{"role": name}}
	}
	inOpen := server.Admission{Allowed: true, Values: map[string]string{"role": "own", "region": "cn"}}
	for _, c := range []struct {
		name string
		p    server.Person
		want map[string]server.Admission
	}{
		{"张三", server.Person{Account: "zhangsan", Email: "Zhang@Acme.com", EmailVerified: true, Groups: append(many, "研发")}, map[string]server.Admission{
			"": yes, "closed": no, "by-account": role("own"), "by-mail": yes, "by-group": role("group"), "open": inOpen, "others": no,
		}},
		{"only the address", server.Person{Account: "x", Email: "zhang@acme.com", EmailVerified: true}, map[string]server.Admission{
			"": no, "closed": no, "by-account": no, "by-mail": yes, "by-group": no, "open": yes, "others": no,
		}},
		{"an address that nobody has checked", server.Person{Account: "x", Email: "zhang@acme.com"}, map[string]server.Admission{
			"": no, "closed": no, "by-account": no, "by-mail": no, "by-group": no, "open": yes, "others": no,
		}},
		{"an account that is an address", server.Person{Account: "Zhang@acme.com"}, map[string]server.Admission{
			"": no, "closed": no, "by-account": no, "by-mail": yes, "by-group": no, "open": yes, "others": no,
		}},
		{"an address that is no address", server.Person{Account: "x", Email: "zhangsan", EmailVerified: true}, map[string]server.Admission{
			"": no, "closed": no, "by-account": no, "by-mail": no, "by-group": no, "open": yes, "others": no,
		}},
		{"nobody", server.Person{}, map[string]server.Admission{
			"": no, "closed": no, "by-account": no, "by-mail": no, "by-group": no, "open": yes, "others": no,
		}},
	} {
		c.p.EnterpriseID = acme
		want(t, c.name, c.want)(s.Admissions(ctx(t), c.p))
		for _, app := range slices.Sorted(maps.Keys(c.want)) {
			want(t, c.name+" at "+app, c.want[app])(s.Admission(ctx(t), c.p, app))
		}
		want(t, c.name+" at an app without a list", yes)(s.Admission(ctx(t), c.p, "notes"))
		c.p.EnterpriseID = other
		want(t, c.name+" elsewhere", map[string]server.Admission{"open": no})(s.Admissions(ctx(t), c.p))
		want(t, c.name+" elsewhere at open", no)(s.Admission(ctx(t), c.p, "open"))
		want(t, c.name+" elsewhere at closed", yes)(s.Admission(ctx(t), c.p, "closed"))
	}
}

func testClientAdmissions(t *testing.T, s *store.Store) {
	company(t, s)
	zhang := server.Person{EnterpriseID: acme, Account: "zhangsan"}
	for _, app := range []server.App{{ID: "notes"}, {ID: "docs", ClientID: "office"}, {ID: "sheets", ClientID: "office"}, {ID: "moved", ClientID: "new"}} {
		app.EnterpriseID = acme
		must(t, s.SaveApp(ctx(t), app))
	}
	yes, no := server.Admission{Allowed: true}, server.Admission{}
	want(t, "no list", yes)(s.ClientAdmission(ctx(t), zhang, "notes"))
	admit(t, s, "notes", false, server.Member{Account: "li"})
	admit(t, s, "docs", false)
	want(t, "not on the list", no)(s.ClientAdmission(ctx(t), zhang, "notes"))
	want(t, "one of two apps is everyone's", yes)(s.ClientAdmission(ctx(t), zhang, "office"))
	admit(t, s, "sheets", false)
	want(t, "neither of two apps", no)(s.ClientAdmission(ctx(t), zhang, "office"))
	admit(t, s, "sheets", false, server.Member{Account: "zhangsan", Values: map[string]string{"role": "r"}})
	want(t, "its values", server.Admission{Allowed: true, Values: map[string]string{"role": "r"}})(s.ClientAdmission(ctx(t), zhang, "office"))
	admit(t, s, "moved", false)
	want(t, "an app with another client is not asked", yes)(s.ClientAdmission(ctx(t), zhang, "moved"))
	want(t, "its client is", no)(s.ClientAdmission(ctx(t), zhang, "new"))
	want(t, "nobody's client", yes)(s.ClientAdmission(ctx(t), zhang, "tool"))
	zhang.EnterpriseID = other
	want(t, "another enterprise", yes)(s.ClientAdmission(ctx(t), zhang, "notes"))
}

// Whoever asks while a list is replaced sees the old one or the new one.
func testAudiencesAtOnce(t *testing.T, s *store.Store) {
	company(t, s)
	list := func(i int) []server.Member {
		out := []server.Member{{Account: "zhangsan", Values: map[string]string{"list": fmt.Sprint(i)}}}
		for j := range 200 {
			out = append(out, server.Member{Account: fmt.Sprintf("%d-%d", i, j)})
		}
		return out
	}
	admit(t, s, "notes", false, list(0)...)
	for _, err := range atOnce(8, func(i int) error {
		if i%2 == 0 {
			return s.SaveAudience(ctx(t), server.Audience{EnterpriseID: acme, AppID: "notes", Members: list(i)})
		}
		for range 20 {
			a, err := s.Admission(ctx(t), server.Person{EnterpriseID: acme, Account: "zhangsan"}, "notes")
			if err != nil || !a.Allowed || a.Values["list"] == "" {
				return fmt.Errorf("in between: %+v, %w", a, err)
			}
		}
		return nil
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	a, err := s.Audience(ctx(t), acme, "notes")
	must(t, err)
	if len(a.Members) != 201 || a.Members[1].Account[0] != a.Members[200].Account[0] {
		t.Errorf("two lists were mixed: %d members", len(a.Members))
	}
}
