package console

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
)

const people = "/admin/people"

func (c *Console) mountPeople(mux *http.ServeMux) {
	mux.HandleFunc("GET "+people, c.ofCompany(everyAdmin, (*visit).showPeople))
	mux.HandleFunc("GET "+people+"/{id}", c.ofCompany(everyAdmin, (*visit).showPerson))
	mux.HandleFunc("POST "+people+"/{id}/sign-out", c.ofCompany(everyAdmin, (*visit).signPersonOut))
	mux.HandleFunc("POST "+people+"/{id}/sessions/{session}/end", c.ofCompany(everyAdmin, (*visit).endDevice))
	mux.HandleFunc("POST "+people+"/{id}/end", c.ofCompany(administrators, (*visit).endPerson))
	mux.HandleFunc("POST "+people+"/{id}/restore", c.ofCompany(administrators, (*visit).restorePerson))
	mux.HandleFunc("POST "+people+"/{id}/role", c.ofCompany(administrators, (*visit).giveRole))
}

// showPeople lists who signed in, last seen first.
func (v *visit) showPeople() error {
	q := v.URL.Query()
	text, from := strings.TrimSpace(q.Get("q")), offset(q)
	list, err := v.c.cfg.PeopleList.FindPeople(v.Context(), v.id, text, pageSize+1, from)
	if err != nil {
		return err
	}
	older := ""
	if len(list) > pageSize {
		list = list[:pageSize]
		q.Set("from", strconv.Itoa(from+pageSize))
		older = people + "?" + q.Encode()
	}
	return v.show("people", v.t("people.title"), map[string]any{"People": named(list), "Query": text, "Older": older})
}

// namedPerson is a person with a name in any case.
type namedPerson struct {
	server.Person
	Called string
}

// Gone says why the person has no access, as a key of words below "people."; "" of one who
// has. What an admin did stays, whatever the company's sign-in says.
func (p namedPerson) Gone() string {
	switch {
	case !p.EndedAt.IsZero():
		return "ended"
	case !p.LeftAt.IsZero():
		return "left"
	}
	return ""
}

func named(list []server.Person) []namedPerson {
	out := make([]namedPerson, len(list))
	for i, p := range list {
		out[i] = namedPerson{p, personName(p)}
	}
	return out
}

// person is the person that the address names, of the session's enterprise alone.
func (v *visit) person() (server.Person, error) {
	return v.c.cfg.People.Person(v.Context(), v.id, v.PathValue("id"))
}

// device is one live session as an admin sees it.
type device struct {
	server.Session
	Name  string
	Kind  string
	Child bool // a launch made it: it ends with the one above
}

// showPerson shows a person's devices and what they may do here.
func (v *visit) showPerson() error {
	p, err := v.person()
	if err != nil {
		return err
	}
	ctx := v.Context()
	sessions, err := v.c.cfg.Sessions.SessionsOf(ctx, v.id, p.ID, v.c.cfg.Base.Time())
	if err != nil {
		return err
	}
	lines, err := v.c.cfg.SignIns.FindSignIns(ctx, v.id, server.SignInFilter{PersonID: p.ID, Limit: 10})
	if err != nil {
		return err
	}
	rows, err := v.rows(lines)
	if err != nil {
		return err
	}
	admin, err := found(v.c.cfg.Admins.AdminByPerson(ctx, v.id, p.ID))
	if err != nil {
		return err
	}
	role := server.Role("")
	if admin != nil {
		role = admin.Role
	}
	v.audit("person.opened", personName(p), "")
	return v.show("person", personName(p), map[string]any{
		"P": namedPerson{p, personName(p)}, "Devices": v.devices(sessions), "Rows": rows, "Role": role,
		"Manage": v.admin.Role != server.RoleHelpDesk, "Self": v.admin.PersonID == p.ID,
	})
}

// devices sorts sessions so that each stands below the one it hangs on.
func (v *visit) devices(sessions []server.Session) []device {
	var out []device
	shown := func(s server.Session, child bool) device {
		kind := "browser"
		switch s.Client {
		case server.DesktopClient:
			kind = "desktop"
		case "launch":
			kind = "launch"
		}
		return device{s, server.ShownDevice(v.lang, s.Device), v.t("person.kind." + kind), child}
	}
	for _, s := range sessions {
		if s.Parent != "" {
			continue
		}
		out = append(out, shown(s, false))
		for _, child := range sessions {
			if child.Parent == s.ID {
				out = append(out, shown(child, true))
			}
		}
	}
	return out
}

