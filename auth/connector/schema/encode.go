package schema

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/goccy/go-yaml"
)

// Encode writes v as YAML by its JSON form, so that names and order are those that
// [Decode] reads back.
func Encode(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode document: %w", err)
	}
	var tree any
	if err := yaml.UnmarshalWithOptions(data, &tree, yaml.UseOrderedMap()); err != nil {
		return nil, fmt.Errorf("encode document: %w", err)
	}
	out, err := yaml.Marshal(safe(tree))
	if err != nil {
		return nil, fmt.Errorf("encode document: %w", err)
	}
	return out, nil
}

// safe puts those texts of a decoded value in quotes that the library would write in a
// way which reads as another one: with a tab, or with a browser's line breaks.
func safe(v any) any {
	switch v := v.(type) {
	case yaml.MapSlice:
		for i := range v {
			v[i].Value = safe(v[i].Value)
		}
	case []any:
		for i := range v {
			v[i] = safe(v[i])
		}
	case string:
		if !survives(v) {
			return quotedText(v)
		}
	}
	return v
}

func survives(s string) bool {
	out, err := yaml.Marshal([]any{s})
	if err != nil {
		return false
	}
	doc, problems := parse(out)
	list, _ := doc.value.([]any)
	return len(problems) == 0 && len(list) == 1 && list[0] == any(s)
}

// quotedText is a text that is written in double quotes.
type quotedText string

// MarshalYAML implements yaml.BytesMarshaler.
func (q quotedText) MarshalYAML() ([]byte, error) { return []byte(strconv.Quote(string(q))), nil }
