package setup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/connector/schema"
	"lanyard/auth/server"
)

// draft is a connector that an admin is filling and testing while another one, or none,
// serves. It is stored sealed, for it holds secrets.
type draft struct {
	ConnectorID string `json:"connector_id"`
	AppID       string `json:"app_id"`
	Change      bool   `json:"change,omitempty"` // of the connector that serves
	// Preset is what is filled; Document stands for it where the connector that is
	// changed was written out by hand.
	Preset   string               `json:"preset,omitempty"`
	Document *connector.Connector `json:"document,omitempty"`
	Vars     map[string]string    `json:"vars,omitempty"`
	Secrets  map[string]string    `json:"secrets,omitempty"`
	Reverify string               `json:"reverify,omitempty"`
	// What the enterprise added to the preset of the connector that is changed.
	Targets  []string            `json:"targets,omitempty"`
	Activate *connector.Activate `json:"activate,omitempty"`
	Trial    *keptTrial          `json:"trial,omitempty"`
}

// Presets lists what a draft can be made of.
func (s *Setup) Presets() []server.Preset {
	var out []server.Preset
	for _, p := range schema.Presets() {
		out = append(out, view(p.Connector))
	}
	return out
}

func view(c connector.Connector) server.Preset {
	p := server.Preset{ID: c.ID, Title: c.Title, Blanks: slices.Clone(c.Blanks), Secret: map[string]bool{}}
	for _, name := range secretNames(&c) {
		p.Secret[name] = true
		if !slices.ContainsFunc(p.Blanks, func(b connector.Blank) bool { return b.Name == name }) {
			p.Blanks = append(p.Blanks, connector.Blank{Name: name})
		}
	}
	return p
}

// StartDraft begins a connector from a preset, or a change of the one that serves where
// preset is empty. What was begun before is dropped. The enterprise need not exist yet.
func (s *Setup) StartDraft(ctx context.Context, enterprise, preset string) error {
	d := draft{ConnectorID: auth.RandomID(), AppID: newAppID(s.cfg.Base.Time()), Preset: preset}
	if preset == "" {
		row, err := s.cfg.Connectors.ActiveConnector(ctx, enterprise)
		if err != nil {
			return err
		}
		if d, err = s.change(row); err != nil {
			return err
		}
	} else if _, err := schema.FindPreset(preset); err != nil {
		return err
	}
	return s.saveDraft(ctx, enterprise, d)
}

// change is a draft of a connector that is stored. Where a shipped preset has its name
// and knows its vars, that is what the admin filled, in its present edition.
func (s *Setup) change(row server.Connector) (draft, error) {
	c, err := filledConnector(row)
	if err != nil {
		return draft{}, err
	}
	d := draft{ConnectorID: row.ID, AppID: row.AppID, Change: true, Vars: maps.Clone(c.Vars), Reverify: c.Reverify, Targets: c.Targets, Activate: c.Activate}
	if d.Secrets, err = s.openSecrets(row); err != nil {
		return draft{}, err
	}
	preset, err := schema.FindPreset(c.ID)
	known := func(name string) bool { _, ok := preset.Connector.Vars[name]; return ok }
	if err == nil && preset.Connector.Kind == c.Kind && !slices.ContainsFunc(sortedKeys(c.Vars), func(n string) bool { return !known(n) }) {
		d.Preset = c.ID
	} else {
		d.Document = c
	}
	return d, nil
}

// FillDraft takes values by blank; an empty secret keeps the one that is there. A test
// that was made of other values is dropped.
func (s *Setup) FillDraft(ctx context.Context, enterprise string, values map[string]string) error {
	d, err := s.draft(ctx, enterprise)
	if err != nil {
		return err
	}
	preset, err := d.preset()
	if err != nil {
		return err
	}
	secret := view(preset).Secret
	for _, b := range view(preset).Blanks {
		value, given := values[b.Name]
		switch {
		case !given, secret[b.Name] && value == "":
		case secret[b.Name]:
			set(&d.Secrets, b.Name, value)
		default:
			set(&d.Vars, b.Name, value)
		}
	}
	d.Trial = nil
	return s.saveDraft(ctx, enterprise, d)
}

