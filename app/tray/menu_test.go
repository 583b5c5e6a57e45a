package tray_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lanyard/app/local"
	"lanyard/app/tray"
)

var update = flag.Bool("update", false, "write the golden files anew")

// profile is an account with apps, of which "notes" has a Chinese title.
func profile(id, company, name string, phase local.Phase, apps ...string) local.Profile {
	p := local.Profile{ID: id, Phase: phase, AppsAll: len(apps)}
	p.Enterprise.Code = strings.ToLower(company)
	p.Enterprise.Name = map[string]string{"en": company, "zh": company + " 科技"}
	p.Identity.Name = name
	for _, app := range apps {
		var e local.AppEntry
		e.ID = app
		e.Title = map[string]string{"en": strings.ToUpper(app[:1]) + app[1:]}
		if app == "notes" {
			e.Title["zh"] = "笔记"
		}
		p.Apps = append(p.Apps, e)
	}
	return p
}

func attempt(step local.Step, problem *local.Problem) *local.Attempt {
	return &local.Attempt{ID: "a1", Step: step, Problem: problem, Reference: "4829-1375"}
}

func numbered(n int) (apps []string) {
	for i := range n {
		apps = append(apps, fmt.Sprintf("app-%d", i))
	}
	return apps
}

// states is every state that the tray tells apart.
func states() map[string]local.State {
	one := func(phase local.Phase, apps ...string) local.State {
		return local.State{Current: "p1", Profiles: []local.Profile{profile("p1", "Acme", "张三", phase, apps...)}}
	}
	with := func(s local.State, change func(s *local.State)) local.State {
		change(&s)
		return s
	}
	beta := profile("p2", "Beta", "李四", local.SignedOut)
	return map[string]local.State{
		"nobody":    {},
		"managed":   {ManagedBy: "Acme IT"},
		"first":     {Attempt: attempt(local.StepConfirm, nil)},
		"failed":    {Attempt: attempt(local.StepFailed, &local.Problem{Code: "provider_unreachable", Args: map[string]string{"host": "sso.acme.com", "help": "IT 4008"}})},
		"canceled":  {Attempt: attempt(local.StepFailed, &local.Problem{Code: "sign_in_canceled"})},
		"signed-in": one(local.SignedIn, "notes", "handbook"),
		"refreshing": with(one(local.SignedIn, "notes"), func(s *local.State) {
			s.Profiles[0].Refreshing = true
		}),
		"no-apps":   one(local.SignedIn),
		"many-apps": one(local.SignedIn, numbered(14)...),
		"offline":   with(one(local.SignedIn, "notes"), func(s *local.State) { s.Offline = true }),
		"server-down": with(one(local.SignedIn, "notes"), func(s *local.State) {
			s.Offline, s.Profiles[0].ServerDown = true, true
		}),
		"opened": with(one(local.SignedIn, "notes"), func(s *local.State) {
			s.Profiles[0].Opened = &local.Opened{App: "notes", Title: s.Profiles[0].Apps[0].Title}
		}),
		"new-device": with(one(local.SignedIn, "notes"), func(s *local.State) {
			s.Profiles[0].NewDevice = &local.NewDevice{Name: "desk\u202e\n4"}
		}),
		"told": with(one(local.SignedIn, "notes"), func(s *local.State) {
			s.Profiles[0].Opened = &local.Opened{App: "notes", Title: map[string]string{"en": "Ac\u202eme\n& {app} [x]"}, Told: true}
		}),
		"needs-you":  one(local.NeedsYou, "notes", "handbook"),
		"keyring":    one(local.WaitingForKeyring, "notes"),
		"signed-out": one(local.SignedOut),
		"ended": with(one(local.NeedsYou), func(s *local.State) {
			s.Profiles[0].Problem = &local.Problem{Code: "access_ended"}
		}),
		"signing-in-again": with(one(local.NeedsYou, "notes"), func(s *local.State) {
			s.Attempt = attempt(local.StepWaiting, nil)
		}),
		"failed-long-ago": with(one(local.SignedIn, "notes"), func(s *local.State) {
			s.Attempt = attempt(local.StepFailed, &local.Problem{Code: "sign_in_timeout"})
		}),
		"two-accounts": with(one(local.SignedIn, "notes"), func(s *local.State) {
			s.Profiles = append(s.Profiles, beta)
		}),
		"hostile-names": with(one(local.SignedIn, "notes", "-"), func(s *local.State) {
			s.Profiles[0].Enterprise.Name = map[string]string{"en": "Ac\u202eme\n & {name} [x]"}
			s.Profiles[0].Identity.Name = strings.Repeat("long ", 20)
			s.Profiles[0].Apps[0].Title = map[string]string{"en": "a_b & c\x00\td"}
			s.Profiles[0].Apps[1].Title = nil
		}),
	}
}

// TestMenu compares what each state shows with testdata, in both languages.
func TestMenu(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		for name, state := range states() {
			got := transcript(tray.Menu(state, lang))
			file := filepath.Join("testdata", name+"."+lang+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(file); err != nil || got != string(want) {
				t.Errorf("%s (%v): got\n%s", file, err, got)
			}
		}
	}
}

// transcript is a tray as text: what can be clicked is followed by what it asks for.
func transcript(shown tray.Tray) string {
	var b strings.Builder
	fmt.Fprintf(&b, "(%s) %s\n", shown.Icon, shown.Tooltip)
	write(&b, "", shown.Items)
	return b.String()
}

func write(b *strings.Builder, indent string, items []tray.Item) {
	for _, i := range items {
		switch {
		case i.Hidden:
			continue
		case i.Separator():
			fmt.Fprintf(b, "%s─\n", indent)
			continue
		case i.Checked:
			fmt.Fprintf(b, "%s✓ %s", indent, i.Label)
		default:
			fmt.Fprintf(b, "%s%s", indent, i.Label)
		}
		if i.Do != (tray.Action{}) {
			fmt.Fprintf(b, "    → %s", strings.Join(strings.Fields(fmt.Sprint(i.Do.Verb, " ", i.Do.Profile, " ", i.Do.Name)), " "))
		}
		b.WriteByte('\n')
		write(b, indent+"    ", i.Items)
	}
}
