//go:build linux

package cmd_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/words"
)

// These helpers sign in as the pretend company's staff without a window, and judge what
// a command says to a person.

var forms = regexp.MustCompile(`(?s)<form.*?</form>`)

// submit sends a page's first form with values beside its hidden fields and returns the
// page that follows.
func (w *walker) submit(t testing.TB, page string, at *url.URL, values url.Values) (string, *url.URL) {
	t.Helper()
	text := forms.FindString(page)
	found := formAction.FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no form on the page at %s:\n%s", at.Path, page)
	}
	action, err := at.Parse(html.UnescapeString(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	all := url.Values{}
	for _, in := range formInput.FindAllStringSubmatch(text, -1) {
		all.Set(html.UnescapeString(in[1]), html.UnescapeString(in[2]))
	}
	for name, v := range values {
		all[name] = v
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, action.String(), strings.NewReader(all.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.read(t, req)
}

// consent signs in at the pretend company and returns the answer page of the server: the
// form that a real browser's script would now post to the desktop.
func (w *walker) consent(t testing.TB, address, username string) (string, *url.URL) {
	t.Helper()
	page, at := w.get(t, address)
	if strings.Contains(page, `name="username"`) {
		page, at = w.submit(t, page, at, url.Values{"username": {username}, "password": {password}})
	}
	return w.submit(t, page, at, url.Values{"answer": {"yes"}})
}

// signIn is the whole way from the authorize URL to the desktop's last page.
func (w *walker) signIn(t testing.TB, address, username string) string {
	t.Helper()
	page, at := w.consent(t, address, username)
	page, _ = w.submit(t, page, at, nil)
	return page
}

// signInQuietly signs a person in at the demo without a window.
func (d *desk) signInQuietly(t testing.TB, directory, username string) {
	t.Helper()
	login := d.login(t, "demo", "--directory", directory, "--yes", "--print-url")
	newWalker().signIn(t, login.address(t), username)
	login.succeeds(t)
}

// in returns the desk in another language.
func (d *desk) in(lang string) *desk {
	other := *d
	other.env = append(slices.Clone(d.env), "LANG="+lang)
	return &other
}

var references = map[string]*regexp.Regexp{
	"en": regexp.MustCompile(`(?m)^Reference (\d{4}-\d{4})$`),
	"zh": regexp.MustCompile(`(?m)^编号 (\d{4}-\d{4})$`),
}

// refused checks that a command said what a fault says, last, in lang: title, sentence
// and hint, then the reference, which it returns.
func (r result) refused(t testing.TB, lang string, code int, fault auth.Fault, args auth.Args) string {
	t.Helper()
	m := words.ExplainFault(fault, args, lang)
	if fault == auth.CodeEmpty {
		m.Hint = words.T(lang, "cli.code_empty") // there is no field to paste into
	}
	text := m.Title + "\n" + m.Sentence + "\n" + m.Hint + "\n"
	reference := references[lang].FindStringSubmatch(r.err)
	if reference == nil {
		t.Errorf("exit code %d, no reference:\n%s", r.code, r.err)
		return ""
	}
	if r.code != code || !strings.HasSuffix(strings.TrimSuffix(r.err, reference[0]+"\n"), text) {
		t.Errorf("exit code %d, want %d, and on standard error:\n%s\nwant at its end:\n%s", r.code, code, r.err, text)
	}
	if r.out != "" {
		t.Errorf("standard output:\n%s", r.out)
	}
	return reference[1]
}

// who says what the desk knows of its people: what a failed command must not change.
func (d *desk) who(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	s := d.state(t)
	for _, p := range s.Profiles {
		phase := p.Phase
		if p.Refreshing {
			phase = local.SignedIn
		}
		fmt.Fprintf(&b, "%s %s %s %s %d apps\n", p.ID, p.Enterprise.Code, p.Identity.Name, phase, p.AppsAll)
	}
	return b.String() + "current " + s.Current
}
