package connector

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Find returns the first of the paths that leads to a value in a decoded JSON
// document (with json.Number for numbers): a text, a number exactly as it was
// written, or a truth value. Found is false where there is none or it is empty.
func (p Paths) Find(doc any) (value string, found bool) {
	for _, path := range p {
		if v, ok := text(lookup(doc, path)); ok && strings.TrimSpace(v) != "" {
			return v, true
		}
	}
	return "", false
}

// FindAll returns the texts of the first path that leads to any: "groups" is a list, and
// "departments.*.name" takes one field of each element.
func (p Paths) FindAll(doc any) []string {
	for _, path := range p {
		var out []string
		collect(doc, path, func(v any) {
			if s, ok := text(v); ok && strings.TrimSpace(s) != "" {
				out = append(out, s)
			}
		})
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// normalPath turns the other ways to write a path ("$.data[0].id", as WPS's console
// shows them) into dots.
func normalPath(path string) string {
	if rest, ok := strings.CutPrefix(path, "$"); ok {
		path = strings.TrimPrefix(rest, ".")
	}
	if strings.IndexByte(path, '[') >= 0 {
		first := path[0] == '['
		path = strings.NewReplacer("['", ".", "']", "", "[", ".", "]", "").Replace(path)
		if first {
			path = path[1:]
		}
	}
	return path
}

// lookup follows a dotted path; numbers index lists. A key that itself holds dots is
// found where the rest of the path is that key. nil stands for "not there".
func lookup(doc any, path string) any {
	for path != "" {
		switch at := doc.(type) {
		case map[string]any:
			if v, ok := at[path]; ok {
				return v
			}
			key, rest, _ := strings.Cut(path, ".")
			doc, path = at[key], rest
		case []any:
			key, rest, _ := strings.Cut(path, ".")
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(at) {
				return nil
			}
			doc, path = at[i], rest
		default:
			return nil
		}
	}
	return doc
}

// collect calls each with every element that a path with "*" leads to; a list at its
// end counts as its elements.
func collect(doc any, path string, each func(any)) {
	before, rest, star := strings.Cut(path, "*")
	doc = lookup(doc, strings.TrimSuffix(before, "."))
	items, ok := doc.([]any)
	if !ok {
		each(doc)
		return
	}
	for _, item := range items {
		if star && rest != "" {
			collect(item, strings.TrimPrefix(rest, "."), each)
		} else {
			each(item)
		}
	}
}

// text returns a scalar as text, a number with the very digits that were sent.
func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	default:
		return "", false
	}
}

// whatIsThere says in a few words what stands where a path's value was expected:
// the names beside it, or the kind of thing that it is.
func whatIsThere(doc any, path string) string {
	key, rest, deeper := strings.Cut(path, ".")
	switch at := doc.(type) {
	case map[string]any:
		if v, ok := at[key]; ok && deeper {
			return whatIsThere(v, rest)
		} else if ok {
			return kindOf(v)
		}
		if len(at) == 0 {
			return "an empty object"
		}
		names := slices.Sorted(maps.Keys(at))
		const most = 12
		if len(names) > most {
			names = append(names[:most], "…")
		}
		return clean(strings.Join(names, ", "))
	case []any:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(at) && deeper {
			return whatIsThere(at[i], rest)
		}
		return fmt.Sprintf("a list of %d", len(at))
	default:
		return kindOf(doc)
	}
}

func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case map[string]any:
		return "an object"
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case string:
		if strings.TrimSpace(v) == "" {
			return "an empty text"
		}
		return "a text"
	case bool:
		return "true or false"
	default:
		return "a number"
	}
}

// clean makes a text of a vendor fit for a message: one line, no control characters,
// at most 200 characters.
func clean(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, ""), isControl), " ")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return strings.TrimSpace(s)
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }
