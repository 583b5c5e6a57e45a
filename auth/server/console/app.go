package console

import (
	"net/http"
	"slices"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

func (c *Console) mountApp(mux *http.ServeMux) {
	mux.HandleFunc("GET "+apps+"/new", c.ofCompany(administrators, (*visit).showNewApp))
	mux.HandleFunc("POST "+apps+"/new", c.ofCompany(administrators, (*visit).addApp))
	mux.HandleFunc("GET "+apps+"/{id}", c.ofCompany(administrators, (*visit).showApp))
	mux.HandleFunc("POST "+apps+"/{id}", c.ofCompany(administrators, (*visit).saveApp))
}

// appOrder is what most companies look for first; others stand behind.
var appOrder = []string{"oidc", "saml", "link", "wps", "aliyun-role", "aliyun-user", "aliyun-oidc", "aws", "genauth"}

// appPreset finds one of the kinds of app.
func (v *visit) appPreset(id string) (server.AppPreset, bool) {
	for _, p := range v.c.cfg.Workshop.AppPresets() {
		if p.ID == id && !p.Place {
			return p, true
		}
	}
	return server.AppPreset{}, false
}

// showNewApp asks what kind of app it is, then for the blanks of that kind.
func (v *visit) showNewApp() error {
	if id := v.URL.Query().Get("preset"); id != "" {
		p, ok := v.appPreset(id)
		if !ok {
			return auth.ErrNotFound
		}
		return v.show("app_new", p.Title.In(v.lang), v.newBody(p, server.AppInput{}, nil))
	}
	var tiles []tile
	for _, p := range v.c.cfg.Workshop.AppPresets() {
		if !p.Place {
			tiles = append(tiles, tile{ID: p.ID, Title: p.Title.In(v.lang), Hint: firstSentence(p.Help.In(v.lang))})
		}
	}
	place := func(t tile) int {
		if i := slices.Index(appOrder, t.ID); i >= 0 {
			return i
		}
		return len(appOrder)
	}
	slices.SortStableFunc(tiles, func(a, b tile) int { return place(a) - place(b) })
	return v.show("app_kinds", v.t("app.new"), map[string]any{"Tiles": tiles})
}

func firstSentence(text string) string {
	for _, end := range []string{". ", "。", "; "} {
		if first, _, ok := strings.Cut(text, end); ok {
			text = first
		}
	}
	return strings.TrimRight(text, ".")
}

// newBody is the form of an app that does not exist yet.
func (v *visit) newBody(p server.AppPreset, in server.AppInput, wrong map[string]string) map[string]any {
	values := in.Values
	if values == nil {
		values = p.Vars
	}
	ask := func(name string) bool { return !slices.Contains(p.Later, name) }
	first, more := v.blanks(p, values, nil, wrong, ask)
	return map[string]any{
		"Preset": p, "Fields": first, "More": more, "Open": anyWrong(more), "Wrong": wrong, "Metadata": v.takesMetadata(p),
		"NameEN": in.Title[words.English], "NameZH": in.Title[words.Chinese], "Plain": in.Plain,
	}
}

func (v *visit) takesMetadata(p server.AppPreset) bool {
	return p.ID == "saml" && v.c.cfg.ReadMetadata != nil
}

// blanks are the fields of a form: what only the admin knows first, what is usually right
// as it is behind a fold.
func (v *visit) blanks(p server.AppPreset, values map[string]string, kept map[string]bool, wrong map[string]string, ask func(name string) bool) (first, more []field) {
	for _, b := range p.Blanks {
		if !ask(b.Name) {
			continue
		}
		f := field{
			Name: b.Name, Label: b.Label.In(v.lang), Help: b.Help.In(v.lang), Vendor: b.Vendor, Example: b.Example, Choices: b.Choices,
			Optional: b.Optional, Secret: slices.Contains(p.Secrets, b.Name), Kept: kept[b.Name], Value: values[b.Name], Wrong: wrong[b.Name],
			Lines: slices.Contains(p.Lines, b.Name),
		}
		if f.Optional && len(f.Choices) > 0 && p.Vars[b.Name] == "" {
			f.Choices = append([]string{""}, f.Choices...)
		}
		if b.Optional || p.Vars[b.Name] != "" && len(b.Choices) == 0 {
			more = append(more, f)
		} else {
			first = append(first, f)
		}
	}
	return first, more
}

func anyWrong(fields []field) bool {
	return slices.ContainsFunc(fields, func(f field) bool { return f.Wrong != "" })
}

// readApp takes what was typed; what a form does not ask stays as it is.
func (v *visit) readApp(p server.AppPreset, in *server.AppInput) (wrong map[string]string, err error) {
	wrong = map[string]string{}
	if v.PostForm.Has("name_en") || v.PostForm.Has("name_zh") {
		in.Title = auth.Text{}
		for _, lang := range []string{words.English, words.Chinese} {
			if name := strings.TrimSpace(v.PostFormValue("name_" + lang)); name != "" {
				in.Title[lang] = name
			}
		}
	}
	if v.PostForm.Has("plain") {
		in.Plain = strings.TrimSpace(v.PostFormValue("plain"))
	}
	if in.Values == nil {
		in.Values = map[string]string{}
	}
	for _, b := range p.Blanks {
		if v.PostForm.Has(b.Name) {
			in.Values[b.Name] = strings.TrimSpace(v.PostForm.Get(b.Name))
		}
	}
	in.NewSecret = v.PostFormValue("new_secret") != ""
	icon, unfit, err := v.upload("icon")
	if err != nil {
		return nil, err
	}
	if in.Icon = icon; unfit != "" {
		wrong["icon"] = v.t(unfit)
	}
	if text := strings.TrimSpace(v.PostFormValue("metadata")); text != "" && v.takesMetadata(p) {
		sp, err := v.c.cfg.ReadMetadata([]byte(text))
		if err != nil {
			fault, args := auth.FaultOf(err)
			message := words.ExplainFault(fault, args, v.lang)
			wrong["metadata"] = strings.TrimSpace(message.Title + " " + message.Sentence)
		} else {
			in.SAML = &sp
			in.Values["entity_id"], in.Values["acs"] = sp.EntityID, strings.Join(sp.ACS, "\n")
		}
	}
	return wrong, nil
}

// keepApp saves an app; wrong gets what is not right in the form.
func (v *visit) keepApp(in server.AppInput, wrong map[string]string) (auth.Secret, error) {
	if len(in.Title) == 0 {
		wrong["name"] = v.t("fault.empty")
	}
	// Even if something is wrong already, all of it is said at once.
	unsaved := in
	if len(wrong) > 0 {
		unsaved.Title = nil
	}
	secret, err := v.c.cfg.Workshop.KeepApp(v.Context(), v.id, unsaved)
	for path, message := range v.faultsOf(err) {
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(path, "vars."), "secrets."), ".")
		if name == "title" {
			name = "name"
		}
		if wrong["metadata"] != "" && (name == "entity_id" || name == "acs") {
			continue // they would have come from there
		}
		if wrong[name] == "" && (name != "name" || len(in.Title) == 0) {
			wrong[name] = message
		}
	}
	if len(wrong) > 0 {
		return secret, nil
	}
	return secret, err
}

