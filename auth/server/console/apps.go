package console

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

const apps = "/admin/apps"

func (c *Console) mountApps(mux *http.ServeMux) {
	mux.HandleFunc("GET "+apps, c.ofCompany(administrators, (*visit).showApps))
	mux.HandleFunc("GET "+apps+"/new", c.ofCompany(administrators, (*visit).showNewApp))
	mux.HandleFunc("POST "+apps+"/new", c.ofCompany(administrators, (*visit).addApp))
	mux.HandleFunc("GET "+apps+"/{id}", c.ofCompany(administrators, (*visit).showApp))
	mux.HandleFunc("POST "+apps+"/{id}", c.ofCompany(administrators, (*visit).saveApp))
	mux.HandleFunc("POST "+apps+"/{id}/move", c.ofCompany(administrators, (*visit).moveApp))
	mux.HandleFunc("POST "+apps+"/{id}/delete", c.ofCompany(administrators, (*visit).deleteApp))
	mux.HandleFunc("GET /admin/icons/{sha256}", c.ofCompany(administrators, (*visit).showIcon))
}

// accessLink is an app's permanent address: it signs in and opens the app.
func (v *visit) accessLink(id string) string {
	return v.c.cfg.Base.Issuer(v.id) + "/a/" + id
}

// appRow is one app of the list.
type appRow struct {
	server.App
	Called, Link string
	First, Last  bool
}

func (v *visit) showApps() error {
	list, err := v.c.cfg.Catalogue.Apps(v.Context(), v.id)
	if err != nil {
		return err
	}
	rows := make([]appRow, len(list))
	for i, app := range list {
		rows[i] = appRow{App: app, Called: called(app, v.lang), Link: v.accessLink(app.ID), First: i == 0, Last: i == len(list)-1}
	}
	return v.show("apps", v.t("apps.title"), map[string]any{"Apps": rows})
}

func called(app server.App, lang string) string {
	if title := app.Title.In(lang); title != "" {
		return title
	}
	return app.ID
}

// launch is what the console reads and writes of how an app is opened; other keys, of a
// kind that was set up by a file, stay as they are.
type launch struct {
	Kind string `json:"kind"`
	URL  string `json:"url"`
}

// appForm is an app in the form.
type appForm struct {
	ID, NameEN, NameZH, Kind, URL, Plain, Icon string
	// File says that the kind is one that the form does not know: it was set up by a file.
	File bool
	// Sign-in by our OpenID provider.
	Redirects, Secret, Issuer, ClientID string
	Wrong                               map[string]string
	Link                                string
	New                                 bool
}

func (v *visit) showNewApp() error {
	return v.show("app", v.t("app.new"), appForm{New: true, Kind: "link"})
}

