package console

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

const settings = "/admin/settings"

func (c *Console) mountSettings(mux *http.ServeMux) {
	mux.HandleFunc("GET "+settings, c.ofCompany(administrators, (*visit).showSettings))
	mux.HandleFunc("POST "+settings, c.ofCompany(administrators, (*visit).saveSettings))
}

func (v *visit) showSettings() error {
	body, err := v.settingsBody(v.enterprise, nil)
	if err != nil {
		return err
	}
	return v.show("settings", v.t("settings.title"), body)
}

func (v *visit) settingsBody(e server.Enterprise, wrong map[string]string) (map[string]any, error) {
	codes, err := v.c.cfg.Codes.CodesOf(v.Context(), v.id)
	if err != nil {
		return nil, err
	}
	admins, err := v.c.cfg.Admins.ListAdmins(v.Context(), v.id)
	if err != nil {
		return nil, err
	}
	old := slices.DeleteFunc(codes, func(code string) bool { return code == v.enterprise.Code })
	wellKnown, err := json.Marshal(struct {
		Directory string `json:"directory"`
		Code      string `json:"code"`
	}{v.c.cfg.Base.PublicURL, v.enterprise.Code})
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"WellKnown": string(wellKnown), "E": e, "NameEN": e.Name[words.English], "NameZH": e.Name[words.Chinese], "Domains": strings.Join(e.Domains, "\n"),
		"Old": strings.Join(old, ", "), "Wrong": wrong, "Message": v.message(), "Admins": admins,
		"Server": v.c.codeAddress(""), "Join": v.c.cfg.Base.PublicURL + "/join/" + v.enterprise.Code,
	}, nil
}

func (v *visit) saveSettings() error {
	text := func(name string) string { return strings.TrimSpace(v.PostFormValue(name)) }
	next := v.enterprise
	next.Name = auth.Text{}
	for _, lang := range []string{words.English, words.Chinese} {
		if name := text("name_" + lang); name != "" {
			next.Name[lang] = name
		}
	}
	next.Code = strings.ToLower(text("code"))
	next.Domains = strings.Fields(strings.ToLower(v.PostFormValue("domains")))
	next.Help = auth.Help{Name: text("help_name"), Phone: text("help_phone"), Chat: text("help_chat"), Link: text("help_link")}
	next.Public = text("public") != ""
	next.Device = text("device") != ""
	picture, unfit, err := v.upload("logo")
	if err != nil {
		return err
	}
	wrong := map[string]string{}
	switch {
	case unfit != "":
		wrong["logo"] = v.t(unfit)
	case picture != nil:
		next.Logo = "data:" + picture.MediaType + ";base64," + base64.StdEncoding.EncodeToString(picture.Data)
	case text("no_logo") != "":
		next.Logo = ""
	}
	if len(next.Name) == 0 {
		wrong["name"] = v.t("fault.empty")
	}
	if len(wrong) == 0 {
		err = v.c.cfg.Workshop.ChangeEnterprise(v.Context(), next)
		wrong = v.faultsOf(err)
	}
	if len(wrong) > 0 {
		if wrong["logo"] != "" {
			next.Logo = v.enterprise.Logo
		}
		body, err := v.settingsBody(next, wrong)
		if err != nil {
			return err
		}
		return v.wrong("settings", v.t("settings.title"), v.t("fields.wrong"), body)
	}
	if err != nil {
		return err
	}
	v.audit("settings.changed", next.Code, strings.Join(changed(v.enterprise, next), ", "))
	v.redirect(settings, "settings")
	return nil
}

// changed names what is different, for the audit.
func changed(old, next server.Enterprise) []string {
	var names []string
	for _, row := range []struct {
		name string
		same bool
	}{
		{"code " + old.Code + " → " + next.Code, old.Code == next.Code},
		{"name", old.Name[words.English] == next.Name[words.English] && old.Name[words.Chinese] == next.Name[words.Chinese]},
		{"domains", slices.Equal(old.Domains, next.Domains)},
		{"help", old.Help == next.Help},
		{"logo", old.Logo == next.Logo},
		{"public", old.Public == next.Public},
		{"device", old.Device == next.Device},
	} {
		if !row.same {
			names = append(names, row.name)
		}
	}
	return names
}
