package tray

import (
	"lanyard/app/local"
	"lanyard/auth/words"
)

// Icon is what the badge looks like: the name of a picture in assets.TrayIcons.
type Icon string

// The icons.
const (
	SignedOut Icon = "signed-out"
	Busy      Icon = "busy"
	SignedIn  Icon = "signed-in"
	NeedsYou  Icon = "needs-you"
)

// Verb is what a click asks the agent for.
type Verb string

// The verbs. What each is about is in its [Action].
const (
	SignIn     Verb = "sign in"     // Profile; empty where the device's policy names the company
	Cancel     Verb = "cancel"      // the attempt Name
	Open       Verb = "open"        // the app Name of Profile
	Report     Verb = "report"      // that the app Name of Profile asked to sign in
	OpenWindow Verb = "open window" // the window Name
	Retry      Verb = "retry"       // look whether the password store is open now
	Devices    Verb = "devices"     // of Profile
	Select     Verb = "select"      // Profile
	SignOut    Verb = "sign out"    // Profile
	Quit       Verb = "quit"
)

// Action is the wish that a click carries; the zero one is none.
type Action struct {
	Verb          Verb
	Profile, Name string
}

// Item is one row of the menu: a separator (no label), a submenu (Items), or something
// to click. A row without an Action only says something. One that is Hidden keeps the
// place of what comes and goes, so that nothing else moves, or is made anew, under the
// mouse of somebody who has the menu open.
type Item struct {
	Label   string
	Checked bool
	Hidden  bool
	Do      Action
	Items   []Item
}

// Separator reports whether the row is the line between two groups.
func (i Item) Separator() bool { return i.Label == "" && !i.Hidden }

// Enabled reports whether the row can be clicked or opened.
func (i Item) Enabled() bool { return i.Do != Action{} || len(i.Items) > 0 }

// Tray is all that a panel shows.
type Tray struct {
	Icon    Icon
	Tooltip string
	Items   []Item
}

// trayApps is how many apps the menu lists; "All apps…" has the rest.
const trayApps = 10

// Menu says what the tray shows in a state, in a language ("en" or "zh").
func Menu(state local.State, lang string) Tray {
	m := menu{state: &state, profile: state.Profile(""), lang: lang}
	if a := state.Attempt; a != nil && !a.Over() {
		m.attempt = a
	}
	first := m.first()
	items := append(m.trouble(), first)
	items = append(items, m.news()...)
	items = append(items, m.apps()...)
	items = append(items, Item{})
	items = append(items, m.accounts()...)
	items = append(items, m.item("settings", Action{Verb: OpenWindow, Name: "settings"}))
	if p := m.profile; p != nil && p.Phase != local.SignedOut {
		items = append(items, m.item("sign_out", Action{Verb: SignOut, Profile: p.ID}))
	}
	items = append(items, m.item("close", Action{Verb: Quit}))
	return Tray{Icon: m.icon(), Tooltip: m.tooltip(first), Items: items}
}

// menu is a Menu in the making.
type menu struct {
	state   *local.State
	profile *local.Profile // the current one, or nil
	attempt *local.Attempt // the sign-in that runs, or nil
	lang    string
}

func (m *menu) text(key string, args ...string) string { return words.T(m.lang, "tray."+key, args...) }

func (m *menu) item(key string, do Action) Item { return Item{Label: m.text(key), Do: do} }

func (m *menu) icon() Icon {
	switch {
	case m.attempt != nil:
		return Busy
	case m.profile == nil:
		return SignedOut
	}
	switch m.profile.Phase {
	case local.SignedIn:
		return SignedIn
	case local.NeedsYou, local.WaitingForKeyring:
		return NeedsYou
	default:
		return SignedOut
	}
}

