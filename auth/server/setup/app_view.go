package setup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/server"
)

// factNames are the values that the other side's form may hold beside its blanks.
var factNames = []string{
	"issuer", "access_link", "apps_page", "host", "client_id", "callback",
	"discovery_url", "authorize_url", "token_url", "userinfo_url", "keys_url", "logout_url",
	"three_authorize_url", "three_token_url", "three_user_url",
	"saml_metadata_url", "saml_entity_id", "saml_sso_url", "saml_logout_url",
}

// facts are our side's addresses, as an app's form gives them to the other side.
func (s *Setup) facts(enterprise string, app server.App) map[string]string {
	issuer := s.cfg.Base.Issuer(enterprise)
	client := app.ClientID
	if client == "" {
		client = app.ID
	}
	return map[string]string{
		"issuer": issuer, "access_link": issuer + "/a/" + app.ID, "apps_page": issuer + "/", "host": host(s.cfg.Base), "client_id": client,
		"callback":      "",
		"discovery_url": issuer + "/.well-known/openid-configuration", "authorize_url": issuer + "/authorize", "token_url": issuer + "/token",
		"userinfo_url": issuer + "/userinfo", "keys_url": issuer + "/keys", "logout_url": issuer + "/end-session",
		"three_authorize_url": issuer + "/three/authorize", "three_token_url": issuer + "/three/accessToken", "three_user_url": issuer + "/three/userInfo",
		"saml_metadata_url": issuer + "/saml/metadata", "saml_entity_id": issuer + "/saml/metadata", "saml_sso_url": issuer + "/saml/sso",
		"saml_logout_url": issuer + "/saml/logout",
	}
}

// ViewApp returns an app with the other side's form, auth.ErrNotFound where there is none.
func (s *Setup) ViewApp(ctx context.Context, enterprise, id string) (server.AppView, error) {
	app, err := s.cfg.Catalogue.App(ctx, enterprise, id)
	if err != nil {
		return server.AppView{}, err
	}
	v := server.AppView{App: app}
	if err := json.Unmarshal(app.Launch, &v.Spec); err != nil {
		return v, fmt.Errorf("read launch of app %s: %w", id, err)
	}
	v.Facts = s.facts(enterprise, app)
	v.Link, v.Assigned = v.Facts["access_link"], assigned(app.Launch)
	client, err := s.cfg.Clients.Client(ctx, enterprise, v.Facts["client_id"])
	if err == nil {
		v.Client = &client
	} else if !errors.Is(err, auth.ErrNotFound) {
		return v, err
	}
	if v.Preset, err = presetOf(v.Spec, v.Client); err != nil {
		return v, err
	}
	if v.Elsewhere, v.Direct, err = s.elsewhere(ctx, enterprise, v); err != nil || v.Preset.ID == "" {
		return v, err
	}
	v.Values = valuesOf(v)
	secrets, err := s.appSecrets(app)
	if err != nil {
		return v, err
	}
	v.Kept = map[string]bool{}
	for _, name := range v.Preset.Secrets {
		v.Kept[name] = secrets[name] != ""
	}
	v.Waits = waits(v.Preset, v.Values)
	v.Form = formOf(v)
	return v, nil
}

// presetOf is the preset that an app was made of, or the plain one of its kind; the zero
// one where no form fits.
func presetOf(l server.LaunchSpec, client *server.Client) (server.AppPreset, error) {
	id := l.Preset
	switch {
	case id != "":
	case client != nil && client.Three != nil:
	case client != nil && (l.Kind == server.LaunchLink || l.Kind == server.LaunchOIDC), l.Kind == server.LaunchOIDC:
		id = "oidc"
	case l.Kind == server.LaunchLink, l.Kind == server.LaunchSAML:
		id = l.Kind
	}
	if id == "" || l.Preset == "" && len(l.Params) > 0 {
		return server.AppPreset{}, nil
	}
	p, err := findAppPreset(id)
	if errors.Is(err, auth.ErrNotFound) {
		return p, nil // made by a later edition of this program
	}
	return p, err
}

