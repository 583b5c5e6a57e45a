package traytest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	itemPath = "/StatusNotifierItem"
	menuPath = itemPath + "/menu"
	patience = time.Minute // that a test has; it costs nothing where all is well
)

// Icon is a tray as a panel sees it.
type Icon struct {
	Name string // on the bus
	// Hand clicks as a hand does, a while after a row has come: the library drops a click of
	// the moment between showing a row and listening to it.
	Hand bool

	t    testing.TB
	conn *dbus.Conn
}

// NewIcon looks at the icon of the program that has that name on the bus.
func NewIcon(t testing.TB, conn *dbus.Conn, name string) *Icon {
	return &Icon{Name: name, t: t, conn: conn}
}

// Property reads a property of the icon.
func (i *Icon) Property(name string) any {
	i.t.Helper()
	v, err := i.conn.Object(i.Name, itemPath).GetProperty("org.kde.StatusNotifierItem." + name)
	if err != nil {
		i.t.Fatalf("read %s: %v", name, err)
	}
	return v.Value()
}

// Row is one row of a menu; a separator is called "─".
type Row struct {
	ID       int32
	Label    string
	Enabled  bool
	Checked  bool
	Children []Row
}

// Menu reads the menu as it is now.
func (i *Icon) Menu() []Row {
	i.t.Helper()
	var revision uint32
	var root struct {
		ID       int32
		Props    map[string]dbus.Variant
		Children []dbus.Variant
	}
	err := i.conn.Object(i.Name, menuPath).Call("com.canonical.dbusmenu.GetLayout", 0, int32(0), int32(-1), []string{}).Store(&revision, &root)
	if err != nil {
		i.t.Fatalf("read the menu: %v", err)
	}
	return rows(root.Children)
}

func rows(variants []dbus.Variant) (list []Row) {
	for _, row := range variants {
		fields := row.Value().([]any)
		props := fields[1].(map[string]dbus.Variant)
		if props["visible"].Value() == false {
			continue
		}
		e := Row{ID: fields[0].(int32), Enabled: true, Children: rows(fields[2].([]dbus.Variant))}
		if props["type"].Value() == "separator" {
			e.Label = "─"
		} else {
			e.Label, _ = props["label"].Value().(string)
			e.Enabled, _ = props["enabled"].Value().(bool)
			e.Checked = props["toggle-state"].Value() == int32(1)
		}
		list = append(list, e)
	}
	return list
}

// Text is a menu in one line: rows apart by |, what cannot be clicked in parentheses,
// submenus in braces.
func Text(list []Row) string {
	var out []string
	for _, e := range list {
		label := e.Label
		if !e.Enabled {
			label = "(" + label + ")"
		}
		if e.Checked {
			label = "✓" + label
		}
		if len(e.Children) > 0 {
			label += "{" + Text(e.Children) + "}"
		}
		out = append(out, label)
	}
	return strings.Join(out, "|")
}

// Waits waits until a property reads as wanted.
func (i *Icon) Waits(name string, wanted func(string) bool) {
	i.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		got := fmt.Sprint(i.Property(name))
		if wanted(got) {
			return
		}
		if time.Now().After(deadline) {
			i.t.Fatalf("%s = %s", name, got)
		}
	}
}

// Shows waits until the menu reads as wanted.
func (i *Icon) Shows(want string) []Row {
	i.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		list := i.Menu()
		if got := Text(list); got == want {
			return list
		} else if time.Now().After(deadline) {
			i.t.Fatalf("the menu reads\n%s\nwant\n%s", got, want)
		}
	}
}

// Click clicks the row with that label, in a submenu too.
func (i *Icon) Click(list []Row, label string) {
	i.t.Helper()
	for n := 0; i.Hand && n < 10; n++ { // who has answered so often meanwhile has come to listen
		i.Menu()
		time.Sleep(25 * time.Millisecond)
	}
	for _, e := range list {
		if e.Label == label {
			err := i.conn.Object(i.Name, menuPath).Call("com.canonical.dbusmenu.Event", 0, e.ID, "clicked", dbus.MakeVariant(""), uint32(0)).Err
			if err != nil {
				i.t.Fatalf("click %s: %v", label, err)
			}
			return
		}
		if slices.ContainsFunc(e.Children, func(c Row) bool { return c.Label == label }) {
			i.Click(e.Children, label)
			return
		}
	}
	i.t.Fatalf("no row %q in %s", label, Text(list))
}
