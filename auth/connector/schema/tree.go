package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The bounds of a document; no honest one comes near them.
const (
	maxBytes = 1 << 20
	maxDepth = 64
	maxNodes = 50_000 // after aliases are followed
)

// document is a parsed YAML document: plain JSON values, and where each stands.
type document struct {
	value any
	// places maps a dotted path to where its key (or, in a list, the element) begins.
	places map[string]place
	// sources maps the paths of scalars to their text, for messages.
	sources map[string]string
}

type place struct{ line, column int }

// problem makes a problem of the place that comes nearest to path.
func (d *document) problem(path, message string) Problem {
	for at := path; at != ""; {
		if p, ok := d.places[at]; ok {
			return Problem{Line: p.line, Column: p.column, Path: path, Message: message}
		}
		i := strings.LastIndexByte(at, '.')
		at = at[:max(i, 0)]
	}
	return Problem{Line: 1, Column: 1, Path: path, Message: message}
}

// parse reads a document. Its problems are those of YAML itself: syntax, repeated
// keys, tags, several documents in one file.
func parse(source []byte) (*document, Problems) {
	b := builder{doc: &document{places: map[string]place{}, sources: map[string]string{}}, anchors: map[string]ast.Node{}}
	if len(source) > maxBytes {
		return b.doc, Problems{b.doc.problem("", "the document is larger than 1 MiB")}
	}
	if deep(source) {
		return b.doc, Problems{b.doc.problem("", "the document is nested too deeply")}
	}
	file, err := parser.ParseBytes(source, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return b.doc, Problems{syntaxProblem(source, err)}
	}
	var body ast.Node
	for _, d := range file.Docs {
		switch {
		case d.Body == nil || d.Body.Type() == ast.CommentType:
		case body != nil:
			b.add("", d.Body.GetToken(), "a second document begins here; write one a file")
		default:
			body = d.Body
		}
	}
	if body == nil {
		return b.doc, Problems{b.doc.problem("", "the document is empty")}
	}
	b.doc.value = b.node("", body, 0, false)
	return b.doc, b.problems
}

// deep reports whether brackets nest beyond any use: the parser would follow them with
// its stack. Indentation cannot nest as cheaply, and brackets in texts do not add up to
// this.
func deep(source []byte) bool {
	depth := 0
	for _, c := range source {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(depth-1, 0)
		}
		if depth > 1000 {
			return true
		}
	}
	return false
}

// syntaxProblem says where the library gave up. Its words about brackets name what it
// missed and not what helps: a text that has a bracket in it needs quotes among others.
func syntaxProblem(source []byte, err error) Problem {
	p := Problem{Line: 1, Column: 1, Message: "is not readable as YAML"}
	var e yaml.Error
	if !errors.As(err, &e) {
		return p
	}
	p.Message = "is not readable as YAML: " + e.GetMessage()
	if t := e.GetToken(); t != nil && t.Position != nil {
		p.Line, p.Column = t.Position.Line, t.Position.Column
		lines := bytes.Split(source, []byte("\n"))
		if p.Line >= 1 && p.Line <= len(lines) && bytes.ContainsAny(lines[p.Line-1], "[]{}") {
			p.Message += "; between brackets, put addresses and texts with [ ] { } , : in quotes"
		}
	}
	return p
}

// unsplit returns the text that an element of a list in brackets was written as, where
// the library makes a key and its value of it: within { } it takes any colon for the end
// of a key ({uris: [http://127.0.0.1:8080/cb]}), while in YAML a plain text goes on unless
// a space follows (YAML 1.2.2 section 7.3.3).
func unsplit(item ast.Node) (text string, ok bool) {
	m, ok := item.(*ast.MappingNode)
	if !ok || m.IsFlowStyle || len(m.Values) != 1 {
		return "", false
	}
	switch m.Values[0].Value.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
	default:
		return "", false
	}
	key, colon, value := m.Values[0].Key.GetToken(), m.Values[0].Start, m.Values[0].Value.GetToken()
	if quoted(key) || quoted(value) || !touch(key, colon) || !touch(colon, value) {
		return "", false
	}
	return key.Value + ":" + value.Value, true
}

func quoted(t *token.Token) bool {
	return t.Type == token.SingleQuoteType || t.Type == token.DoubleQuoteType
}

// touch reports whether nothing stands between two tokens.
func touch(a, b *token.Token) bool {
	return a.Position.Line == b.Position.Line && a.Position.Column+utf8.RuneCountInString(a.Value) == b.Position.Column
}

