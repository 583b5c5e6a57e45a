package directory_test

import (
	"errors"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/directory"
)

func TestParse(t *testing.T) {
	const acme = "https://login.acme.com"
	code := func(c string) directory.Query { return directory.Query{Code: c} }
	at := func(origin, c string) directory.Query { return directory.Query{Directory: origin, Code: c} }
	domain := func(d string) directory.Query { return directory.Query{Domain: d} }
	for _, row := range []struct {
		typed string
		want  directory.Query
	}{
		{"acme", code("acme")},
		{"  ACME \n", code("acme")},
		{"ａｃｍｅ", code("acme")},
		{"ＡＣＭＥ－科", directory.Query{}},
		{"ａｃｍｅ－２", code("acme-2")},
		{"“acme”", code("acme")},
		{"acme.", code("acme")},
		{"ac\u200bme", code("acme")},
		{"localhost", code("localhost")},

		{"login.acme.com/acme", at(acme, "acme")},
		{"LOGIN.Acme.com/ACME/", at(acme, "acme")},
		{"ｌｏｇｉｎ．ａｃｍｅ．ｃｏｍ／ａｃｍｅ", at(acme, "acme")},
		{"login。acme。com/acme", at(acme, "acme")},
		{"https://login.acme.com/join/acme", at(acme, "acme")},
		{"https://login.acme.com:443/join/acme?lang=zh#top", at(acme, "acme")},
		{"<https://login.acme.com/join/acme>", at(acme, "acme")},
		{"login.acme.com:8443/acme", at("https://login.acme.com:8443", "acme")},
		{"http://login.acme.com/acme", at("http://login.acme.com", "acme")},
		{"127.0.0.1:8200/demo", at("http://127.0.0.1:8200", "demo")},
		{"localhost:8200/join/demo", at("http://localhost:8200", "demo")},
		{"https://localhost:8200/demo", at("https://localhost:8200", "demo")},
		{"[::1]:8200/demo", at("http://[::1]:8200", "demo")},
		{"intranet/acme", at("https://intranet", "acme")},
		{"例子.中国/acme", at("https://xn--fsqu00a.xn--fiqs8s", "acme")},

		{"acme.com", domain("acme.com")},
		{"https://Acme.com/", domain("acme.com")},
		{"li.lei@Acme.com", domain("acme.com")},
		{"mailto:li.lei@acme.com", domain("acme.com")},
		{"李雷@例子.中国", domain("xn--fsqu00a.xn--fiqs8s")},
		{"ｌｉ＠ａｃｍｅ．ｃｏｍ", domain("acme.com")},

		{"Welcome to Acme!\n\nInstall Lanyard from https://acme.com/downloads, then enter this company code:\n\n  login.acme.com/acme\n\nQuestions? it@acme.com", at(acme, "acme")},
		{"Hi, please open https://login.acme.com/join/acme. Thanks! it@acme.com", at(acme, "acme")},
		{"Your company code is: ACME", code("acme")},
		{"Company code: acme (server: login.acme.com)", at(acme, "acme")},
		{"The code from your IT message is here: login.acme.com/acme", at(acme, "acme")},
		{"Get it at acme.com/download.\nCompany code:\n acme-2", code("acme-2")},
		{"Write to it@acme.com", domain("acme.com")},
		{"Ask (it@acme.com).", domain("acme.com")},
		{"see www.acme.com for more", domain("www.acme.com")},
		{"请先安装工牌程序（https://acme.com/download），企业代码：ａｃｍｅ，有问题找 it@acme.com。", code("acme")},
		{"企业代码是acme。", code("acme")},
		{"请打开login.acme.com/acme登录", at(acme, "acme")},
		{"请打开login.acme.com/acme", at(acme, "acme")},
		{"加入链接：https://login.acme.com/join/acme，点开即可", at(acme, "acme")},
		{"服务器：login.acme.com\n企业代码：acme", at(acme, "acme")},
		{"企业代码「login.acme.com/acme」", at(acme, "acme")},

		{"https://evil.example@login.acme.com/acme", directory.Query{}},
		{"a@b@c.com", directory.Query{}},
		{"ftp://login.acme.com/acme", directory.Query{}},
		{"1.2.3/acme", directory.Query{}},
		{"login.acme.com:0/acme", directory.Query{}},
		{"login.acme.com:99999/acme", directory.Query{}},
		{"127.0.0.1", directory.Query{}},
		{"-acme-", directory.Query{}},
		{"a", directory.Query{}},
		{"hello there", directory.Query{}},
		{"你好", directory.Query{}},
		{"!!!", directory.Query{}},
		{strings.Repeat("a", 65), directory.Query{}},
		{strings.Repeat("a ", 100_000), directory.Query{}},
	} {
		got, err := directory.Parse(row.typed)
		name := row.typed[:min(len(row.typed), 60)]
		if row.want == (directory.Query{}) {
			if !errors.Is(err, auth.CodeInvalid) {
				t.Errorf("Parse(%q) = %+v, %v, want fault code_invalid", name, got, err)
			}
			continue
		}
		row.want.Typed = strings.TrimSpace(row.typed)
		if err != nil || got != row.want {
			t.Errorf("Parse(%q)\n got %+v, %v\nwant %+v", name, got, err, row.want)
		}
	}
	for _, empty := range []string{"", " \n\t", "\u3000"} {
		if _, err := directory.Parse(empty); !errors.Is(err, auth.CodeEmpty) {
			t.Errorf("Parse(%q): %v, want fault code_empty", empty, err)
		}
	}
}

