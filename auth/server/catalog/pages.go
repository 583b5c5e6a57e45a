package catalog

import (
	"errors"
	"net/http"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

// subject returns what a launch's page is about, or has answered that it is not there.
func (c *Catalog) subject(w http.ResponseWriter, r *http.Request, l server.Launch) (server.Enterprise, server.App, bool) {
	e, ok := c.enterprise(w, r)
	if !ok {
		return e, server.App{}, false
	}
	app, err := c.app(r, l.AppID)
	if err != nil {
		c.fail(w, r, err)
	}
	return e, app, err == nil
}

// ask shows whom this browser would open the app as, and who is signed in here if that
// is somebody else. proof is the agent's, if it gave one.
func (c *Catalog) ask(w http.ResponseWriter, r *http.Request, l server.Launch, proof string) {
	e, app, ok := c.subject(w, r, l)
	if !ok {
		return
	}
	who, err := c.cfg.People.Person(r.Context(), l.EnterpriseID, l.PersonID)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	lang := language(r)
	facts := []string{"name", called(who), "company", e.Name.In(lang), "app", app.Title.In(lang)}
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
		facts = append(facts, "other", called(other))
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

// spent says that a link was used before, and offers the app by the company's sign-in.
func (c *Catalog) spent(w http.ResponseWriter, r *http.Request, l server.Launch, cause error) {
	e, app, ok := c.subject(w, r, l)
	if !ok {
		return
	}
	lang := language(r)
	text := words.ExplainFault(auth.LinkUsed, nil, lang)
	reference := c.recorded(r, openingOf(l), auth.Fail(auth.LinkUsed, nil, cause))
	c.page(w, r, "page", server.View{
		Lang: lang, Title: text.Title, Enterprise: e,
		Body: map[string]any{
			"Sentence": text.Sentence, "Hint": text.Hint, "Help": words.AskIT(e.Help, lang),
			"Again": path(e.ID, "a", app.ID), "AgainText": words.T(lang, "catalog.spent.again", "app", title(app, lang)),
			"Reference": words.T(lang, "common.reference", "reference", reference),
		},
	})
}
