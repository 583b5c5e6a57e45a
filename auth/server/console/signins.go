package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

const (
	signIns  = "/admin/sign-ins"
	pageSize = 50
)

func (c *Console) mountSignIns(mux *http.ServeMux) {
	mux.HandleFunc("GET "+signIns, c.ofCompany(everyAdmin, (*visit).showSignIns))
}

// signInRow is one line of the sign-in log.
type signInRow struct {
	server.SignIn
	Person, App, Result, Where string
	Told                       string // what the detail says, as far as there are words for it
}

// showSignIns finds sign-ins by person, app or reference.
func (v *visit) showSignIns() error {
	q := v.URL.Query()
	text := strings.TrimSpace(q.Get("q"))
	f := server.SignInFilter{
		AppID: q.Get("app"), Failed: q.Get("failed") != "", Fault: auth.Fault(q.Get("fault")), Stage: q.Get("stage"),
		PersonID: q.Get("person"), Limit: pageSize + 1, Offset: offset(q),
	}
	if reference := asReference(text); reference != "" {
		f.Reference = reference
	} else {
		f.Person = text
	}
	lines, err := v.c.cfg.SignIns.FindSignIns(v.Context(), v.id, f)
	if err != nil {
		return err
	}
	older := ""
	if len(lines) > pageSize {
		lines = lines[:pageSize]
		q.Set("from", strconv.Itoa(f.Offset+pageSize))
		older = signIns + "?" + q.Encode()
	}
	rows, err := v.rows(lines)
	if err != nil {
		return err
	}
	list, err := v.c.cfg.Catalogue.Apps(v.Context(), v.id)
	if err != nil {
		return err
	}
	filtered := text != "" || f.AppID != "" || f.Failed || f.Fault != "" || f.PersonID != ""
	return v.show("signins", v.t("signins.title"), map[string]any{
		"Rows": rows, "Query": text, "App": f.AppID, "Failed": f.Failed, "Apps": list, "Older": older, "Filtered": filtered,
	})
}

// rows puts lines of the log into words.
func (v *visit) rows(lines []server.SignIn) ([]signInRow, error) {
	names := map[string]string{}
	list, err := v.c.cfg.Catalogue.Apps(v.Context(), v.id)
	if err != nil {
		return nil, err
	}
	titles := map[string]string{server.DesktopClient: words.Product}
	for _, app := range list {
		titles[app.ID] = app.Title.In(v.lang)
	}
	rows := make([]signInRow, 0, len(lines))
	for _, line := range lines {
		row := signInRow{SignIn: line, App: line.AppID}
		if title := titles[line.AppID]; title != "" {
			row.App = title
		}
		if line.PersonID != "" {
			if _, asked := names[line.PersonID]; !asked {
				p, err := found(v.c.cfg.People.Person(v.Context(), v.id, line.PersonID))
				if err != nil {
					return nil, err
				}
				if p != nil {
					names[line.PersonID] = personName(*p)
				}
			}
			row.Person = names[line.PersonID]
		}
		if line.Fault != "" {
			row.Result, row.Where, row.Told = v.cause(line.Fault), v.stage(line.Stage), v.told(line)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// told says what a failure means to an admin, with the facts that the log has of it; its
// detail is the program's own English.
func (v *visit) told(line server.SignIn) string {
	var facts []string
	args := server.Facts(line.Detail)
	for name, value := range args {
		facts = append(facts, name, value)
	}
	key := "advice." + string(line.Fault)
	switch {
	case notPublic(line.Fault, args):
		key = "stage.fault.private"
	case line.Fault == auth.InsecureAddress:
		key = "stage.fault.insecure_address"
	}
	if text := v.t(key, facts...); text != "admin."+key {
		return text
	}
	return words.ExplainFault(line.Fault, nil, v.lang).Sentence
}

// asReference returns a reference number however it was typed, "" for other text.
func asReference(text string) string {
	digits := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, text)
	if len(digits) == 8 {
		if reference := digits[:4] + "-" + digits[4:]; auth.ValidTrace(reference) {
			return reference
		}
	}
	return ""
}

func offset(q url.Values) int {
	n, err := strconv.Atoi(q.Get("from"))
	if err != nil || n < 0 || n > 1_000_000 {
		return 0
	}
	return n
}

// personName is what to call somebody, also where the company gave no name.
func personName(p server.Person) string {
	for _, name := range []string{p.Name, p.Email} {
		if name != "" {
			return name
		}
	}
	return p.ID[:min(8, len(p.ID))]
}

func minutes(d time.Duration) string { return strconv.Itoa(int(d.Round(time.Minute) / time.Minute)) }
