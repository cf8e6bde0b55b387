package app

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// calls finds the calls of a function in the sources of a folder, with what its
// arguments say where they are plain strings.
func calls(t *testing.T, folder string, is func(fun string) bool, found func(args []string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources in %s: %v", folder, err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !is(name(call.Fun)) {
				return true
			}
			var args []string
			for _, a := range call.Args {
				args = append(args, literal(a))
			}
			found(args)
			return true
		})
	}
}

func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return name(e.X) + "." + e.Sel.Name
	}
	return ""
}

func literal(e ast.Expr) string {
	if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
		if s, err := strconv.Unquote(l.Value); err == nil {
			return s
		}
	}
	return ""
}

// uiKeys are all keys that the window asks for, with their English.
func uiKeys(t *testing.T) map[string]string {
	keys := map[string]string{}
	for _, folder := range []string{".", "look"} {
		calls(t, folder, func(f string) bool { return f == "tr" || f == "words.T" }, func(args []string) {
			if len(args) < 2 || args[0] == "" {
				return // causes, whose key is made from their id
			}
			if was, ok := keys[args[0]]; ok && was != args[1] {
				t.Errorf("%q says both %q and %q", args[0], was, args[1])
			}
			keys[args[0]] = args[1]
		})
	}
	if len(keys) < 200 {
		t.Fatalf("only %d keys were found", len(keys))
	}
	return keys
}

// saidByTheWizard are the English sentences that steps and questions show, with letters
// in the places of their values, as the catalogues have them.
func saidByTheWizard(t *testing.T) []string {
	var said []string
	for _, s := range (real{}).Scenarios() {
		for _, step := range s.Steps {
			said = append(said, step.Title)
		}
	}
	files, err := filepath.Glob("../wizard/*.go")
	if err != nil {
		t.Fatal(err)
	}
	tells := map[string]int{"s.instruct": 0, "s.instructUntil": 0, "ring": 1, "s.await": 3, "s.awaitOn": 3}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if at, ok := tells[name(n.Fun)]; ok && at < len(n.Args) {
					said = append(said, sentenceOf(n.Args[at]))
				}
			case *ast.ValueSpec:
				if len(n.Names) == 1 && n.Names[0].Name == "words" && len(n.Values) == 1 {
					said = append(said, sentenceOf(n.Values[0]))
				}
			case *ast.AssignStmt:
				if name(n.Lhs[0]) == "q.Text" {
					said = append(said, sentenceOf(n.Rhs[0]))
				}
			case *ast.FuncDecl:
				if n.Name.Name == "displaceText" || n.Name.Name == "forHowLong" || notes(n.Type) {
					said = append(said, returned(n.Body)...)
				}
			case *ast.FuncLit:
				if notes(n.Type) {
					said = append(said, returned(n.Body)...)
				}
			case *ast.CompositeLit:
				if filepath.Base(path) != "questions.go" {
					return true
				}
				for _, e := range n.Elts {
					if kv, ok := e.(*ast.KeyValueExpr); ok && (name(kv.Key) == "Text" || name(kv.Key) == "Hint") {
						said = append(said, literal(kv.Value))
					}
				}
			}
			return true
		})
	}
	return said
}

// saidOfDevices are the sentences about microphones and speakers that cannot be used, as the
// window writes them.
func saidOfDevices(t *testing.T) (said []string) {
	t.Helper()
	add := func(text string) { said = append(said, upperFirst(text)+".") }
	file, err := parser.ParseFile(token.NewFileSet(), "session/soundwords.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if list, ok := n.(*ast.CompositeLit); ok {
			for _, e := range list.Elts {
				if text := literal(e); text != "" {
					add(text)
				}
			}
		}
		return true
	})
	calls(t, "../sipclient/audio", func(f string) bool { return f == "errors.New" }, func(args []string) { add(args[0]) })
	if len(said) < 17 {
		t.Fatalf("only %d sentences were found", len(said))
	}
	return said
}

// notes tells whether a function gives the note of a step: func(*evidence.Evidence) (string, bool).
func notes(f *ast.FuncType) bool {
	if f.Params.NumFields() != 1 || f.Results.NumFields() != 2 {
		return false
	}
	star, ok := f.Params.List[0].Type.(*ast.StarExpr)
	return ok && name(star.X) == "evidence.Evidence" && name(f.Results.List[0].Type) == "string"
}

// returned are the sentences that a function gives, or that it chooses among.
func returned(body *ast.BlockStmt) (said []string) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ReturnStmt:
			if len(n.Results) > 0 {
				said = append(said, sentenceOf(n.Results[0]))
			}
		case *ast.CompositeLit:
			if len(n.Elts) == 2 && name(n.Elts[0]) != "" {
				said = append(said, literal(n.Elts[1]))
			}
		}
		return true
	})
	return said
}

// verb is a place for a value in a format.
var verb = regexp.MustCompile(`%(\.\d)?[dsfqv]`)

// sentenceOf gives the sentence of an expression, with letters in the places of its
// values; "" where it is nothing but a value.
func sentenceOf(e ast.Expr) string {
	parts := 0
	place := func(string) string { parts++; return "{{." + string(rune('A'+parts-1)) + "}}" }
	var of func(ast.Expr) string
	of = func(e ast.Expr) string {
		switch e := e.(type) {
		case *ast.BasicLit:
			return literal(e)
		case *ast.BinaryExpr:
			return of(e.X) + of(e.Y)
		case *ast.CallExpr:
			if name(e.Fun) == "fmt.Sprintf" {
				return strings.ReplaceAll(verb.ReplaceAllStringFunc(literal(e.Args[0]), place), "%%", "%")
			}
		}
		return place("")
	}
	if s := of(e); s != "{{.A}}" {
		return s
	}
	return ""
}

// saidElsewhere are sentences whose English stands in other packages: which phones are
// signed in (wizard.Device), and why a number is not called (session.Field).
var saidElsewhere = []string{
	"{{.A}} more", "{{.A}}, signed in for another {{.B}}", "a phone", "a phone at {{.A}}", `"{{.A}}" at {{.B}}`,
	"another test phone of this program", "another test phone of this program at {{.A}}",
	"This check places a call: enter the number or address to call.",
	"{{.A}} is an emergency number; a test never calls one.",
	"{{.A}} has a price of its own (a premium service or a satellite phone); a test never calls such a number.",
	"as signals beside the sound", "as messages", "as tones in the sound", // keys
	"The server {{.A}} takes no connection.", // the proxy for the person's own softphone
	"The number to call holds a character that cannot be part of it: enter only the number or the address.",
}
