package workbench_test

import (
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/workbench"
)

var apps = []auth.App{
	{ID: "expenses", Title: auth.Text{"en": "Travel and expenses", "zh": "报销"}},
	{ID: "notes", Title: auth.Text{"en": "Notes", "zh": "笔记"}},
	{ID: "handbook", Title: auth.Text{"en": "Handbook", "zh": "员工手册"}},
	{ID: "crm-eu", Title: auth.Text{"en": "Customers", "zh": "客户"}},
	{ID: "crm-cn", Title: auth.Text{"en": "Customers", "zh": "客户 中国"}},
	{ID: "release-notes", Title: auth.Text{"en": "Release notes"}},
}

func ids(apps []auth.App) string {
	var names []string
	for _, app := range apps {
		names = append(names, app.ID)
	}
	return strings.Join(names, " ")
}

func TestSearch(t *testing.T) {
	for _, tt := range []struct{ query, lang, want string }{
		{"", "en", "expenses notes handbook crm-eu crm-cn release-notes"},
		{"  ", "en", "expenses notes handbook crm-eu crm-cn release-notes"},
		{"note", "en", "notes release-notes"},
		{"NOTE", "en", "notes release-notes"},
		{"ｎｏｔｅ", "en", "notes release-notes"},
		{"笔", "en", "notes"},
		{"客户", "zh", "crm-eu crm-cn"},
		{"客户　中国", "zh", "crm-cn"},
		{"exp tra", "en", "expenses"},
		{"and", "en", "expenses handbook"},
		{"crm", "en", "crm-eu crm-cn"},
		{"nothing", "en", ""},
		{".*", "en", ""},
	} {
		if got := ids(workbench.Search(apps, tt.query, tt.lang)); got != tt.want {
			t.Errorf("search %q: got %q, want %q", tt.query, got, tt.want)
		}
	}
}

func TestFind(t *testing.T) {
	for _, tt := range []struct {
		name, want  string
		fault       auth.Fault
		arg, argVal string
	}{
		{name: "notes", want: "notes"},
		{name: "NOTES", want: "notes"},
		{name: "笔记", want: "notes"},
		{name: "ｎｏｔｅｓ", want: "notes"},
		{name: "Travel  and expenses ", want: "expenses"},
		{name: "crm-cn", want: "crm-cn"},
		{name: "客户 中国", want: "crm-cn"},
		{name: "Customers", fault: auth.AppAmbiguous, arg: "candidates", argVal: "crm-eu, crm-cn"},
		{name: "customer", fault: auth.AppAmbiguous, arg: "candidates", argVal: "crm-eu, crm-cn"},
		{name: "note", fault: auth.AppAmbiguous, arg: "candidates", argVal: "notes, release-notes"},
		{name: "hand", fault: auth.AppUnknown, arg: "suggestion", argVal: "handbook"},
		{name: "ntoes", fault: auth.AppUnknown, arg: "suggestion", argVal: "notes"},
		{name: "hendbok", fault: auth.AppUnknown, arg: "suggestion", argVal: "handbook"},
		{name: "payroll", fault: auth.AppUnknown, arg: "suggestion"},
		{name: "", fault: auth.AppUnknown, arg: "suggestion"},
		{name: "q", fault: auth.AppUnknown, arg: "suggestion"},
		{name: strings.Repeat("a", 100_000), fault: auth.AppUnknown, arg: "suggestion"},
	} {
		got, err := workbench.Find(apps, tt.name)
		if tt.fault == "" {
			if err != nil || got.ID != tt.want {
				t.Errorf("find %q: got %q, %v; want %q", tt.name, got.ID, err, tt.want)
			}
			continue
		}
		fault, args := auth.FaultOf(err)
		if fault != tt.fault || args["app"] != tt.name || args[tt.arg] != tt.argVal {
			t.Errorf("find %.20q: got %v %v, want %v with %s %q", tt.name, err, args[tt.arg], tt.fault, tt.arg, tt.argVal)
		}
	}
}
