package console

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

func (c *Console) mountWizard(mux *http.ServeMux) {
	mux.HandleFunc("GET "+connect, c.page(administrators, (*visit).showConnector))
	mux.HandleFunc("GET "+connect+"/new", c.page(administrators, (*visit).showPresets))
	mux.HandleFunc("POST "+connect+"/new", c.page(administrators, (*visit).startDraft))
	mux.HandleFunc("GET "+connect+"/details", c.page(administrators, (*visit).showFields))
	mux.HandleFunc("POST "+connect+"/details", c.page(administrators, (*visit).fillDraft))
	mux.HandleFunc("GET "+connect+"/test", c.page(administrators, (*visit).showTest))
	mux.HandleFunc("POST "+connect+"/test", c.page(administrators, (*visit).beginTest))
	mux.HandleFunc("POST "+connect+"/values", c.page(administrators, (*visit).pickValues))
	mux.HandleFunc("POST "+connect+"/save", c.page(administrators, (*visit).saveDraft))
	mux.HandleFunc("POST "+connect+"/drop", c.page(administrators, (*visit).dropDraft))
	mux.HandleFunc("POST "+connect+"/back", c.ofCompany(administrators, (*visit).switchBack))
	mux.HandleFunc("GET "+connect+"/done", c.ofCompany(administrators, (*visit).showDone))
}

