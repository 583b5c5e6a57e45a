package console

import (
	"net/http"
	"strconv"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
)

func (c *Console) mountWays(mux *http.ServeMux) {
	mux.HandleFunc("POST "+connect+"/ways", c.ofCompany(administrators, (*visit).saveWays))
	mux.HandleFunc("POST "+connect+"/delete", c.ofCompany(administrators, (*visit).deleteConnector))
}

// waysBody are the ways in beside the company code.
func (v *visit) waysBody(wrong map[string]string) (map[string]any, error) {
	w, err := v.c.cfg.Workshop.Ways(v.Context(), v.id)
	if err != nil {
		return nil, err
	}
	body := map[string]any{
		"Ways": w, "Targets": strings.Join(w.Targets, "\n"), "On": w.Activation, "Wrong": wrong, "Open": len(wrong) > 0,
	}
	if wrong != nil {
		body["Targets"], body["On"], body["ClientID"] = v.PostFormValue("targets"), v.PostFormValue("activate") != "", v.PostFormValue("client_id")
	}
	return body, nil
}

// saveWays changes where links by APPID may lead, and activation.
func (v *visit) saveWays() error {
	err := v.c.cfg.Workshop.SaveWays(v.Context(), v.id, strings.Fields(v.PostFormValue("targets")), server.Activation{
		On: v.PostFormValue("activate") != "", ClientID: strings.TrimSpace(v.PostFormValue("client_id")),
		Secret: auth.NewSecret(strings.TrimSpace(v.PostFormValue("client_secret"))),
	})
	if wrong := v.faultsOf(err); len(wrong) > 0 {
		body, err := v.connectorBody()
		if err != nil {
			return err
		}
		if body["Ways"], err = v.waysBody(wrong); err != nil {
			return err
		}
		return v.wrong("connector", v.t("connector.title"), v.t("fields.wrong"), body)
	}
	if err != nil {
		return err
	}
	v.audit("connector.ways", "", "")
	v.redirect(connect, "ways")
	return nil
}

// affected is whom it would hit if the connector were no more.
func (v *visit) affected() (map[string]string, error) {
	ctx := v.Context()
	sessions, signedIn, err := v.c.cfg.Removal.CountSessions(ctx, v.id, v.c.cfg.Base.Time())
	if err != nil {
		return nil, err
	}
	people, err := v.c.cfg.PeopleList.CountPeople(ctx, v.id)
	if err != nil {
		return nil, err
	}
	list, err := v.c.cfg.Catalogue.Apps(ctx, v.id)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"People": strconv.Itoa(people), "SignedIn": strconv.Itoa(signedIn), "Sessions": strconv.Itoa(sessions), "Apps": strconv.Itoa(len(list)),
		"Code": v.c.codeAddress(v.enterprise.Code), "Type": v.enterprise.Code,
	}, nil
}

// deleteConnector takes the sign-in away, once its company code was typed.
func (v *visit) deleteConnector() error {
	if typed := strings.TrimSpace(v.PostFormValue("code")); !strings.EqualFold(typed, v.enterprise.Code) {
		body, err := v.connectorBody()
		if err != nil {
			return err
		}
		body["NotTyped"] = v.t("connector.not_typed", "code", v.enterprise.Code)
		return v.wrong("connector", v.t("connector.title"), v.t("connector.not_typed", "code", v.enterprise.Code), body)
	}
	serving, err := v.c.cfg.Workshop.Serving(v.Context(), v.id)
	if err != nil {
		return err
	}
	hit, err := v.affected()
	if err != nil {
		return err
	}
	if err := v.c.cfg.Workshop.RemoveConnector(v.Context(), v.id); err != nil {
		return err
	}
	v.audit("connector.deleted", serving.Title.In("en"), hit["SignedIn"]+" people, "+hit["Sessions"]+" sessions")
	v.redirect(connect+"/new", "connector_deleted")
	return nil
}