// first is the line that says where one stands, and the way on from there.
func (m *menu) first() Item {
	p := m.profile
	switch {
	case m.attempt != nil:
		return m.item("signing_in", Action{Verb: Cancel, Name: m.attempt.ID})
	case p == nil && m.state.ManagedBy != "":
		return m.item("sign_in", Action{Verb: SignIn})
	case p == nil:
		return m.item("sign_in", Action{Verb: OpenWindow, Name: "sign-in"})
	}
	company := p.Enterprise.Name.In(m.lang)
	switch {
	case p.Phase == local.SignedOut:
		return m.item("sign_in", Action{Verb: SignIn, Profile: p.ID})
	case p.Phase == local.NeedsYou && p.Ended():
		return Item{Label: m.text("ended", "company", company), Do: Action{Verb: SignIn, Profile: p.ID}}
	case p.Phase == local.NeedsYou:
		return Item{Label: m.text("needs_you", "company", company), Do: Action{Verb: SignIn, Profile: p.ID}}
	case p.Phase == local.WaitingForKeyring:
		return m.item("keyring", Action{Verb: Retry})
	case p.ServerDown:
		return Item{Label: m.text("server_down", "company", company)}
	case m.state.Offline:
		return Item{Label: m.text("offline")}
	default:
		return Item{Label: m.who(p), Do: Action{Verb: OpenWindow, Name: "apps"}}
	}
}

// trouble is why the last sign-in failed, for somebody who is not signed in since: where
// no window can open and no page was reached, nothing else says so.
func (m *menu) trouble() []Item {
	a := m.state.Attempt
	if a == nil || !a.Failed() || m.profile != nil && m.profile.Phase == local.SignedIn {
		return nil
	}
	said := words.ExplainFault(a.Problem.Code, a.Problem.Args, m.lang)
	return []Item{
		{Label: words.Line(said.Sentence, maxSentence)},
		{Label: words.T(m.lang, "common.reference", "reference", a.Reference)},
		{},
	}
}

// news is that somebody signed in as this person on another device: they alone know
// whether it was them.
func (m *menu) news() []Item {
	if m.profile == nil {
		return nil
	}
	if m.profile.NewDevice == nil {
		return []Item{{Hidden: true}}
	}
	name := words.Line(m.profile.NewDevice.Name, maxLabel)
	return []Item{{Label: m.text("new_device", "device", name), Do: Action{Verb: Devices, Profile: m.profile.ID}}}
}

// apps is the group of apps, after a line of its own.
func (m *menu) apps() []Item {
	if m.profile == nil || len(m.profile.Apps) == 0 {
		return nil
	}
	items := []Item{{}}
	for _, app := range m.profile.Apps[:min(len(m.profile.Apps), trayApps)] {
		title := words.Line(app.Title.In(m.lang), maxLabel)
		if title == "" {
			title = app.ID
		}
		items = append(items, Item{Label: title, Do: Action{Verb: Open, Profile: m.profile.ID, Name: app.ID}})
	}
	items = append(items, m.item("all_apps", Action{Verb: OpenWindow, Name: "apps"}))
	return append(items, m.opened()...)
}

// opened asks for a while after an app was opened whether it asked for a sign-in: the one
// thing that nobody but the person can know.
func (m *menu) opened() []Item {
	o := m.profile.Opened
	if o == nil {
		return []Item{{Hidden: true}}
	}
	title := words.Line(o.Title.In(m.lang), maxLabel)
	if title == "" {
		title = o.App
	}
	if o.Told {
		return []Item{{Label: m.text("told", "app", title)}}
	}
	return []Item{{Label: m.text("asked", "app", title), Do: Action{Verb: Report, Profile: m.profile.ID, Name: o.App}}}
}

// accounts is the choice between several of them.
func (m *menu) accounts() []Item {
	if len(m.state.Profiles) < 2 {
		return nil
	}
	choice := Item{Label: m.text("switch")}
	for i := range m.state.Profiles {
		p := &m.state.Profiles[i]
		choice.Items = append(choice.Items, Item{
			Label: m.who(p), Checked: p == m.profile, Do: Action{Verb: Select, Profile: p.ID},
		})
	}
	return []Item{choice}
}

// who is an account as people see it: the company, and the person where that is known.
func (m *menu) who(p *local.Profile) string {
	company := words.Line(p.Enterprise.Name.In(m.lang), maxLabel)
	if company == "" {
		company = p.Enterprise.Code
	}
	return m.text("who", "company", company, "name", words.Line(p.Identity.Name, maxLabel))
}

// tooltip is the first line, after whose account it is about.
func (m *menu) tooltip(first Item) string {
	line := first.Label
	if m.profile != nil && m.profile.Phase != local.SignedOut && line != m.who(m.profile) {
		line = m.who(m.profile) + " · " + line
	}
	return m.text("tooltip", "line", line)
}

// The lengths to which names and sentences are cut: a menu is as wide as its widest row.
const (
	maxLabel    = 40
	maxSentence = 80
)