// valuesOf are the blanks' values: those that were given, or as the records say.
func valuesOf(v server.AppView) map[string]string {
	values := maps.Clone(v.Preset.Vars)
	if values == nil {
		values = map[string]string{}
	}
	known := func(name, value string) {
		if _, ok := values[name]; ok && value != "" {
			values[name] = value
		}
	}
	if v.Spec.Preset == "" {
		known("url", v.Spec.URL)
		known("opens", v.Spec.Kind)
		if sp := v.Spec.SAML; sp != nil {
			for name, value := range map[string]string{
				"entity_id": sp.EntityID, "acs": strings.Join(sp.ACS, "\n"), "name_id": sp.NameID, "name_format": sp.NameFormat,
				"relay_state": sp.RelayState, "attributes": writeAttributes(sp.Attributes),
			} {
				known(name, value)
			}
		}
	}
	for name, value := range v.Spec.Vars {
		known(name, value)
	}
	if c := v.Client; c != nil && v.Preset.Client != nil && v.Preset.Client.Kind == server.ClientOIDC {
		public := "no"
		if c.SecretHash == "" {
			public = "yes"
		}
		for name, value := range map[string]string{
			"redirect_uris": strings.Join(c.RedirectURIs, "\n"), "logout_uris": strings.Join(c.LogoutURIs, "\n"),
			"farewell": c.Farewell, "alg": c.Alg, "public": public,
		} {
			known(name, value)
		}
	}
	return values
}

// formOf fills the other side's form.
func formOf(v server.AppView) []server.FormPart {
	values := maps.Clone(v.Facts)
	maps.Copy(values, v.Values)
	for name, d := range v.Preset.Derive {
		values[name] = d.Is[values[d.From]]
	}
	fill := filling{values: values}
	out := make([]server.FormPart, len(v.Preset.Form))
	for i, part := range v.Preset.Form {
		part.Fields = slices.Clone(part.Fields)
		for j, field := range part.Fields {
			part.Fields[j].Value, part.Fields[j].Link = fill.text(field.Value), fill.text(field.Link)
		}
		out[i] = part
	}
	return out
}

// Places are where an app's access link goes, filled for it.
func (s *Setup) Places(ctx context.Context, enterprise string, app server.App) ([]server.AppPreset, error) {
	facts := s.facts(enterprise, app)
	row, err := s.cfg.Connectors.ActiveConnector(ctx, enterprise)
	var active *connector.Connector
	if err == nil {
		active, err = filledConnector(row)
	}
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return nil, err
	}
	var out []server.AppPreset
	for _, p := range appPresets() {
		if !p.Place {
			continue
		}
		v := server.AppView{Preset: p, Facts: maps.Clone(facts)}
		if active != nil && slices.Contains(p.Connectors, active.ID) {
			v.Facts["callback"] = s.callback(row, active)
		}
		p.Form = formOf(v)
		for i := range p.Form {
			p.Form[i].Fields = slices.DeleteFunc(p.Form[i].Fields, func(f server.FormField) bool { return f.Value == "" && len(f.Note) == 0 })
		}
		out = append(out, p)
	}
	return out, nil
}

// appSecrets returns a stored app's secrets by name.
func (s *Setup) appSecrets(app server.App) (map[string]string, error) {
	return s.openSealed(app.Sealed, "app "+app.ID)
}

// authoritative are the claims that other systems may trust; nil where no connector
// says so.
func (s *Setup) authoritative(ctx context.Context, enterprise string) ([]string, error) {
	row, err := s.cfg.Connectors.ActiveConnector(ctx, enterprise)
	if errors.Is(err, auth.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := filledConnector(row)
	if err != nil {
		return nil, err
	}
	return append([]string{}, c.Authoritative...), nil
}
