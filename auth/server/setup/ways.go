package setup

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/connector/schema"
	"lanyard/auth/server"
)

// activateSecret names the secret of the client by which an enterprise's own program
// signs in, where the console sets it up.
const activateSecret = "activate_secret"

// Ways returns the ways in beside the company code, auth.ErrNotFound where no connector
// serves.
func (s *Setup) Ways(ctx context.Context, enterprise string) (server.ConnectorWays, error) {
	row, err := s.cfg.Connectors.ActiveConnector(ctx, enterprise)
	if err != nil {
		return server.ConnectorWays{}, err
	}
	c, err := filledConnector(row)
	if err != nil {
		return server.ConnectorWays{}, err
	}
	w := server.ConnectorWays{
		Targets: c.Targets, Activation: c.Activate != nil, ActivateURL: s.cfg.Base.PublicURL + "/oauth/v1/activate",
	}
	for _, target := range c.Targets {
		w.Links = append(w.Links, s.cfg.Base.PublicURL+"/oauth/v1/auth?app_id="+url.QueryEscape(row.AppID)+"&cb="+url.QueryEscape(target))
	}
	if direct(c) {
		return w, nil // nobody signs in through this server
	}
	_, err = activation(c, "x")
	w.CanActivate = err == nil
	return w, nil
}

// SaveWays changes the ways in: the addresses that links by APPID may go on to and, where
// activate says so, the program's own client. An empty secret keeps the one that is
// there. Nobody is signed out. Faults come as joined connector.FieldErrors: "targets",
// "client_id", "client_secret".
func (s *Setup) SaveWays(ctx context.Context, enterprise string, targets []string, activate server.Activation) error {
	f, err := s.fileOf(ctx, enterprise, server.NewEnterprise{})
	if err != nil {
		return err
	}
	if err := s.exportConnector(ctx, &f); err != nil {
		return err
	}
	row, err := s.cfg.Connectors.ActiveConnector(ctx, enterprise)
	if err != nil {
		return err
	}
	c, err := filledConnector(row)
	if err != nil {
		return err
	}
	block := c.Activate
	switch {
	case !activate.On:
		block = nil
	case activate.ClientID != "":
		if block, err = activation(c, activate.ClientID); err != nil {
			return &connector.FieldError{Path: "client_id", Message: err.Error()}
		}
	case block == nil:
		return &connector.FieldError{Path: "client_id", Message: "must be filled in"}
	}
	f.Connector.Given = map[string]auth.Secret{}
	if !activate.Secret.IsZero() {
		f.Connector.Given[activateSecret] = activate.Secret
	}
	f.Connector.Targets, f.Connector.Activate = targets, block
	if d := f.Connector.Document; d != nil {
		copied := *d
		copied.Targets, copied.Activate = targets, block
		f.Connector.Document = &copied
	}
	_, err = s.Apply(ctx, f)
	return ofWays(err)
}

// ofWays gives faults of the connector the names of the console's fields.
func ofWays(err error) error {
	var list faultList
	list.collect(err)
	var bad faults
	for _, f := range list {
		switch {
		case strings.Contains(f.Path, "targets"):
			bad.add("targets", "%s", f.Message)
		case strings.Contains(f.Path, activateSecret):
			bad.add("client_secret", "must be filled in")
		case strings.Contains(f.Path, "activate"):
			bad.add("client_id", "%s", f.Message)
		default:
			return err
		}
	}
	return errors.Join(bad...)
}

// activation makes the activate block of a shipped preset: its own steps, with another
// client at the provider.
func activation(c *connector.Connector, clientID string) (*connector.Activate, error) {
	preset, err := schema.FindPreset(c.ID)
	if err != nil {
		return nil, errors.New("is for connectors of a preset; describe activation in a file")
	}
	_, hasID := preset.Connector.Vars["client_id"]
	basic := slices.ContainsFunc(preset.Connector.Steps, func(s connector.Step) bool { return s.Auth != "" })
	if preset.Connector.Kind != connector.KindSteps || !hasID || basic || !slices.Equal(preset.Connector.Secrets, []string{"client_secret"}) {
		return nil, errors.New("cannot be set up for this kind of sign-in")
	}
	if strings.ContainsFunc(clientID, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`{}"\`, r) }) {
		return nil, errors.New("must be one line without braces")
	}
	data, err := json.Marshal(preset.Connector.Steps)
	if err != nil {
		return nil, err
	}
	text := strings.NewReplacer("{client_id}", clientID, "{client_secret}", "{"+activateSecret+"}").Replace(string(data))
	block := &connector.Activate{Secrets: []string{activateSecret}}
	if err := json.Unmarshal([]byte(text), &block.Steps); err != nil {
		return nil, err
	}
	blank := preset.Connector
	blank.Activate = block
	filled, err := connector.Load(blank, c.Vars)
	if err != nil {
		return nil, err
	}
	return filled.Activate, nil
}

// RemoveConnector takes away how an enterprise's people sign in: its code answers nobody
// any more, and every session ends. Apps, people and settings stay for the next one.
func (s *Setup) RemoveConnector(ctx context.Context, enterprise string) error {
	s.applying.Lock()
	defer s.applying.Unlock()
	if s.cfg.Removal == nil {
		return errors.New("remove connector: this server keeps no way to")
	}
	e, err := s.cfg.Enterprises.Enterprise(ctx, enterprise)
	if err != nil {
		return err
	}
	now := s.cfg.Base.Time()
	if err := s.cfg.Removal.DeleteConnectors(ctx, enterprise, now); err != nil {
		return err
	}
	for _, kind := range []string{server.DraftNext, server.DraftPrevious} { // they hold its secrets too
		if err := s.cfg.Drafts.DeleteDraft(ctx, enterprise, kind); err != nil {
			return err
		}
	}
	return s.saveEnterprise(ctx, unsigned(e, now))
}
