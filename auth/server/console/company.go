package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

// fromCompany lets a person of a company sign in through its own connector, and shows
// the button that opens the console as that person.
func (c *Console) fromCompany(w http.ResponseWriter, r *http.Request) {
	if !c.tries.allow(r) {
		c.fail(w, r, nil, auth.Fail(auth.TooManyRequests, nil, nil))
		return
	}
	code := strings.ToLower(strings.TrimSpace(r.URL.Query().Get("code")))
	if at := strings.LastIndexByte(code, '/'); at >= 0 {
		code = code[at+1:]
	}
	e, err := c.cfg.Enterprises.EnterpriseByCode(r.Context(), server.Hash(code))
	if errors.Is(err, auth.ErrNotFound) {
		c.plain(w, r, http.StatusNotFound, "signin", "signin.title", "signin.no_company", signInBody{Name: firstOperator, Code: code})
		return
	}
	if err != nil {
		c.fail(w, r, nil, err)
		return
	}
	admin, err := c.adminHere(r, e.ID)
	if errors.Is(err, auth.ErrSignInRequired) {
		c.cfg.Gate.Begin(w, r, e.ID, "/admin/company?code="+url.QueryEscape(code), server.BeginOptions{})
		return
	}
	if err != nil {
		c.refuse(w, r, err)
		return
	}
	lang := language(r)
	f := frame{
		Lang: lang, Title: words.T(lang, "admin.enter.title", "name", admin.Name), Company: e.Name.In(lang), Logo: e.Logo,
		Body: map[string]string{"Code": code},
	}
	c.write(w, r, http.StatusOK, "enter", f)
}

// enterFromCompany opens the console as the person whose session the browser has.
func (c *Console) enterFromCompany(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	e, err := c.cfg.Enterprises.EnterpriseByCode(r.Context(), server.Hash(r.PostFormValue("code")))
	var admin server.Admin
	if err == nil {
		admin, err = c.adminHere(r, e.ID)
	}
	if err == nil {
		err = c.open(w, r, admin, false)
	}
	if err != nil {
		c.refuse(w, r, err)
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

func (c *Console) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, auth.ErrDenied) {
		lang := language(r)
		c.plain(w, r, http.StatusForbidden, "fail", "enter.refused", "", map[string]string{
			"Sentence": words.T(lang, "admin.enter.refused_hint"), "Hint": "", "Reference": "",
		})
		return
	}
	c.fail(w, r, nil, err)
}

func (c *Console) mountCompanies(mux *http.ServeMux) {
	mux.HandleFunc("GET "+companies, c.page(operators, (*visit).showCompanies))
	mux.HandleFunc("POST "+companies, c.page(operators, (*visit).chooseCompany))
	mux.HandleFunc("POST "+companies+"/new", c.page(operators, (*visit).newCompany))
}

// showCompanies lists the companies of this server, for its operator.
func (v *visit) showCompanies() error {
	all, err := v.c.cfg.Enterprises.ListEnterprises(v.Context())
	if err != nil {
		return err
	}
	return v.show("companies", v.t("companies.title"), map[string]any{"Companies": all, "Current": v.id})
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

// newCompany begins an enterprise: it has an id from now on, and a record when its
// connector has proved to work.
func (v *visit) newCompany() error {
	if err := v.move(auth.RandomID()); err != nil {
		return err
	}
	v.redirect(connect+"/new", "")
	return nil
}
