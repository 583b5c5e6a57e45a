package schema

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"lanyard/assets"
)

// base is where the schemas stand for each other, so that one may $ref another by its
// file name. Nothing is ever loaded from it.
const base = "schema:///"

// schemas are the JSON Schemas, read once; each kind is compiled when it is first used.
var schemas = sync.OnceValues(func() (map[string]any, error) {
	files, err := fs.Glob(assets.Schemas, "schemas/*.json")
	if err != nil {
		return nil, err
	}
	out := make(map[string]any, len(files))
	for _, file := range files {
		data, err := fs.ReadFile(assets.Schemas, file)
		if err != nil {
			return nil, err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("read schema %s: %w", file, err)
		}
		out[base+path.Base(file)] = doc
	}
	return out, nil
})

var compiled = map[Kind]func() (*jsonschema.Schema, error){
	KindConnector:  sync.OnceValues(func() (*jsonschema.Schema, error) { return compile(KindConnector) }),
	KindEnterprise: sync.OnceValues(func() (*jsonschema.Schema, error) { return compile(KindEnterprise) }),
	KindServer:     sync.OnceValues(func() (*jsonschema.Schema, error) { return compile(KindServer) }),
	KindApp:        sync.OnceValues(func() (*jsonschema.Schema, error) { return compile(KindApp) }),
}

func compile(k Kind) (*jsonschema.Schema, error) {
	docs, err := schemas()
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	for location, doc := range docs {
		if err := c.AddResource(location, doc); err != nil {
			return nil, fmt.Errorf("read schema %s: %w", location, err)
		}
	}
	s, err := c.Compile(base + string(k) + ".schema.json")
	if err != nil {
		return nil, fmt.Errorf("compile schema %s: %w", k, err)
	}
	return s, nil
}

// validate checks a document against its kind's schema.
func validate(k Kind, doc *document) (Problems, error) {
	load, ok := compiled[k]
	if !ok {
		return nil, fmt.Errorf("validate document: no kind %q", k)
	}
	s, err := load()
	if err != nil {
		return nil, err
	}
	err = s.Validate(doc.value)
	if err == nil {
		return nil, nil
	}
	invalid, ok := err.(*jsonschema.ValidationError) //nolint:errorlint // Validate returns it bare
	if !ok {
		return nil, fmt.Errorf("validate document: %w", err)
	}
	v := validation{doc: doc}
	v.walk(invalid)
	return v.problems, nil
}

// validation turns the validator's tree of errors into problems.
type validation struct {
	doc      *document
	problems Problems
}

func (v *validation) add(path []string, message string) {
	v.problems = append(v.problems, v.doc.problem(strings.Join(path, "."), message))
}

// walk reports the leaves. A choice between schemas (anyOf, oneOf) reports itself where
// it has a message of its own, else the branch that came furthest.
func (v *validation) walk(e *jsonschema.ValidationError) {
	switch e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		if message := say(e); message != "" || len(e.Causes) == 0 {
			v.add(e.InstanceLocation, orElse(message, "is of none of the allowed forms"))
			return
		}
		v.walk(slices.MaxFunc(e.Causes, func(a, b *jsonschema.ValidationError) int { return depth(a) - depth(b) }))
		return
	}
	if len(e.Causes) > 0 {
		for _, cause := range e.Causes {
			v.walk(cause)
		}
		return
	}
	v.leaf(e)
}