func (v *visit) showApp() error {
	app, err := v.c.cfg.Catalogue.App(v.Context(), v.id, v.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := v.formOf(app)
	if err != nil {
		return err
	}
	return v.show("app", called(app, v.lang), f)
}

func (v *visit) formOf(app server.App) (appForm, error) {
	var l launch
	if err := json.Unmarshal(app.Launch, &l); err != nil {
		return appForm{}, err
	}
	f := appForm{
		ID: app.ID, NameEN: app.Title[words.English], NameZH: app.Title[words.Chinese], Kind: l.Kind, URL: l.URL, Plain: app.Plain,
		Icon: app.Icon, File: l.Kind != "link" && l.Kind != "oidc", Link: v.accessLink(app.ID), Issuer: v.c.cfg.Base.Issuer(v.id),
	}
	client, err := found(v.c.cfg.Clients.Client(v.Context(), v.id, app.ID))
	if err == nil && client != nil {
		f.ClientID, f.Redirects = client.ID, strings.Join(client.RedirectURIs, "\n")
	}
	return f, err
}

// read takes what was typed.
func (v *visit) read(f *appForm) {
	f.NameEN, f.NameZH = strings.TrimSpace(v.PostFormValue("name_en")), strings.TrimSpace(v.PostFormValue("name_zh"))
	f.Plain = strings.TrimSpace(v.PostFormValue("plain"))
	f.Wrong = map[string]string{}
	if f.NameEN == "" && f.NameZH == "" {
		f.Wrong["name"] = v.t("fault.empty")
	}
	if f.File {
		return
	}
	f.Kind, f.URL = v.PostFormValue("kind"), strings.TrimSpace(v.PostFormValue("url"))
	f.Redirects = v.PostFormValue("redirects")
	if f.Kind != "oidc" {
		f.Kind = "link"
	}
	raw, _ := json.Marshal(launch{f.Kind, f.URL})
	if f.URL == "" {
		f.Wrong["url"] = v.t("fault.empty")
	} else if v.c.cfg.CheckLaunch(raw) != nil {
		f.Wrong["url"] = v.t("fault.address")
	}
	if f.Plain != "" {
		if raw, _ := json.Marshal(launch{"link", f.Plain}); v.c.cfg.CheckLaunch(raw) != nil {
			f.Wrong["plain"] = v.t("fault.address")
		}
	}
	for _, uri := range strings.Fields(f.Redirects) {
		if raw, _ := json.Marshal(launch{"link", uri}); v.c.cfg.CheckLaunch(raw) != nil || strings.Contains(uri, "#") {
			f.Wrong["redirects"] = v.t("fault.address")
		}
	}
}

// slug makes a short name for addresses out of a title.
var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

func slug(title string) string {
	s := strings.Trim(notSlug.ReplaceAllString(strings.ToLower(title), "-"), "-")
	return strings.Trim(s[:min(40, len(s))], "-")
}

func (v *visit) addApp() error {
	f := appForm{New: true}
	v.read(&f)
	list, err := v.c.cfg.Catalogue.Apps(v.Context(), v.id)
	if err != nil {
		return err
	}
	id := slug(f.NameEN)
	if id == "" || id == server.DesktopClient || slices.ContainsFunc(list, func(a server.App) bool { return a.ID == id }) {
		id = strings.Trim(id+"-"+auth.RandomID()[:6], "-")
	}
	position := 0
	for _, app := range list {
		position = max(position, app.Position+1)
	}
	return v.keepApp(f, server.App{ID: id, EnterpriseID: v.id, Position: position, CreatedAt: v.c.cfg.Base.Time()}, "app.added")
}

func (v *visit) saveApp() error {
	app, err := v.c.cfg.Catalogue.App(v.Context(), v.id, v.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := v.formOf(app)
	if err != nil {
		return err
	}
	v.read(&f)
	return v.keepApp(f, app, "app.changed")
}

// keepApp saves what the form says of an app, and its client where it signs people in by
// our OpenID provider. A new secret is shown once, on the page that answers.
func (v *visit) keepApp(f appForm, app server.App, done string) error {
	title := v.t("app.new")
	if !f.New {
		title = called(app, v.lang)
	}
	icon, wrong, err := v.upload("icon")
	if err != nil {
		return err
	}
	if wrong != "" {
		f.Wrong["icon"] = v.t(wrong)
	}
	if len(f.Wrong) > 0 {
		return v.wrong("app", title, v.t("fields.wrong"), f)
	}
	ctx := v.Context()
	app.Title = auth.Text{}
	for lang, name := range map[string]string{words.English: f.NameEN, words.Chinese: f.NameZH} {
		if name != "" {
			app.Title[lang] = name
		}
	}
	app.Plain, app.UpdatedAt = f.Plain, v.c.cfg.Base.Time()
	if !f.File {
		if app.Launch, err = withLaunch(app.Launch, f); err != nil {
			return err
		}
	}
	if icon != nil {
		if err := v.c.cfg.Catalogue.SaveIcon(ctx, v.id, *icon); err != nil {
			return err
		}
		app.Icon = icon.SHA256
	}
	if err := v.c.cfg.Catalogue.SaveApp(ctx, app); err != nil {
		return err
	}
	secret, err := v.keepClient(f, app)
	if err != nil {
		return err
	}
	if err := v.c.cfg.Workshop.AppsChanged(ctx, v.id); err != nil {
		return err
	}
	v.audit(done, called(app, "en"), f.URL)
	if secret.IsZero() {
		v.redirect(apps+"/"+app.ID, "app")
		return nil
	}
	if f, err = v.formOf(app); err != nil {
		return err
	}
	f.Secret = secret.Reveal()
	return v.show("app", called(app, v.lang), f)
}

// withLaunch changes kind and address of how an app is opened and leaves the rest.
func withLaunch(old json.RawMessage, f appForm) (json.RawMessage, error) {
	all := map[string]any{}
	if len(old) > 0 {
		if err := json.Unmarshal(old, &all); err != nil {
			return nil, err
		}
	}
	all["kind"], all["url"] = f.Kind, f.URL
	return json.Marshal(all)
}

// keepClient saves the client of an app that names addresses to return to, and returns
// its secret where it is new.
func (v *visit) keepClient(f appForm, app server.App) (auth.Secret, error) {
	uris := strings.Fields(f.Redirects)
	if len(uris) == 0 || f.File {
		return auth.Secret{}, nil
	}
	ctx := v.Context()
	client, err := v.c.cfg.Clients.Client(ctx, v.id, app.ID)
	var secret auth.Secret
	switch {
	case errors.Is(err, auth.ErrNotFound):
		client = server.Client{ID: app.ID, EnterpriseID: v.id, Alg: "RS256", CreatedAt: v.c.cfg.Base.Time()}
		secret = auth.NewSecret(auth.RandomToken())
	case err != nil:
		return secret, err
	case v.PostFormValue("new_secret") != "":
		secret = auth.NewSecret(auth.RandomToken())
	}
	if !secret.IsZero() {
		client.SecretHash = server.Hash(secret.Reveal())
		v.audit("app.secret", called(app, "en"), "")
	}
	client.Name, client.RedirectURIs = called(app, "en"), uris
	return secret, v.c.cfg.Clients.SaveClient(ctx, client)
}

// maxIcon bounds a picture; it is shown at the size of a thumb.
const maxIcon = 256 << 10

// upload reads a picture from the form, nil where none was chosen. The type is what the
// bytes are, whatever the name claims.
func (v *visit) upload(name string) (icon *server.Icon, wrong string, err error) {
	file, _, err := v.FormFile(name)
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", auth.Fail(auth.BadInput, nil, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxIcon+1))
	if err != nil {
		return nil, "", auth.Fail(auth.BadInput, nil, err)
	}
	mediaType := http.DetectContentType(data)
	switch {
	case len(data) == 0:
		return nil, "", nil
	case len(data) > maxIcon:
		return nil, "fault.large", nil
	case !slices.Contains([]string{"image/png", "image/jpeg", "image/webp"}, mediaType):
		return nil, "fault.picture", nil
	}
	sum := sha256.Sum256(data)
	return &server.Icon{SHA256: hex.EncodeToString(sum[:]), MediaType: mediaType, Data: data}, "", nil
}

// moveApp moves an app one place up or down.
func (v *visit) moveApp() error {
	ctx := v.Context()
	list, err := v.c.cfg.Catalogue.Apps(ctx, v.id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(a server.App) bool { return a.ID == v.PathValue("id") })
	if i < 0 {
		return auth.ErrNotFound
	}
	j := i + 1
	if v.PostFormValue("to") == "up" {
		j = i - 1
	}
	if j >= 0 && j < len(list) {
		list[i], list[j] = list[j], list[i]
		for at, app := range list {
			if app.Position == at {
				continue
			}
			app.Position, app.UpdatedAt = at, v.c.cfg.Base.Time()
			if err := v.c.cfg.Catalogue.SaveApp(ctx, app); err != nil {
				return err
			}
		}
		if err := v.c.cfg.Workshop.AppsChanged(ctx, v.id); err != nil {
			return err
		}
		v.audit("app.moved", called(list[j], "en"), "")
	}
	v.redirect(apps, "")
	return nil
}

// deleteApp removes an app and its client.
func (v *visit) deleteApp() error {
	ctx := v.Context()
	app, err := v.c.cfg.Catalogue.App(ctx, v.id, v.PathValue("id"))
	if err != nil {
		return err
	}
	if err := v.c.cfg.Catalogue.DeleteApp(ctx, v.id, app.ID); err != nil {
		return err
	}
	if err := v.c.cfg.Clients.DeleteClient(ctx, v.id, app.ID); err != nil && !errors.Is(err, auth.ErrNotFound) {
		return err
	}
	if err := v.c.cfg.Workshop.AppsChanged(ctx, v.id); err != nil {
		return err
	}
	v.audit("app.deleted", called(app, "en"), "")
	v.redirect(apps, "app_deleted")
	return nil
}

// showIcon answers with a picture of the catalogue.
func (v *visit) showIcon() error {
	icon, err := v.c.cfg.Catalogue.Icon(v.Context(), v.id, v.PathValue("sha256"))
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", icon.MediaType)
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, max-age=86400, immutable")
	_, _ = v.w.Write(icon.Data)
	return nil
}
