package console

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

// firstOperator is the name of the operator that a one-time link lets in.
const firstOperator = "admin"

// maxName bounds the name that somebody tries to sign in with, in bytes.
const maxName = 100

func (c *Console) mountAccess(mux *http.ServeMux) {
	mux.HandleFunc("GET /admin/link/{token}", c.showLink)
	mux.HandleFunc("POST /admin/link/{token}", c.useLink)
	mux.HandleFunc("GET "+signIn, c.showSignIn)
	mux.HandleFunc("POST "+signIn, c.takePassword)
	mux.HandleFunc("GET "+password, c.page(operators, (*visit).showPassword))
	mux.HandleFunc("POST "+password, c.page(operators, (*visit).savePassword))
	mux.HandleFunc("POST "+signOut, c.page(everyAdmin, (*visit).signOut))
	mux.HandleFunc("GET "+company, c.fromCompany)
	mux.HandleFunc("GET "+company+"/sign-in", c.toCompany)
	mux.HandleFunc("POST "+company, c.enterFromCompany)
}

// NewLink makes a one-time link into the console, for whoever has the server's command
// line. It is kept nowhere but as a hash.
func NewLink(ctx context.Context, base *server.Base, admins server.Admins) (auth.Secret, error) {
	token, now := auth.RandomToken(), base.Time()
	err := admins.SaveAdminLink(ctx, server.AdminLink{
		Hash: server.Hash(token), CreatedAt: now, ExpiresAt: now.Add(base.Lifetimes.AdminLink),
	})
	if err != nil {
		return auth.Secret{}, err
	}
	return auth.NewSecret(base.PublicURL + "/admin/link/" + token), nil
}

// showLink shows the button that uses a link: what fetches addresses by itself, a mail
// scanner or a preview, uses nothing up.
func (c *Console) showLink(w http.ResponseWriter, r *http.Request) {
	c.plain(w, r, http.StatusOK, "link", "link.title", "", nil)
}

// useLink lets the operator in, once.
func (c *Console) useLink(w http.ResponseWriter, r *http.Request) {
	if !c.tries.allow(r) {
		c.fail(w, r, nil, auth.Fail(auth.TooManyRequests, nil, nil))
		return
	}
	ctx, now := r.Context(), c.cfg.Base.Time()
	err := c.cfg.Admins.UseAdminLink(ctx, server.Hash(r.PathValue("token")), now)
	if errors.Is(err, auth.ErrNotFound) {
		c.plain(w, r, http.StatusGone, "fail", "link.used", "", map[string]string{
			"Sentence": words.T(language(r), "admin.link.used_hint", "minutes", minutes(c.cfg.Base.Lifetimes.AdminLink)),
		})
		return
	}
	var admin server.Admin
	if err == nil {
		admin, err = c.cfg.Admins.AdminByName(ctx, firstOperator)
	}
	if errors.Is(err, auth.ErrNotFound) {
		admin = server.Admin{ID: auth.RandomID(), Name: firstOperator, Role: server.RoleOperator, CreatedAt: now}
		err = c.cfg.Admins.SaveAdmin(ctx, admin)
	}
	if err == nil {
		err = c.open(w, r, admin, true)
	}
	if err != nil {
		c.fail(w, r, nil, err)
		return
	}
	c.audit(r, admin, "", "link.used", "", "")
	seeOther(w, password)
}

// signInBody is what the sign-in page shows.
type signInBody struct{ Name, Code string }

func (c *Console) showSignIn(w http.ResponseWriter, r *http.Request) {
	done := ""
	if r.URL.Query().Get("done") == "signed_out" {
		done = words.T(language(r), "admin.done.signed_out")
	}
	f := frame{Lang: language(r), Title: words.T(language(r), "admin.signin.title"), Done: done, Body: signInBody{Name: firstOperator}}
	c.write(w, r, http.StatusOK, "signin", f)
}

