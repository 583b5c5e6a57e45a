package setup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"lanyard/assets"
	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/connector/schema"
	"lanyard/auth/server"
)

// appPresets reads the shipped app presets once. They are part of the program, so one
// that does not parse is a fault of its author; a test reads them all.
var appPresets = sync.OnceValue(func() []server.AppPreset {
	files, err := fs.Glob(assets.Apps, "apps/*.yaml")
	if err != nil {
		panic(err)
	}
	out := make([]server.AppPreset, 0, len(files))
	for _, file := range files {
		yaml, err := fs.ReadFile(assets.Apps, file)
		if err != nil {
			panic(err)
		}
		p, err := ParseAppPreset(file, yaml)
		if err != nil {
			panic(fmt.Sprintf("read app preset %s: %v", file, err))
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b server.AppPreset) int { return strings.Compare(a.ID, b.ID) })
	return out
})

// ParseAppPreset reads an app preset and checks that it hangs together; every fault has
// its line.
func ParseAppPreset(name string, yaml []byte) (server.AppPreset, error) {
	var p server.AppPreset
	if err := schema.Decode(schema.KindApp, name, yaml, &p); err != nil {
		return p, err
	}
	var bad faults
	if p.Place == (p.Launch != nil) {
		bad.add("launch", "an app has one, a place has none")
	}
	own := func(name string) bool { _, isVar := p.Vars[name]; return isVar }
	for i, b := range p.Blanks {
		if !own(b.Name) && !slices.Contains(p.Secrets, b.Name) {
			bad.add(fmt.Sprintf("blanks.%d.name", i), "%q is neither one of vars nor of secrets", b.Name)
		}
	}
	for key, names := range map[string][]string{"lines": p.Lines, "later": p.Later} {
		for i, name := range names {
			if !own(name) {
				bad.add(fmt.Sprintf("%s.%d", key, i), "%q is not one of vars", name)
			}
		}
	}
	for _, name := range sortedKeys(p.Derive) {
		if !own(p.Derive[name].From) {
			bad.add("derive."+name+".from", "%q is not one of vars", p.Derive[name].From)
		}
	}
	for i, part := range p.Form {
		for j, field := range part.Fields {
			for _, name := range slices.Concat(placeholders(field.Value), placeholders(field.Link)) {
				if _, derived := p.Derive[name]; !own(name) && !derived && !slices.Contains(factNames, name) {
					bad.add(fmt.Sprintf("form.%d.fields.%d", i, j), "holds {%s}, which nothing gives here", name)
				}
			}
		}
	}
	if err := errors.Join(bad...); err != nil {
		return p, schema.At(name, yaml, "", err)
	}
	return p, nil
}

// AppPresets lists the shipped kinds of app and the places where a link goes.
func (s *Setup) AppPresets() []server.AppPreset { return slices.Clone(appPresets()) }

// findAppPreset returns the preset of an app, else an error that wraps auth.ErrNotFound
// and names those there are.
func findAppPreset(id string) (server.AppPreset, error) {
	var ids []string
	for _, p := range appPresets() {
		if p.Place {
			continue
		}
		if p.ID == id {
			return p, nil
		}
		ids = append(ids, p.ID)
	}
	return server.AppPreset{}, fmt.Errorf("find app preset %q: %w; there are %s", id, auth.ErrNotFound, strings.Join(ids, ", "))
}

// filledApp is a preset with its blanks filled.
type filledApp struct {
	Spec   server.LaunchSpec
	Client *server.AppClient // its templates filled; nil: it needs none
	Waits  bool              // for what the other side gives later
}

// fillApp fills a preset. Faults are joined connector.FieldErrors with the paths
// "vars.…".
func fillApp(p server.AppPreset, vars map[string]string) (filledApp, error) {
	var bad faults
	values := maps.Clone(p.Vars)
	if values == nil {
		values = map[string]string{}
	}
	for _, name := range sortedKeys(vars) {
		if _, ok := p.Vars[name]; !ok {
			bad.add("vars."+name, "this preset has no var of that name")
		} else if vars[name] != "" {
			values[name] = vars[name]
		}
	}
	checkBlanks(p, vars, values, &bad)
	if err := errors.Join(bad...); err != nil {
		return filledApp{}, err
	}
	out := filledApp{}
	out.Waits = waits(p, values)
	kept := maps.Clone(values)
	maps.DeleteFunc(kept, func(name, value string) bool { return value == p.Vars[name] })
	for name, d := range p.Derive {
		values[name] = d.Is[values[d.From]]
	}
	launch := p.Launch
	if out.Waits && p.Meanwhile != nil {
		launch = p.Meanwhile
	}
	fill := filling{values: values, lines: p.Lines}
	if err := fill.into(launch, &out.Spec); err != nil {
		return filledApp{}, err
	}
	out.Spec.Preset, out.Spec.Secrets = p.ID, p.Secrets
	if len(kept) > 0 {
		out.Spec.Vars = kept
	}
	if out.Spec.SAML != nil {
		attributes, err := readAttributes(values["attributes"])
		if err != nil {
			return filledApp{}, &connector.FieldError{Path: "vars.attributes", Message: err.Error()}
		}
		out.Spec.SAML.Attributes = append(out.Spec.SAML.Attributes, attributes...)
	}
	if p.Client != nil {
		out.Client = &server.AppClient{}
		if err := fill.into(p.Client, out.Client); err != nil {
			return filledApp{}, err
		}
	}
	return out, nil
}