func TestNormal(t *testing.T) {
	for code, want := range map[string]string{
		"acme": "acme", " Acme-2 ": "acme-2", "ＡＣＭＥ": "acme", "a1": "a1",
		"": "", "a": "", "-ab": "", "ab-": "", "a b": "", "a_b": "", "acmé": "", "a.b": "", "a/b": "",
	} {
		got, err := directory.Normal(code)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("Normal(%q) = %q, %v, want %q", code, got, err, want)
		}
	}
	if directory.Hash("ＡＣＭＥ") != directory.Hash("acme") || len(directory.Hash("acme")) != 64 {
		t.Error("Hash does not depend on the normal form alone")
	}
}

func TestNearest(t *testing.T) {
	known := []string{"acme", "beta-works", "demo", "demo-oidc"}
	for code, want := range map[string]string{
		"acmee": "acme", "amce": "acme", "acm": "acme", "beta-wroks": "beta-works", "betaworks": "beta-works",
		"bta-wrks": "beta-works", "acme": "", "axxe": "", "zzz": "", "demo-oid": "demo-oidc", "": "",
	} {
		if got := directory.Nearest(code, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", code, got, want)
		}
	}
}

// FuzzParse: whatever is typed, the answer is whole and says the same when it is typed
// in its normal form.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"acme", "ＡＣＭＥ", "login.acme.com/acme", "https://login.acme.com/join/acme?x#y", "[::1]:8200/demo", "li@acme.com",
		"企业代码：acme，服务器 login.acme.com", "code is: x1 address: 127.0.0.1:80", "1.2.3.4/ab", "例子.中国/ab", "a\u0301b.com/cd",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		q, err := directory.Parse(typed)
		if err != nil {
			if q != (directory.Query{}) {
				t.Fatalf("Parse(%q) = %+v with %v", typed, q, err)
			}
			return
		}
		if (q.Code == "") == (q.Domain == "") || q.Directory != "" && q.Code == "" {
			t.Fatalf("Parse(%q) = %+v", typed, q)
		}
		again := q.Domain
		if q.Code != "" {
			if normal, err := directory.Normal(q.Code); err != nil || normal != q.Code {
				t.Fatalf("Parse(%q): code %q is not normal: %q, %v", typed, q.Code, normal, err)
			}
			again = q.Code
			if q.Directory != "" {
				again = q.Directory + "/" + q.Code
			}
		}
		q2, err := directory.Parse(again)
		q.Typed, q2.Typed = "", ""
		if err != nil || q2 != q {
			t.Fatalf("Parse(%q) = %+v, but Parse(%q) = %+v, %v", typed, q, again, q2, err)
		}
	})
}