func (v *validation) leaf(e *jsonschema.ValidationError) {
	at := e.InstanceLocation
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			v.add(slices.Concat(at, []string{name}), "is missing")
		}
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			v.add(slices.Concat(at, []string{name}), "unknown key"+v.suggest(e.SchemaURL, name))
		}
	case *kind.PropertyNames:
		v.add(slices.Concat(at, []string{k.Property}), orElse(say(e), "is not a name that may stand here"))
	case *kind.Type:
		v.add(at, orElse(say(e), v.wrongType(strings.Join(at, "."), k)))
	case *kind.Enum:
		v.add(at, orElse(say(e), "must be "+alternatives(k.Want)))
	case *kind.Const:
		v.add(at, orElse(say(e), fmt.Sprintf("must be %v", k.Want)))
	case *kind.Pattern:
		v.add(at, orElse(say(e), describe(e, "has not the form that is expected here")))
	case *kind.MinLength, *kind.MinItems, *kind.MinProperties:
		v.add(at, orElse(say(e), "must not be empty"))
	case *kind.Minimum:
		v.add(at, orElse(say(e), fmt.Sprintf("must be at least %s", k.Want.RatString())))
	case *kind.Maximum:
		v.add(at, orElse(say(e), fmt.Sprintf("must be at most %s", k.Want.RatString())))
	case *kind.UniqueItems:
		v.add(slices.Concat(at, []string{strconv.Itoa(k.Duplicates[1])}), "is in the list a second time")
	case *kind.FalseSchema:
		v.add(at, orElse(say(e), "may not stand here"))
	default:
		v.add(at, orElse(say(e), describe(e, "is not as the schema wants it")))
	}
}

// wrongType says what a value must be; a number where a text is wanted lacks quotes.
func (v *validation) wrongType(path string, k *kind.Type) string {
	words := map[string]string{
		"string": "a text", "array": "a list", "object": "a group of keys", "boolean": "true or false",
		"number": "a number", "integer": "a whole number", "null": "empty",
	}
	want := make([]any, len(k.Want))
	for i, t := range k.Want {
		want[i] = words[t]
	}
	message := "must be " + alternatives(want)
	if source := v.doc.sources[path]; slices.Contains(k.Want, "string") && source != "" {
		message += fmt.Sprintf(`; put it in quotes: "%s"`, clip(source))
	}
	return message
}

// suggest names the known key that comes nearest to an unknown one.
func (v *validation) suggest(schemaURL, name string) string {
	object, _ := rawSchema(schemaURL).(map[string]any)
	properties, _ := object["properties"].(map[string]any)
	best, least := "", 3
	for known := range properties {
		if d := distance(name, known); d < least || d == least && best != "" && known < best {
			best, least = known, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// say returns the schema's own words for a failure, from its "x-message".
func say(e *jsonschema.ValidationError) string {
	object, _ := rawSchema(e.SchemaURL).(map[string]any)
	message, _ := object["x-message"].(string)
	return message
}

// describe adds the schema's description to a message.
func describe(e *jsonschema.ValidationError, message string) string {
	object, _ := rawSchema(e.SchemaURL).(map[string]any)
	if d, _ := object["description"].(string); d != "" {
		return message + ": " + d
	}
	return message
}

// rawSchema follows a schema's address ("schema:///x.json#/properties/id") to its text.
func rawSchema(address string) any {
	docs, err := schemas()
	if err != nil {
		return nil
	}
	file, fragment, _ := strings.Cut(address, "#")
	at := docs[file]
	for token := range strings.SplitSeq(strings.TrimPrefix(fragment, "/"), "/") {
		if token == "" {
			continue
		}
		if plain, err := url.PathUnescape(token); err == nil {
			token = plain
		}
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		switch node := at.(type) {
		case map[string]any:
			at = node[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(node) {
				return nil
			}
			at = node[i]
		default:
			return nil
		}
	}
	return at
}

func depth(e *jsonschema.ValidationError) int {
	deepest := len(e.InstanceLocation)
	for _, cause := range e.Causes {
		deepest = max(deepest, depth(cause))
	}
	return deepest
}

func alternatives(list []any) string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = fmt.Sprint(w)
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

func orElse(message, other string) string {
	if message != "" {
		return message
	}
	return other
}

// distance is the number of letters to change, add or leave out between two keys.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := i
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost = 1 + min(last, row[j], row[j+1])
			}
			last, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