// waits reports whether the other side has yet to give a value that is needed.
func waits(p server.AppPreset, values map[string]string) bool {
	return slices.ContainsFunc(p.Blanks, func(b connector.Blank) bool {
		return !b.Optional && values[b.Name] == "" && slices.Contains(p.Later, b.Name)
	})
}

// checkBlanks finds what is wrong with values as they were given.
func checkBlanks(p server.AppPreset, given, values map[string]string, bad *faults) {
	for _, b := range p.Blanks {
		value, isVar := values[b.Name]
		switch {
		case !isVar: // a secret
		case value == "" && !b.Optional && !slices.Contains(p.Later, b.Name):
			bad.add("vars."+b.Name, "must be filled in")
		case value != "" && len(b.Choices) > 0 && !slices.Contains(b.Choices, value):
			bad.add("vars."+b.Name, "must be %s", strings.Join(b.Choices, " or "))
		case !slices.Contains(p.Lines, b.Name) && strings.ContainsAny(given[b.Name], "\r\n\x00"):
			bad.add("vars."+b.Name, "must be one line")
		}
	}
}

// filling puts values into the templates of a JSON value.
type filling struct {
	values map[string]string
	lines  []string
}

// into fills from into the value that to points at, by their JSON.
func (f filling) into(from, to any) error {
	data, err := json.Marshal(from)
	if err != nil {
		return fmt.Errorf("fill app: %w", err)
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		return fmt.Errorf("fill app: %w", err)
	}
	if data, err = json.Marshal(f.walk(tree)); err != nil {
		return fmt.Errorf("fill app: %w", err)
	}
	if err := json.Unmarshal(data, to); err != nil {
		return fmt.Errorf("fill app: %w", err)
	}
	return nil
}

func (f filling) walk(node any) any {
	switch node := node.(type) {
	case string:
		return f.text(node)
	case []any:
		out := []any{}
		for _, item := range node {
			if text, ok := item.(string); ok {
				for _, one := range f.list(text) {
					out = append(out, one)
				}
				continue
			}
			out = append(out, f.walk(item))
		}
		return out
	case map[string]any:
		for key, item := range node {
			node[key] = f.walk(item)
		}
		return node
	}
	return node
}

// list is one text, those of a blank of several values, or none where an optional one
// is empty.
func (f filling) list(template string) []string {
	if name := strings.Trim(template, "{}"); "{"+name+"}" == template && slices.Contains(f.lines, name) {
		return lines(f.values[name])
	}
	for _, name := range placeholders(template) {
		if name, optional := strings.CutSuffix(name, "?"); optional && f.has(name) && f.values[name] == "" {
			return nil
		}
	}
	return []string{f.text(template)}
}

func (f filling) has(name string) bool { _, ok := f.values[name]; return ok }

// text fills a template once: what a value itself holds in braces is not looked at, and
// a name that is none of ours stays.
func (f filling) text(template string) string {
	return braces.ReplaceAllStringFunc(template, func(found string) string {
		if value, ok := f.values[strings.TrimSuffix(found[1:len(found)-1], "?")]; ok {
			return value
		}
		return found
	})
}

// lines are the values of a blank that has several.
func lines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// readAttributes reads SAML attributes as an admin types them, "name = value" a line;
// the same name again is another value of it.
func readAttributes(text string) ([]server.SAMLAttribute, error) {
	var out []server.SAMLAttribute
	for _, line := range lines(text) {
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" || value == "" {
			return nil, fmt.Errorf("must be lines such as: mail = {email}")
		}
		i := slices.IndexFunc(out, func(a server.SAMLAttribute) bool { return a.Name == name })
		if i < 0 {
			out = append(out, server.SAMLAttribute{Name: name, Values: []string{value}})
			continue
		}
		out[i].Values = append(out[i].Values, value)
	}
	return out, nil
}

// writeAttributes is what readAttributes reads back.
func writeAttributes(attributes []server.SAMLAttribute) string {
	var out strings.Builder
	for _, a := range attributes {
		for _, value := range a.Values {
			fmt.Fprintf(&out, "%s = %s\n", a.Name, value)
		}
	}
	return strings.TrimSpace(out.String())
}
