package console

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

func (c *Console) mountHome(mux *http.ServeMux) {
	mux.HandleFunc("GET /admin/{$}", c.ofCompany(everyAdmin, (*visit).showHome))
}

// recently is what the home page looks back on.
const recently = 7 * 24 * time.Hour

// attention is one thing that somebody should look at.
type attention struct {
	Title, Hint  string
	Count        int // of failed sign-ins; 0 where it is something else
	Last         time.Time
	Address, Act string
}

// showHome says what needs attention.
func (v *visit) showHome() error {
	ctx, now := v.Context(), v.c.cfg.Base.Time()
	causes, err := v.c.cfg.SignIns.SignInCauses(ctx, v.id, now.Add(-recently))
	if err != nil {
		return err
	}
	var items []attention
	worked, failed := 0, 0
	for _, cause := range causes {
		if cause.Fault == "" {
			worked += cause.Count
			continue
		}
		failed += cause.Count
		items = append(items, attention{
			Title: v.cause(cause.Fault), Hint: v.advice(cause), Count: cause.Count, Last: cause.Last,
			Address: signIns + "?" + url.Values{"failed": {"1"}, "fault": {string(cause.Fault)}, "stage": {cause.Stage}}.Encode(),
			Act:     v.t("home.look"),
		})
	}
	todo, err := v.todo()
	if err != nil {
		return err
	}
	people, err := v.c.cfg.PeopleList.CountPeople(ctx, v.id)
	if err != nil {
		return err
	}
	how, err := v.homeRates()
	if err != nil {
		return err
	}
	pilot, err := v.c.cfg.Audiences.Audience(ctx, v.id, "")
	if err != nil {
		return err
	}
	if !pilot.Everyone && v.admin.Role != server.RoleHelpDesk {
		todo = append(todo, attention{
			Title: v.t("todo.pilot", "who", v.audienceText(pilot)), Hint: v.t("todo.pilot_hint"), Address: connect + "#people", Act: v.t("todo.pilot_act"),
		})
	}
	return v.show("home", v.t("home.title"), map[string]any{
		"Items": append(items, todo...), "Worked": worked, "Failed": failed, "People": people,
		"Code": v.c.codeAddress(v.enterprise.Code), "How": how,
	})
}

// advice says what to do about failed sign-ins, by stage where that tells more.
func (v *visit) advice(cause server.SignInCause) string {
	key := "advice." + string(cause.Fault)
	if text := v.t(key); text != "admin."+key {
		return text
	}
	return v.t("advice.stage", "stage", v.stage(cause.Stage))
}

// stage is a stage of the sign-in log in words.
func (v *visit) stage(name string) string {
	switch name {
	case "authorize", "callback":
		return v.t("stage.1")
	case "person", "user":
		return v.t("stage.3")
	case "open":
		return v.t("stage.open")
	}
	return v.t("stage.2")
}

// todo is what is not set up yet, for those who can.
func (v *visit) todo() ([]attention, error) {
	if v.admin.Role == server.RoleHelpDesk {
		return nil, nil
	}
	var items []attention
	add := func(key, address string) {
		items = append(items, attention{
			Title: v.t("todo." + key), Hint: v.t("todo." + key + "_hint"), Address: address, Act: v.t("todo." + key + "_act"),
		})
	}
	if _, err := v.c.cfg.Workshop.Draft(v.Context(), v.id); err == nil {
		add("draft", connect)
	} else if !errors.Is(err, auth.ErrNotFound) {
		return nil, err
	}
	list, err := v.c.cfg.Catalogue.Apps(v.Context(), v.id)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		add("apps", apps+"/new")
	}
	if v.enterprise.Help == (auth.Help{}) {
		add("help", settings)
	}
	return items, nil
}

// codeAddress is a company code as people get it: with the server's own name.
func (c *Console) codeAddress(code string) string {
	u, err := url.Parse(c.cfg.Base.PublicURL)
	if err != nil {
		return code
	}
	return u.Host + "/" + code
}
