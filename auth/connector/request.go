package connector

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lanyard/auth"
)

// call is one step's request, rendered: what is sent, and what an admin sees of it.
type call struct {
	method, url string
	header      http.Header
	form        []Pair // what the body says,
	doc         any    // or this
	body        []byte
	shown       string
}

func (c *call) request(ctx context.Context) (*http.Request, error) {
	var body io.Reader
	if c.body != nil {
		body = bytes.NewReader(c.body)
	}
	req, err := http.NewRequestWithContext(ctx, c.method, c.url, body)
	if err != nil {
		return nil, err
	}
	req.Header = c.header
	return req, nil
}

// render fills a step's templates, each value encoded for its place.
func (x *execution) render(s *Step) (*call, error) {
	address, err := renderURL(s.URL, x.value)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	c := &call{method: s.Method, header: http.Header{
		"Accept":     {"application/json"},
		"User-Agent": {"Lanyard"},
	}}
	query, err := x.pairs("query", s.Query)
	if err != nil {
		return nil, err
	}
	if c.form, err = x.pairs("form", s.Form); err != nil {
		return nil, err
	}
	params, err := x.pairs("params", s.Params)
	if err != nil {
		return nil, err
	}
	if s.Method == http.MethodGet {
		query = append(query, params...)
	} else {
		c.form = append(c.form, params...)
	}
	c.url = withQuery(address, query)
	if s.Auth == "basic" {
		c.header.Set("Authorization", "Basic "+x.basic())
	}
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		value, keep, err := render(s.Headers[name], encodeHeader, x.value)
		if err != nil {
			return nil, fmt.Errorf("headers.%s: %w", name, err)
		}
		if keep {
			c.header.Set(name, value)
		}
	}
	if err := x.body(c, s); err != nil {
		return nil, err
	}
	if !x.run.Unseen {
		c.shown = x.show(c, s)
	}
	return c, nil
}

func (x *execution) body(c *call, s *Step) (err error) {
	switch {
	case s.JSON != nil:
		if c.doc, err = x.tree(s.JSON); err != nil {
			return fmt.Errorf("json: %w", err)
		}
		if c.body, err = json.Marshal(c.doc); err != nil {
			return fmt.Errorf("json: %w", err)
		}
		setDefault(c.header, "Content-Type", "application/json; charset=utf-8")
	case s.Form != nil || s.Params != nil && s.Method != http.MethodGet:
		c.body = []byte(strings.TrimPrefix(withQuery("", c.form), "?"))
		setDefault(c.header, "Content-Type", "application/x-www-form-urlencoded")
	}
	return nil
}

// show writes a call down for people, secrets hidden: the address, what the step sets of
// the headers, the body, and each parameter on a line of its own.
func (x *execution) show(c *call, s *Step) string {
	var b strings.Builder
	x.showAddress(&b, c.method, c.url)
	if s.Auth == "basic" {
		b.WriteString("\nAuthorization: Basic " + hidden)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		if value := c.header.Get(name); value != "" {
			fmt.Fprintf(&b, "\n%s: %s", name, x.veil.named(name, value))
		}
	}
	switch {
	case s.JSON != nil:
		b.WriteString("\n\n" + showJSON(x.veil.tree(c.doc)))
	case c.body != nil:
		b.WriteByte('\n')
		for _, p := range c.form {
			fmt.Fprintf(&b, "\n%s=%s", p[0], x.veil.named(p[0], p[1]))
		}
	}
	return b.String()
}

func setDefault(h http.Header, name, value string) {
	if h.Get(name) == "" {
		h.Set(name, value)
	}
}

// showAddress writes the method, the address and each query parameter on its own line.
func (x *execution) showAddress(b *strings.Builder, method, address string) {
	base, query, _ := strings.Cut(address, "?")
	fmt.Fprintf(b, "%s %s", method, x.veil.text(base))
	for item := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(item, "=")
		if plain, err := url.QueryUnescape(value); err == nil {
			value = plain
		}
		if key != "" {
			fmt.Fprintf(b, "\n? %s=%s", key, x.veil.named(key, value))
		}
	}
}

