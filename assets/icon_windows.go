package assets

import "embed"

// TrayIcons are the pictures of app/tray as this system wants them.
//
//go:embed icon/tray/*.ico
var TrayIcons embed.FS

// TrayIcon makes a file name in [TrayIcons] of a picture's name.
const TrayIcon = "icon/tray/%s.ico"