func set(m *map[string]string, name, value string) {
	if *m == nil {
		*m = map[string]string{}
	}
	(*m)[name] = value
}

// SetReverify says how soon a leaver loses access where the provider cannot be asked:
// "1d", "7d" or "never".
func (s *Setup) SetReverify(ctx context.Context, enterprise, reverify string) error {
	if _, err := connector.ReverifyAfter(reverify); err != nil {
		return auth.Fail(auth.BadInput, nil, err)
	}
	d, err := s.draft(ctx, enterprise)
	if err != nil {
		return err
	}
	d.Reverify = reverify
	return s.saveDraft(ctx, enterprise, d)
}

// DropDraft forgets a draft.
func (s *Setup) DropDraft(ctx context.Context, enterprise string) error {
	return s.cfg.Drafts.DeleteDraft(ctx, enterprise, server.DraftNext)
}

// Draft returns the enterprise's draft as the wizard shows it, auth.ErrNotFound where
// there is none.
func (s *Setup) Draft(ctx context.Context, enterprise string) (server.DraftView, error) {
	d, err := s.draft(ctx, enterprise)
	if err != nil {
		return server.DraftView{}, err
	}
	preset, err := d.preset()
	if err != nil {
		return server.DraftView{}, err
	}
	v := server.DraftView{
		EnterpriseID: enterprise, Preset: view(preset), Values: map[string]string{}, Default: map[string]bool{}, Kept: map[string]bool{},
		Change: d.Change, AppID: d.AppID,
	}
	for _, b := range v.Preset.Blanks {
		if v.Preset.Secret[b.Name] {
			v.Kept[b.Name] = d.Secrets[b.Name] != ""
			continue
		}
		v.Default[b.Name] = preset.Vars[b.Name] != "" && d.Document == nil
		value, filled := d.Vars[b.Name]
		if !filled {
			value = preset.Vars[b.Name]
		}
		v.Values[b.Name] = value
	}
	c, faults := d.fill(preset)
	v.Faults, v.Ready = faults, c != nil
	if c == nil {
		return v, nil
	}
	v.Callbacks, v.Logout = s.callbacks(d, c), s.logout(d.ConnectorID, c)
	v.Host, v.Reverify = upstreamHost(c), c.Reverify
	v.Asked = c.Kind == connector.KindOIDC || len(c.Recheck)+len(c.Refresh) > 0
	if d.Trial != nil {
		v.Running = !d.Trial.Done
		v.Trial = d.Trial.view(c, picks(preset), d.Vars)
	}
	return v, nil
}

// Begun returns the drafts of enterprises that do not exist yet, the latest first: what an
// admin began, and has to come back to when the address is registered at the provider.
func (s *Setup) Begun(ctx context.Context) ([]server.DraftView, error) {
	rows, err := s.cfg.Drafts.DraftsOfNobody(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]server.DraftView, len(rows))
	for i, row := range rows {
		if views[i], err = s.Draft(ctx, row.EnterpriseID); err != nil {
			return nil, err
		}
		views[i].UpdatedAt = row.UpdatedAt
	}
	return views, nil
}

// preset is what the draft fills.
func (d *draft) preset() (connector.Connector, error) {
	if d.Document != nil {
		return *d.Document, nil
	}
	p, err := schema.FindPreset(d.Preset)
	return p.Connector, err
}

// setup is the draft as a file would name it.
func (d *draft) setup() Connector {
	c := Connector{
		ID: d.ConnectorID, Preset: d.Preset, Document: d.Document, Given: map[string]auth.Secret{},
		Targets: d.Targets, Activate: d.Activate, Reverify: d.Reverify, appID: d.AppID,
	}
	if d.Document == nil {
		c.Vars = d.Vars
	}
	for name, value := range d.Secrets {
		c.Given[name] = auth.NewSecret(value)
	}
	return c
}