// builder turns the parser's tree into a document.
type builder struct {
	doc      *document
	problems Problems
	anchors  map[string]ast.Node
	nodes    int
}

func (b *builder) add(path string, t *token.Token, message string) {
	p := b.doc.problem(path, message)
	if t != nil && t.Position != nil {
		p.Line, p.Column = t.Position.Line, t.Position.Column
	}
	b.problems = append(b.problems, p)
}

// mark notes where path stands, unless an alias brought us here a second time.
func (b *builder) mark(path string, t *token.Token) {
	if _, ok := b.doc.places[path]; !ok && t != nil && t.Position != nil {
		b.doc.places[path] = place{t.Position.Line, t.Position.Column}
	}
}

// node returns the value of n; asText keeps scalars as they are written.
func (b *builder) node(path string, n ast.Node, depth int, asText bool) any {
	b.nodes++
	if depth > maxDepth || b.nodes > maxNodes {
		if b.nodes <= maxNodes || b.nodes == maxNodes+1 {
			b.add(path, n.GetToken(), "the document is nested too deeply or is too large")
		}
		return nil
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return b.mapping(path, n.Values, depth)
	case *ast.MappingValueNode:
		return b.mapping(path, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		out := make([]any, 0, len(n.Values))
		for i, item := range n.Values {
			p := join(path, strconv.Itoa(i))
			if item == nil {
				out = append(out, nil)
				continue
			}
			b.mark(p, start(item))
			if text, ok := unsplit(item); ok && n.IsFlowStyle {
				b.doc.sources[p] = text
				out = append(out, text)
				continue
			}
			out = append(out, b.node(p, item, depth+1, false))
		}
		return out
	case *ast.AnchorNode:
		if n.Value == nil {
			return nil
		}
		value := b.node(path, n.Value, depth, asText)
		b.anchors[n.Name.GetToken().Value] = n.Value // only now: an anchor cannot hold itself
		return value
	case *ast.AliasNode:
		name := ""
		if n.Value != nil {
			name = n.Value.GetToken().Value
		}
		target, ok := b.anchors[name]
		if !ok {
			b.add(path, n.GetToken(), fmt.Sprintf("the alias *%s has no anchor before it", name))
			return nil
		}
		return b.node(path, target, depth, asText)
	case *ast.TagNode:
		b.add(path, n.GetToken(), "a tag such as "+clip(n.GetToken().Value)+" is not used here")
		return nil
	default:
		return b.scalar(path, n, asText)
	}
}

func (b *builder) mapping(path string, values []*ast.MappingValueNode, depth int) any {
	out := make(map[string]any, len(values))
	for _, v := range values {
		t := v.Key.GetToken()
		if v.Key.IsMergeKey() {
			b.add(path, t, "the merge key << is not used here; repeat the lines")
			continue
		}
		key, ok := keyText(v.Key)
		if !ok {
			b.add(path, t, "a key must be a plain word")
			continue
		}
		p := join(path, key)
		if _, twice := out[key]; twice {
			b.add(p, t, fmt.Sprintf("the key %q is here a second time; the first is in line %d", clip(key), b.doc.places[p].line))
			continue
		}
		b.mark(p, t)
		out[key] = nil
		if v.Value != nil {
			out[key] = b.node(p, v.Value, depth+1, path == "vars" || strings.HasSuffix(path, ".vars"))
		}
	}
	return out
}

func keyText(k ast.MapKeyNode) (string, bool) {
	var n ast.Node = k
	if complexKey, ok := k.(*ast.MappingKeyNode); ok {
		n = complexKey.Value
	}
	if n == nil {
		return "", false
	}
	switch n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.LiteralNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func (b *builder) scalar(path string, n ast.Node, asText bool) any {
	source := ""
	if t := n.GetToken(); t != nil {
		source = t.Value
	}
	b.doc.sources[path] = source
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		if n.Value == nil {
			return ""
		}
		return n.Value.Value
	case *ast.NullNode:
		if asText {
			return ""
		}
		return nil
	}
	if asText {
		return source
	}
	switch n := n.(type) {
	case *ast.BoolNode:
		return n.Value
	case *ast.IntegerNode:
		return json.Number(fmt.Sprint(n.Value))
	case *ast.FloatNode:
		if math.IsInf(n.Value, 0) || math.IsNaN(n.Value) {
			return source
		}
		return json.Number(strconv.FormatFloat(n.Value, 'g', -1, 64))
	}
	return source
}

// start returns the first token of a node: a mapping's own token is its colon.
func start(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return n.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	}
	return n.GetToken()
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// clip keeps a quoted piece of a document short.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
