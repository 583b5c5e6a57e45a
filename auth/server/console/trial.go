package console

import (
	"net/http"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

// Callbacks stands before the pages that providers send browsers back to: what belongs
// to a test sign-in of the admin at this browser ends here, all else goes on to next.
func (c *Console) Callbacks(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		back := r.Method == http.MethodGet && (r.URL.Path == "/oauth/v1/code" || strings.HasPrefix(r.URL.Path, "/c/"))
		if _, err := r.Cookie(c.cookieName()); !back || err != nil {
			next.ServeHTTP(w, r)
			return
		}
		v, err := c.visit(w, r)
		if err != nil || v.admin.Role == server.RoleHelpDesk || v.id == "" {
			next.ServeHTTP(w, r)
			return
		}
		mine, err := c.cfg.Workshop.FinishTrial(r.Context(), v.id, r.URL, signingIn(r))
		switch {
		case err != nil:
			c.fail(w, r, v, err)
		case mine:
			seeOther(w, connect+"/test")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// signingIn reports whether the browser is on a sign-in of its own: it carries the cookie
// of a trip upstream.
func signingIn(r *http.Request) bool {
	for _, cookie := range r.Cookies() {
		if strings.Contains(cookie.Name, "lanyard-flow-") {
			return true
		}
	}
	return false
}

// stageView is one of the three stages as the page shows it.
type stageView struct {
	Title, Text string
	State       string // "good", "bad" or "" where it has not come to it
	Calls       []server.TrialCall
}

// showTest shows the address to register, the test and what it found.
func (v *visit) showTest() error {
	d, ok, err := v.draft()
	if !ok {
		return err
	}
	if !d.Ready {
		v.redirect(connect+"/details", "")
		return nil
	}
	return v.show("test", v.t("test.title"), v.testBody(d, nil))
}

// again shows the test page with what is wrong in its last form.
func (v *visit) again(d server.DraftView, wrong map[string]string) error {
	return v.wrong("test", v.t("test.title"), v.t("fields.wrong"), v.testBody(d, wrong))
}

func (v *visit) testBody(d server.DraftView, wrong map[string]string) map[string]any {
	body := map[string]any{
		"Step": 3, "Draft": d, "Vendor": v.vendor(d.Preset), "Callbacks": v.callbacks(d.Callbacks), "Stages": v.stages(d), "New": v.enterprise.ID == "",
		"Wrong": wrong, "Reverifies": reverifies, "Reverify": d.Reverify, "Server": v.c.codeAddress(""),
		"NameEN": v.PostFormValue("name_en"), "NameZH": v.PostFormValue("name_zh"), "Code": v.PostFormValue("code"),
	}
	if d.Reverify == "" {
		body["Reverify"] = "7d"
	}
	if d.Trial != nil {
		body["Doubt"] = v.doubt(d.Trial)
	}
	return body
}

// doubt warns of an ID that may not stay with a person.
func (v *visit) doubt(t *server.Trial) string {
	for _, p := range t.Picks {
		if p.Result == "sub" && p.Doubt != "" {
			return v.t("doubt." + p.Doubt)
		}
	}
	return ""
}

// stages puts the three stages into words.
func (v *visit) stages(d server.DraftView) []stageView {
	views := make([]stageView, server.Stages)
	for i := range views {
		views[i] = stageView{Title: v.t([]string{"stage.1", "stage.2", "stage.3"}[i])}
		if d.Trial == nil || d.Running {
			continue
		}
		stage := d.Trial.Stages[i]
		views[i].Calls = stage.Calls
		switch {
		case stage.Err != nil:
			views[i].State, views[i].Text = "bad", v.stageFault(i, stage.Err, d)
		case stage.Done:
			views[i].State, views[i].Text = "good", v.stageDone(i, d)
		}
	}
	if d.Running {
		views[server.StageSignIn].State, views[server.StageSignIn].Text = "wait", v.t("stage.waiting")
	}
	if d.Trial == nil {
		views[server.StageSignIn].Text = v.t("stage.begin")
	}
	return views
}

func (v *visit) stageDone(stage int, d server.DraftView) string {
	switch stage {
	case server.StageSignIn:
		return v.t("stage.came_back")
	case server.StageToken:
		if life := d.Trial.Stages[stage].Life; life > 0 {
			return v.t("stage.token", "minutes", minutes(life))
		}
		return v.t("stage.token")
	}
	if m := d.Trial.Mapped; m != nil {
		return v.t("stage.person", "name", m.Name, "id", m.Subject)
	}
	return v.t("stage.choose")
}

// callback is an address to register at the provider; For says who comes back there, where
// there are several.
type callback struct{ Address, For string }

func (v *visit) callbacks(addresses []string) []callback {
	out := make([]callback, len(addresses))
	for i, address := range addresses {
		out[i].Address = address
		switch {
		case len(addresses) == 1:
		case strings.HasPrefix(address, v.c.cfg.Base.PublicURL+"/"):
			out[i].For = v.t("test.callback_server")
		default:
			out[i].For = v.t("test.callback_desktop")
		}
	}
	return out
}

// stageFault says what went wrong, as far as the stage tells more than the fault does.
func (v *visit) stageFault(stage int, err error, d server.DraftView) string {
	fault, args := auth.FaultOf(err)
	name, _, _ := strings.Cut(strings.ReplaceAll(d.Preset.Title.In(v.lang), "（", " ("), " (") // it may stand in brackets
	facts := []string{"vendor", name}
	for name, value := range args {
		facts = append(facts, name, value)
	}
	key := "stage.fault." + string(fault)
	if fault == auth.FieldMissing && args["field"] == "state" {
		key = "stage.fault.state"
	}
	if notPublic(fault, args) {
		key = "stage.fault.private"
	}
	if text := v.t(key, facts...); text != "admin."+key {
		return text
	}
	m := words.ExplainFault(fault, args, v.lang)
	return strings.TrimSpace(m.Title + ". " + m.Sentence)
}

// notPublic reports whether what is wrong is an address that this server may not call.
func notPublic(fault auth.Fault, args auth.Args) bool {
	return fault == auth.EnterpriseMisconfig && args["host"] != ""
}

// beginTest opens the provider's page. The browser goes there by a link of our page and
// not by the form's answer: it would hold every address on the way against form-action.
func (v *visit) beginTest() error {
	address, err := v.c.cfg.Workshop.BeginTrial(v.Context(), v.id)
	if err != nil {
		d, ok, draftErr := v.draft()
		if !ok {
			return draftErr
		}
		return v.wrong("test", v.t("test.title"), v.stageFault(server.StageSignIn, err, d), v.testBody(d, nil))
	}
	v.audit("connector.tested", "", "")
	f := v.frame(v.t("test.opening"), "", map[string]string{"Address": address, "Hint": v.t("test.opening_hint")})
	f.Refresh = address
	return v.c.pages.write(v.w, http.StatusOK, "opening", f)
}

// pickValues takes the places that were chosen in the answer.
func (v *visit) pickValues() error {
	chosen := map[string]string{}
	for _, result := range []string{"sub", "name", "avatar", "email"} {
		if v.PostForm.Has(result) {
			chosen[result] = v.PostForm.Get(result)
		}
	}
	if err := v.c.cfg.Workshop.PickValues(v.Context(), v.id, chosen); err != nil {
		return err
	}
	v.redirect(connect+"/test#who", "")
	return nil
}