// basic returns the credentials of RFC 6749 section 2.3.1: both parts form-encoded.
func (x *execution) basic() string {
	pair := url.QueryEscape(x.c.Vars["client_id"]) + ":" + url.QueryEscape(x.value("client_secret"))
	return base64.StdEncoding.EncodeToString([]byte(pair))
}

// pairs renders a map of parameters in the order of their names.
func (x *execution) pairs(what string, m map[string]string) ([]Pair, error) {
	if m == nil {
		return nil, nil
	}
	out := make([]Pair, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		value, keep, err := render(m[key], asIs, x.value)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", what, key, err)
		}
		if keep {
			out = append(out, Pair{key, value})
		}
	}
	return out, nil
}

// tree renders the texts of a JSON body; a key or element whose optional placeholder
// is empty goes.
func (x *execution) tree(v any) (any, error) {
	switch v := v.(type) {
	case string:
		out, keep, err := render(v, asIs, x.value)
		if err != nil || !keep {
			return dropped{}, err
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, item := range v {
			r, err := x.tree(item)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			if r != (dropped{}) {
				out[k] = r
			}
		}
		return out, nil
	case []any:
		out := make([]any, 0, len(v))
		for _, item := range v {
			r, err := x.tree(item)
			if err != nil {
				return nil, err
			}
			if r != (dropped{}) {
				out = append(out, r)
			}
		}
		return out, nil
	default:
		return v, nil
	}
}

// dropped marks a part of a JSON body that goes, which null would not say.
type dropped struct{}

func showJSON(doc any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// AuthorizeURL returns the address of the provider's page that the browser is sent to:
// the connector's own, its fixed query kept, its parameters added in their order. run
// needs redirect_uri and state (ours: hex, at most 64 characters, because some vendors
// refuse anything else), and with PKCE the secret code_verifier, from which the
// challenge is made.
func (e *Engine) AuthorizeURL(c *Connector, run Run) (string, error) {
	if c.Authorize == nil {
		return "", misconfigured("authorize", fmt.Errorf("connector %q has no authorize address", c.ID))
	}
	if !validState(run.Vars["state"]) {
		return "", fmt.Errorf("make authorize address: state is not hex of at most 64 characters")
	}
	if c.Redirect.Query == "forbidden" && strings.Contains(run.Vars["redirect_uri"], "?") {
		return "", misconfigured("authorize", fmt.Errorf("redirect address has a query, which the provider refuses"))
	}
	x := e.start(c, run)
	address, err := x.address(c.Authorize)
	if err != nil {
		return "", misconfigured("authorize", err)
	}
	return address, nil
}

// address renders an address for a browser.
func (x *execution) address(r *Request) (string, error) {
	base, err := renderURL(r.URL, x.value)
	if err != nil {
		return "", fmt.Errorf("url: %w", err)
	}
	params := make([]Pair, 0, len(r.Params))
	for i, p := range r.Params {
		value, keep, err := render(p[1], asIs, x.value)
		if err != nil {
			return "", fmt.Errorf("params.%d: %w", i, err)
		}
		if keep {
			params = append(params, Pair{p[0], value})
		}
	}
	address := withQuery(base, params)
	if r.Fragment != "" {
		fragment, keep, err := render(r.Fragment, encodeQuery, x.value)
		if err != nil {
			return "", fmt.Errorf("fragment: %w", err)
		}
		if keep {
			address += "#" + fragment
		}
	}
	return address, nil
}

func validState(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// misconfigured is the fault of a connector that cannot be run as it is.
func misconfigured(stage string, cause error) error {
	return auth.Fail(auth.EnterpriseMisconfig, auth.Args{"stage": stage, "reason": cause.Error()}, cause)
}
