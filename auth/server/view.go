package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Pages renders what people see in one look: web/layout.html with web/style.css around
// one page each, which is parsed when it is first shown. It adds the headers that every
// such page needs.
type Pages struct {
	pages map[string]func() (*template.Template, error)
	style template.CSS
	// policy is the part of every page's Content-Security-Policy that never changes.
	policy string
	shelf  shelf
}

// View is one page to render.
type View struct {
	Lang, Title string
	Enterprise  Enterprise // whose look; may be empty
	Body        any        // what the page itself shows; see [Words] for one that is shown often
	// FormTo is the origin that a form of the page leads to in the end, beside our own;
	// a browser holds redirects against the page's form-action too.
	FormTo string
	// Pictures says that the page shows pictures of this server.
	Pictures bool
	Script   template.JS // a constant of the program, or empty
}

// NewPages returns the named pages of files, which must be there.
func NewPages(files fs.FS, names ...string) (*Pages, error) {
	style, err := fs.ReadFile(files, "web/style.css")
	if err != nil {
		return nil, fmt.Errorf("read pages: %w", err)
	}
	p := &Pages{
		pages: map[string]func() (*template.Template, error){},
		style: template.CSS(style), //nolint:gosec // embedded
		policy: "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; img-src data:; style-src " +
			source(string(style)) + "; form-action 'self'",
	}
	for _, name := range names {
		file := "web/" + name + ".html"
		if _, err := fs.Stat(files, file); err != nil {
			return nil, fmt.Errorf("read page %s: %w", name, err)
		}
		p.pages[name] = sync.OnceValues(func() (*template.Template, error) {
			return template.ParseFS(files, "web/layout.html", file)
		})
	}
	return p, nil
}

// buffers are where pages are rendered.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Write renders the named page. The policy of its answer allows nothing but its own
// style, the logo, forms that stay here or lead to v.FormTo, and v.Script.
func (p *Pages) Write(w http.ResponseWriter, status int, name string, v View) error {
	out := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(out)
	out.Reset()
	if err := p.render(out, name, v); err != nil {
		return fmt.Errorf("write page %s: %w", name, err)
	}
	policy := p.policy
	if v.FormTo != "" {
		policy += " " + v.FormTo
	}
	if v.Pictures {
		policy = strings.Replace(policy, "img-src data:", "img-src data: 'self'", 1)
	}
	if v.Script != "" {
		policy += "; script-src " + source(string(v.Script))
	}
	PageHeaders(w, policy)
	w.Header().Set("Content-Length", strconv.Itoa(out.Len())) // else the answer goes in chunks
	w.WriteHeader(status)
	_, err := w.Write(out.Bytes())
	return err
}

// render writes a page to out, from the shelf where it can be.
func (p *Pages) render(out *bytes.Buffer, name string, v View) error {
	words, ok := v.Body.(Words)
	if !ok || v.Script != "" {
		return p.execute(out, name, v)
	}
	key := shelfKey{name, v.Lang, v.Enterprise.Name.In(v.Lang), v.Enterprise.Logo}
	k := p.shelf.get(key)
	if k == nil {
		err := p.execute(out, name, marked(v, words))
		if err != nil {
			return err
		}
		if k, err = cutAtMarks(out.String()); err != nil {
			return err
		}
		out.Reset()
		p.shelf.put(key, k)
	}
	if k.write(out, v.Title, words) {
		return nil
	}
	out.Reset()
	return p.execute(out, name, v)
}

// execute has html/template render the page.
func (p *Pages) execute(out *bytes.Buffer, name string, v View) error {
	parsed := p.pages[name]
	if parsed == nil {
		return errors.New("no such page")
	}
	page, err := parsed()
	if err != nil {
		return err
	}
	return page.ExecuteTemplate(out, "layout.html", map[string]any{
		"Lang": v.Lang, "Title": v.Title, "Style": p.style, "Script": v.Script, "Body": v.Body,
		"Company": v.Enterprise.Name.In(v.Lang), "Logo": logo(v.Enterprise.Logo),
	})
}

// PageHeaders sets the headers of a page that may hold something personal.
func PageHeaders(w http.ResponseWriter, policy string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	// Other sites learn nothing. Not no-referrer, by which a form has the origin "null", and
	// a browser that sends no Sec-Fetch-Site (Safari before 16.4) could post none to us.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// source names an inline style or script by its hash (CSP level 3, section 2.3.1).
func source(inline string) string {
	sum := sha256.Sum256([]byte(inline))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// logo lets a picture through that the page holds itself; html/template would refuse
// every data: URI.
func logo(uri string) template.URL {
	for _, prefix := range []string{"data:image/png;base64,", "data:image/jpeg;base64,", "data:image/webp;base64,"} {
		if strings.HasPrefix(uri, prefix) {
			return template.URL(uri) //nolint:gosec // a raster picture, checked above
		}
	}
	return ""
}
