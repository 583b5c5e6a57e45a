package schema

import (
	"encoding/json"
	"fmt"

	"github.com/goccy/go-yaml"
)

// Encode writes v as YAML by its JSON form, so that names and order are those that
// [Decode] reads back.
func Encode(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode document: %w", err)
	}
	out, err := yaml.JSONToYAML(data)
	if err != nil {
		return nil, fmt.Errorf("encode document: %w", err)
	}
	return out, nil
}
