package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

// visit is one request by an admin whose session stands.
type visit struct {
	*http.Request
	c       *Console
	w       http.ResponseWriter
	lang    string
	admin   server.Admin
	session server.AdminSession
	// id is the enterprise of the session, enterprise its record; its ID is empty while
	// the enterprise is being set up.
	id         string
	enterprise server.Enterprise
}

// The pages that the console begins at.
const (
	home      = "/admin/"
	signIn    = "/admin/sign-in"
	signOut   = "/admin/sign-out"
	password  = "/admin/password"
	companies = "/admin/companies"
	connect   = "/admin/connector"
)

// Who may see a page.
var (
	everyAdmin     = []server.Role{server.RoleOperator, server.RoleAdministrator, server.RoleHelpDesk}
	administrators = []server.Role{server.RoleOperator, server.RoleAdministrator}
	operators      = []server.Role{server.RoleOperator}
)

const (
	// maxForm bounds what an admin sends: a list of [maxMembers] people as a browser encodes
	// it, and a picture that is too large, so that its own page can say so.
	maxForm = 4 << 20
	// maxKnock bounds what somebody sends who is not signed in.
	maxKnock = 16 << 10
)

// page is a page for admins with one of the roles. Its function answers, or returns the
// error that the answer is about.
func (c *Console) page(roles []server.Role, show func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		v, err := c.visit(w, r)
		switch {
		case err == nil && v.admin.PasswordHash == "" && v.admin.Role == server.RoleOperator && r.URL.Path != password && r.URL.Path != signOut:
			seeOther(w, password)
			return
		case err == nil && !slices.Contains(roles, v.admin.Role):
			err = auth.Fail(auth.NotPermitted, nil, nil)
		case err == nil && isUpload(r):
			if r.ParseMultipartForm(maxForm) != nil { //nolint:gosec // bounded above
				err = auth.Fail(auth.BadInput, nil, nil)
			}
		case err == nil && r.Method == http.MethodPost:
			if r.ParseForm() != nil {
				err = auth.Fail(auth.BadInput, nil, nil)
			}
		}
		if err == nil && v.moved() {
			err = errMoved
		}
		if err == nil {
			err = show(v)
		}
		if err != nil {
			c.fail(w, r, v, err)
		}
	}
}

// errMoved is a form about another enterprise than the session's.
var errMoved = errors.New("form of another enterprise's page")

// moved reports whether the form was shown when the session was about another enterprise:
// an operator has opened one in another tab since. What leads to an enterprise, or is about
// the admin, goes from every tab.
func (v *visit) moved() bool {
	if v.URL.Path == signOut || v.URL.Path == password || under(v.URL.Path, companies) {
		return false
	}
	about := v.PostForm.Get(aboutField)
	return about != "" && about != v.id
}

// ofCompany is a page about an enterprise that exists.
func (c *Console) ofCompany(roles []server.Role, show func(*visit) error) http.HandlerFunc {
	return c.page(roles, func(v *visit) error {
		switch {
		case v.enterprise.ID != "":
			return show(v)
		case v.id != "":
			v.redirect(connect, "")
		default:
			v.redirect(companies, v.URL.Query().Get("done"))
		}
		return nil
	})
}

// show writes a page of the console.
func (v *visit) show(name, title string, body any) error {
	return v.showStatus(http.StatusOK, name, title, "", body)
}

// wrong writes a page again with what is wrong on it.
func (v *visit) wrong(name, title, wrong string, body any) error {
	return v.showStatus(http.StatusUnprocessableEntity, name, title, wrong, body)
}

func (v *visit) showStatus(status int, name, title, wrong string, body any) error {
	return v.c.pages.write(v.w, status, name, v.frame(title, wrong, body))
}

func (v *visit) frame(title, wrong string, body any) frame {
	f := frame{
		Lang: v.lang, Title: title, Who: v.admin.Name, Operator: v.admin.Role == server.RoleOperator, Role: string(v.admin.Role),
		Company: v.enterprise.Name.In(v.lang), About: v.id, Logo: v.enterprise.Logo, Wrong: wrong, Body: body,
	}
	if done := v.URL.Query().Get("done"); done != "" && v.Method == http.MethodGet {
		if text := v.t("done." + done); text != "admin.done."+done {
			f.Done = text
		}
	}
	for _, item := range v.nav() {
		item.Current = item.Address == home && v.URL.Path == home || item.Address != home && under(v.URL.Path, item.Address)
		f.Nav = append(f.Nav, item)
	}
	return f
}

