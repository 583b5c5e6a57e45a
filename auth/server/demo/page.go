package demo

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"lanyard/assets"
	"lanyard/auth/words"
)

func init() { words.Add(assets.DemoWordsEN, assets.DemoWordsZH) }

// page is what every template shows; each page adds its own facts.
type page struct {
	Lang    string
	Title   string
	Service string // what stands above the title, beside the logo
	Style   template.CSS
	Logo    template.URL

	// The sign-in page.
	Action   string // where its forms go
	Cancel   string
	Accounts []Account
	Password string
	Username string // as it was typed
	Wrong    bool
	Changed  bool // the password was changed
	Closed   bool // the account is closed

	// The apps' pages.
	Name     string // who is signed in
	Protocol string
	Facts    []fact
	Took     string // how long after the click, in seconds; empty: nobody knows
	Before   bool   // this browser has been here before
	Issuer   string
	Again    string // where another try begins

	Problem string

	// The company's page.
	Wide bool
	Apps []Link
	// Interfaces are what a server of the admin's own needs of this company.
	Interfaces []fact
	Faults     []Switch
	Developer  Developer
	Example    string
	Admin      string // the console's address
}

// Company returns the company's name in the page's language.
func (p page) Company() string {
	if p.Lang == "zh" {
		return CompanyZH
	}
	return Company
}

// T returns a text in the page's language.
func (p page) T(key string, args ...string) string {
	return words.T(p.Lang, key, append(args, "company", p.Company())...)
}

// look is what all pages share: templates and style, read once.
type look struct {
	pages  *template.Template
	style  template.CSS
	policy string // style-src of the style
}

var shared = sync.OnceValue(func() look {
	style, err := assets.DemoPages.ReadFile("demo/style.css")
	if err != nil {
		panic(err) // it is part of the program
	}
	sum := sha256.Sum256(style)
	return look{
		pages:  template.Must(template.ParseFS(assets.DemoPages, "demo/*.html")),
		style:  template.CSS(style), //nolint:gosec // ours
		policy: "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
	}
})

// newPage begins a page in the language that the browser prefers.
func newPage(r *http.Request) page {
	return page{Lang: words.Match(r.Header.Get("Accept-Language"))}
}

// show writes a page. Its policy says nothing of form-action: browsers hold every
// redirect after a form against that, and where a sign-in ends is the caller's matter.
func show(w http.ResponseWriter, status int, name string, p page) {
	l := shared()
	p.Style = l.style
	p.Logo = template.URL("data:image/png;base64," + assets.DemoLogo) //nolint:gosec // ours
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; img-src data:; style-src "+l.policy+
		"; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_ = l.pages.ExecuteTemplate(w, name, p) // the browser went away
}

// setCookie gives the browser a value that only this service reads. Apps of one host
// share their cookies whatever their port, so each has names of its own.
func setCookie(w http.ResponseWriter, base, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the address: https, or http on loopback
		Name: name, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(base, "https://"),
	})
}

// cookie returns a cookie's value, "" if there is none.
func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// showApp is the page of an app: who is signed in, how, how long after the click, and
// whether this browser had been here before, which is how people see that a fresh
// browser needs no sign-in.
func showApp(w http.ResponseWriter, r *http.Request, cfg AppConfig, app string, who visitor) {
	p := newPage(r)
	p.Service = p.T("demo." + app + ".title")
	p.Title = p.T("demo.app.signed_in", "name", who.title())
	p.Name, p.Issuer, p.Facts = who.title(), cfg.Issuer, who.Facts
	p.Protocol = p.T("demo." + app + ".protocol")
	if cfg.Stopwatch != nil {
		if took, known := cfg.Stopwatch(r.Context(), who.ID); known {
			digits := 1
			if took < 100*time.Millisecond {
				digits = 2
			}
			p.Took = strconv.FormatFloat(took.Seconds(), 'f', digits, 64)
		}
	}
	p.Before = cookie(r, app+"-seen") != ""
	setCookie(w, cfg.BaseURL, app+"-seen", "1", 365*24*3600)
	show(w, http.StatusOK, "app.html", p)
}

// showProblem is the page of an app that let nobody in; again is where another try begins.
func showProblem(w http.ResponseWriter, r *http.Request, status int, app, problem, again string) {
	p := newPage(r)
	p.Service = p.T("demo." + app + ".title")
	p.Title = p.T("demo.app.refused")
	p.Problem = p.T(problem)
	p.Again = again
	show(w, status, "problem.html", p)
}

// showLeft is the page of an app that nobody is signed in to; enter is where that changes.
func showLeft(w http.ResponseWriter, r *http.Request, app, enter string) {
	p := newPage(r)
	p.Service = p.T("demo." + app + ".title")
	p.Title = p.T("demo.app.nobody")
	p.Again = enter
	show(w, http.StatusOK, "home.html", p)
}
