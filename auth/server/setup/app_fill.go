package setup

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lanyard/auth/connector"
	"lanyard/auth/server"
)

// clientSecret names the secret of the client that a preset makes, where a file says
// where it is.
const clientSecret = "client_secret"

// fill returns how the app is opened, and the client that its preset needs.
func (a *App) fill() (filledApp, error) {
	if a.Preset == "" {
		if a.Launch.Kind == "" {
			return filledApp{}, &connector.FieldError{Path: "launch", Message: "must have either a preset or a launch"}
		}
		if len(a.Vars) > 0 {
			return filledApp{}, &connector.FieldError{Path: "vars", Message: "belongs to a preset; a launch has its own"}
		}
		return filledApp{Spec: a.Launch}, nil
	}
	preset, err := findAppPreset(a.Preset)
	if err != nil {
		return filledApp{}, &connector.FieldError{Path: "preset", Message: err.Error()}
	}
	filled, err := fillApp(preset, a.Vars)
	if err != nil {
		return filledApp{}, err
	}
	// What the other side's metadata said beyond the blanks is kept beside them.
	if sp := filled.Spec.SAML; sp != nil && a.Launch.SAML != nil {
		sp.Certificates, sp.UnsignedRequests = a.Launch.SAML.Certificates, a.Launch.SAML.UnsignedRequests
		sp.Logout = a.Launch.SAML.Logout
	}
	return filled, nil
}

// blame finds the blank that a fault of the filled launch comes from.
func (a *App) blame(err error) error {
	var field *connector.FieldError
	preset, missing := findAppPreset(a.Preset)
	if !errors.As(err, &field) || missing != nil {
		return err
	}
	names := templateAt(preset.Launch, field.Path)
	for _, b := range preset.Blanks {
		if slices.Contains(names, b.Name) {
			return &connector.FieldError{Path: "vars." + b.Name, Message: field.Message}
		}
	}
	if strings.HasPrefix(field.Path, "launch.saml.attributes") && maps.Clone(preset.Vars)["attributes"] == "" {
		return &connector.FieldError{Path: "vars.attributes", Message: field.Message}
	}
	return &connector.FieldError{Path: "preset", Message: strings.TrimPrefix(field.Path, "launch.") + ": " + field.Message}
}

// templateAt are the names in braces at a path of a preset's launch, or at what holds it.
func templateAt(launch *server.LaunchSpec, path string) []string {
	data, err := json.Marshal(launch)
	var node any
	if err != nil || json.Unmarshal(data, &node) != nil {
		return nil
	}
	for _, part := range strings.Split(path, ".")[1:] {
		var next any
		switch here := node.(type) {
		case map[string]any:
			next = here[part]
		case []any:
			var i int
			if _, err := fmt.Sscanf(part, "%d", &i); err == nil && len(here) > 0 {
				next = here[min(i, len(here)-1)]
			}
		}
		if next == nil {
			break
		}
		node = next
	}
	var names []string
	var collect func(any)
	collect = func(node any) {
		switch node := node.(type) {
		case string:
			names = append(names, placeholders(node)...)
		case []any:
			for _, item := range node {
				collect(item)
			}
		}
	}
	collect(node)
	return names
}

// client is the client that a preset needs, as a file would write it.
func (a *App) client(filled filledApp) *Client {
	c := filled.Client
	if c == nil {
		return nil
	}
	out := &Client{
		ID: cmp.Or(a.Client, a.ID), Name: a.Title.In("en"), RedirectURIs: c.Redirects, LogoutURIs: c.Logouts, Farewell: c.Farewell,
		Alg: c.Alg, Public: c.Public == "yes",
	}
	if !out.Public {
		out.Secret, out.Given = a.Secrets[clientSecret], a.Given[clientSecret]
	}
	if c.Kind == server.ClientThree {
		out.Three = &server.Three{Get: c.Get == "GET"}
	}
	return out
}

// withPresetClients returns the file's clients and those that its presets need and it
// does not write out itself. What is wrong with one of those is the app's fault.
func (f *File) withPresetClients() (list []Client, bad faults) {
	list = slices.Clone(f.Clients)
	for i := range f.Apps {
		a := &f.Apps[i]
		filled, err := a.fill()
		if err != nil {
			continue // said elsewhere
		}
		c := a.client(filled)
		if c == nil || slices.ContainsFunc(f.Clients, func(o Client) bool { return o.ID == c.ID }) {
			continue
		}
		alone := File{Clients: []Client{*c}}
		var faults faults
		alone.checkClients(&faults)
		var all faultList
		all.collect(errors.Join(faults...))
		for _, fault := range all {
			path := strings.TrimPrefix(fault.Path, "clients.0.")
			name, _, _ := strings.Cut(path, ".")
			if _, known := a.Vars[name]; known {
				path = "vars." + name
			} else {
				path = "preset"
			}
			bad.add(fmt.Sprintf("apps.%d.%s", i, path), "%s", fault.Message)
		}
		list = append(list, *c)
	}
	return list, bad
}
