package settings

import (
	"slices"

	"lanyard/app/local"
	"lanyard/app/window"
	"lanyard/auth/words"
)

// account is one account as the screen shows it.
type account struct {
	id, company, person, phase, logo, key string
	current, signedIn                     bool
}

func accounts(s local.State, lang string) []account {
	var all []account
	for _, p := range s.Profiles {
		all = append(all, account{
			id: p.ID, company: window.Company(p.Enterprise, lang), person: window.Person(p.Identity),
			phase: words.T(lang, "window.phase."+string(p.Phase)), logo: p.Enterprise.Logo, key: p.Enterprise.ID,
			current: p.ID == s.Current, signedIn: p.Phase != local.SignedOut,
		})
	}
	return all
}

// locked reports whether somebody else has fixed a setting.
func locked(s local.Settings, name string) bool { return slices.Contains(s.Locked, name) }

// languages are the choices in their order, with what each is called in itself.
func languages(system string) (codes, names []string) {
	return []string{"", words.English, words.Chinese}, []string{system, "English", "中文"}
}
