package schema

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"lanyard/assets"
	"lanyard/auth"
	"lanyard/auth/connector"
)

// Preset is a shipped connector with blanks for an admin to fill.
type Preset struct {
	ID        string
	Title     auth.Text
	Connector connector.Connector
	YAML      []byte // as shipped, with its comments
}

// presets reads the shipped presets once. They are part of the program, so one that
// does not parse is a fault of its author; a test reads them all.
var presets = sync.OnceValue(func() []Preset {
	files, err := fs.Glob(assets.Connectors, "connectors/*.yaml")
	if err != nil {
		panic(err)
	}
	out := make([]Preset, 0, len(files))
	for _, file := range files {
		yaml, err := fs.ReadFile(assets.Connectors, file)
		if err != nil {
			panic(err)
		}
		c, err := ParseConnector(file, yaml)
		if err != nil {
			panic(fmt.Sprintf("read preset %s: %v", file, err))
		}
		out = append(out, Preset{ID: c.ID, Title: c.Title, Connector: c, YAML: yaml})
	}
	slices.SortFunc(out, func(a, b Preset) int { return strings.Compare(a.ID, b.ID) })
	return out
})

// Presets returns the shipped presets, sorted by id. They are shared: fill one with
// [connector.Load], which copies.
func Presets() []Preset { return slices.Clone(presets()) }

// FindPreset returns the preset with an id, else an error that wraps auth.ErrNotFound
// and names those there are.
func FindPreset(id string) (Preset, error) {
	ids := make([]string, 0, len(presets()))
	for _, p := range presets() {
		if p.ID == id {
			return p, nil
		}
		ids = append(ids, p.ID)
	}
	return Preset{}, fmt.Errorf("find preset %q: %w; there are %s", id, auth.ErrNotFound, strings.Join(ids, ", "))
}