func (v *visit) addApp() error {
	id := v.PostFormValue("preset")
	if id == "" {
		id = "link"
	}
	p, ok := v.appPreset(id)
	if !ok {
		return auth.Fail(auth.BadInput, nil, nil)
	}
	in := server.AppInput{Preset: p.ID}
	wrong, err := v.readApp(p, &in)
	if err != nil {
		return err
	}
	if in.ID, err = v.freeID(in.Title.In(words.English)); err != nil {
		return err
	}
	secret, err := v.keepApp(in, wrong)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		return v.wrong("app_new", p.Title.In(v.lang), v.wrongText(wrong), v.newBody(p, in, wrong))
	}
	v.audit("app.added", in.Title.In("en"), p.Title.In("en"))
	return v.keptApp(in, secret)
}

// wrongText stands above a form: what belongs to none of its fields, or that there is
// something wrong in them.
func (v *visit) wrongText(wrong map[string]string) string {
	for _, name := range []string{"preset", "launch", ""} {
		if wrong[name] != "" {
			return wrong[name]
		}
	}
	return v.t("fields.wrong")
}

// keptApp answers when an app is saved. A new secret is shown once, on the page that
// answers, in its place among what the other side is given.
func (v *visit) keptApp(in server.AppInput, secret auth.Secret) error {
	if secret.IsZero() {
		v.redirect(apps+"/"+in.ID, "app")
		return nil
	}
	v.audit("app.secret", in.Title.In("en"), "")
	view, err := v.c.cfg.Workshop.ViewApp(v.Context(), v.id, in.ID)
	if err != nil {
		return err
	}
	body, err := v.appBody(view, nil)
	if err != nil {
		return err
	}
	body["NewSecret"] = true
	for _, part := range view.Form {
		for i := range part.Fields {
			if f := &part.Fields[i]; f.Secret {
				f.Value = secret.Reveal()
			}
		}
	}
	return v.show("app", called(view.App, v.lang), body)
}

func (v *visit) showApp() error {
	view, err := v.c.cfg.Workshop.ViewApp(v.Context(), v.id, v.PathValue("id"))
	if err != nil {
		return err
	}
	body, err := v.appBody(view, nil)
	if err != nil {
		return err
	}
	return v.show("app", called(view.App, v.lang), body)
}

func (v *visit) saveApp() error {
	view, err := v.c.cfg.Workshop.ViewApp(v.Context(), v.id, v.PathValue("id"))
	if err != nil {
		return err
	}
	in := server.AppInput{ID: view.App.ID, Title: view.App.Title, Plain: view.App.Plain}
	wrong, err := v.readApp(view.Preset, &in)
	if err != nil {
		return err
	}
	secret, err := v.keepApp(in, wrong)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		title := called(view.App, v.lang) // as it is called still
		view.App.Title, view.App.Plain = in.Title, in.Plain
		for name, value := range in.Values {
			view.Values[name] = value
		}
		body, err := v.appBody(view, wrong)
		if err != nil {
			return err
		}
		return v.wrong("app", title, v.wrongText(wrong), body)
	}
	v.audit("app.changed", in.Title.In("en"), "")
	return v.keptApp(in, secret)
}
