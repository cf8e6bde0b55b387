package diagnosis

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestThresholds: every constant of thresholds.go stands in the table with a unit, a
// meaning and a source, and some rule uses it.
func TestThresholds(t *testing.T) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "thresholds.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]Threshold{}
	for _, th := range Thresholds() {
		if _, twice := table[th.Name]; twice || th.Value == 0 || th.Unit == "" || th.Means == "" || th.Source == "" {
			t.Errorf("%+v stands twice or lacks something", th)
		}
		table[th.Name] = th
	}
	block := file.Decls[1].(*ast.GenDecl)
	if block.Tok != token.CONST {
		t.Fatal("thresholds.go does not begin with its constants")
	}
	used := identifiers(t)
	for _, spec := range block.Specs {
		for _, name := range spec.(*ast.ValueSpec).Names {
			if _, ok := table[name.Name]; !ok {
				t.Errorf("%s has no row with its source", name.Name)
			}
			if !used[name.Name] {
				t.Errorf("no rule uses %s", name.Name)
			}
			delete(table, name.Name)
		}
	}
	for name := range table {
		if !strings.Contains(name, ".") { // a constant of another package, which the compiler checks
			t.Errorf("%s is no constant of thresholds.go", name)
		}
	}
}

// identifiers are all names that the rules' own files use.
func identifiers(t *testing.T) map[string]bool {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, f := range files {
		if f == "thresholds.go" || strings.HasSuffix(f, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				used[id.Name] = true
			}
			return true
		})
	}
	return used
}