func under(path, section string) bool {
	return path == section || len(path) > len(section) && path[:len(section)] == section && path[len(section)] == '/'
}

// nav are the sections that the admin may open.
func (v *visit) nav() []navItem {
	switch {
	case v.id == "":
		return nil
	case v.enterprise.ID == "":
		return []navItem{{Key: "connector", Address: connect}}
	case v.admin.Role == server.RoleHelpDesk:
		return []navItem{{Key: "home", Address: home}, {Key: "sign_ins", Address: signIns}, {Key: "people", Address: people}}
	}
	return []navItem{
		{Key: "home", Address: home},
		{Key: "sign_ins", Address: signIns},
		{Key: "people", Address: people},
		{Key: "apps", Address: apps},
		{Key: "connector", Address: connect},
		{Key: "settings", Address: settings},
		{Key: "audit", Address: audit},
	}
}

func (v *visit) t(key string, args ...string) string { return words.T(v.lang, "admin."+key, args...) }

// cause is what a sign-in failed with, as an admin reads it: the words of the fault
// itself speak to the person.
func (v *visit) cause(fault auth.Fault) string {
	if text := v.t("cause." + string(fault)); text != "admin.cause."+string(fault) {
		return text
	}
	return words.ExplainFault(fault, nil, v.lang).Title
}

// redirect sends the browser on; done names what has happened, for the next page to say.
func (v *visit) redirect(address, done string) {
	if done != "" {
		address += "?done=" + url.QueryEscape(done)
	}
	seeOther(v.w, address)
}

// audit notes what the admin has done. What could not be noted is not undone, but said
// loudly in the log.
func (v *visit) audit(action, object, detail string) {
	v.c.audit(v.Request, v.admin, v.id, action, object, detail)
}

func (c *Console) audit(r *http.Request, by server.Admin, enterprise, action, object, detail string) {
	ctx := context.WithoutCancel(r.Context()) // who hangs up has done it all the same
	err := c.cfg.Audits.RecordAudit(ctx, server.Audit{
		ID: auth.RandomID(), EnterpriseID: enterprise, AdminID: by.ID, Actor: by.Name, Action: action,
		Object: object, Detail: detail, At: c.cfg.Base.Time(),
	})
	if err != nil {
		c.log.ErrorContext(ctx, "audit not recorded", "action", action, "admin", by.ID, "err", err)
	}
}

// fail answers with the page that explains err; who is not signed in, or was signed out in
// another tab meanwhile, is sent to do that.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	if errors.Is(err, auth.ErrSignInRequired) {
		seeOther(w, signIn)
		return
	}
	status := http.StatusInternalServerError
	fault, args := auth.FaultOf(err)
	lang := language(r)
	message := words.ExplainFault(fault, args, lang)
	switch {
	case errors.Is(err, errMoved):
		status = http.StatusConflict
		message = words.Message{Title: words.T(lang, "admin.moved.title"), Sentence: words.T(lang, "admin.moved.sentence")}
	case errors.Is(err, auth.ErrNotFound):
		status = http.StatusNotFound
		message = words.Message{Title: words.T(lang, "admin.nothing.title"), Sentence: words.T(lang, "admin.nothing.sentence")}
	case errors.Is(err, auth.ErrDenied):
		status = http.StatusForbidden
		message = words.Message{Title: words.T(lang, "admin.denied.title"), Sentence: words.T(lang, "admin.denied.sentence")}
	case errors.Is(err, auth.ErrUsage):
		status = http.StatusBadRequest
	case errors.Is(err, auth.TooManyRequests):
		status = http.StatusTooManyRequests
	}
	reference := ""
	if status == http.StatusInternalServerError {
		reference = auth.NewTrace()
		c.log.ErrorContext(r.Context(), "console page failed", "path", r.URL.Path, "reference", reference, "err", err)
	}
	f := frame{Lang: lang, Title: message.Title}
	if v != nil {
		f = v.frame(message.Title, "", nil)
		f.Done = ""
	}
	f.Body = map[string]string{"Sentence": message.Sentence, "Hint": message.Hint, "Reference": reference}
	if err := c.pages.write(w, status, "fail", f); err != nil {
		c.log.ErrorContext(r.Context(), "console page not written", "err", err)
	}
}

// nowhere answers an address that is no page.
func (c *Console) nowhere(w http.ResponseWriter, r *http.Request) {
	v, err := c.visit(w, r)
	if err == nil {
		err = auth.ErrNotFound
	}
	c.fail(w, r, v, err)
}
