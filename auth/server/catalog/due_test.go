package catalog_test

import "testing"

// A person whom the company has not seen for too long comes to the app by its page,
// whatever the way, and the link is used up.
func TestDuePersonGoesByTheCompanysPage(t *testing.T) {
	w := newWorld(t)
	zhang := w.signedIn(acme, "张三")
	w.due = zhang.person
	b, agent := w.browser(), w.agent(zhang)
	answer, _ := b.open(agent.link.URL)
	w.atCompany(b, answer)

	w.due = ""
	_, page := b.open(agent.link.URL)
	w.spent(b, page)

	// After the form that asks where there is no agent, too: by a page, not by a redirect.
	alone := w.browser()
	_, page = alone.open(w.mint(zhang, 0, "").URL)
	w.due = zhang.person
	answer, _ = alone.press(page, "continue")
	w.atCompany(alone, answer)

	// Somebody else who stays in the browser is no exception.
	li := w.signedIn(acme, "李四")
	stays := w.browser()
	stays.signIn(li)
	w.due = li.person
	_, page = stays.open(w.mint(zhang, 0, "").URL)
	if answer, _ = stays.press(page, "keep"); answer.Header.Get("Begin") != "/e/"+acme+"/a/notes" || w.opened != "" {
		t.Errorf("who stays: at %s, opened %q", answer.Request.URL.Path, w.opened)
	}

	b.signIn(zhang)
	w.due = zhang.person
	access := w.issuer(acme) + "/a/notes"
	answer, _ = b.open(access)
	if got := answer.Header.Get("Begin"); got != "/e/"+acme+"/a/notes" {
		t.Errorf("access link with an old session: sign-in for %q", got)
	}
	if w.opened != "" {
		t.Error("the app was opened")
	}
	w.due = ""
	b.open(access)
	w.inApp(b.trail)
}
