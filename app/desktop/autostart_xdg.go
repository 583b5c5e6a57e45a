//go:build unix && !darwin

package desktop

import (
	"os"
	"path/filepath"
	"strings"
)

// path follows the Desktop Application Autostart Specification.
func (a Autostart) path() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "autostart", a.Name+".desktop"), nil
}

func (a Autostart) enabled() (bool, error) {
	path, err := a.path()
	if err != nil {
		return false, err
	}
	return hasEntry(path)
}

func (a Autostart) enable() error {
	path, err := a.path()
	if err != nil {
		return err
	}
	words := make([]string, len(a.Command))
	for i, word := range a.Command {
		words[i] = quoteExec(word)
	}
	return writeEntry(path, "[Desktop Entry]\nType=Application\nName="+escapeEntry(a.Title)+
		"\nExec="+escapeEntry(strings.Join(words, " "))+"\nTerminal=false\nNoDisplay=true\n")
}

func (a Autostart) disable() error {
	path, err := a.path()
	if err != nil {
		return err
	}
	return removeEntry(path)
}

// quoteExec writes one argument of an Exec line (Desktop Entry Specification 1.5, "The
// Exec key").
func quoteExec(word string) string {
	return `"` + strings.NewReplacer(`"`, `\"`, "`", "\\`", `$`, `\$`, `\`, `\\`, `%`, `%%`).Replace(word) + `"`
}

// escapeEntry writes a value of type string (ibid., "Possible value types").
func escapeEntry(value string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(value)
}
