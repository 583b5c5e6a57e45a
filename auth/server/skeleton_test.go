package server_test

import (
	"html"
	"maps"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"lanyard/assets"
	"lanyard/auth"
	"lanyard/auth/server"
)

// consent is the page of every sign-in, for a company with a picture or without.
func consent(logo, title string, words server.Words) server.View {
	v := server.View{Lang: "en", Title: title, Body: words, FormTo: "http://127.0.0.1:1"}
	v.Enterprise.Name, v.Enterprise.Logo = auth.Text{"en": "Acme & Söhne"}, logo
	return v
}

func shown(t testing.TB, p *server.Pages, page string, v server.View) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := p.Write(w, 200, page, v); err != nil {
		t.Fatal(err)
	}
	return w.Body.String()
}

// rendered is the same page as html/template alone makes it, which writes a plus sign as an
// entity.
func rendered(t testing.TB, p *server.Pages, page string, v server.View) string {
	t.Helper()
	all := map[string]any{}
	for name, word := range v.Body.(server.Words) {
		all[name] = word
	}
	v.Body = all
	return strings.ReplaceAll(shown(t, p, page, v), "&#43;", "+")
}

func brokerPages(t testing.TB) *server.Pages {
	t.Helper()
	p, err := server.NewPages(assets.BrokerPages, "consent")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var plainWords = server.Words{
	"Sentence": "Acme & Söhne lets Lanyard in.", "Warning": "Only if you began this.", "Yes": "Continue", "No": "Cancel",
	"Switch": "Another account", "SwitchURL": "/e/acme/authorize?scope=openid+profile&state=%2Fx&prompt=login", "Token": "token",
}

// A page is the same whether it was kept or not, whatever its words are, and keeps nothing
// of the visit before.
func FuzzWords(f *testing.F) {
	p := brokerPages(f)
	for _, s := range []string{"张三", `<script>alert("1")</script>`, "a\x00b\xff", "1+1 & '2'", "lanyard-word-0.", "javascript:alert(1)", "//evil.example/", "/x y", "/%zz", "{{.Token}}"} {
		f.Add(s, s, s)
	}
	f.Fuzz(func(t *testing.T, title, word, address string) {
		for _, logo := range []string{"", "data:image/png;base64,iVBORw0KGgo="} {
			for range 2 {
				words := maps.Clone(plainWords)
				words["Token"], words["SwitchURL"] = word, address
				v := consent(logo, title, words)
				if got, want := strings.ReplaceAll(shown(t, p, "consent", v), "&#43;", "+"), rendered(t, p, "consent", v); got != want {
					t.Errorf("kept page differs:\n%s\nwant\n%s", got, want)
				}
			}
		}
		next := consent("", "Next", plainWords)
		if got, want := shown(t, p, "consent", next), rendered(t, p, "consent", next); got != want {
			t.Errorf("after it:\n%s\nwant\n%s", got, want)
		}
	})
}

func TestWordsMeetOneCompanyOnly(t *testing.T) {
	p := brokerPages(t)
	acme := consent("", "Sign in as Zhang?", plainWords)
	other := acme
	other.Enterprise.Name = auth.Text{"en": "Other"}
	inChinese := acme
	inChinese.Lang = "zh"
	for _, c := range []struct {
		v    server.View
		want string
	}{
		{acme, "<span>Acme &amp; Söhne</span>"}, {other, "<span>Other</span>"}, {inChinese, `<html lang="zh">`}, {acme, `<html lang="en">`},
	} {
		if page := shown(t, p, "consent", c.v); !strings.Contains(page, c.want) || !strings.Contains(page, "<h1>Sign in as Zhang?</h1>") {
			t.Errorf("no %s in %s", c.want, page)
		}
	}
	without := maps.Clone(plainWords)
	delete(without, "Warning")
	if page := shown(t, p, "consent", consent("", "t", without)); !strings.Contains(page, `<p class="soft"></p>`) {
		t.Errorf("a word that is missing: %s", page)
	}
}

// Whatever a company calls itself, it has its page.
func TestWordsBesideAnyCompany(t *testing.T) {
	p := brokerPages(t)
	for _, name := range []string{"lanyard-word-0.", "lanyard-word--1.", "lanyard-word-x", `lanyard-word-6.< "'&>`, "<b>{{.Token}}</b>"} {
		v := consent("", "t", plainWords)
		v.Enterprise.Name = auth.Text{"en": name}
		if got, want := shown(t, p, "consent", v), rendered(t, p, "consent", v); got != want {
			t.Errorf("%s: %s\nwant\n%s", name, got, want)
		}
	}
}

// Where a word would need more than the escaping of text, a page is refused and never
// shown: its template belongs to pages that are not kept.
func TestWordsInOtherPlaces(t *testing.T) {
	for what, body := range map[string]string{
		"script":             `<script>var x = "{{.X}}";</script>`,
		"handler":            `<a onclick="f('{{.X}}')">x</a>`,
		"attribute unquoted": `<a title={{.X}}>x</a>`,
		"part of an address": `<a href="/x?y={{.X}}">x</a>`,
	} {
		p, err := server.NewPages(fstest.MapFS{
			"web/style.css": {}, "web/layout.html": {Data: []byte(`<title>{{.Title}}</title>{{template "body" .Body}}`)},
			"web/page.html": {Data: []byte(`{{define "body"}}` + body + `{{end}}`)},
		}, "page")
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		err = p.Write(w, 200, "page", server.View{Title: "t", Body: server.Words{"X": "/x"}})
		if err == nil {
			t.Errorf("%s: shown: %s", what, html.UnescapeString(w.Body.String()))
		}
	}
}

// BenchmarkPage may cost 10 µs: every sign-in shows one.
func BenchmarkPage(b *testing.B) {
	p := brokerPages(b)
	v := consent("", "Sign in as Zhang?", plainWords)
	for b.Loop() {
		if err := p.Write(httptest.NewRecorder(), 200, "consent", v); err != nil {
			b.Fatal(err)
		}
	}
}
