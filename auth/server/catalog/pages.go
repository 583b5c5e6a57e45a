package catalog

import (
	"errors"
	"net/http"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

// ask shows whom this browser would open the app as, and who is signed in here if that
// is somebody else. proof is the agent's, if it gave one.
func (c *Catalog) ask(w http.ResponseWriter, r *http.Request, l server.Launch, proof string) {
	e, ok := c.enterprise(w, r)
	if !ok {
		return
	}
	app, err := c.app(r, l.AppID)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	who, err := c.cfg.People.Person(r.Context(), l.EnterpriseID, l.PersonID)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	lang := language(r)
	facts := []string{"name", who.Name, "company", e.Name.In(lang), "app", app.Title.In(lang)}
	body := map[string]any{
		"Action": path(l.EnterpriseID, "launch", r.PathValue("token"), "continue"), "Proof": proof,
		"Sentence": words.T(lang, "catalog.continue.sentence", facts...), "Warning": words.T(lang, "catalog.continue.warning"),
		"Yes": words.T(lang, "catalog.continue.yes", facts...), "No": words.T(lang, "common.cancel"),
	}
	title := words.T(lang, "catalog.continue.title", facts...)
	present, err := c.cfg.Gate.Session(r, l.EnterpriseID)
	if err == nil && present.PersonID != l.PersonID {
		other, err := c.cfg.People.Person(r.Context(), l.EnterpriseID, present.PersonID)
		if err != nil {
			c.fail(w, r, err)
			return
		}
		facts = append(facts, "other", other.Name)
		title = words.T(lang, "catalog.switch.title", facts...)
		body["Sentence"] = words.T(lang, "catalog.switch.sentence", facts...)
		body["Yes"], body["No"] = words.T(lang, "catalog.switch.yes", facts...), words.T(lang, "catalog.switch.no", facts...)
		body["Switch"] = true
	} else if err != nil && !errors.Is(err, auth.ErrSignInRequired) {
		c.fail(w, r, err)
		return
	}
	c.page(w, r, "launch", server.View{Lang: lang, Title: title, Enterprise: e, Body: body})
}

// closed says that nothing was opened.
func (c *Catalog) closed(w http.ResponseWriter, r *http.Request) {
	e, ok := c.enterprise(w, r)
	if !ok {
		return
	}
	lang := language(r)
	c.page(w, r, "page", server.View{
		Lang: lang, Title: words.T(lang, "catalog.declined.title"), Enterprise: e,
		Body: map[string]any{"Sentence": words.T(lang, "catalog.declined.sentence")},
	})
}

// tile is one app on My apps.
type tile struct{ Title, Address, Icon, Letter string }

// myApps answers GET {issuer}/: the person's apps in the browser.
func (c *Catalog) myApps(w http.ResponseWriter, r *http.Request) {
	e, ok := c.enterprise(w, r)
	if !ok {
		return
	}
	session, err := c.cfg.Gate.Session(r, e.ID)
	if errors.Is(err, auth.ErrSignInRequired) {
		c.cfg.Gate.Begin(w, r, e.ID, path(e.ID)+"/", server.BeginOptions{})
		return
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	who, err := c.cfg.People.Person(r.Context(), e.ID, session.PersonID)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	apps, err := c.cfg.Catalogue.Apps(r.Context(), e.ID)
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
	nothing := words.T(lang, "catalog.apps.none")
	if query != "" {
		nothing = words.T(lang, "catalog.apps.none_found", "query", query)
	}
	c.page(w, r, "apps", server.View{
		Lang: lang, Title: words.T(lang, "catalog.apps.title"), Enterprise: e, Pictures: true,
		Body: map[string]any{
			"Apps": tiles, "Query": query, "Search": words.T(lang, "catalog.apps.search"), "Nothing": nothing,
			"Who": words.T(lang, "catalog.apps.who", "name", who.Name), "Action": path(e.ID, "sign-out"), "SignOut": words.T(lang, "catalog.apps.sign_out"),
			// A search box is for those who have more than a glance takes in.
			"Searchable": query != "" || len(apps) > 8,
		},
	})
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
	t := tile{Title: app.Title.In(lang), Address: path(app.EnterpriseID, "a", app.ID)}
	if t.Title == "" {
		t.Title = app.ID
	}
	if app.Icon != "" {
		t.Icon = path(app.EnterpriseID, "icons", app.Icon)
	}
	for _, letter := range t.Title {
		t.Letter = strings.ToUpper(string(letter))
		break
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
