package connector

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// Opening is how an app is opened by steps: HTTP calls made at the server, then an address
// for the browser, made of what they set. Its templates know the values of an opening
// (id_token, issuer, sub, name, email, login_hint, and assigned.… of the person's
// assignment), its own vars and secrets, what its steps set and, by their names, the
// claims that the enterprise's connector marks authoritative. It comes to life in
// [LoadOpening].
type Opening struct {
	ID      string // the app's, for the log
	Vars    map[string]string
	Secrets []string // names only
	Steps   []Step
	Open    Request // of the browser, in the end
}

// openingNames are the values that every opening knows.
var openingNames = names("id_token", "issuer", "sub", "name", "email", "login_hint", "nonce", "now_utc")

// assignedPrefix begins the name of a value that an assignment carries.
const assignedPrefix = "assigned."

// validValue reports whether s can stand in braces: a name, or one of an assignment's,
// which admins choose more freely.
func validValue(s string) bool {
	name, ok := strings.CutPrefix(s, assignedPrefix)
	if !ok {
		return validName(s)
	}
	return name != "" && len(name) <= 64 && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
}

// LoadOpening fills the opening's vars into its templates and returns a copy that is
// ready to run. Everything that would keep it from working comes back together, as
// joined [FieldError]s. A name that nothing gives counts as a claim; whether a person
// has it is seen when the app is opened.
func LoadOpening(o Opening) (*Opening, error) {
	f := filler{vars: maps.Clone(o.Vars), open: nameSet{}}
	var faults faults
	f.checkValues(Connector{}, &faults)
	known := openingNames.plus(o.Secrets...).plus(o.claims()...)
	out := o
	out.Vars = f.vars
	out.Secrets = slices.Clone(o.Secrets)
	walk := walker{f.visit}
	out.Steps = walk.steps("steps", o.Steps, known)
	open := walk.request("open", &o.Open, known)
	out.Open = *open
	for _, name := range slices.Sorted(maps.Keys(f.open)) {
		faults.add("vars."+name, "must be filled in")
	}
	faults.list = append(faults.list, f.faults.list...)

	k := checker{c: Connector{Vars: out.Vars, Secrets: out.Secrets}, open: f.open}
	k.openingNames(o)
	if len(out.Steps) == 0 {
		k.add("steps", "is missing: what is asked before the app opens?")
	}
	k.steps("steps", out.Steps, names())
	k.address("open.url", out.Open.URL)
	k.once("open.params", out.Open.Params)
	checks := walker{k.template}
	checks.steps("steps", out.Steps, known)
	set := known
	for _, s := range out.Steps {
		set = set.plus(slices.Collect(maps.Keys(s.Set))...)
	}
	checks.request("open", &out.Open, set)
	faults.list = append(faults.list, k.list...)
	if err := faults.err(); err != nil {
		return nil, err
	}
	return &out, nil
}

// openingNames checks that every name of an opening means one thing.
func (k *checker) openingNames(o Opening) {
	check := func(path, name string) {
		switch {
		case !validName(name):
			k.add(path, "must be named in lower case letters, digits and underscores")
		case openingNames[name]:
			k.add(path, "has the name of a value of the opening itself; choose another")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Vars)) {
		check("vars."+name, name)
	}
	for i, name := range o.Secrets {
		check(at("secrets", i), name)
		if _, isVar := o.Vars[name]; isVar {
			k.add(at("secrets", i), "has a name that is in use; choose another")
		}
	}
	for i, s := range o.Steps {
		for _, name := range slices.Sorted(maps.Keys(s.Set)) {
			check(at("steps", i)+".set."+name, name)
		}
	}
}

// claims are the names in the templates that nothing here gives a value.
func (o Opening) claims() []string {
	given := names(o.Secrets...)
	for _, s := range o.Steps {
		given = given.plus(slices.Collect(maps.Keys(s.Set))...)
	}
	var claims []string
	collect := walker{func(_ spot, template string) (string, bool) {
		_ = pieces(template, func(string) error { return nil }, func(name string, _ bool) error {
			if _, isVar := o.Vars[name]; !isVar && !given[name] {
				claims = append(claims, name)
			}
			return nil
		})
		return template, true
	}}
	collect.steps("steps", o.Steps, names())
	collect.request("open", &o.Open, nil)
	return claims
}

// Open runs an opening's steps and returns the address that the browser is sent to. See
// [Engine.Exchange] for the faults; nothing that the steps answered shows in them. run
// needs the values of the opening.
func (e *Engine) Open(ctx context.Context, o *Opening, run Run) (address string, stages []Stage, err error) {
	x := e.start(&Connector{ID: o.ID, Vars: o.Vars, Secrets: o.Secrets, Steps: o.Steps}, run)
	x.veil.all = true
	if err := x.steps(ctx, o.Steps); err != nil {
		return "", x.stages, err
	}
	address, err = x.address(&o.Open)
	if err != nil {
		return "", x.stages, misconfigured("open", err)
	}
	return address, x.stages, nil
}
