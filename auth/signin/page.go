package signin

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"maps"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"lanyard/auth"
	"lanyard/auth/words"
)

// maxApps is how many apps the page offers.
const maxApps = 6

// style is the whole look of the page: it loads nothing and runs nothing.
const style = `:root{color-scheme:light dark;--ground:#f4f5f7;--card:#fff;--ink:#1d2129;--soft:#5c6370;--line:#dfe2e8;--accent:#2457d6;--on-accent:#fff}
@media(prefers-color-scheme:dark){:root{--ground:#15171b;--card:#1f2228;--ink:#e8eaee;--soft:#a2a9b6;--line:#343944;--accent:#7aa2ff;--on-accent:#10131a}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);color:var(--ink);font:1rem/1.55 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
main{width:min(28rem,100%);padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:14px;overflow-wrap:anywhere}
header{display:flex;align-items:center;gap:.75rem;margin-bottom:1.5rem;color:var(--soft)}
header img{width:2.25rem;height:2.25rem;object-fit:contain;border-radius:6px}
h1{margin:0 0 .75rem;font-size:1.3rem;line-height:1.35}
p{margin:0 0 .75rem}
ul{list-style:none;margin:1.25rem 0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(8.5rem,1fr));gap:.6rem}
a{display:block;padding:.6rem .9rem;border:1px solid var(--line);border-radius:9px;color:var(--ink);text-decoration:none}
a:hover{border-color:var(--accent)}
.main{display:inline-block;margin-top:.75rem;padding:.55rem 1.25rem;border-color:var(--accent);background:var(--accent);color:var(--on-accent)}
a:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.soft{margin:1.25rem 0 0;color:var(--soft);font-size:.9rem}`

// contentPolicy lets the page have its one style and pictures that it carries itself.
var contentPolicy = sync.OnceValue(func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; " +
		"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
})

// page builds one page: raw takes markup that stands in this file, text all else.
type page struct{ b strings.Builder }

func (p *page) raw(markup string) { _, _ = p.b.WriteString(markup) }

// text writes a text between two pieces of markup, unless it is empty.
func (p *page) text(before, text, after string) {
	if text != "" {
		p.raw(before + html.EscapeString(text) + after)
	}
}

// layout wraps a body in the one look of all pages. It is written without
// html/template, which the agent is too small for.
func layout(lang, title, head string, e auth.Enterprise, body func(p *page)) string {
	var p page
	p.text(`<!doctype html><html lang="`, lang, `"><head><meta charset="utf-8">`)
	p.raw(`<meta name="viewport" content="width=device-width, initial-scale=1">` + head)
	p.text(`<title>`, title, `</title>`)
	p.raw(`<style>` + style + `</style></head><body><main>`)
	if name := e.Name.In(lang); name != "" {
		p.raw(`<header>`)
		if picture().MatchString(e.Logo) {
			p.text(`<img src="`, e.Logo, `" alt="">`)
		}
		p.text(`<bdi>`, name, `</bdi></header>`)
	}
	p.text(`<h1>`, title, `</h1>`)
	body(&p)
	p.raw(`</main></body></html>`)
	return p.b.String()
}

// waitingPage is shown while the outcome is not known; it asks again by itself.
func waitingPage(lang string) string {
	return layout(lang, words.T(lang, "page.wait"), `<meta http-equiv="refresh" content="1">`, auth.Enterprise{},
		func(p *page) { p.text(`<p>`, words.T(lang, "page.wait_more"), `</p>`) })
}

func successPage(o Outcome, lang string) string {
	title := words.T(lang, "page.signed_in", "name", o.Identity.Name)
	return layout(lang, title, "", o.Enterprise, func(p *page) {
		switch {
		case o.Shared:
			p.text(`<p>`, words.T(lang, "page.shared"), `</p>`)
		case !o.Kept:
			p.text(`<p>`, words.T(lang, "page.not_kept"), `</p>`)
		}
		if o.Trouble != nil {
			p.text(`<p>`, explain(o.Trouble, o.Enterprise, lang).Sentence, `</p>`)
		}
		p.apps(o.Apps, lang)
		p.text(`<p>`, words.T(lang, "page.close"), `</p>`)
		p.reference(o, lang)
	})
}

func failurePage(err error, o Outcome, lang string) string {
	message := explain(err, o.Enterprise, lang)
	return layout(lang, message.Title, "", o.Enterprise, func(p *page) {
		p.text(`<p>`, message.Sentence, `</p>`)
		p.text(`<p>`, message.Hint, `</p>`)
		if o.Switch != nil {
			p.text(`<p><a class="main" id="switch" href="?`+switchQuery+`">`, words.T(lang, "page.switch"), `</a></p>`)
		}
		p.reference(o, lang)
	})
}

// explain words err, with the company's name and whom to ask there.
func explain(err error, e auth.Enterprise, lang string) words.Message {
	fault, known := auth.FaultOf(err)
	args := auth.Args{"company": e.Name.In(lang), "help": words.Contact(e.Help)}
	maps.Copy(args, known)
	return words.ExplainFault(fault, args, lang)
}

// apps offers apps by their access links.
func (p *page) apps(apps []auth.App, lang string) {
	shown := 0
	for _, app := range apps {
		if shown == maxApps || !isWeb(app.URL) {
			continue
		}
		title := app.Title.In(lang)
		if title == "" {
			title = app.ID
		}
		if shown++; shown == 1 {
			p.raw(`<ul>`)
		}
		p.text(`<li><a href="`, app.URL, `">`)
		p.text(`<bdi>`, title, `</bdi>`)
		p.raw(`</a></li>`)
	}
	if shown > 0 {
		p.raw(`</ul>`)
	}
}

func (p *page) reference(o Outcome, lang string) {
	if o.Reference != "" {
		p.text(`<p class="soft">`, words.T(lang, "common.reference", "reference", o.Reference), `</p>`)
	}
}

// picture matches a picture that a page may carry in itself: no SVG, nothing fetched.
var picture = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+=*$`)
})

// isWeb reports whether an address may stand behind a link: http or https, not
// javascript: or a program's scheme.
func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
