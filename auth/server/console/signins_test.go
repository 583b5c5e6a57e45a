package console_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

func TestSignIns(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	must(t, w.Store.RecordSignIn(ctx, server.SignIn{Reference: "4829-1375", EnterpriseID: acme, PersonID: "person-acme", AppID: "app-acme", Stage: "person", At: w.Now()}))
	must(t, w.Store.RecordSignIn(ctx, server.SignIn{Reference: "1111-2222", EnterpriseID: acme, Stage: "user", Fault: auth.FieldMissing, Detail: "field \"union_id\"", At: w.Now()}))
	b := w.operator().at(acme)
	for query, want := range map[string]string{
		"": "4829-1375 1111-2222", "?q=48291375": "4829-1375", "?q=4829-1375": "4829-1375", "?q=张三": "4829-1375",
		"?app=app-acme": "4829-1375", "?failed=1": "1111-2222", "?person=person-acme": "4829-1375", "?q=李四": "",
	} {
		p := b.Get("/admin/sign-ins" + strings.ReplaceAll(query, "张三", url.QueryEscape("张三")))
		for _, reference := range []string{"4829-1375", "1111-2222"} {
			if got := strings.Contains(p.Body, reference+"</code>"); got != strings.Contains(want, reference) {
				t.Errorf("%q: %s is shown: %t", query, reference, got)
			}
		}
	}
	must(t, w.Store.RecordSignIn(ctx, server.SignIn{Reference: "3333-4444", EnterpriseID: acme, AppID: "app-acme", Stage: "open", Fault: auth.AppNotYours, At: w.Now().Add(-time.Hour)}))
	b.Get("/admin/sign-ins?q=33334444").shows(t, "opening", "Not on the app's list", "Opening the app")
	b.Get("/admin/sign-ins").shows(t, "log", "App of acme", "张三 of acme", `field "union_id"`, "Who it is")
	for range 60 {
		must(t, w.Store.RecordSignIn(ctx, server.SignIn{Reference: auth.NewTrace(), EnterpriseID: acme, Stage: "person", At: w.Now()}))
	}
	p := b.Get("/admin/sign-ins")
	if !strings.Contains(p.Body, "from=50") || strings.Count(p.Body, "<code>") != 50 {
		t.Errorf("first page: %d lines", strings.Count(p.Body, "<code>"))
	}
	if p := b.Get("/admin/sign-ins?from=50"); strings.Count(p.Body, "<code>") != 13 {
		t.Errorf("second page: %d lines", strings.Count(p.Body, "<code>"))
	}
}

// TestToldInWords: what a detail means comes first, in the admin's language; the detail
// itself is the program's English.
func TestToldInWords(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	b := w.operator().at(acme)
	for i, row := range []struct {
		err    *auth.Error
		en, zh string
	}{
		{auth.Fail(auth.FieldMissing, auth.Args{"field": "union_id", "found": "uid"}, errors.New("read answer")), "There was no union_id, only uid.", "返回中没有 union_id，只有 uid。企业返回的内容变了。"},
		{auth.Fail(auth.ProviderFailed, auth.Args{"stage": "token", "code": "10007", "reason": `10007: "no"; what`}, nil), `said no: 10007: "no"; what.`, "企业登录系统拒绝了请求：10007:"},
		{auth.Fail(auth.ProviderFailed, nil, nil), "The details name", "详情里有它的错误码"},
		{auth.Fail(auth.EnterpriseMisconfig, auth.Args{"host": "10.0.0.1:443", "reason": "10.0.0.1:443 is not a public address, and so on"}, nil), "10.0.0.1:443 is not a public address. If", "10.0.0.1:443 不是公网地址。如果"},
		{auth.Fail(auth.InsecureAddress, auth.Args{"host": "sso.acme.lan"}, nil), "sso.acme.lan has no encryption", "sso.acme.lan 没有加密"},
		{auth.Fail(auth.TokenInvalid, auth.Args{"check": "aud"}, nil), "safety check", "安全校验"},
	} {
		reference := fmt.Sprintf("5555-000%d", i)
		must(t, w.Store.RecordSignIn(ctx, server.SignIn{Reference: reference, EnterpriseID: acme, Stage: "token", Fault: row.err.Fault, Detail: server.Detail(row.err), At: w.Now()}))
		for _, b.lang = range []string{"en", "zh-CN"} {
			told := map[string]string{"en": row.en, "zh-CN": row.zh}[b.lang]
			b.Get("/admin/sign-ins?q="+reference).shows(t, row.err.Error(), `<p class="told">`, told, `lang="en"`, server.Detail(row.err))
		}
	}
}
