//go:build linux

package cmd_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lanyard/assets"
)

// TestWordsOfEmployeesPrograms holds that an employee's program has every text that it
// says. A key is said by a call of words.T, or of T, t or text, which put the block of
// their package before it.
func TestWordsOfEmployeesPrograms(t *testing.T) {
	common, others := rowKeys(t, assets.WordsEN), append(rowKeys(t, assets.ServerWordsEN), rowKeys(t, assets.DemoWordsEN)...)
	set := token.NewFileSet()
	var calls []utterance
	blocks := map[string][]string{} // by folder
	for _, file := range employeesFiles(t) {
		tree, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok {
				text, _ := strconv.Unquote(literal.Value)
				if block, _, dotted := strings.Cut(text, "."); dotted && slices.ContainsFunc(others, func(row string) bool { return strings.HasPrefix(row, block+".") }) {
					t.Errorf("%s: %s is a text of the server alone", set.Position(n.Pos()), literal.Value)
				}
			}
			if call, ok := n.(*ast.CallExpr); ok {
				if s := utteranceOf(call); keyLike.MatchString(s.key) {
					calls = append(calls, s)
					if dir := filepath.Dir(file); s.direct && !s.whole {
						blocks[dir] = append(blocks[dir], s.key)
					}
				}
			}
			return true
		})
	}
	if len(calls) < 100 {
		t.Errorf("only %d texts found", len(calls))
	}
	for _, s := range calls {
		at := set.Position(s.pos)
		dir := filepath.Dir(at.Filename)
		in := slices.Concat(blocks[dir], blocks[filepath.Dir(dir)]) // a screen's are the window's
		if s.direct {
			in = []string{""}
		}
		if !slices.ContainsFunc(common, func(row string) bool { return s.reads(row, in) }) {
			t.Errorf("%s: %q is in no table of this program", at, s.key)
		}
	}
}

// An utterance is a call that says a text: by its whole key or, where the rest is a variable,
// by how it begins; directly by words.T or by a function that puts a block before it.
type utterance struct {
	key           string
	whole, direct bool
	pos           token.Pos
}

// keyLike tells a key from the HTML that others call text.
var keyLike = regexp.MustCompile(`^[a-z0-9_.]+$`)

// utteranceOf reads a call; it has no key where the call says nothing or a variable.
func utteranceOf(call *ast.CallExpr) utterance {
	s := utterance{whole: true, pos: call.Pos()}
	name, at := "", 0
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		name = fun.Name
	case *ast.SelectorExpr:
		name = fun.Sel.Name
		if of, ok := fun.X.(*ast.Ident); ok && of.Name == "words" {
			s.direct, at = true, 1 // after the language
		}
	}
	if !slices.Contains([]string{"T", "t", "text"}, name) || len(call.Args) <= at {
		return s
	}
	arg := call.Args[at]
	if sum, ok := arg.(*ast.BinaryExpr); ok {
		arg, s.whole = sum.X, false
	}
	if literal, ok := arg.(*ast.BasicLit); ok {
		s.key, _ = strconv.Unquote(literal.Value)
	}
	return s
}

// reads reports whether s may say a row, in one of blocks.
func (s utterance) reads(row string, blocks []string) bool {
	return slices.ContainsFunc(blocks, func(block string) bool {
		rest, ok := strings.CutPrefix(row, block)
		if s.direct {
			return rest == s.key || !s.whole && strings.HasPrefix(rest, s.key)
		}
		// A function of a function's puts more before it.
		rest, key := "."+rest, "."+s.key
		return ok && (strings.HasSuffix(rest, key) || !s.whole && strings.Contains(rest, key))
	})
}

// employeesFiles are the sources of the employee's programs that say something, for every
// system.
func employeesFiles(t *testing.T) []string {
	t.Helper()
	files := map[string]bool{}
	for _, system := range systems {
		for _, p := range list(t, system, "-deps", "./cmd/lanyard", "./cmd/lanyard-window") {
			if !slices.Contains(p.Imports, "lanyard/auth/words") {
				continue
			}
			for _, name := range p.GoFiles {
				files[filepath.Join("..", strings.TrimPrefix(p.ImportPath, "lanyard/"), name)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(files))
}

func rowKeys(t *testing.T, table string) []string {
	t.Helper()
	var rows map[string]string
	if err := json.Unmarshal([]byte(table), &rows); err != nil {
		t.Fatal(err)
	}
	return slices.Collect(maps.Keys(rows))
}

// TestWordsLinked holds that each program carries the texts that it says and no others.
func TestWordsLinked(t *testing.T) {
	for name, isServer := range map[string]bool{"lanyard": false, "lanyard-server": true} {
		data, err := os.ReadFile(program(t, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range []struct {
			text string
			want bool
		}{
			{assets.WordsEN, true},
			{assets.WordsZH, true},
			{assets.ServerWordsEN, isServer},
			{assets.ServerWordsZH, isServer},
			{assets.DemoWordsEN, isServer},
			{assets.DemoWordsZH, isServer},
		} {
			if has := bytes.Contains(data, []byte(table.text)); has != table.want {
				t.Errorf("%s: links the table that begins %.40q: %v, want %v", name, table.text, has, table.want)
			}
		}
	}
}
