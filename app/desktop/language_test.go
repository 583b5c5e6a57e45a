package desktop

import "testing"

func TestLocaleOf(t *testing.T) {
	for tag, want := range map[string]string{
		"zh-CN": "zh_CN.UTF-8", "zh-Hans-CN": "zh_CN.UTF-8", "zh_Hant_TW": "zh_TW.UTF-8", "en-US": "en_US.UTF-8",
		"zh-Hans": "zh.UTF-8", "de": "de.UTF-8", "": "", "x; rm": "", "Chinese": "",
	} {
		if got := localeOf(tag); got != want {
			t.Errorf("%q: got %q, want %q", tag, got, want)
		}
	}
}

// TestWithLanguage asks the system once, and only where LANG says nothing.
func TestWithLanguage(t *testing.T) {
	asked := 0
	system := func() string { asked++; return firstOf("(\n    \"zh-Hans-CN\",\n    \"en-CN\"\n)\n") }
	for set, want := range map[string]string{"": "zh_CN.UTF-8", "de_DE.UTF-8": "de_DE.UTF-8"} {
		lookup := withLanguage(func(name string) (string, bool) {
			if name == "LANG" {
				return set, set != ""
			}
			return "", false
		}, system)
		for range 2 {
			if got, ok := lookup("LANG"); !ok || got != want {
				t.Errorf("LANG=%q: got %q, want %q", set, got, want)
			}
		}
		if got, ok := lookup("LC_ALL"); ok {
			t.Errorf("LC_ALL=%q", got)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	both := map[string]string{"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"} // formats of one, words of another
	lookup := withLanguage(func(name string) (string, bool) { value, ok := both[name]; return value, ok }, system)
	if got, _ := lookup("LANG"); got != "en_GB.UTF-8" {
		t.Errorf("with LC_MESSAGES: got %q", got)
	}
	both["LC_ALL"] = "de_DE.UTF-8"
	if got, _ := lookup("LANG"); got != "de_DE.UTF-8" {
		t.Errorf("with LC_ALL: got %q", got)
	}
	none := withLanguage(func(string) (string, bool) { return "", false }, func() string { return firstOf("") })
	if got, ok := none("LANG"); ok {
		t.Errorf("of nothing: %q", got)
	}
}
