package setup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/connector/schema"
	"lanyard/auth/directory"
	"lanyard/auth/server"
)

// Export gives an enterprise as a file that [Setup.Apply] takes back and finds nothing
// to change. It holds no secret: on this server Apply keeps the stored ones, on another
// the file must say where they are. Pictures are in it as data: URIs. An unknown code is
// fault CodeUnknown.
func (s *Setup) Export(ctx context.Context, code string) (File, error) {
	e, err := s.cfg.Enterprises.EnterpriseByCode(ctx, directory.Hash(code))
	if errors.Is(err, auth.ErrNotFound) {
		return File{}, auth.Fail(auth.CodeUnknown, auth.Args{"code": code}, fmt.Errorf("no enterprise has the code %q", code))
	}
	if err != nil {
		return File{}, fmt.Errorf("export enterprise %q: %w", code, err)
	}
	f := File{
		Schema: FileSchema, ID: e.ID, Code: e.Code, Name: e.Name, Domains: e.Domains, Help: e.Help, Logo: e.Logo, Public: e.Public, Device: e.Device,
	}
	for _, part := range []func(context.Context, *File) error{s.exportConnector, s.exportApps, s.exportAccess, s.exportClients} {
		if err := part(ctx, &f); err != nil {
			return File{}, fmt.Errorf("export enterprise %q: %w", code, err)
		}
	}
	return f, nil
}

func (s *Setup) exportConnector(ctx context.Context, f *File) error {
	row, err := s.cfg.Connectors.ActiveConnector(ctx, f.ID)
	if errors.Is(err, auth.ErrNotFound) {
		return fmt.Errorf("its people cannot sign in yet, and a file says how they do: %w", err)
	}
	if err != nil {
		return err
	}
	stored, err := filledConnector(row)
	if err != nil {
		return err
	}
	f.Connector = Connector{ID: row.ID, Document: stored}
	// Where the preset with these vars gives the same, that is what the admin wrote.
	if preset, err := schema.FindPreset(stored.ID); err == nil {
		short := Connector{ID: row.ID, Preset: stored.ID, Vars: maps.Clone(stored.Vars), Targets: stored.Targets, Activate: stored.Activate}
		if stored.Reverify != preset.Connector.Reverify {
			short.Reverify = stored.Reverify
		}
		maps.DeleteFunc(short.Vars, func(_, value string) bool { return value == "" })
		if filled, err := short.fill(); err == nil {
			if again, err := json.Marshal(filled); err == nil && bytes.Equal(again, row.Document) {
				f.Connector = short
			}
		}
	}
	return nil
}

// filledConnector reads the connector of a record.
func filledConnector(row server.Connector) (*connector.Connector, error) {
	var c connector.Connector
	if err := json.Unmarshal(row.Document, &c); err != nil {
		return nil, fmt.Errorf("read connector %s: %w", row.ID, err)
	}
	return &c, nil
}

func (s *Setup) exportApps(ctx context.Context, f *File) error {
	apps, err := s.cfg.Catalogue.Apps(ctx, f.ID)
	if err != nil {
		return err
	}
	for _, a := range apps {
		app := App{ID: a.ID, Title: a.Title, Plain: a.Plain, Client: a.ClientID}
		if err := json.Unmarshal(a.Launch, &app.Launch); err != nil {
			return fmt.Errorf("read launch of app %s: %w", a.ID, err)
		}
		app.shorten(a.Launch)
		if a.Icon != "" {
			icon, err := s.cfg.Catalogue.Icon(ctx, f.ID, a.Icon)
			if err != nil {
				return err
			}
			app.Icon = dataURI(icon.Data, icon.MediaType)
		}
		f.Apps = append(f.Apps, app)
	}
	return nil
}

func (s *Setup) exportClients(ctx context.Context, f *File) error {
	clients, err := s.cfg.Clients.ListClients(ctx, f.ID)
	if err != nil {
		return err
	}
	for _, c := range clients {
		f.Clients = append(f.Clients, Client{
			ID: c.ID, Name: c.Name, Public: c.SecretHash == "" && c.Three == nil, RedirectURIs: c.RedirectURIs, LogoutURIs: c.LogoutURIs,
			Alg: c.Alg, Farewell: c.Farewell, Three: c.Three,
		})
	}
	return nil
}

// shorten writes an app by its preset where that gives the same.
func (a *App) shorten(stored json.RawMessage) {
	if a.Launch.Preset == "" {
		return
	}
	short := *a
	short.Preset, short.Vars, short.Launch = a.Launch.Preset, maps.Clone(a.Launch.Vars), server.LaunchSpec{}
	filled, err := short.fill()
	if err == nil {
		if again, err := json.Marshal(filled.Spec); err == nil && bytes.Equal(again, stored) {
			*a = short
			return
		}
	}
	// Of an older edition of the preset, or with what the other side's metadata said: as
	// it is stored.
}