// signPersonOut ends all sessions; the person may sign in again.
func (v *visit) signPersonOut() error {
	p, err := v.person()
	if err != nil {
		return err
	}
	if err := v.c.cfg.Sessions.EndSessionsOf(v.Context(), v.id, p.ID, v.c.cfg.Base.Time()); err != nil {
		return err
	}
	v.audit("person.signed_out", personName(p), "")
	v.redirect(people+"/"+p.ID, "person_signed_out")
	return nil
}

// endDevice ends one session of the person and what hangs on it.
func (v *visit) endDevice() error {
	p, err := v.person()
	if err != nil {
		return err
	}
	ctx, now := v.Context(), v.c.cfg.Base.Time()
	s, err := v.c.cfg.Sessions.Session(ctx, v.id, v.PathValue("session"), now)
	if err != nil {
		return err
	}
	if s.PersonID != p.ID {
		return auth.ErrNotFound
	}
	if err := v.c.cfg.Sessions.EndSession(ctx, v.id, s.ID, now); err != nil {
		return err
	}
	v.audit("device.ended", personName(p), s.Device)
	v.redirect(people+"/"+p.ID, "device_ended")
	return nil
}

// endPerson ends a leaver's access, everywhere and until it is given back. Nobody ends
// their own, as nobody takes their own role.
func (v *visit) endPerson() error {
	p, err := v.person()
	if err != nil {
		return err
	}
	if v.admin.PersonID == p.ID {
		return auth.Fail(auth.NotPermitted, nil, errors.New("own access"))
	}
	if err := v.c.cfg.People.EndPerson(v.Context(), v.id, p.ID, v.c.cfg.Base.Time()); err != nil {
		return err
	}
	v.audit("person.ended", personName(p), "")
	v.redirect(people+"/"+p.ID, "person_ended")
	return nil
}

func (v *visit) restorePerson() error {
	p, err := v.person()
	if err != nil {
		return err
	}
	if err := v.c.cfg.PeopleList.RestorePerson(v.Context(), v.id, p.ID); err != nil {
		return err
	}
	v.audit("person.restored", personName(p), "")
	v.redirect(people+"/"+p.ID, "person_restored")
	return nil
}

// giveRole lets a person open the console, or no longer. Nobody takes it from themselves:
// the last administrator would be gone with one wrong click.
func (v *visit) giveRole() error {
	p, err := v.person()
	if err != nil {
		return err
	}
	if v.admin.PersonID == p.ID {
		return auth.Fail(auth.NotPermitted, nil, errors.New("own role"))
	}
	role := server.Role(v.PostFormValue("role"))
	switch role {
	case server.RoleAdministrator, server.RoleHelpDesk, "":
	default:
		return auth.Fail(auth.BadInput, nil, errors.New("no such role"))
	}
	err = v.setRole(p, role)
	if errors.Is(err, auth.ErrConflict) { // another admin gave one meanwhile: the later wish counts
		err = v.setRole(p, role)
	}
	if err != nil {
		return err
	}
	v.audit("role.given", personName(p), string(role))
	v.redirect(people+"/"+p.ID, "role")
	return nil
}

// setRole makes a role the person's, or takes theirs where it is empty. One that somebody
// gave them meanwhile is auth.ErrConflict.
func (v *visit) setRole(p server.Person, role server.Role) error {
	ctx, admins := v.Context(), v.c.cfg.Admins
	admin, err := found(admins.AdminByPerson(ctx, v.id, p.ID))
	if err != nil {
		return err
	}
	if role == "" {
		if admin != nil {
			err = admins.DeleteAdmin(ctx, v.id, admin.ID)
		}
		if errors.Is(err, auth.ErrNotFound) { // so did another admin
			err = nil
		}
		return err
	}
	next := server.Admin{ID: auth.RandomID(), EnterpriseID: v.id, PersonID: p.ID, CreatedAt: v.c.cfg.Base.Time()}
	if admin != nil {
		next = *admin
	}
	next.Name, next.Role = personName(p), role
	return admins.SaveAdmin(ctx, next)
}
