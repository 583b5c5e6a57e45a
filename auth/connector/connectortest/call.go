package connectortest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// call is one request as the vendor reads it.
type call struct {
	v        *Vendor
	place    string
	method   string
	query    url.Values
	fragment string
	header   http.Header
	body     []byte
	given    map[string]string // every parameter, after takes
}

// shape is what a call must look like: the exact sets of parameters. "*" is any value.
type shape struct {
	method string
	query  map[string]string
	form   map[string]string
	json   map[string]string
	header map[string]string
	may    []string // of the query: may be there as well
}

// credentials are the headers that must be there only where a vendor wants them: what
// is sent to one who does not ask for it is sent to the wrong one.
var credentials = []string{"Authorization", "Cookie", "X-Wlk-Authorization", "X-Acs-Dingtalk-Access-Token"}

// takes reports whether the call has exactly this shape, and notes what is wrong.
func (c *call) takes(s shape) bool {
	before := len(c.v.problems)
	c.given = map[string]string{}
	if c.method != s.method {
		c.v.problem("%s is called by %s, want %s", c.place, c.method, s.method)
	}
	for _, name := range s.may {
		c.query.Del(name)
	}
	c.compare("query", c.query, s.query)
	var form url.Values
	var doc map[string]any
	kind, _, _ := strings.Cut(c.header.Get("Content-Type"), ";")
	switch {
	case s.form != nil:
		if kind != "application/x-www-form-urlencoded" {
			c.v.problem("%s is sent %q, want a form", c.place, kind)
		}
		form, _ = url.ParseQuery(string(c.body))
		c.compare("form", form, s.form)
	case s.json != nil:
		if err := json.NewDecoder(bytes.NewReader(c.body)).Decode(&doc); err != nil || kind != "application/json" {
			c.v.problem("%s is sent %q, want JSON", c.place, kind)
		}
		c.compare("json", flat(doc), s.json)
	case len(c.body) > 0:
		c.v.problem("%s is sent a body", c.place)
	}
	wanted := http.Header{}
	for name, want := range s.header {
		wanted.Set(name, want)
		c.one("header", name, c.header.Values(name), want)
	}
	for _, name := range credentials {
		if wanted.Get(name) == "" && c.header.Get(name) != "" {
			c.v.problem("%s is sent the header %s", c.place, name)
		}
	}
	return len(c.v.problems) == before
}

// compare notes every parameter that is missing, doubled, different or too much.
func (c *call) compare(where string, got url.Values, want map[string]string) {
	for name := range got {
		if _, wanted := want[name]; !wanted {
			c.v.problem("%s: %s %s is not the vendor's", c.place, where, name)
		}
	}
	for name, value := range want {
		c.one(where, name, got[name], value)
	}
}

func (c *call) one(where, name string, got []string, want string) {
	if len(got) != 1 || got[0] == "" || want != "*" && got[0] != want {
		c.v.problem("%s: %s %s is there %d times as %q, want %q", c.place, where, name, len(got), strings.Join(got, ","), want)
		return
	}
	c.given[name] = got[0]
}

// flat gives the texts of a JSON object; whatever is no text is a wrong value.
func flat(doc map[string]any) url.Values {
	out := url.Values{}
	for name, v := range doc {
		s, isText := v.(string)
		if !isText {
			s = fmt.Sprintf("not a text: %v", v)
		}
		out.Set(name, s)
	}
	return out
}

// filled leaves empty fields out, as the vendors do.
func filled(fields map[string]any) map[string]any {
	for name, value := range fields {
		if value == "" {
			delete(fields, name)
		}
	}
	return fields
}
