package desktop

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
)

// label is the LaunchAgent's; it begins with the program's own identifier.
func (a Autostart) label() string { return "io.lanyard." + a.Name }

func (a Autostart) path() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, "Library", "LaunchAgents", a.label()+".plist"), nil
}

func (a Autostart) enabled() (bool, error) {
	path, err := a.path()
	if err != nil {
		return false, err
	}
	return hasEntry(path)
}

// enable writes a LaunchAgent that starts once with the session (launchd.plist(5)).
func (a Autostart) enable() error {
	path, err := a.path()
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>Label</key><string>` + escapeXML(a.label()) + `</string>
<key>ProgramArguments</key><array>`)
	for _, word := range a.Command {
		b.WriteString("<string>" + escapeXML(word) + "</string>")
	}
	b.WriteString("</array>\n<key>RunAtLoad</key><true/>\n</dict></plist>\n")
	return writeEntry(path, b.String())
}

func (a Autostart) disable() error {
	path, err := a.path()
	if err != nil {
		return err
	}
	return removeEntry(path)
}

func escapeXML(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}
