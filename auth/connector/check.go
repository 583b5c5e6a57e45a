package connector

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Check reports everything about a connector or preset that would keep it from
// working or from failing closed, as joined [FieldError]s: unknown placeholders, a
// run-time value in a host, no step that sets sub, a vendor of many companies without
// its tenant check. Vars may still be empty; [Load] checks again with them filled.
func Check(c Connector) error {
	open := make(nameSet, len(c.Vars))
	for name := range c.Vars {
		open[name] = true
	}
	c.setDefaults()
	return (&faults{list: check(c, open)}).err()
}

// check is Check where open names the vars whose placeholders may still stand.
func check(c Connector, open nameSet) []*FieldError {
	k := checker{c: c, open: open}
	k.names()
	k.head()
	switch c.Kind {
	case KindSteps:
		k.stepsKind()
	case KindOIDC:
		k.oidcKind()
	}
	if c.Authorize != nil {
		k.address("authorize.url", c.Authorize.URL)
	}
	if c.Logout != nil {
		k.address("logout.url", c.Logout.URL)
	}
	known := names("sub", "tenant")
	k.steps("steps", c.Steps, names())
	for _, s := range c.Steps {
		known = known.plus(slices.Collect(maps.Keys(s.Set))...)
	}
	k.steps("refresh", c.Refresh, known)
	k.steps("revoke", c.Revoke, known)
	k.steps("recheck", c.Recheck, known)
	k.steps("apps", c.Apps, known)
	if c.Activate != nil {
		k.steps("activate.steps", c.Activate.Steps, names())
		k.activate()
	}
	for i, t := range c.Targets {
		if u, ok := target(t); !ok || u.RawQuery != "" {
			k.add(at("targets", i), "must be an https:// address without a query, such as https://docs.acme.com/")
		}
	}
	k.tenant()
	walker{k.template}.connector(c)
	return k.list
}

type checker struct {
	faults
	c    Connector
	open nameSet
}

