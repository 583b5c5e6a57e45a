package assets

import "embed"

// TrayIcons are the pictures of app/tray as this system wants them.
// They are templates: the menu bar takes their shape and no colour.
//
//go:embed icon/tray/macos/*.png
var TrayIcons embed.FS

// TrayIcon makes a file name in [TrayIcons] of a picture's name.
const TrayIcon = "icon/tray/macos/%s.png"
