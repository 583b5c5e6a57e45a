package apps

import (
	"fmt"
	"slices"
	"strings"

	"lanyard/app/local"
	"lanyard/app/window"
	"lanyard/auth"
	"lanyard/auth/words"
)

// entry is one app as the grid shows it.
type entry struct {
	id, title, icon string
	pinned          bool
	names           []string // by which it is found, folded
}

func entries(list local.AppList, lang string) []entry {
	all := make([]entry, len(list.Apps))
	for i, a := range list.Apps {
		all[i] = entry{id: a.ID, title: window.Title(a.App, lang), icon: a.Icon, pinned: a.Pinned, names: []string{fold(a.ID)}}
		for _, title := range a.Title {
			all[i].names = append(all[i].names, fold(title))
		}
	}
	// The agent has put what is pinned first; one that is older may not have.
	slices.SortStableFunc(all, func(a, b entry) int {
		switch {
		case a.pinned == b.pinned:
			return 0
		case a.pinned:
			return -1
		}
		return 1
	})
	return all
}

// filter returns the apps one of whose names, in any language, has each word of query;
// what begins with it comes first.
func filter(all []entry, query string) []entry {
	query = strings.Join(strings.Fields(fold(query)), " ")
	if query == "" {
		return all
	}
	var begins, holds []entry
	for _, e := range all {
		has := func(part string, in func(name, part string) bool) bool {
			return slices.ContainsFunc(e.names, func(name string) bool { return in(name, part) })
		}
		if has(query, strings.HasPrefix) {
			begins = append(begins, e)
			continue
		}
		missing := slices.ContainsFunc(strings.Fields(query), func(word string) bool { return !has(word, strings.Contains) })
		if !missing {
			holds = append(holds, e)
		}
	}
	return append(begins, holds...)
}

// fold makes upper and lower case, and the full-width letters of an input method, alike.
func fold(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～': // U+FF01 to U+FF5E mirror ASCII
			return r - '！' + '!'
		case r == '　':
			return ' '
		}
		return r
	}, s))
}

// mark changes whenever the list of apps may have.
func mark(s local.State) string {
	p := s.Profile("")
	if p == nil {
		return ""
	}
	parts := []string{p.ID, string(p.Phase), fmt.Sprint(s.Offline, p.AppsAll)}
	for _, a := range p.Apps {
		parts = append(parts, fmt.Sprintf("%q %t %v %s", a.ID, a.Pinned, a.Title, a.Icon))
	}
	return strings.Join(parts, "\n")
}

// opened asks whether the app that was opened last asked for a sign-in; told says that the
// company knows already.
func opened(s local.State, lang string) (text string, told bool) {
	p := s.Profile("")
	if p == nil || p.Opened == nil {
		return "", false
	}
	title := window.Title(auth.App{ID: p.Opened.App, Title: p.Opened.Title}, lang)
	if p.Opened.Told {
		return words.T(lang, "tray.told", "app", title), true
	}
	return words.T(lang, "tray.asked", "app", title), false
}

// The buttons of a banner.
const (
	signIn = "signin.sign_in"
	again  = "again"
)

// banner is a line above the apps about why they may not be what they should, and the
// key of the button that helps, if anything does.
func banner(s local.State, stale bool, lang string) (text, help string) {
	p := s.Profile("")
	switch {
	case p == nil || p.Phase == local.SignedOut:
		return words.T(lang, "window.apps.signed_out"), signIn
	case p.Phase == local.NeedsYou:
		problem := local.Problem{Code: auth.SignInRequired, Args: auth.Args{"company": window.Company(p.Enterprise, lang)}}
		if p.Problem != nil {
			problem = *p.Problem
		}
		return window.Explain(&problem, lang).Sentence, signIn
	case p.Phase == local.WaitingForKeyring:
		return words.T(lang, "tray.keyring"), again
	case p.ServerDown:
		return words.T(lang, "window.apps.server_down"), ""
	case s.Offline:
		return words.T(lang, "window.apps.offline"), ""
	case stale:
		return words.T(lang, "window.apps.stale"), ""
	}
	return "", ""
}
