package console

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

const (
	// idle ends a session that nobody uses, long before its life is over.
	idle = time.Hour
	// touchEvery bounds how often a session's last look is written.
	touchEvery = time.Minute
)

func (c *Console) cookieName() string {
	if c.cfg.Base.Secure() {
		return "__Host-lanyard-admin" // no other host can set it (RFC 6265bis section 4.1.3.2)
	}
	return "lanyard-admin"
}

func (c *Console) setCookie(w http.ResponseWriter, value string, life time.Duration) {
	age := int(life / time.Second)
	if life <= 0 {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the public address: plain http is for loopback
		Name: c.cookieName(), Value: value, Path: "/", MaxAge: age,
		// Lax, not Strict: a test sign-in comes back from the provider.
		HttpOnly: true, Secure: c.cfg.Base.Secure(), SameSite: http.SameSiteLaxMode,
	})
}

// visit finds the admin whose browser asks, or an error that wraps auth.ErrSignInRequired.
func (c *Console) visit(w http.ResponseWriter, r *http.Request) (*visit, error) {
	session, err := c.session(r)
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	v := &visit{Request: r, c: c, w: w, lang: language(r), session: session}
	if v.admin, err = c.cfg.Admins.Admin(ctx, session.AdminID); err != nil {
		return nil, required(err)
	}
	v.id = session.EnterpriseID
	if v.admin.Role != server.RoleOperator {
		v.id = v.admin.EnterpriseID // whatever the session says
	}
	if v.id != "" {
		v.enterprise, err = c.cfg.Enterprises.Enterprise(ctx, v.id)
		if err != nil && !errors.Is(err, auth.ErrNotFound) {
			return nil, err
		}
	}
	return v, nil
}

// session finds the browser's session and notes that it is used.
func (c *Console) session(r *http.Request) (server.AdminSession, error) {
	cookie, err := r.Cookie(c.cookieName())
	if err != nil || cookie.Value == "" {
		return server.AdminSession{}, auth.Fail(auth.SignInRequired, nil, nil)
	}
	now := c.cfg.Base.Time()
	s, err := c.cfg.Admins.AdminSession(r.Context(), server.Hash(cookie.Value), now)
	if err != nil {
		return s, required(err)
	}
	if now.Sub(s.LastSeen) > idle {
		return s, auth.Fail(auth.SignInRequired, nil, c.cfg.Admins.EndAdminSession(r.Context(), s.ID))
	}
	if now.Sub(s.LastSeen) > touchEvery {
		switch err := stands(c.cfg.Admins.TouchAdminSession(r.Context(), s.ID, now)); {
		case errors.Is(err, auth.ErrSignInRequired):
			return s, err
		case err != nil:
			c.log.WarnContext(r.Context(), "admin session not touched", "session", s.ID, "err", err)
		}
	}
	return s, nil
}

// stands makes auth.ErrSignInRequired of what opening or changing a session answers where
// that has ended, or its admin has changed, since it was found.
func stands(err error) error {
	if errors.Is(err, auth.ErrConflict) {
		return auth.Fail(auth.SignInRequired, nil, err)
	}
	return err
}

func required(err error) error {
	if errors.Is(err, auth.ErrNotFound) {
		return auth.Fail(auth.SignInRequired, nil, err)
	}
	return err
}

// open gives the browser a new session of an admin, and a new cookie with it. For one who
// was changed or removed since they were found it is an error that wraps
// auth.ErrSignInRequired.
func (c *Console) open(w http.ResponseWriter, r *http.Request, admin server.Admin, byLink bool) error {
	ctx, now := r.Context(), c.cfg.Base.Time()
	enterprise, err := c.first(ctx, admin)
	if err != nil {
		return err
	}
	if old, err := c.session(r); err == nil {
		if err := c.cfg.Admins.EndAdminSession(ctx, old.ID); err != nil {
			return err
		}
	}
	life := c.cfg.Base.Lifetimes.AdminSession
	value := auth.RandomToken()
	admin.LastSeen = now
	err = c.cfg.Admins.OpenAdminSession(ctx, admin, server.AdminSession{
		ID: auth.RandomID(), AdminID: admin.ID, CookieHash: server.Hash(value), EnterpriseID: enterprise, ByLink: byLink,
		CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(life),
	})
	if err != nil {
		return stands(err)
	}
	c.setCookie(w, value, life)
	return nil
}

// first is the enterprise that a session begins with: the admin's own, or the only one
// that there is.
func (c *Console) first(ctx context.Context, admin server.Admin) (string, error) {
	if admin.Role != server.RoleOperator {
		return admin.EnterpriseID, nil
	}
	all, err := c.cfg.Enterprises.ListEnterprises(ctx)
	if err != nil || len(all) != 1 {
		return "", err
	}
	return all[0].ID, nil
}

// move makes another enterprise the one that the session is about.
func (v *visit) move(enterprise string) error {
	v.session.EnterpriseID = enterprise
	return stands(v.c.cfg.Admins.MoveAdminSession(v.Context(), v.session.ID, enterprise))
}

// signOut ends the session.
func (v *visit) signOut() error {
	if err := v.c.cfg.Admins.EndAdminSession(v.Context(), v.session.ID); err != nil {
		return err
	}
	v.c.setCookie(v.w, "", 0)
	v.redirect(signIn, "signed_out")
	return nil
}

func isUpload(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data")
}