// names checks that every name means one thing.
func (k *checker) names() {
	taken := signInNames.plus(slices.Collect(maps.Keys(authorizeNames))...)
	for name := range laterNames {
		taken[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(k.c.Vars)) {
		switch {
		case !validName(name):
			k.add("vars."+name, "must be named in lower case letters, digits and underscores")
		case taken[name]:
			k.add("vars."+name, "has the name of a value of the sign-in itself; choose another")
		}
	}
	for i, name := range k.c.Secrets {
		_, isVar := k.c.Vars[name]
		switch {
		case !validName(name):
			k.add(at("secrets", i), "must be named in lower case letters, digits and underscores")
		case isVar, taken[name]:
			k.add(at("secrets", i), "has a name that is in use; choose another")
		}
	}
	for i, b := range k.c.Blanks {
		if _, isVar := k.c.Vars[b.Name]; !isVar && !slices.Contains(k.c.Secrets, b.Name) {
			k.add(at("blanks", i)+".name", fmt.Sprintf("%q is neither one of vars nor of secrets", b.Name))
		}
	}
}

func (k *checker) head() {
	c := k.c
	if c.Schema != Schema {
		k.add("schema", "must be "+Schema)
	}
	if c.ID == "" {
		k.add("id", "is missing")
	}
	if c.Kind != KindOIDC && c.Kind != KindSteps {
		k.add("kind", "must be oidc or steps")
	}
	if c.PKCE != "" && c.PKCE != "S256" && c.PKCE != "none" {
		k.add("pkce", "must be S256 or none")
	}
	if c.Redirect.Via != "broker" && c.Redirect.Via != "loopback" {
		k.add("redirect.via", "must be broker or loopback")
	}
	if c.Redirect.Via == "loopback" && len(c.Secrets) > 0 {
		k.add("redirect.via", "must be broker: this connector has a secret, and no secret may lie on a desktop")
	}
	if c.Reverify != "" {
		if _, err := ReverifyAfter(c.Reverify); err != nil {
			k.add("reverify", `must be "never" or a duration such as 12h or 7d`)
		}
	}
}

// ReverifyAfter reads the value of reverify: a Go duration, a number of days ("7d") or
// "never", which is 0.
func ReverifyAfter(s string) (time.Duration, error) {
	if s == "never" {
		return 0, nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n <= 0 || n > 3650 {
			return 0, fmt.Errorf("read reverify %q: not a number of days", s)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(s)
	if err == nil && d <= 0 {
		err = fmt.Errorf("not a positive duration")
	}
	if err != nil {
		return 0, fmt.Errorf("read reverify %q: %w", s, err)
	}
	return d, nil
}

func (k *checker) stepsKind() {
	c := k.c
	if c.OIDC != nil {
		k.add("oidc", "belongs to kind oidc")
	}
	if c.Redirect.Via == "loopback" {
		k.add("redirect.via", "must be broker: only kind oidc runs on the desktop")
	}
	if c.Authorize == nil {
		k.add("authorize", "is missing: where is the browser sent to sign in?")
	} else {
		k.carries("authorize.params", c.Authorize, "state")
		k.carries("authorize.params", c.Authorize, "redirect_uri")
		k.once("authorize.params", c.Authorize.Params)
		if c.PKCE == "S256" {
			k.carries("authorize.params", c.Authorize, "code_challenge")
		}
	}
	if len(c.Steps) == 0 {
		k.add("steps", "is missing: how is the code exchanged?")
		return
	}
	k.identifies("steps", c.Steps)
}

// identifies checks that exactly one step says who the person is.
func (k *checker) identifies(path string, steps []Step) {
	subs := 0
	for i, s := range steps {
		paths, sets := s.Set["sub"]
		if !sets {
			continue
		}
		subs++
		switch {
		case subs > 1:
			k.add(at(path, i)+".set.sub", "another step sets sub already; a person has one identifier")
		case len(paths) != 1:
			k.add(at(path, i)+".set.sub", "must be one path: a person has one identifier")
		case s.Optional:
			k.add(at(path, i)+".optional", "the step that sets sub must not be optional")
		}
	}
	if subs == 0 {
		k.add(path, "no step sets sub: who is the person?")
	}
}

// carries checks that a browser's address carries a run-time value.
func (k *checker) carries(path string, r *Request, name string) {
	for _, p := range r.Params {
		if strings.Contains(p[1], "{"+name+"}") {
			return
		}
	}
	k.add(path, fmt.Sprintf("no parameter carries {%s}", name))
}

// once checks that no parameter is sent twice, which vars in names can bring about.
func (k *checker) once(path string, params []Pair) {
	seen := nameSet{}
	for i, p := range params {
		if seen[p[0]] {
			k.add(at(path, i), fmt.Sprintf("another parameter has the name %q", p[0]))
		}
		seen[p[0]] = true
	}
}

func (k *checker) oidcKind() {
	c := k.c
	if c.Authorize != nil {
		k.add("authorize", "belongs to kind steps; discovery gives the address")
	}
	if len(c.Steps) > 0 {
		k.add("steps", "belongs to kind steps")
	}
	if c.OIDC == nil {
		k.add("oidc", "is missing")
		return
	}
	if c.OIDC.Issuer == "" && !k.open["issuer"] {
		k.add("oidc.issuer", "is missing")
	} else if c.OIDC.Issuer != "" {
		k.address("oidc.issuer", c.OIDC.Issuer)
	}
	if c.OIDC.ClientID == "" && !k.open["client_id"] {
		k.add("oidc.client_id", "is missing")
	}
	if c.OIDC.Discovery != "" {
		k.address("oidc.discovery", c.OIDC.Discovery)
	}
	for _, name := range slices.Sorted(maps.Keys(c.OIDC.Fallback)) {
		k.address("oidc.fallback."+name, c.OIDC.Fallback[name])
	}
	for i, alg := range c.OIDC.Algs {
		if strings.HasPrefix(alg, "HS") || alg == "none" {
			k.add(at("oidc.algs", i), "must be an algorithm with a public key: whoever can check HS256 can also sign with it")
		}
	}
	if c.Redirect.Via == "loopback" {
		for i, s := range c.Apps {
			if s.Method != http.MethodGet {
				k.add(at("apps", i)+".method", "must be GET: the desktop runs this list")
			}
		}
	}
}

// manyTenants are the issuers that speak for any company, or for private people; without
// expect, anybody's account would do.
var manyTenants = []string{
	"https://accounts.google.com", "https://appleid.apple.com", "https://gitlab.com", "https://slack.com",
	"https://login.microsoftonline.com/common/", "https://login.microsoftonline.com/organizations/",
	"https://login.microsoftonline.com/consumers/", "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/",
}

// tenant checks that a vendor who serves many companies is pinned to one.
func (k *checker) tenant() {
	for i, s := range k.c.Steps {
		if _, ok := s.Set["tenant"]; ok && k.c.Expect["tenant"] == "" {
			k.add(at("steps", i)+".set.tenant", "needs expect.tenant: people of every other company would be let in")
		}
	}
	if _, ok := k.c.Claims["tenant"]; ok && k.c.Expect["tenant"] == "" {
		k.add("claims.tenant", "needs expect.tenant: people of every other company would be let in")
	}
	given := nameSet{}
	for name := range k.c.Claims {
		given[name] = true
	}
	for _, s := range k.c.Steps {
		for name := range s.Set {
			given[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(k.c.Expect)) {
		switch {
		case !given[name] && (k.c.Kind == KindSteps || name == "tenant"):
			// Another name of an oidc connector is the claim of that name: tid, hd.
			k.add("expect."+name, "nothing sets "+name+": neither a step nor claims")
		case k.c.Expect[name] == "":
			k.add("expect."+name, "must not be empty")
		}
	}
	if k.c.OIDC == nil || len(k.c.Expect) > 0 {
		return
	}
	for _, issuer := range manyTenants {
		if strings.HasPrefix(k.c.OIDC.Issuer+"/", strings.TrimSuffix(issuer, "/")+"/") {
			k.add("expect", "is missing: this issuer serves many companies; pin yours")
		}
	}
}

// address checks an address as far as it is known: https or http, a host that no
// run-time value reaches, no user information.
func (k *checker) address(path, raw string) {
	if strings.HasPrefix(raw, "{") {
		if k.startsOpen(raw) {
			return // a var that is not filled yet is the address itself
		}
		k.add(path, "must start with https://; a value of the sign-in may not decide where to go")
		return
	}
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || scheme != "https" && scheme != "http" {
		k.add(path, "must be an https:// address")
		return
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host := rest[:end]
	if strings.ContainsAny(host, "{}") {
		if k.allOpen(host) {
			return
		}
		k.add(path, "no value of the sign-in may stand in the host")
		return
	}
	if host == "" || strings.ContainsFunc(host, func(r rune) bool { return !hostByte(r) }) {
		k.add(path, "must name a host in letters, digits, dots and hyphens (a Chinese name in its xn-- form), and no user")
		return
	}
	if strings.ContainsFunc(rest, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\\\"<>^`|#", r) }) {
		k.add(path, "must be a whole address without spaces or a # part, special characters written with %")
		return
	}
	u, err := url.Parse(strings.NewReplacer("{", "x", "}", "x", "?}", "x").Replace(raw))
	if err != nil || u.Host != host || u.Hostname() == "" || !validPort(u.Port()) {
		k.add(path, "must be an https:// address")
	}
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.Atoi(port)
	return err == nil && n > 0 && n < 65536
}

// startsOpen reports whether a template starts with a var that is not filled yet.
func (k *checker) startsOpen(template string) bool {
	name, _, _ := strings.Cut(template[1:], "}")
	return k.open[strings.TrimSuffix(name, "?")]
}

func (k *checker) allOpen(template string) bool {
	all := true
	err := pieces(template, func(string) error { return nil }, func(name string, _ bool) error {
		all = all && k.open[name]
		return nil
	})
	return err == nil && all
}

// template checks one template's placeholders.
func (k *checker) template(at spot, template string) (string, bool) {
	err := pieces(template, func(string) error { return nil }, func(name string, _ bool) error {
		switch {
		case k.open[name] || at.names[name]:
			return at.forbids(name)
		case slices.Contains(k.c.Secrets, name):
			return fmt.Errorf("holds the secret {%s}, which may not stand here", name)
		case len(at.names) == 0:
			return fmt.Errorf("holds {%s}; only a var may stand here", name)
		default:
			return fmt.Errorf("holds {%s}, which nothing gives here; there are %s", name,
				strings.Join(slices.Sorted(maps.Keys(at.names)), ", "))
		}
	})
	if err != nil {
		k.add(at.path, err.Error())
	}
	return template, true
}
