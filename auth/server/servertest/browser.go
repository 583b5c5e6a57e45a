package servertest

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"

	"lanyard/auth/server"
)

// FormType is the content type of a form that a browser sends.
const FormType = "application/x-www-form-urlencoded"

// Browser has cookies and follows nothing by itself, so that a test sees each answer.
type Browser struct {
	Client  *http.Client
	Session server.Session // what SignIn gave it
	site    *Site
}

// Browser returns one that has never seen anything.
func (s *Site) Browser() *Browser {
	s.T.Helper()
	jar, err := cookiejar.New(nil)
	Must(s.T, err)
	return &Browser{site: s, Client: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Page is an answer read to its end.
type Page struct {
	Status int
	Header http.Header
	Body   string
}

// Location is where the page sends the browser; empty: nowhere.
func (p Page) Location() string { return p.Header.Get("Location") }

// Get asks for an address, or for a path of the site.
func (b *Browser) Get(address string) Page {
	b.site.T.Helper()
	return b.Do(http.MethodGet, address, "", nil)
}

// Post sends a form to an address, or to a path of the site.
func (b *Browser) Post(address string, form url.Values) Page {
	b.site.T.Helper()
	return b.Do(http.MethodPost, address, form.Encode(), http.Header{"Content-Type": {FormType}})
}

// Do sends a request of any kind; the header may be nil.
func (b *Browser) Do(method, address, body string, header http.Header) Page {
	b.site.T.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.site.URL + address
	}
	r, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader(body))
	Must(b.site.T, err)
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := b.Client.Do(r)
	Must(b.site.T, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	Must(b.site.T, err)
	return Page{Status: answer.StatusCode, Header: answer.Header, Body: string(text)}
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// Hidden returns the fields of a page, or of a part of one, that a form sends unseen.
func Hidden(page string) url.Values {
	form := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(page, -1) {
		form.Set(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	return form
}
