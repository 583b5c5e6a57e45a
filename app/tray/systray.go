//go:build !darwin || cgo

package tray

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"runtime"
	"slices"
	"strings"

	"fyne.io/systray"

	"lanyard/assets"
)

// Available reports whether this build can show an icon.
const Available = true

// Run shows the icon until ctx or the agent ends, and returns when it is gone. It must
// be called on the main goroutine, once in a process; on Linux a session bus has to
// answer (see desktop.TrayHost). Where nobody shows icons yet it waits for somebody who
// does.
func Run(ctx context.Context, cfg Config) {
	t := newTray(cfg)
	// The library tells its troubles to the standard logger, which would write them on
	// the terminal.
	log.SetFlags(0)
	log.SetOutput(slog.NewLogLogger(t.log.Handler(), slog.LevelDebug).Writer())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t.canvas = &panel{clicked: func(index, sub int) { t.clicked(ctx, index, sub) }}
	t.loop(ctx)
}

// panel shows a Tray with systray.
type panel struct {
	clicked func(index, sub int)
	rows    []row
}

// row is an item as systray has it; a separator has none.
type row struct {
	item *systray.MenuItem
	sub  []row
}

// show redraws what differs. Items keep their identity as long as the menu keeps its
// shape: a panel may have it open, and some (Plasma) hold on to what they knew.
func (p *panel) show(old, now Tray) {
	if now.Icon != old.Icon {
		setIcon(picture(now.Icon))
	}
	if now.Tooltip != old.Tooltip {
		systray.SetTooltip(now.Tooltip)
	}
	if len(p.rows) > 0 && sameShape(old.Items, now.Items) {
		p.update(p.rows, old.Items, now.Items)
		return
	}
	systray.ResetMenu()
	p.rows = p.build(nil, now.Items, -1)
}

// build adds items to the menu, or to the submenu of the item in place index.
func (p *panel) build(parent *systray.MenuItem, items []Item, index int) []row {
	rows := make([]row, len(items))
	for i, it := range items {
		if it.Separator() {
			systray.AddSeparator() // there is none in a submenu
			continue
		}
		at, sub := i, -1
		if parent == nil {
			rows[i].item = systray.AddMenuItem(escape(it.Label), "")
		} else {
			at, sub = index, i
			rows[i].item = parent.AddSubMenuItemCheckbox(escape(it.Label), "", it.Checked)
		}
		if !it.Enabled() {
			rows[i].item.Disable()
		}
		if it.Hidden {
			rows[i].item.Hide()
		}
		go func(clicks <-chan struct{}) {
			for range clicks { // until the item is removed
				go p.clicked(at, sub) // the library drops a click that nobody takes at once
			}
		}(rows[i].item.ClickedCh)
		rows[i].sub = p.build(rows[i].item, it.Items, i)
	}
	return rows
}

// update changes items of the same shape in their places.
func (p *panel) update(rows []row, old, now []Item) {
	for i, it := range now {
		if it.Separator() {
			continue
		}
		item := rows[i].item
		if it.Label != old[i].Label {
			item.SetTitle(escape(it.Label))
		}
		if it.Enabled() != old[i].Enabled() {
			if it.Enabled() {
				item.Enable()
			} else {
				item.Disable()
			}
		}
		if it.Hidden != old[i].Hidden {
			if it.Hidden {
				item.Hide()
			} else {
				item.Show()
			}
		}
		if it.Checked != old[i].Checked {
			if it.Checked {
				item.Check()
			} else {
				item.Uncheck()
			}
		}
		p.update(rows[i].sub, old[i].Items, it.Items)
	}
}

// sameShape reports whether two menus differ in texts and marks alone.
func sameShape(a, b []Item) bool {
	return slices.EqualFunc(a, b, func(x, y Item) bool {
		return x.Separator() == y.Separator() && sameShape(x.Items, y.Items)
	})
}

// setIcon shows a picture; its file fits the system, see assets. The library panics when
// the bus has gone, as it does when the person logs out (SetMust in systray_unix.go,
// v1.12.2): the agent, which has apps and sessions to end, goes on.
func setIcon(data []byte) {
	defer func() { _ = recover() }()
	systray.SetTemplateIcon(data, data)
}

// escape keeps a character of a name from being taken for the mark of an access key:
// "_" in dbusmenu, "&" on Windows.
func escape(label string) string {
	switch runtime.GOOS {
	case "windows":
		return strings.ReplaceAll(label, "&", "&&")
	case "darwin":
		return label
	default:
		return strings.ReplaceAll(label, "_", "__")
	}
}

// picture reads an icon; all are embedded, so one that is missing is a programmer's
// error, which the tests find.
func picture(icon Icon) []byte {
	data, err := assets.TrayIcons.ReadFile(fmt.Sprintf(assets.TrayIcon, icon))
	if err != nil {
		panic("tray: read icon: " + err.Error())
	}
	return data
}
