package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

// company is where a person of a company opens the console.
const company = "/admin/company"

// typed returns the enterprise whose code the address has, or has answered.
func (c *Console) typed(w http.ResponseWriter, r *http.Request) (e server.Enterprise, code string, ok bool) {
	if !c.tries.allow(r) {
		c.fail(w, r, nil, auth.Fail(auth.TooManyRequests, nil, nil))
		return e, "", false
	}
	code = strings.ToLower(strings.TrimSpace(r.URL.Query().Get("code")))
	if at := strings.LastIndexByte(code, '/'); at >= 0 {
		code = code[at+1:]
	}
	e, err := c.cfg.Enterprises.EnterpriseByCode(r.Context(), server.Hash(code))
	switch {
	case errors.Is(err, auth.ErrNotFound):
		c.plain(w, r, http.StatusNotFound, "signin", "signin.title", "signin.no_company", signInBody{Name: firstOperator, Code: code})
	case err != nil:
		c.fail(w, r, nil, err)
	}
	return e, code, err == nil
}

// fromCompany shows a person of a company the button that opens the console as them. Who
// is not signed in at the company goes there first, by a page: a form has led here, and a
// browser would hold the company's own addresses against the form-action of its page.
func (c *Console) fromCompany(w http.ResponseWriter, r *http.Request) {
	e, code, ok := c.typed(w, r)
	if !ok {
		return
	}
	admin, err := c.adminHere(r, e.ID)
	lang := language(r)
	if errors.Is(err, auth.ErrSignInRequired) {
		to := company + "/sign-in?code=" + url.QueryEscape(code)
		f := frame{Lang: lang, Title: words.T(lang, "admin.test.opening"), Company: e.Name.In(lang), Logo: e.Logo, Refresh: to}
		f.Body = map[string]string{"Address": to}
		c.write(w, r, http.StatusOK, "opening", f)
		return
	}
	if err != nil {
		c.refuse(w, r, e.ID, err)
		return
	}
	f := frame{
		Lang: lang, Title: words.T(lang, "admin.enter.title", "name", admin.Name), Company: e.Name.In(lang), Logo: e.Logo,
		Body: map[string]string{"Code": code},
	}
	c.write(w, r, http.StatusOK, "enter", f)
}

// toCompany lets a person of a company sign in through its own connector.
func (c *Console) toCompany(w http.ResponseWriter, r *http.Request) {
	if e, code, ok := c.typed(w, r); ok {
		c.cfg.Gate.Begin(w, r, e.ID, company+"?code="+url.QueryEscape(code), server.BeginOptions{})
	}
}

// enterFromCompany opens the console as the person whose session the browser has.
func (c *Console) enterFromCompany(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxKnock)
	e, err := c.cfg.Enterprises.EnterpriseByCode(r.Context(), server.Hash(r.PostFormValue("code")))
	var admin server.Admin
	if err == nil {
		admin, err = c.adminHere(r, e.ID)
	}
	if err == nil {
		err = c.open(w, r, admin, false)
	}
	if err != nil {
		c.refuse(w, r, e.ID, err)
		return
	}
	c.audit(r, admin, e.ID, "signin", callerAddress(r), "")
	seeOther(w, home)
}

// adminHere returns the admin that the browser's session at an enterprise is of.
func (c *Console) adminHere(r *http.Request, enterprise string) (server.Admin, error) {
	session, err := c.cfg.Gate.Session(r, enterprise)
	if err != nil {
		return server.Admin{}, err
	}
	admin, err := c.cfg.Admins.AdminByPerson(r.Context(), enterprise, session.PersonID)
	if errors.Is(err, auth.ErrNotFound) {
		return admin, auth.Fail(auth.NotPermitted, nil, err)
	}
	if err != nil {
		return admin, err
	}
	// The name may have changed at the company since the role was given.
	if p, err := c.cfg.People.Person(r.Context(), enterprise, session.PersonID); err == nil && p.Name != "" {
		admin.Name = p.Name
	}
	return admin, nil
}

// refuse tells somebody that the console does not open to them as who they are at the
// enterprise, and where they can become somebody else.
func (c *Console) refuse(w http.ResponseWriter, r *http.Request, enterprise string, err error) {
	if errors.Is(err, auth.ErrDenied) {
		lang := language(r)
		c.plain(w, r, http.StatusForbidden, "fail", "enter.refused", "", map[string]string{
			"Sentence": words.T(lang, "admin.enter.refused_hint"), "Other": c.cfg.Base.Issuer(enterprise) + "/",
		})
		return
	}
	c.fail(w, r, nil, err)
}

func (c *Console) mountCompanies(mux *http.ServeMux) {
	mux.HandleFunc("GET "+companies, c.page(operators, (*visit).showCompanies))
	mux.HandleFunc("POST "+companies, c.page(operators, (*visit).chooseCompany))
	mux.HandleFunc("POST "+companies+"/begun", c.page(operators, (*visit).goOnWith))
	mux.HandleFunc("POST "+companies+"/new", c.page(operators, (*visit).newCompany))
}

// showCompanies lists the companies of this server, for its operator.
func (v *visit) showCompanies() error {
	all, err := v.c.cfg.Enterprises.ListEnterprises(v.Context())
	if err != nil {
		return err
	}
	begun, err := v.c.cfg.Workshop.Begun(v.Context())
	if err != nil {
		return err
	}
	return v.show("companies", v.t("companies.title"), map[string]any{"Companies": all, "Begun": begun})
}

func (v *visit) chooseCompany() error {
	e, err := v.c.cfg.Enterprises.Enterprise(v.Context(), v.PostFormValue("id"))
	if err != nil {
		return err
	}
	if err := v.move(e.ID); err != nil {
		return err
	}
	v.c.audit(v.Request, v.admin, e.ID, "company.opened", e.Code, "")
	v.redirect(home, "")
	return nil
}

// goOnWith goes on with the sign-in of a company that does not exist yet, or drops it.
func (v *visit) goOnWith() error {
	begun, err := v.c.cfg.Workshop.Begun(v.Context())
	if err != nil {
		return err
	}
	id := v.PostFormValue("id")
	if !slices.ContainsFunc(begun, func(d server.DraftView) bool { return d.EnterpriseID == id }) {
		return auth.ErrNotFound
	}
	if err := v.move(id); err != nil {
		return err
	}
	v.id = id
	if v.PostFormValue("drop") == "" {
		v.redirect(connect, "")
		return nil
	}
	if err := v.c.cfg.Workshop.DropDraft(v.Context(), id); err != nil {
		return err
	}
	v.audit("connector.dropped", "", "")
	v.redirect(companies, "")
	return nil
}

// newCompany begins an enterprise: it has an id from now on, and a record when its
// connector has proved to work.
func (v *visit) newCompany() error {
	if err := v.move(auth.RandomID()); err != nil {
		return err
	}
	v.redirect(connect+"/new", "")
	return nil
}
