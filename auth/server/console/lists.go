package console

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"lanyard/auth/server"
)

func (c *Console) mountLists(mux *http.ServeMux) {
	mux.HandleFunc("POST "+apps+"/{id}/people", c.ofCompany(administrators, (*visit).saveAppPeople))
	mux.HandleFunc("POST "+connect+"/people", c.ofCompany(administrators, (*visit).saveSignInPeople))
}

// maxMembers bounds a list; a company larger than this uses groups.
const maxMembers = 20_000

// saveAppPeople says who may open an app.
func (v *visit) saveAppPeople() error {
	a, err := v.c.cfg.Workshop.ViewApp(v.Context(), v.id, v.PathValue("id"))
	if err != nil {
		return err
	}
	next, wrong, err := v.saveList(a.App.ID, a.Assigned)
	if err != nil {
		return err
	}
	if wrong != "" {
		body, err := v.appBody(a, nil)
		if err != nil {
			return err
		}
		if body["List"], err = v.listBody(next, a.Assigned, map[string]string{"people": wrong}); err != nil {
			return err
		}
		return v.wrong("app", called(a.App, v.lang), wrong, body)
	}
	v.audit("app.people", called(a.App, "en"), spanOf(next).String())
	if err := v.c.cfg.Workshop.AppsChanged(v.Context(), v.id); err != nil {
		return err
	}
	v.redirect(apps+"/"+a.App.ID, "people")
	return nil
}

// saveSignInPeople says who may sign in at all: the sign-in is tried by a few first.
func (v *visit) saveSignInPeople() error {
	next, wrong, err := v.saveList("", nil)
	if err != nil {
		return err
	}
	if wrong != "" {
		body, err := v.connectorBody()
		if err != nil {
			return err
		}
		if body["List"], err = v.listBody(next, nil, map[string]string{"people": wrong}); err != nil {
			return err
		}
		return v.wrong("connector", v.t("connector.title"), wrong, body)
	}
	v.audit("connector.people", "", spanOf(next).String())
	v.redirect(connect, "people")
	return nil
}

// saveList reads a list from the form and saves it; wrong is what cannot be read.
func (v *visit) saveList(app string, values []string) (next server.Audience, wrong string, err error) {
	old, err := v.c.cfg.Audiences.Audience(v.Context(), v.id, app)
	if err != nil {
		return old, "", err
	}
	next = server.Audience{EnterpriseID: v.id, AppID: app, Everyone: v.PostFormValue("who") != "list", UpdatedAt: v.c.cfg.Base.Time()}
	if v.PostFormValue("open") != "" { // one click: what the assignments carry stays
		next.Everyone = true
		next.Members = slices.DeleteFunc(slices.Clone(old.Members), func(m server.Member) bool { return len(m.Values) == 0 })
	} else {
		next.Members, wrong = v.readMembers(values)
	}
	if wrong == "" && !next.Everyone && len(next.Members) == 0 {
		wrong = v.t("list.empty")
	}
	if wrong != "" {
		return next, wrong, nil
	}
	if next.Everyone {
		next.Members = slices.DeleteFunc(next.Members, func(m server.Member) bool { return len(m.Values) == 0 })
	}
	return next, "", v.c.cfg.Audiences.SaveAudience(v.Context(), next)
}

// readMembers reads people and groups as they were pasted: one a line, values behind a
// tab as a spreadsheet copies them. The later of two lines about one person counts.
func (v *visit) readMembers(values []string) (members []server.Member, wrong string) {
	place := map[string]int{}
	for _, part := range []struct {
		name  string
		group bool
	}{{"people", false}, {"groups", true}} {
		number := 0
		for line := range strings.Lines(v.PostFormValue(part.name)) {
			number++
			if strings.TrimSpace(line) == "" {
				continue
			}
			m, ok := readMember(line, values, part.group)
			if !ok {
				return members, v.t("list.line", "line", strconv.Itoa(number), "text", strings.TrimSpace(line))
			}
			if i, twice := place[m.Key()]; twice {
				members[i] = m
				continue
			}
			place[m.Key()] = len(members)
			members = append(members, m)
		}
	}
	if len(members) > maxMembers {
		return nil, v.t("list.long", "count", strconv.Itoa(maxMembers))
	}
	return members, ""
}

