package signin

import (
	"reflect"
	"testing"

	"lanyard/app/local"
	"lanyard/app/window"
	"lanyard/auth"
)

var acme = auth.Enterprise{
	ID: "e-acme", Code: "acme", Name: auth.Text{"en": "Acme", "zh": "Acme 科技"},
	Help: auth.Help{Name: "Acme IT", Phone: "4008"},
}

func profile(phase local.Phase) local.State {
	return local.State{Current: "p1", Profiles: []local.Profile{{
		ID: "p1", Enterprise: acme, Identity: auth.Identity{Name: "张三"}, Phase: phase,
	}}}
}

func attempt(step local.Step, change func(*local.Attempt)) local.State {
	e := acme
	a := &local.Attempt{ID: "a1", Step: step, Enterprise: &e, Host: "sso.acme.com", Reference: "4829-1375"}
	if change != nil {
		change(a)
	}
	return local.State{Attempt: a}
}

func failure(f auth.Fault, args auth.Args) func(*local.Attempt) {
	return func(a *local.Attempt) { a.Problem = &local.Problem{Code: f, Args: args} }
}

// TestLook is the screen as a function of State: of each view the part that matters.
func TestLook(t *testing.T) {
	company := view{company: "Acme", key: "e-acme", help: "Acme IT · 4008", attempt: "a1", reference: "4829-1375"}
	with := func(change func(*view)) view { v := company; change(&v); return v }
	doneState := profile(local.SignedIn)
	doneState.Profiles[0].Apps = []local.AppEntry{{App: auth.App{ID: "notes", Title: auth.Text{"zh": "笔记"}, Icon: "f00"}}}
	doneState.Profiles[0].AppsAll, doneState.MemoryOnly = 40, true
	doneState.Attempt = attempt(local.StepDone, func(a *local.Attempt) { a.Profile = "p1" }).Attempt
	problem := &local.Problem{Code: auth.CodeUnknown, Args: auth.Args{"code": "acmee", "suggestion": "acme"}}

	for _, row := range []struct {
		name   string
		state  local.State
		memory memory
		want   view
	}{
		{"nobody", local.State{}, memory{}, view{step: enter}},
		{"managed", local.State{ManagedBy: "Acme\u202e IT"}, memory{}, view{step: welcome, managed: "Acme IT"}},
		{"managed, another company wanted", local.State{ManagedBy: "Acme IT"}, memory{other: true}, view{step: enter}},
		{"signed out", profile(local.SignedOut), memory{}, view{step: again, profile: "p1", company: "Acme", key: "e-acme", help: "Acme IT · 4008", person: "张三"}},
		{"needs the person", profile(local.NeedsYou), memory{}, view{step: again, profile: "p1", company: "Acme", key: "e-acme", help: "Acme IT · 4008", person: "张三"}},
		{"locked", profile(local.WaitingForKeyring), memory{}, view{step: locked, profile: "p1", company: "Acme", key: "e-acme", help: "Acme IT · 4008", person: "张三"}},
		{"another account", profile(local.SignedIn), memory{}, view{step: enter}},
		{"near miss", local.State{}, memory{problem: problem}, view{step: enter, problem: problem, suggestion: "acme"}},
		{"somebody else's end", attempt(local.StepFailed, failure(auth.Internal, nil)), memory{}, view{step: enter}},
		{"an end that was read", attempt(local.StepFailed, failure(auth.Internal, nil)), memory{attempt: "a1", closed: "a1"}, view{step: enter}},

		{"resolving", attempt(local.StepResolving, func(a *local.Attempt) { a.Enterprise = nil }), memory{}, view{step: looking, attempt: "a1", reference: "4829-1375"}},
		{"checking", attempt(local.StepChecking, nil), memory{}, with(func(v *view) { v.step = looking })},
		{"a step of a newer agent", attempt("blessing", nil), memory{}, with(func(v *view) { v.step = looking })},
		{"card", attempt(local.StepConfirm, func(a *local.Attempt) { a.Via, a.Unconfirmed = "login.work.weixin.qq.com", "acme.com" }), memory{}, with(func(v *view) {
			v.step, v.host, v.via, v.doubt = card, "sso.acme.com", "login.work.weixin.qq.com", "acme.com"
		})},
		{"waiting", attempt(local.StepWaiting, func(a *local.Attempt) { a.URL = "https://sso.acme.com/x" }), memory{stuck: true}, with(func(v *view) {
			v.step, v.host, v.link, v.stuck = waiting, "sso.acme.com", "https://sso.acme.com/x", true
		})},
		{"finishing", attempt(local.StepFinishing, nil), memory{}, with(func(v *view) { v.step = finishing })},
		{"done", doneState, memory{attempt: "a1"}, with(func(v *view) {
			v.step, v.profile, v.person, v.notKept, v.all = done, "p1", "张三", true, 40
			v.apps = []app{{"notes", "笔记", "f00"}}
		})},
		{"done, but not opened", attempt(local.StepDone, failure(auth.AppUnknown, auth.Args{"app": "nots"})), memory{attempt: "a1"}, with(func(v *view) {
			v.step, v.problem = done, window.Explain(&local.Problem{Code: auth.AppUnknown, Args: auth.Args{"app": "nots"}}, "en")
		})},
	} {
		if got := look(row.state, row.memory, "en"); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", row.name, got, row.want)
		}
	}
}

// TestLookFailed is about what is said of a failure, and whether another account helps.
func TestLookFailed(t *testing.T) {
	for _, row := range []struct {
		change     func(*local.Attempt)
		sentence   string
		switchable bool
	}{
		{failure(auth.SignInWrongCompany, auth.Args{"name": "李四 (Beta)", "company": "Acme"}), "You signed in as 李四 (Beta); this code is for Acme.", true},
		{failure(auth.SignInDenied, auth.Args{"company": "Acme"}), "Acme did not let you in.", true},
		{failure(auth.ProviderUnreachable, auth.Args{"host": "sso.acme.com"}), "Can't reach sso.acme.com.", false},
		{func(a *local.Attempt) { a.Problem = &local.Problem{Code: "from_the_future", Sentence: "Mind the gap."} }, "Mind the gap.", false},
		{nil, "Lanyard ran into a problem of its own.", false},
	} {
		v := look(attempt(local.StepFailed, row.change), memory{attempt: "a1"}, "en")
		if v.step != failed || v.problem.Sentence != row.sentence || v.switchable != row.switchable || v.reference != "4829-1375" {
			t.Errorf("%q: got step %d, %+v, switchable %v", row.sentence, v.step, v.problem, v.switchable)
		}
	}
}
