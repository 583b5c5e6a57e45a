package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

// pages are the templates, by language and name, each parsed when it is first shown.
type pages struct {
	byLang map[string]map[string]func() (*template.Template, error)
	style  template.CSS
	script template.JS
	policy string
}

const folder = "web/console/"

func newPages(files fs.FS) (*pages, error) {
	style, err := fs.ReadFile(files, folder+"style.css")
	if err != nil {
		return nil, fmt.Errorf("read console pages: %w", err)
	}
	script, err := fs.ReadFile(files, folder+"script.js")
	if err != nil {
		return nil, fmt.Errorf("read console pages: %w", err)
	}
	names, err := fs.Glob(files, folder+"*.html")
	if err != nil {
		return nil, fmt.Errorf("read console pages: %w", err)
	}
	p := &pages{
		byLang: map[string]map[string]func() (*template.Template, error){},
		style:  template.CSS(style), script: template.JS(script), //nolint:gosec // embedded
		policy: "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; img-src 'self' data:; " +
			"style-src " + source(style) + "; script-src " + source(script),
	}
	for _, lang := range []string{words.English, words.Chinese} {
		p.byLang[lang] = map[string]func() (*template.Template, error){}
		for _, file := range names {
			name := strings.TrimSuffix(strings.TrimPrefix(file, folder), ".html")
			if name == "layout" || name == "parts" {
				continue
			}
			p.byLang[lang][name] = sync.OnceValues(func() (*template.Template, error) {
				return template.New("layout.html").Funcs(functions(lang)).ParseFS(files, folder+"layout.html", folder+"parts.html", file)
			})
		}
	}
	return p, nil
}

// source names an inline style or script by its hash (CSP level 3, section 2.3.1).
func source(inline []byte) string {
	sum := sha256.Sum256(inline)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// functions are what a template may use: texts in its language, times, pictures.
func functions(lang string) template.FuncMap {
	return template.FuncMap{
		"t":  func(key string, args ...string) string { return words.T(lang, "admin."+key, args...) },
		"in": func(text auth.Text) string { return text.In(lang) },
		"when": func(t time.Time) template.HTML {
			if t.IsZero() {
				return "–"
			}
			t = t.UTC()
			return template.HTML(`<time datetime="` + t.Format(time.RFC3339) + `">` + t.Format("2006-01-02 15:04") + ` UTC</time>`) //nolint:gosec // digits
		},
		"initial": func(name string) string {
			for _, letter := range name {
				return strings.ToUpper(string(letter))
			}
			return "?"
		},
		"picture": picture,
		"choice": func(value string) string {
			if value == "" {
				value = "none"
			}
			if text := words.T(lang, "admin.choice."+value); text != "admin.choice."+value {
				return text
			}
			return value
		},
	}
}

// picture lets a logo through that the page holds itself.
func picture(uri string) template.URL {
	for _, prefix := range []string{"data:image/png;base64,", "data:image/jpeg;base64,", "data:image/webp;base64,"} {
		if strings.HasPrefix(uri, prefix) {
			return template.URL(uri) //nolint:gosec // a raster picture, checked above
		}
	}
	return ""
}

// frame is what surrounds a page.
type frame struct {
	Lang, Title string
	Style       template.CSS
	Script      template.JS
	Nav         []navItem
	Company     string
	About       string // the enterprise that its forms are about
	Logo        string
	Who, Role   string
	Operator    bool
	Done, Wrong string // what has just happened, what is wrong
	Refresh     string // an address to go on to at once
	Body        any
}

type navItem struct {
	Key, Address string
	Current      bool
}

// write renders the named page.
func (p *pages) write(w http.ResponseWriter, status int, name string, f frame) error {
	parsed := p.byLang[f.Lang][name]
	if parsed == nil {
		return fmt.Errorf("write console page %s: no such page", name)
	}
	page, err := parsed()
	if err != nil {
		return fmt.Errorf("read console page %s: %w", name, err)
	}
	f.Style, f.Script = p.style, p.script
	var out bytes.Buffer
	if err := page.ExecuteTemplate(&out, "layout.html", f); err != nil {
		return fmt.Errorf("write console page %s: %w", name, err)
	}
	server.PageHeaders(w, p.policy)
	w.WriteHeader(status)
	_, err = w.Write(about(out.Bytes(), f.About))
	return err
}

// aboutField is what a form says its enterprise by. No handler goes by it; see [visit.moved].
const aboutField = "about"

// posts is the beginning of a form that changes something. Nobody's text has one: in that
// every < and > is an entity.
var posts = regexp.MustCompile(`<form method="post"[^>]*>`)

// about puts an enterprise into each form of a page that changes something, here so that no
// template can forget it.
func about(page []byte, enterprise string) []byte {
	if enterprise == "" {
		return page
	}
	field := `<input type="hidden" name="` + aboutField + `" value="` + template.HTMLEscapeString(enterprise) + `">`
	return posts.ReplaceAllFunc(page, func(form []byte) []byte { return append(bytes.Clone(form), field...) })
}

func language(r *http.Request) string { return words.Match(r.Header.Get("Accept-Language")) }

// seeOther sends the browser on to a page of the console.
func seeOther(w http.ResponseWriter, address string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusSeeOther)
}
