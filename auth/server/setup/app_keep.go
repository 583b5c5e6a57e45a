package setup

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"strings"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/server"
)

// KeepApp saves an app as an admin filled its form, a new one where there is none of that
// id, and the client that signs its people in. It returns the client's secret where it is
// new. Faults come as joined connector.FieldErrors: "title", "plain", "vars.url".
func (s *Setup) KeepApp(ctx context.Context, enterprise string, in server.AppInput) (auth.Secret, error) {
	s.applying.Lock()
	defer s.applying.Unlock()
	old, err := s.ViewApp(ctx, enterprise, in.ID)
	isNew := errors.Is(err, auth.ErrNotFound)
	if err != nil && !isNew {
		return auth.Secret{}, err
	}
	if isNew && in.Preset == "" { // removed while its form was open
		return auth.Secret{}, err
	}
	if isNew {
		old.App = server.App{ID: in.ID, EnterpriseID: enterprise, CreatedAt: s.cfg.Base.Time()}
		if old.App.Position, err = s.lastPlace(ctx, enterprise); err != nil {
			return auth.Secret{}, err
		}
	}
	if old.Preset.ID == "" && in.Preset == "" {
		return auth.Secret{}, s.renameApp(ctx, enterprise, in, old.App)
	}
	a, err := s.appOf(in, old)
	if err != nil {
		return auth.Secret{}, err
	}
	f := File{Apps: []App{a}}
	secret, err := s.newSecret(ctx, enterprise, &f.Apps[0], in.NewSecret)
	if err != nil {
		return auth.Secret{}, err
	}
	clients, err := s.checkOne(ctx, enterprise, &f)
	if err != nil {
		return auth.Secret{}, ofApp(err)
	}
	app, _, err := s.app(&f, "apps.0", f.Apps[0], old.App)
	if err != nil {
		return auth.Secret{}, ofApp(err)
	}
	app.EnterpriseID, app.Icon, app.UpdatedAt = enterprise, old.App.Icon, s.cfg.Base.Time()
	if in.Icon != nil {
		app.Icon = in.Icon.SHA256
		if err := s.cfg.Catalogue.SaveIcon(ctx, enterprise, *in.Icon); err != nil {
			return auth.Secret{}, err
		}
	}
	if err := s.cfg.Catalogue.SaveApp(ctx, app); err != nil {
		return auth.Secret{}, err
	}
	if len(clients) > 0 {
		changes, err := s.clients(ctx, &f, enterprise)
		if err != nil {
			return auth.Secret{}, ofApp(err)
		}
		if err := s.saveClients(ctx, &Report{ID: enterprise}, &f, changes); err != nil {
			return auth.Secret{}, err
		}
	}
	return secret, s.AppsChanged(ctx, enterprise)
}

// checkOne finds what is wrong with a file of one app and returns the clients that it needs.
func (s *Setup) checkOne(ctx context.Context, enterprise string, f *File) ([]Client, error) {
	claims, err := s.authoritative(ctx, enterprise)
	if err != nil {
		return nil, err
	}
	var bad faults
	f.checkApps(claims, &bad)
	clients, more := f.withPresetClients()
	bad = append(bad, more...)
	plain := f.Apps[0].Plain
	if s.cfg.CheckLaunch != nil && plain != "" && s.cfg.CheckLaunch(server.LaunchSpec{Kind: server.LaunchLink, URL: plain}) != nil {
		bad.add("apps.0.plain", "must be an https:// address")
	}
	return clients, errors.Join(bad...)
}

// renameApp changes what the form knows of an app that was set up by a file, in a way that
// no preset has.
func (s *Setup) renameApp(ctx context.Context, enterprise string, in server.AppInput, app server.App) error {
	var bad faults
	if in.Title.In("en") == "" {
		bad.add("title", "must not be empty")
	}
	if in.Plain != "" && !webAddress(in.Plain) {
		bad.add("plain", "must be an https:// address")
	}
	if err := errors.Join(bad...); err != nil {
		return err
	}
	app.Title, app.Plain, app.UpdatedAt = in.Title, in.Plain, s.cfg.Base.Time()
	if in.Icon != nil {
		app.Icon = in.Icon.SHA256
		if err := s.cfg.Catalogue.SaveIcon(ctx, enterprise, *in.Icon); err != nil {
			return err
		}
	}
	if err := s.cfg.Catalogue.SaveApp(ctx, app); err != nil {
		return err
	}
	return s.AppsChanged(ctx, enterprise)
}