// takePassword signs an operator in.
func (c *Console) takePassword(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxKnock)
	if !c.tries.allow(r) {
		w.Header().Set("Retry-After", "60")
		c.plain(w, r, http.StatusTooManyRequests, "signin", "signin.title", "signin.slow", signInBody{Name: r.PostFormValue("name")})
		return
	}
	ctx, name := r.Context(), strings.TrimSpace(r.PostFormValue("name"))
	name = strings.ToValidUTF8(name[:min(maxName, len(name))], "") // the audit keeps it, whatever it is
	admin, err := c.cfg.Admins.AdminByName(ctx, name)
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		c.fail(w, r, nil, err)
		return
	}
	same, err := c.samePassword(ctx, admin.PasswordHash, r.PostFormValue("password"))
	if err != nil {
		c.fail(w, r, nil, err)
		return
	}
	if !same || admin.PasswordHash == "" {
		c.audit(r, server.Admin{ID: admin.ID, Name: name}, "", "signin.refused", callerAddress(r), "")
		c.plain(w, r, http.StatusUnauthorized, "signin", "signin.title", "signin.wrong", signInBody{Name: name})
		return
	}
	if err := c.open(w, r, admin, false); err != nil {
		c.fail(w, r, nil, err)
		return
	}
	c.audit(r, admin, "", "signin", callerAddress(r), "")
	seeOther(w, home)
}

// showPassword is where an operator chooses a password.
func (v *visit) showPassword() error {
	return v.show("password", v.t("password.title"), v.passwordBody())
}

func (v *visit) passwordBody() map[string]any {
	return map[string]any{
		"Name": v.admin.Name, "Old": v.admin.PasswordHash != "" && !v.session.ByLink, "First": v.admin.PasswordHash == "",
	}
}

func (v *visit) savePassword() error {
	next := v.PostFormValue("password")
	wrong := ""
	switch {
	case utf8.RuneCountInString(next) < minPassword:
		wrong = "password.short"
	case next != v.PostFormValue("again"):
		wrong = "password.differ"
	case v.admin.PasswordHash != "" && !v.session.ByLink:
		if !v.c.tries.allow(v.Request) {
			return auth.Fail(auth.TooManyRequests, nil, nil)
		}
		same, err := v.c.samePassword(v.Context(), v.admin.PasswordHash, v.PostFormValue("old"))
		if err != nil {
			return err
		}
		if !same {
			wrong = "password.old_wrong"
		}
	}
	if wrong != "" {
		return v.wrong("password", v.t("password.title"), v.t(wrong), v.passwordBody())
	}
	hash, err := v.c.hashPassword(v.Context(), next)
	if err != nil {
		return err
	}
	// The link has done its work; and who was signed out since then, because somebody else has
	// chosen a password, does not choose another.
	if err := stands(v.c.cfg.Admins.ProveAdminSession(v.Context(), v.session.ID)); err != nil {
		return err
	}
	v.admin.PasswordHash = hash
	if err := v.c.cfg.Admins.SaveAdmin(v.Context(), v.admin); err != nil {
		return err
	}
	// Whoever knew the old one is out.
	if err := v.c.cfg.Admins.EndAdminSessionsOf(v.Context(), v.admin.ID, v.session.ID); err != nil {
		return err
	}
	v.c.audit(v.Request, v.admin, "", "password.set", v.admin.Name, "")
	v.redirect(home, "password")
	return nil
}

// plain writes a page for somebody who is not signed in.
func (c *Console) plain(w http.ResponseWriter, r *http.Request, status int, name, title, wrong string, body any) {
	lang := language(r)
	f := frame{Lang: lang, Title: words.T(lang, "admin."+title), Body: body}
	if wrong != "" {
		f.Wrong = words.T(lang, "admin."+wrong)
	}
	c.write(w, r, status, name, f)
}

func (c *Console) write(w http.ResponseWriter, r *http.Request, status int, name string, f frame) {
	if err := c.pages.write(w, status, name, f); err != nil {
		c.log.ErrorContext(r.Context(), "console page not written", "page", name, "err", err)
	}
}
