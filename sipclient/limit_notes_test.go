package sipclient

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Every note of a limit begins with the words "this test phone", so that nobody reads
// it as something that another side did.
func TestNotesOfLimitsNameThePhone(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 {
				return true
			}
			if key, ok := call.Args[0].(*ast.SelectorExpr); !ok || key.Sel.Name != "PhoneLimit" {
				return true
			}
			seen++
			switch text := beginning(call.Args[1]).(type) {
			case *ast.BasicLit:
				if words, _ := strconv.Unquote(text.Value); !strings.HasPrefix(words, "this test phone ") {
					t.Errorf("%s notes %q", name, words)
				}
			case *ast.Ident:
				if text.Name != "noClientCert" || !strings.HasPrefix(noClientCert, "this test phone ") {
					t.Errorf("%s notes %s", name, text.Name)
				}
			case *ast.CallExpr: // limit.Error(), which media's own tests hold to the words
			default:
				t.Errorf("%s notes something that this test cannot read", name)
			}
			return true
		})
	}
	if seen < 10 {
		t.Errorf("only %d notes of limits were found", seen)
	}
}

// beginning is the leftmost part of a sum of strings.
func beginning(e ast.Expr) ast.Expr {
	for {
		sum, ok := e.(*ast.BinaryExpr)
		if !ok {
			return e
		}
		e = sum.X
	}
}
