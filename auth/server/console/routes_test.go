package console_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestEveryFormIsGuarded reads the routes out of the package's own source, so that a form
// that somebody adds cannot be left out of what the other tests attack.
func TestEveryFormIsGuarded(t *testing.T) {
	routes := postRoutes(t)
	if len(routes) < 20 {
		t.Fatalf("found %d routes only: %q", len(routes), routes)
	}
	attacked := http.NewServeMux()
	covered := map[string]bool{}
	for _, route := range routes {
		attacked.HandleFunc("POST "+route, func(http.ResponseWriter, *http.Request) {})
	}
	for _, path := range posts {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, nil)
		must(t, err)
		_, pattern := attacked.Handler(r)
		covered[pattern] = true
	}
	for _, route := range routes {
		if !covered["POST "+route] {
			t.Errorf("POST %s is in none of the attacks: add it to posts", route)
		}
	}
}

// postRoutes are the patterns that the package serves by POST, without the method.
func postRoutes(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	must(t, err)
	var parsed []*ast.File
	constants := map[string]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		must(t, err)
		parsed = append(parsed, file)
		ast.Inspect(file, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == len(v.Names) {
				for i, name := range v.Names {
					if text, known := textOf(v.Values[i], constants); known {
						constants[name.Name] = text
					}
				}
			}
			return true
		})
	}
	var routes []string
	for _, file := range parsed {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 {
				return true
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); !ok || f.Sel.Name != "HandleFunc" && f.Sel.Name != "Handle" {
				return true
			}
			pattern, known := textOf(call.Args[0], constants)
			if !known {
				t.Errorf("%s: a route that cannot be read", file.Name.Name)
			}
			if route, ok := strings.CutPrefix(pattern, "POST "); ok {
				routes = append(routes, route)
			}
			return true
		})
	}
	return routes
}

// textOf evaluates what is written as text, constants and plus signs.
func textOf(e ast.Expr, constants map[string]string) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && e.Kind == token.STRING
	case *ast.Ident:
		s, ok := constants[e.Name]
		return s, ok
	case *ast.BinaryExpr:
		left, ok1 := textOf(e.X, constants)
		right, ok2 := textOf(e.Y, constants)
		return left + right, ok1 && ok2 && e.Op == token.ADD
	}
	return "", false
}
