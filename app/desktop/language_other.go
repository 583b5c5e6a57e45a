//go:build !windows && !darwin

package desktop

// systemLanguage is unknown but for the variables, by which sessions here name it.
func systemLanguage() string { return "" }
