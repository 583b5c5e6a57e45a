package catalog

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

const (
	// openedCookie names, for My apps, what this browser has opened last. It is no secret:
	// only the person whose opening it is can say anything of it.
	openedCookie = "lanyard-opened"
	// askFor is how long after an opening My apps asks how it went: as long as the tray does.
	askFor = 2 * time.Minute
)

// remember lets My apps in this browser ask how an opening went. Who came by an access link
// has no other place to say so.
func (c *Catalog) remember(w http.ResponseWriter, o server.Opening) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever there is https
		Name: openedCookie, Value: o.ID, Path: path(o.EnterpriseID) + "/", MaxAge: int(askFor / time.Second),
		HttpOnly: true, Secure: c.cfg.Base.Secure(), SameSite: http.SameSiteLaxMode,
	})
}

// askAfter adds to the body of My apps the line about what was opened last, if that was a
// moment ago, by this person, and is one of their apps.
func (c *Catalog) askAfter(r *http.Request, enterprise string, who server.Person, apps []server.App, body map[string]any) {
	cookie, err := r.Cookie(openedCookie)
	if err != nil {
		return
	}
	o, err := c.cfg.Openings.Opening(r.Context(), enterprise, cookie.Value)
	if err != nil {
		if !errors.Is(err, auth.ErrNotFound) {
			c.log.WarnContext(r.Context(), "last opening not read", "enterprise", enterprise, "err", err)
		}
		return
	}
	at := slices.IndexFunc(apps, func(a server.App) bool { return a.ID == o.AppID })
	if at < 0 || o.PersonID != who.ID || o.Outcome == server.OpeningFailed || c.cfg.Base.Time().Sub(o.At) > askFor {
		return
	}
	lang := language(r)
	if o.Outcome == server.OpeningAsked {
		body["Told"] = words.T(lang, "catalog.apps.told", "app", title(apps[at], lang))
		return
	}
	body["Asked"] = words.T(lang, "tray.asked", "app", title(apps[at], lang))
	body["AskedAction"] = path(enterprise, "openings", o.ID, "asked")
}

// pageAsked answers POST {issuer}/openings/{opening}/asked, the line on My apps. An opening
// that is none of the person's changes nothing.
func (c *Catalog) pageAsked(w http.ResponseWriter, r *http.Request) {
	home := path(r.PathValue("id")) + "/"
	e, _, who, ok := c.visited(w, r, home)
	if !ok {
		return
	}
	if err := c.complain(r, e.ID, who.ID); err != nil && !errors.Is(err, auth.ErrNotFound) {
		c.fail(w, r, err)
		return
	}
	redirect(w, c.cfg.Base.PublicURL+home)
}