// fill returns the connector ready to run, or what is wrong with the values, by blank.
func (d *draft) fill(preset connector.Connector) (*connector.Connector, map[string]string) {
	file := d.setup()
	c, err := file.fill()
	faults := map[string]string{}
	var bad faultList
	bad.collect(err)
	for _, f := range bad {
		faults[blankOf(preset, f.Path)] = f.Message
	}
	for _, name := range secretNames(&preset) {
		if d.Secrets[name] == "" {
			faults[name] = "must be filled in"
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return c, nil
}

// faultList are the field errors that an error is or joins; any other error is one
// without a path.
type faultList []*connector.FieldError

// others reports whether the list holds more than faults of fields.
func (l faultList) others() bool {
	return slices.ContainsFunc(l, func(f *connector.FieldError) bool { return f.Path == "" })
}

func (l *faultList) collect(err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // the join itself is taken apart
		for _, e := range joined.Unwrap() {
			l.collect(e)
		}
		return
	}
	var field *connector.FieldError
	switch {
	case err == nil:
	case errors.As(err, &field):
		*l = append(*l, field)
	default:
		*l = append(*l, &connector.FieldError{Message: err.Error()})
	}
}

// callbacks are the addresses to register. A test comes back to this server, even where
// desktops will come back to themselves.
func (s *Setup) callbacks(d draft, c *connector.Connector) []string {
	row := server.Connector{ID: d.ConnectorID, AppID: d.AppID}
	if direct(c) {
		return []string{s.callback(row, c), s.cfg.Base.PublicURL + "/c/" + d.ConnectorID + "/callback"}
	}
	return []string{s.callback(row, c)}
}

// logout is where the provider of a connector may say that a session there has ended
// (OpenID Connect Back-Channel Logout 1.0); empty where it cannot, or where the desktops
// sign in there by themselves.
func (s *Setup) logout(id string, c *connector.Connector) string {
	if c.Kind != connector.KindOIDC || direct(c) {
		return ""
	}
	return s.cfg.Base.PublicURL + "/c/" + id + "/logout"
}

func (s *Setup) draft(ctx context.Context, enterprise string) (draft, error) {
	row, err := s.cfg.Drafts.Draft(ctx, enterprise, server.DraftNext)
	if err != nil {
		return draft{}, err
	}
	var d draft
	return d, s.unseal(row, &d)
}

func (s *Setup) saveDraft(ctx context.Context, enterprise string, d draft) error {
	row, err := s.seal(enterprise, server.DraftNext, d)
	if err != nil {
		return err
	}
	return s.cfg.Drafts.SaveDraft(ctx, row)
}

func (s *Setup) seal(enterprise, kind string, v any) (server.Draft, error) {
	row := server.Draft{EnterpriseID: enterprise, Kind: kind, UpdatedAt: s.cfg.Base.Time()}
	plain, err := json.Marshal(v)
	if err != nil {
		return row, fmt.Errorf("write draft: %w", err)
	}
	row.Sealed = s.cfg.Base.Sealer.Seal(plain, "draft "+row.Kind+" "+row.EnterpriseID)
	return row, nil
}

func (s *Setup) unseal(row server.Draft, v any) error {
	plain, err := s.cfg.Base.Sealer.Open(row.Sealed, "draft "+row.Kind+" "+row.EnterpriseID)
	if err != nil {
		return fmt.Errorf("open draft: %w", err)
	}
	if err := json.Unmarshal(plain, v); err != nil {
		return errors.New("read draft: not as it was sealed") // the cause would quote it
	}
	return nil
}

// trialLife bounds a test sign-in, as a flow's life does a real one.
func (s *Setup) trialLife() time.Duration { return s.cfg.Base.Lifetimes.Flow }
