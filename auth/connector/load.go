package connector

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// Load fills the connector's vars (vars go before its own) into every template and
// returns a copy that is ready to run. An empty required var, an unknown placeholder
// and whatever else [Check] finds come back together, as joined [FieldError]s; every
// address is checked again after filling. What Load returned may be kept as JSON and
// loaded again.
func Load(c Connector, vars map[string]string) (*Connector, error) {
	f := filler{vars: maps.Clone(c.Vars), open: nameSet{}}
	if f.vars == nil {
		f.vars = map[string]string{}
	}
	var faults faults
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if _, ok := c.Vars[name]; !ok {
			faults.add("vars."+name, "this connector has no var of that name")
			continue
		}
		f.vars[name] = vars[name]
	}
	f.checkValues(c, &faults)
	c.Vars = f.vars
	c.setDefaults()

	out := walker{f.visit}.connector(c)
	for _, name := range slices.Sorted(maps.Keys(f.open)) {
		faults.add("vars."+name, "must be filled in")
	}
	faults.list = append(faults.list, f.faults.list...)
	faults.list = append(faults.list, check(out, f.open)...)
	if err := faults.err(); err != nil {
		return nil, err
	}
	return &out, nil
}

// setDefaults writes out what a document may leave unsaid.
func (c *Connector) setDefaults() {
	if c.Redirect.Via == "" {
		c.Redirect.Via = "broker"
		if c.Kind == KindOIDC && len(c.Secrets) == 0 {
			c.Redirect.Via = "loopback"
		}
	}
	if c.Redirect.Via == "loopback" {
		if c.Redirect.Host == "" {
			c.Redirect.Host = "127.0.0.1"
		}
		if c.Redirect.Path == "" {
			c.Redirect.Path = "/callback"
		}
	}
	if c.OIDC != nil {
		o := *c.OIDC
		if o.Issuer == "" {
			o.Issuer = c.Vars["issuer"]
		}
		if o.ClientID == "" {
			o.ClientID = c.Vars["client_id"]
		}
		c.OIDC = &o
	}
}

// filler fills vars and leaves run-time placeholders as they are.
type filler struct {
	vars   map[string]string
	open   nameSet // required vars that are empty; their placeholders stay
	faults faults
}

// checkValues refuses values that would become something else once they stand in a
// template.
func (f *filler) checkValues(c Connector, faults *faults) {
	for _, name := range slices.Sorted(maps.Keys(f.vars)) {
		if strings.ContainsFunc(f.vars[name], func(r rune) bool { return r < 0x20 || r == 0x7f || r == '{' || r == '}' }) {
			faults.add("vars."+name, "must be one line without braces")
			f.vars[name] = "invalid"
		}
	}
	for _, b := range c.Blanks {
		value, isVar := f.vars[b.Name]
		if isVar && value != "" && len(b.Choices) > 0 && !slices.Contains(b.Choices, value) {
			faults.add("vars."+b.Name, "must be "+strings.Join(b.Choices, " or "))
		}
	}
}

func (f *filler) visit(at spot, template string) (string, bool) {
	if strings.IndexByte(template, '{') < 0 {
		if at.place == inPath {
			template = normalPath(template)
		}
		return template, true
	}
	var b strings.Builder
	keep := true
	err := pieces(template, func(s string) error {
		b.WriteString(s)
		return nil
	}, func(name string, optional bool) error {
		value, isVar := f.vars[name]
		if err := at.forbids(name); err != nil {
			f.faults.add(at.path, err.Error())
		}
		switch {
		case !isVar:
			b.WriteString("{" + name)
			if optional {
				b.WriteByte('?')
			}
			b.WriteByte('}')
		case value != "":
			value, err := encodeVar(at.place, b.String(), value)
			b.WriteString(value)
			return err
		case optional:
			keep = false
		default:
			f.open[name] = true
			b.WriteString("{" + name + "}")
		}
		return nil
	})
	var refused valueError
	if errors.As(err, &refused) {
		f.faults.add(at.path, refused.Error())
	}
	if err != nil {
		return template, true // a brace out of place: check says so
	}
	if !keep {
		return "", false
	}
	out := b.String()
	if at.place == inPath {
		out = normalPath(out)
	}
	return out, true
}

// valueError says that a var's value cannot stand where its placeholder does.
type valueError string

func (e valueError) Error() string { return string(e) }

// encodeVar encodes a var for its place. In an address, before is what already stands
// there: a var at the very start is an address itself, one in the host is part of a
// name, one behind it is a path segment or a query value.
func encodeVar(p place, before, value string) (string, error) {
	if p != inURL || before == "" {
		return value, nil
	}
	_, rest, ok := strings.Cut(before, "://")
	switch {
	case !ok:
		return "", valueError("a var may not stand in the scheme")
	case !strings.ContainsAny(rest, "/?#"):
		if strings.ContainsFunc(value, func(r rune) bool { return !hostByte(r) }) {
			return "", valueError("the var in the host must be a part of a host name")
		}
		return value, nil
	case strings.Contains(rest, "?"):
		return escape(value), nil
	default:
		value, err := encodeSegment(value)
		if err != nil {
			return "", valueError(err.Error())
		}
		return value, nil
	}
}

// hostByte reports whether r may stand in a host and port as an address writes them.
func hostByte(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
		r == '.' || r == '-' || r == ':' || r == '[' || r == ']'
}