// appOf is the app as a file would say it.
func (s *Setup) appOf(in server.AppInput, old server.AppView) (App, error) {
	a := App{ID: in.ID, Title: in.Title, Plain: in.Plain, Client: old.App.ClientID, Given: map[string]auth.Secret{}}
	preset := old.Preset
	if in.Preset != "" && in.Preset != preset.ID {
		var err error
		if preset, err = findAppPreset(in.Preset); err != nil {
			return a, auth.Fail(auth.BadInput, nil, err)
		}
	}
	had, err := s.appSecrets(old.App)
	if err != nil {
		return a, err
	}
	for name, value := range had {
		a.Given[name] = auth.NewSecret(value)
	}
	a.Preset, a.Vars = preset.ID, map[string]string{}
	for name := range preset.Vars {
		a.Vars[name] = old.Values[name]
		if value, given := in.Values[name]; given {
			a.Vars[name] = value
		}
	}
	for _, name := range preset.Secrets {
		if value := in.Values[name]; value != "" {
			a.Given[name] = auth.NewSecret(value)
		}
	}
	switch {
	case in.SAML != nil:
		a.Vars["entity_id"], a.Vars["acs"] = in.SAML.EntityID, strings.Join(in.SAML.ACS, "\n")
		if in.SAML.NameFormat != "" && a.Vars["name_format"] == "" {
			a.Vars["name_format"] = in.SAML.NameFormat
		}
		a.Launch.SAML = in.SAML
	case old.Spec.SAML != nil && old.Spec.SAML.EntityID == a.Vars["entity_id"]:
		a.Launch.SAML = old.Spec.SAML // its certificates and its logout address
	}
	return a, nil
}

// newSecret gives the app's client a secret where it needs one and has none, or where a
// new one is wanted.
func (s *Setup) newSecret(ctx context.Context, enterprise string, a *App, wanted bool) (auth.Secret, error) {
	filled, err := a.fill()
	if err != nil || filled.Client == nil || filled.Client.Public == "yes" {
		return auth.Secret{}, nil // what is wrong is said elsewhere
	}
	client, err := s.cfg.Clients.Client(ctx, enterprise, cmp.Or(a.Client, a.ID))
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return auth.Secret{}, err
	}
	if client.SecretHash != "" && !wanted {
		return auth.Secret{}, nil
	}
	secret := auth.NewSecret(auth.RandomToken())
	a.Given = maps.Clone(a.Given)
	a.Given[clientSecret] = secret
	return secret, nil
}

// ofApp makes the faults of a file with one app those of the app. An error that is none
// of the form's stays what it is.
func ofApp(err error) error {
	var list faultList
	if list.collect(err); list.others() {
		return err
	}
	var bad faults
	for _, f := range list {
		bad = append(bad, &connector.FieldError{Path: strings.TrimPrefix(f.Path, "apps.0."), Message: f.Message})
	}
	return errors.Join(bad...)
}

func (s *Setup) lastPlace(ctx context.Context, enterprise string) (int, error) {
	list, err := s.cfg.Catalogue.Apps(ctx, enterprise)
	place := 0
	for _, app := range list {
		place = max(place, app.Position+1)
	}
	return place, err
}

// elsewhere says who must have signed the browser in for an app to open without a
// question: "" nobody but us, "*" the app itself, else a provider's name. alone says
// that desktops sign in at the company's provider, without this server.
func (s *Setup) elsewhere(ctx context.Context, enterprise string, v server.AppView) (who string, alone bool, err error) {
	row, err := s.cfg.Connectors.ActiveConnector(ctx, enterprise)
	if err == nil {
		var c *connector.Connector
		if c, err = filledConnector(row); err == nil && direct(c) {
			return c.Title.In("en"), true, nil
		}
	}
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return "", false, err
	}
	if v.Preset.ID == "" && v.Client == nil && v.Spec.Kind == server.LaunchLink {
		return "*", false, nil
	}
	return v.Preset.Elsewhere, false, nil
}

// Groups reports whether the connector that serves says which groups people are in.
func (s *Setup) Groups(ctx context.Context, enterprise string) (bool, error) {
	row, err := s.cfg.Connectors.ActiveConnector(ctx, enterprise)
	if errors.Is(err, auth.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	c, err := filledConnector(row)
	if err != nil {
		return false, err
	}
	if len(c.Claims["groups"]) > 0 {
		return true, nil
	}
	for _, step := range c.Steps {
		if len(step.Set["groups"]) > 0 {
			return true, nil
		}
	}
	return false, nil
}
