package connector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"lanyard/auth"
)

// answer is one step's answer on its way to being believed.
type answer struct {
	x      *execution
	s      *Step
	id     string
	status int
	doc    any    // the decoded body; nil where it is no JSON
	shown  string // what the admin sees
}

// judge decides whether the answer is a success, by HTTP's status and by the body's
// own word, and takes the step's values out of it.
func (a *answer) judge(body []byte) (map[string]string, error) {
	what := a.read(body)
	for name, paths := range a.s.Set {
		if value, _ := paths.Find(a.doc); a.x.veil.hides(name, value) {
			a.x.veil.add(value) // before anything of this answer is shown
		}
	}
	if !a.x.run.Unseen {
		a.shown = a.show(what)
	}
	if !success(a.status) {
		return nil, a.failed()
	}
	if what != "" {
		if a.s.OK == nil && len(a.s.Set) == 0 && a.s.Items == "" {
			return nil, nil // nothing was wanted of the body: a revocation, say
		}
		return nil, auth.Fail(auth.AnswerNotData, auth.Args{"stage": a.id, "found": what}, nil)
	}
	if ok := a.s.OK; ok != nil {
		value, _ := text(lookup(a.doc, ok.Path))
		if !slices.Contains(ok.In, value) {
			return nil, a.failed()
		}
	}
	return a.take()
}

// show writes the answer down for an admin; what is what it is where it is no JSON.
func (a *answer) show(what string) string {
	head := fmt.Sprintf("%d %s", a.status, http.StatusText(a.status))
	if what != "" {
		return head + "\n(" + what + ")"
	}
	return head + "\n" + showJSON(a.x.veil.tree(a.doc))
}

// read decodes the body, whatever content type it claims, and returns in a few words
// what it is instead where it is no JSON.
func (a *answer) read(body []byte) string {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	if len(body) == 0 {
		return "an empty answer"
	}
	if body[0] == '<' {
		return "a web page" + title(body)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber() // an identifier of 17 digits stays as it was sent
	var doc any
	err := dec.Decode(&doc)
	if err == nil {
		_, err = dec.Token()
	}
	if !errors.Is(err, io.EOF) {
		return "text that is no JSON"
	}
	a.doc = doc
	return ""
}

// title returns a web page's title: it often says which page it is.
func title(page []byte) string {
	page = page[:min(len(page), 16<<10)]
	start := bytes.Index(bytes.ToLower(page), []byte("<title>"))
	if start < 0 {
		return ""
	}
	page = page[start+len("<title>"):]
	end := bytes.IndexByte(page, '<')
	if end < 0 {
		return ""
	}
	if t := clean(string(page[:end])); t != "" {
		return fmt.Sprintf(" titled %q", t)
	}
	return ""
}

// failed makes the error of an answer that says no, in the vendor's own words.
func (a *answer) failed() error {
	code, _ := Paths(a.s.Fail.Code).Find(a.doc)
	words, _ := Paths(a.s.Fail.Text).Find(a.doc)
	// Both are the vendor's text: it may quote what we sent.
	code, words = clean(a.x.veil.text(code)), clean(a.x.veil.text(words))
	reason := code
	switch {
	case code != "" && words != "":
		reason = code + ": " + words
	case words != "":
		reason = words
	case code == "":
		reason = strings.TrimSpace(fmt.Sprintf("HTTP %d %s", a.status, http.StatusText(a.status)))
	}
	args := auth.Args{"stage": a.id, "reason": reason}
	if code != "" {
		args["code"] = code
	}
	return auth.Fail(a.fault(code), args, fmt.Errorf("answer %d: %s", a.status, reason))
}

// fault chooses the fault of an answer that says no. What the connector says of the
// code goes first; then a server that is overloaded or broken, and says nothing that
// it understood, is one that is down (RFC 9110 section 15.6, RFC 6585 section 4).
func (a *answer) fault(code string) auth.Fault {
	switch a.s.Fail.Means[code] {
	case MeansSecret:
		return auth.ProviderSecret
	case MeansDenied:
		return auth.SignInDenied
	case MeansGone:
		return auth.AccessEnded
	case MeansAgain:
		return auth.SignInRequired
	case MeansDown:
		return auth.ProviderUnreachable
	}
	switch a.status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return auth.ProviderUnreachable
	}
	if a.status >= http.StatusInternalServerError && code == "" {
		return auth.ProviderUnreachable
	}
	return auth.ProviderFailed
}

// take finds the step's values; a required one that is missing fails with the name
// that was looked for and what was there instead.
func (a *answer) take() (map[string]string, error) {
	values := make(map[string]string, len(a.s.Set))
	for name, paths := range a.s.Set {
		value, found := paths.Find(a.doc)
		switch {
		case name == "groups":
			groups := paths.FindAll(a.doc)
			for i, g := range groups {
				groups[i] = clean(g)
			}
			value = strings.Join(groups, "\n")
		case found && (name == "sub" || name == "tenant") && !a.identifier(paths):
			// true is nobody's name, and a control character is somebody's trick.
			value = ""
		}
		if value != "" {
			values[name] = value
		}
	}
	for _, name := range a.s.Require {
		if values[name] != "" || a.s.Set[name] == nil && a.x.values[name] != "" {
			continue
		}
		if code, found := Paths(a.s.Fail.Code).Find(a.doc); found && a.s.OK == nil && !harmless(code) {
			return nil, a.failed() // HTTP 200 with an error inside
		}
		return nil, a.missing(name)
	}
	if a.s.Items != "" {
		return values, a.takeApps()
	}
	return values, nil
}

// identifier reports whether the value that paths lead to can identify somebody: a
// text or a number on one line.
func (a *answer) identifier(paths Paths) bool {
	for _, path := range paths {
		v := lookup(a.doc, path)
		if s, ok := text(v); ok && strings.TrimSpace(s) != "" {
			_, isBool := v.(bool)
			return !isBool && len(s) <= 255 && !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
		}
	}
	return false
}

// harmless reports whether a code where errors are sought says that all is well.
func harmless(code string) bool {
	return slices.Contains([]string{"", "0", "200", "ok", "success", "true", "false"}, strings.ToLower(code))
}

func (a *answer) missing(name string) error {
	paths := a.s.Set[name]
	if len(paths) == 0 {
		paths = Paths{name}
	}
	args := auth.Args{
		"stage": a.id,
		"field": strings.Join(paths, " / "),
		"found": a.x.veil.text(whatIsThere(a.doc, paths[0])),
	}
	return auth.Fail(auth.FieldMissing, args, fmt.Errorf("%s: no %s; it has %s", a.id, args["field"], args["found"]))
}