// found returns a record or nil where there is none.
func found[T any](v T, err error) (*T, error) {
	if errors.Is(err, auth.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// showConnector shows how people sign in now, and what is on its way.
func (v *visit) showConnector() error {
	ctx, shop := v.Context(), v.c.cfg.Workshop
	serving, err := found(shop.Serving(ctx, v.id))
	if err != nil {
		return err
	}
	draft, err := found(shop.Draft(ctx, v.id))
	if err != nil {
		return err
	}
	if serving == nil {
		if draft == nil {
			v.redirect(connect+"/new", "")
			return nil
		}
		v.redirect(v.next(*draft), "")
		return nil
	}
	body, err := v.connectorBody()
	if err != nil {
		return err
	}
	return v.show("connector", v.t("connector.title"), body)
}

// connectorBody is what the page of a sign-in that serves shows.
func (v *visit) connectorBody() (map[string]any, error) {
	ctx, shop := v.Context(), v.c.cfg.Workshop
	serving, err := shop.Serving(ctx, v.id)
	if err != nil {
		return nil, err
	}
	draft, err := found(shop.Draft(ctx, v.id))
	if err != nil {
		return nil, err
	}
	previous, err := found(shop.Previous(ctx, v.id))
	if err != nil {
		return nil, err
	}
	body := map[string]any{"Serving": serving, "Draft": draft, "Previous": previous}
	if draft != nil {
		body["Next"] = v.next(*draft)
	}
	audience, err := v.c.cfg.Audiences.Audience(ctx, v.id, "")
	if err != nil {
		return nil, err
	}
	if body["List"], err = v.listBody(audience, nil, nil); err != nil {
		return nil, err
	}
	if body["Ways"], err = v.waysBody(nil); err != nil {
		return nil, err
	}
	body["Hit"], err = v.affected()
	return body, err
}

// next is where a draft goes on.
func (v *visit) next(d server.DraftView) string {
	if !d.Ready {
		return connect + "/details"
	}
	return connect + "/test"
}

// tile is one preset to choose.
type tile struct{ ID, Title, Hint string }

// presetOrder is what most companies look for first; others stand behind.
var presetOrder = []string{
	"wecom", "dingtalk", "feishu", "welink", "welink-backend", "wps365", "genauth", "wps-style", "oidc", "oidc-broker",
}

// showPresets asks where people sign in today.
func (v *visit) showPresets() error {
	var tiles []tile
	for _, p := range v.c.cfg.Workshop.Presets() {
		t := tile{ID: p.ID, Title: p.Title.In(v.lang)}
		if hint := v.t("preset." + p.ID); hint != "admin.preset."+p.ID {
			t.Hint = hint
		}
		tiles = append(tiles, t)
	}
	place := func(t tile) int {
		if i := slices.Index(presetOrder, t.ID); i >= 0 {
			return i
		}
		return len(presetOrder)
	}
	slices.SortStableFunc(tiles, func(a, b tile) int { return place(a) - place(b) })
	people := 0
	if v.enterprise.ID != "" {
		var err error
		if people, err = v.c.cfg.PeopleList.CountPeople(v.Context(), v.id); err != nil {
			return err
		}
	}
	return v.show("presets", v.t("presets.title"), map[string]any{"Step": 1, "Tiles": tiles, "People": people})
}

// startDraft begins a connector from a preset, or a change of the one that serves.
func (v *visit) startDraft() error {
	preset := v.PostFormValue("preset")
	if v.id == "" {
		v.id = auth.RandomID()
		if err := v.move(v.id); err != nil {
			return err
		}
	}
	if err := v.c.cfg.Workshop.StartDraft(v.Context(), v.id, preset); err != nil {
		return err
	}
	v.audit("connector.begun", preset, "")
	v.redirect(connect+"/details", "")
	return nil
}

// field is one blank of a preset in the form.
type field struct {
	Name, Label, Help, Vendor, Example, Value, Wrong string
	Choices                                          []string
	Secret, Kept, Optional                           bool
	Lines                                            bool   // several values, one a line
	Warn                                             string // what is allowed and will not work
}

// showFields asks for the values.
func (v *visit) showFields() error {
	d, ok, err := v.draft()
	if !ok {
		return err
	}
	return v.show("fields", v.t("fields.title", "vendor", v.vendor(d.Preset)), v.fieldsBody(d, false))
}

// vendor is whose settings a preset is filled from: the company's own, where the title only
// says what these speak.
func (v *visit) vendor(p server.Preset) string {
	if own := v.t("vendor." + p.ID); own != "admin.vendor."+p.ID {
		return own
	}
	return p.Title.In(v.lang)
}

// draft returns the draft; where there is none it has answered.
func (v *visit) draft() (server.DraftView, bool, error) {
	d, err := v.c.cfg.Workshop.Draft(v.Context(), v.id)
	if errors.Is(err, auth.ErrNotFound) {
		v.redirect(connect, "")
		return d, false, nil
	}
	return d, err == nil, err
}

// fieldsBody sorts the blanks: what only the admin knows first, what is usually right as
// it is behind a fold. Faults are shown after the first try.
func (v *visit) fieldsBody(d server.DraftView, tried bool) map[string]any {
	var first, more []field
	open := false
	for _, b := range d.Preset.Blanks {
		f := field{
			Name: b.Name, Label: b.Label.In(v.lang), Help: b.Help.In(v.lang), Vendor: b.Vendor, Example: b.Example,
			Choices: b.Choices, Optional: b.Optional, Secret: d.Preset.Secret[b.Name], Kept: d.Kept[b.Name], Value: d.Values[b.Name],
		}
		if f.Label == "" {
			f.Label = b.Name
		}
		if tried && d.Faults[b.Name] != "" {
			f.Wrong = v.faultOf(d.Faults[b.Name])
		}
		if b.Optional || d.Default[b.Name] {
			more = append(more, f)
			open = open || f.Wrong != ""
		} else {
			first = append(first, f)
		}
	}
	other := ""
	if tried {
		other = d.Faults[""]
	}
	return map[string]any{"Step": 2, "Fields": first, "More": more, "Open": open, "Other": other, "Change": d.Change}
}

// faultOf says what is wrong with a value. The words of auth/connector are for people
// who write files; the usual ones are known here.
func (v *visit) faultOf(message string) string {
	for _, row := range []struct{ part, key string }{
		{"must be filled in", "fault.empty"},
		{"https://", "fault.address"},
		{"whole address", "fault.address"},
		{"must name a host", "fault.address"},
		{"is not https", "fault.address"},
		{"is not an address", "fault.address"},
		{"larger than", "fault.large"},
		{"not a PNG", "fault.picture"},
		{"one line", "fault.line"},
		{"another enterprise's", "fault.taken"},
		{"lower case letters, digits and inner hyphens", "fault.code"},
	} {
		if strings.Contains(message, row.part) {
			return v.t(row.key)
		}
	}
	return v.t("fault.other", "message", message)
}

func (v *visit) fillDraft() error {
	d, ok, err := v.draft()
	if !ok {
		return err
	}
	values := map[string]string{}
	for _, b := range d.Preset.Blanks {
		if v.PostForm.Has(b.Name) {
			values[b.Name] = strings.TrimSpace(v.PostForm.Get(b.Name))
		}
	}
	if err := v.c.cfg.Workshop.FillDraft(v.Context(), v.id, values); err != nil {
		return err
	}
	if d, err = v.c.cfg.Workshop.Draft(v.Context(), v.id); err != nil {
		return err
	}
	v.audit("connector.filled", d.Preset.Title.In("en"), "")
	if !d.Ready {
		title := v.t("fields.title", "vendor", v.vendor(d.Preset))
		return v.wrong("fields", title, v.t("fields.wrong"), v.fieldsBody(d, true))
	}
	v.redirect(connect+"/test", "")
	return nil
}

func (v *visit) dropDraft() error {
	if err := v.c.cfg.Workshop.DropDraft(v.Context(), v.id); err != nil {
		return err
	}
	v.audit("connector.dropped", "", "")
	v.redirect(connect, "")
	return nil
}

// saveDraft lets a tested draft serve.
func (v *visit) saveDraft() error {
	ctx, shop := v.Context(), v.c.cfg.Workshop
	d, ok, err := v.draft()
	if !ok {
		return err
	}
	if reverify := v.PostFormValue("reverify"); !d.Asked && slices.Contains(reverifies, reverify) {
		if err := shop.SetReverify(ctx, v.id, reverify); err != nil {
			return err
		}
	}
	first := server.NewEnterprise{Code: strings.TrimSpace(v.PostFormValue("code")), Name: auth.Text{}}
	for _, lang := range []string{words.English, words.Chinese} {
		if name := strings.TrimSpace(v.PostFormValue("name_" + lang)); name != "" {
			first.Name[lang] = name
		}
	}
	if v.enterprise.ID == "" && len(first.Name) == 0 {
		return v.again(d, map[string]string{"name": v.t("fault.empty")})
	}
	err = shop.SaveDraft(ctx, v.id, first)
	if wrong := v.faultsOf(err); len(wrong) > 0 {
		return v.again(d, wrong)
	}
	if err != nil {
		return err
	}
	v.audit("connector.switched", d.Preset.Title.In("en"), d.Host)
	v.redirect(connect+"/done", "")
	return nil
}

// reverifies are how soon a leaver may lose access.
var reverifies = []string{"1d", "7d", "never"}

// faultsOf are the faults of what was typed, by field: joined errors that say "path:
// message".
func (v *visit) faultsOf(err error) map[string]string {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		out := map[string]string{}
		for _, e := range joined.Unwrap() {
			for field, message := range v.faultsOf(e) {
				out[field] = message
			}
		}
		return out
	}
	var fielded interface {
		error
		Field() (path, message string)
	}
	if errors.As(err, &fielded) {
		path, message := fielded.Field()
		return map[string]string{path: v.faultOf(message)}
	}
	return nil
}

// switchBack lets the connector serve again that served before.
func (v *visit) switchBack() error {
	if err := v.c.cfg.Workshop.SwitchBack(v.Context(), v.id); err != nil {
		return err
	}
	v.audit("connector.back", "", "")
	v.redirect(connect, "switched_back")
	return nil
}

// showDone is the end of the wizard: what to hand out.
func (v *visit) showDone() error {
	serving, err := v.c.cfg.Workshop.Serving(v.Context(), v.id)
	if err != nil {
		return err
	}
	return v.show("done", v.t("done_page.title"), map[string]any{
		"Step": 4, "Code": v.c.codeAddress(v.enterprise.Code), "AppID": serving.AppID, "Message": v.message(),
	})
}

// message is what an admin sends to the employees.
func (v *visit) message() string {
	facts := []string{
		"company", v.enterprise.Name.In(v.lang), "code", v.c.codeAddress(v.enterprise.Code),
		"join", v.c.cfg.Base.PublicURL + "/join/" + v.enterprise.Code,
	}
	text := v.t("message", facts...)
	if contact := words.Contact(v.enterprise.Help); contact != "" {
		text += "\n" + words.AskIT(v.enterprise.Help, v.lang)
	}
	return text
}
