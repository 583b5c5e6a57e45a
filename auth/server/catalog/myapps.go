package catalog

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

// aGlance is how many apps need no search box.
const aGlance = 8

// tile is one app on My apps.
type tile struct{ Title, Address, Icon, Letter, Note string }

// visited returns who looks at a page of theirs, or has answered: with the company's
// sign-in page that leads back to ret where nobody is signed in.
func (c *Catalog) visited(w http.ResponseWriter, r *http.Request, ret string) (e server.Enterprise, s server.Session, who server.Person, ok bool) {
	if e, ok = c.enterprise(w, r); !ok {
		return e, s, who, false
	}
	s, err := c.cfg.Gate.Session(r, e.ID)
	if errors.Is(err, auth.ErrSignInRequired) {
		c.toSignIn(w, r, e, ret)
		return e, s, who, false
	}
	if err == nil {
		who, err = c.cfg.People.Person(r.Context(), e.ID, s.PersonID)
	}
	if err != nil {
		c.fail(w, r, err)
		return e, s, who, false
	}
	return e, s, who, true
}

// toSignIn sends the browser through the company's sign-in and on to ret. After a form, the
// search too, it does so by a page, as [Catalog.onward] does and for the same reason.
func (c *Catalog) toSignIn(w http.ResponseWriter, r *http.Request, e server.Enterprise, ret string) {
	if r.Method != http.MethodPost && r.URL.RawQuery == "" {
		c.cfg.Gate.Begin(w, r, e.ID, ret, server.BeginOptions{})
		return
	}
	lang := language(r)
	w.Header().Set("Refresh", "0; url="+ret)
	c.page(w, r, "opening", server.View{
		Lang: lang, Title: words.ExplainFault(auth.SignInRequired, nil, lang).Title, Enterprise: e,
		Body: map[string]string{"Address": ret, "Open": words.T(lang, "catalog.left.again")},
	})
}

// toMyApps sends the browser to My apps, after a form by a page: it may have to sign in.
func (c *Catalog) toMyApps(w http.ResponseWriter, r *http.Request) {
	home := path(r.PathValue("id")) + "/"
	if r.Method != http.MethodPost {
		redirect(w, c.cfg.Base.PublicURL+home)
		return
	}
	if e, ok := c.enterprise(w, r); ok {
		c.toSignIn(w, r, e, home)
	}
}

// myApps answers GET {issuer}/: the person's apps in the browser.
func (c *Catalog) myApps(w http.ResponseWriter, r *http.Request) {
	e, _, who, ok := c.visited(w, r, path(r.PathValue("id"))+"/")
	if !ok {
		return
	}
	apps, err := c.theirs(r, who)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	lang, query := language(r), strings.TrimSpace(r.URL.Query().Get("q"))
	tiles := make([]tile, 0, len(apps))
	for _, app := range apps {
		if wanted(app, query) {
			tiles = append(tiles, newTile(app, lang))
		}
	}
	body := map[string]any{
		"Apps": tiles, "Query": query, "Many": len(tiles) > aGlance, "Home": path(e.ID) + "/",
		"Search": words.T(lang, "catalog.apps.search"), "SearchGo": words.T(lang, "catalog.apps.search_go"),
		"Searchable": query != "" || len(apps) > aGlance,
		"Who":        words.T(lang, "catalog.apps.who", "name", called(who)),
		"Devices":    path(e.ID, "devices"), "DevicesText": words.T(lang, "catalog.devices.link"),
		"Action": path(e.ID, "sign-out"), "SignOut": words.T(lang, "catalog.apps.sign_out"),
	}
	switch {
	case query != "" && len(tiles) == 0:
		body["Nothing"], body["All"] = words.T(lang, "catalog.apps.none_found", "query", query), words.T(lang, "catalog.apps.all")
	case query != "":
		body["Found"], body["All"] = words.T(lang, "catalog.apps.found", "count", strconv.Itoa(len(tiles))), words.T(lang, "catalog.apps.all")
	case len(tiles) == 0:
		body["Nothing"], body["Hint"] = words.T(lang, "catalog.apps.none"), words.T(lang, "catalog.apps.none_hint")+" "+words.AskIT(e.Help, lang)
	}
	c.askAfter(r, e.ID, who, apps, body)
	c.page(w, r, "apps", server.View{Lang: lang, Title: words.T(lang, "catalog.apps.title"), Enterprise: e, Pictures: true, Body: body})
}

// wanted reports whether an app's id or title in any language holds the query.
func wanted(app server.App, query string) bool {
	query = strings.ToLower(query)
	if strings.Contains(strings.ToLower(app.ID), query) {
		return true
	}
	for _, title := range app.Title {
		if strings.Contains(strings.ToLower(title), query) {
			return true
		}
	}
	return false
}

func newTile(app server.App, lang string) tile {
	t := tile{Title: title(app, lang), Address: path(app.EnterpriseID, "a", app.ID)}
	if app.Icon != "" {
		t.Icon = path(app.EnterpriseID, "icons", app.Icon)
	}
	for _, letter := range t.Title {
		t.Letter = strings.ToUpper(string(letter))
		break
	}
	if nativeID(app) != "" {
		t.Note = words.T(lang, "catalog.apps.on_computer")
	}
	return t
}

// pageIcon answers GET {issuer}/icons/{sha256} to a signed-in browser.
func (c *Catalog) pageIcon(w http.ResponseWriter, r *http.Request) {
	session, err := c.cfg.Gate.Session(r, r.PathValue("id"))
	if err == nil {
		err = c.icon(w, r, session.EnterpriseID)
	}
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
	}
}

// signOut answers POST {issuer}/sign-out, the button of My apps.
func (c *Catalog) signOut(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if err := c.cfg.Gate.End(w, r, id); err != nil {
		c.fail(w, r, err)
		return
	}
	redirect(w, c.cfg.Base.PublicURL+path(id, "signed-out"))
}

// signedOut answers GET {issuer}/signed-out.
func (c *Catalog) signedOut(w http.ResponseWriter, r *http.Request) {
	e, ok := c.enterprise(w, r)
	if !ok {
		return
	}
	lang := language(r)
	c.page(w, r, "page", server.View{
		Lang: lang, Title: words.T(lang, "catalog.left.title"), Enterprise: e,
		Body: map[string]any{
			"Sentence": words.T(lang, "catalog.left.sentence"),
			"Again":    path(e.ID) + "/", "AgainText": words.T(lang, "catalog.left.again"),
		},
	})
}
