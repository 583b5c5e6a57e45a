package authtest

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Page is what a [Visitor] ended on.
type Page struct {
	URL    *url.URL
	Status int
	Header http.Header
	Body   string
}

// Visitor is a browser without a window: it follows redirects, keeps cookies and
// submits a page that posts itself. Where scripts or real forms matter, see
// [Chromium].
type Visitor struct{ client *http.Client }

// NewVisitor returns a browser that has never seen anything.
func NewVisitor(t testing.TB) *Visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &Visitor{client: &http.Client{Jar: jar, Transport: transport, Timeout: 30 * time.Second}}
}

var (
	postingForm = regexp.MustCompile(`<body onload="[^"]*submit\(\)"><form method="post" action="([^"]*)">`)
	hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// Visit opens address and returns the page on which the browser comes to rest.
func (v *Visitor) Visit(t testing.TB, address string) Page {
	t.Helper()
	page := fetch(t, v.client, address, nil)
	if form := postingForm.FindStringSubmatch(page.Body); form != nil {
		fields := url.Values{}
		for _, field := range hiddenField.FindAllStringSubmatch(page.Body, -1) {
			fields.Add(html.UnescapeString(field[1]), html.UnescapeString(field[2]))
		}
		page = fetch(t, v.client, html.UnescapeString(form[1]), fields)
	}
	return page
}

// Callback opens an authorize address of the provider and returns what the browser
// would bring back, without going there.
func (p *Provider) Callback(t testing.TB, address string) url.Values {
	t.Helper()
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	page := fetch(t, client, address, nil)
	back, err := url.Parse(page.Header.Get("Location"))
	if err != nil || page.Status != http.StatusFound {
		t.Fatalf("authorize answered %d: %s", page.Status, page.Body)
	}
	return back.Query()
}

// fetch gets an address, or posts a form to it.
func fetch(t testing.TB, client *http.Client, address string, form url.Values) Page {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if form != nil {
		req, err = http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	}
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Page{URL: res.Request.URL, Status: res.StatusCode, Header: res.Header, Body: string(body)}
}
