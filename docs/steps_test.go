package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A step's Do is code, and what it asks and tells stands inside. The guide is to say
// it all the same, so the wizard's source is read: which questions and instructions can
// be reached from a step.

// wizardSource is the package's declarations by name.
type wizardSource struct {
	decls     map[string]ast.Node
	questions map[string]question
	scenarios map[string][]string // id to the names of its steps
}

type question struct {
	ID, Text, Hint string
	Options        [][2]string // value and text
}

func readWizard(t *testing.T) *wizardSource {
	t.Helper()
	w := &wizardSource{decls: map[string]ast.Node{}, questions: map[string]question{}, scenarios: map[string][]string{}}
	set := token.NewFileSet()
	files, err := filepath.Glob("../wizard/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no source of the wizard", err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				w.decls[d.Name.Name] = d
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if v, ok := s.(*ast.ValueSpec); ok && len(v.Names) == 1 && len(v.Values) == 1 {
						w.decls[v.Names[0].Name] = v.Values[0]
					}
				}
			}
		}
	}
	for name, d := range w.decls {
		if lit, ok := d.(*ast.CompositeLit); ok && strings.HasPrefix(name, "ask") {
			w.questions[name] = readQuestion(lit)
		}
	}
	ast.Inspect(w.decls["Scenarios"], func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		if id := text(field(lit, "ID")); id != "" {
			steps, _ := field(lit, "Steps").(*ast.CompositeLit)
			for _, s := range steps.Elts {
				w.scenarios[id] = append(w.scenarios[id], s.(*ast.Ident).Name)
			}
		}
		return true
	})
	return w
}

func readQuestion(lit *ast.CompositeLit) question {
	q := question{ID: text(field(lit, "ID")), Text: text(field(lit, "Text")), Hint: text(field(lit, "Hint"))}
	if options, ok := field(lit, "Options").(*ast.CompositeLit); ok {
		for _, o := range options.Elts {
			value := text(field(o.(*ast.CompositeLit), "Value"))
			if value == "" {
				value = "DIGITS"
			}
			q.Options = append(q.Options, [2]string{value, text(field(o.(*ast.CompositeLit), "Text"))})
		}
	}
	return q
}

// field gives the value of a key of a literal.
func field(lit *ast.CompositeLit, key string) ast.Expr {
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if id, ok := kv.Key.(*ast.Ident); ok && id.Name == key {
				return kv.Value
			}
		}
	}
	return nil
}

// text gives a string literal, with an ellipsis for what is put in while it runs.
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			s, _ := strconv.Unquote(e.Value)
			return s
		}
	case *ast.BinaryExpr:
		if a, b := text(e.X), text(e.Y); a+b != "" {
			return orDots(a) + orDots(b)
		}
	}
	return ""
}

func orDots(s string) string {
	if s == "" {
		return "…"
	}
	return s
}

// told is what a step can ask and say.
type told struct {
	questions, sayings []string
}

// step follows a step through everything that it can reach.
func (w *wizardSource) step(name string) told {
	var out told
	seen := map[string]bool{}
	say := func(s string) {
		if s = strings.TrimSpace(s); strings.Contains(s, " ") && strings.HasSuffix(s, ".") && !slices.Contains(out.sayings, s) {
			out.sayings = append(out.sayings, s)
		}
	}
	var follow func(name string, own bool)
	follow = func(name string, own bool) {
		node, ok := w.decls[name]
		if !ok || seen[name] || !own && (w.isStep(name) || name == narrowing) {
			return // another step, or a variable of its name
		}
		seen[name] = true
		if _, ok := w.questions[name]; ok {
			out.questions = append(out.questions, name)
			return
		}
		ast.Inspect(node, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if called(n) == "instruct" || called(n) == "instructUntil" {
					say(text(n.Args[0]))
				}
			case *ast.BasicLit:
				if own {
					say(text(n))
				}
			case *ast.KeyValueExpr:
				if id, ok := n.Key.(*ast.Ident); ok && id.Name == "Found" {
					return false // what it says afterwards
				}
			case *ast.SelectorExpr:
				x, ok := n.X.(*ast.Ident)
				if ok && x.Name == "s" {
					follow(n.Sel.Name, false)
				}
				if _, asked := w.questions[nameOf(x)]; asked {
					return false // its id, to look for the answer
				}
			case *ast.Ident:
				follow(n.Name, false)
			}
			return true
		})
	}
	follow(name, true)
	if call, ok := w.decls[name].(*ast.CallExpr); ok && slices.ContainsFunc(call.Args, func(a ast.Expr) bool { return isFalse(a) }) {
		out.questions = nil // made by a function that is told not to ask
	}
	return out
}

func isFalse(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "false"
}

func nameOf(id *ast.Ident) string {
	if id == nil {
		return ""
	}
	return id.Name
}

// narrowing is the method that tries what else there is when a sign-in or a call
// fails; every scenario has it.
const narrowing = "narrow"

func (w *wizardSource) isStep(name string) bool {
	for _, steps := range w.scenarios {
		if slices.Contains(steps, name) {
			return true
		}
	}
	return false
}

func called(c *ast.CallExpr) string {
	if s, ok := c.Fun.(*ast.SelectorExpr); ok {
		return s.Sel.Name
	}
	return ""
}