// readMember reads one line: an account ID or a group, then values, in the order of their
// names or each as name=value.
func readMember(line string, names []string, group bool) (server.Member, bool) {
	cells := strings.Split(line, "\t")
	who := strings.TrimSpace(cells[0])
	if who == "" || len(who) > 200 || !group && strings.ContainsAny(who, ",;") {
		return server.Member{}, false
	}
	m := server.Member{Account: who}
	if group {
		m = server.Member{Group: who}
	}
	for i, cell := range cells[1:] {
		cell = strings.TrimSpace(cell)
		name, value, named := strings.Cut(cell, "=")
		switch {
		case cell == "":
			continue
		case named && isValueName(name):
		case i < len(names):
			name, value = names[i], cell
		default:
			return server.Member{}, false
		}
		if value = strings.TrimSpace(value); value == "" {
			continue
		}
		if m.Values == nil {
			m.Values = map[string]string{}
		}
		m.Values[name] = value
	}
	return m, true
}

func isValueName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// oneCell shows a value of several lines, as a file may hold it, in one cell.
var oneCell = strings.NewReplacer("\r\n", ";", "\n", ";", "\t", " ")

// writeMembers is what readMembers reads back.
func writeMembers(members []server.Member, names []string, group bool) string {
	var out strings.Builder
	for _, m := range members {
		who := m.Account
		if group {
			who = m.Group
		}
		if who == "" {
			continue
		}
		out.WriteString(who)
		left := maps.Clone(m.Values)
		var cells []string
		for _, name := range names {
			cell := oneCell.Replace(left[name])
			if strings.Contains(cell, "=") { // alone it would name another one
				cell = name + "=" + cell
			}
			cells = append(cells, cell)
			delete(left, name)
		}
		for _, name := range slices.Sorted(maps.Keys(left)) {
			cells = append(cells, name+"="+oneCell.Replace(left[name]))
		}
		out.WriteString(strings.TrimRight("\t"+strings.Join(cells, "\t"), "\t"))
		out.WriteByte('\n')
	}
	return out.String()
}

// listBody is the form of a list.
func (v *visit) listBody(a server.Audience, values []string, wrong map[string]string) (map[string]any, error) {
	groups, err := v.c.cfg.Workshop.Groups(v.Context(), v.id)
	if err != nil {
		return nil, err
	}
	given := writeMembers(a.Members, values, true)
	action := connect + "/people"
	if a.AppID != "" {
		action = apps + "/" + a.AppID + "/people"
	}
	typed := func(name, kept string) string {
		if wrong != nil {
			return v.PostFormValue(name)
		}
		return kept
	}
	return map[string]any{
		"Action": action, "Everyone": a.Everyone, "Text": v.audienceText(a), "Values": strings.Join(values, ", "),
		"People": typed("people", writeMembers(a.Members, values, false)), "Groups": typed("groups", given),
		"Example": strings.Join(append([]string{"zhangsan"}, values...), "\t"), "AskGroups": groups || given != "", "Wrong": wrong["people"], "Open": wrong != nil,
	}, nil
}

// audienceText says in a few words who may.
func (v *visit) audienceText(a server.Audience) string { return v.spanText(spanOf(a)) }

// span is how many an audience names.
type span struct {
	everyone       bool
	people, groups int
}

func spanOf(a server.Audience) span {
	s := span{everyone: a.Everyone}
	for _, m := range a.Members {
		if m.Group != "" {
			s.groups++
		} else {
			s.people++
		}
	}
	return s
}

// String is how the audit keeps a span, for every reader's language.
func (s span) String() string {
	if s.everyone {
		return "everyone"
	}
	return fmt.Sprintf("people %d, groups %d", s.people, s.groups)
}

// read takes what String wrote.
func (s *span) read(text string) bool {
	if s.everyone = text == "everyone"; s.everyone {
		return true
	}
	n, _ := fmt.Sscanf(text, "people %d, groups %d", &s.people, &s.groups)
	return n == 2
}

func (v *visit) spanText(s span) string {
	args := []string{"people", fmt.Sprint(s.people), "groups", fmt.Sprint(s.groups)}
	switch {
	case s.everyone:
		return v.t("list.everyone")
	case s.groups == 0:
		return v.t("list.people", args...)
	case s.people == 0:
		return v.t("list.groups", args...)
	}
	return v.t("list.both", args...)
}
