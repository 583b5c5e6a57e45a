package desktop

import "golang.org/x/sys/windows"

// systemLanguage is the one that the person has chosen for Windows itself.
func systemLanguage() string {
	chosen, err := windows.GetUserPreferredUILanguages(windows.MUI_LANGUAGE_NAME)
	if err != nil || len(chosen) == 0 {
		return ""
	}
	return chosen[0]
}
