package docs

import (
	"bufio"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "softphonedoctor"

// row is one line of the import table in ARCHITECTURE.md:
//
//	| `wizard` | evidence, diagnosis | ... |
var row = regexp.MustCompile("^\\| `([a-z/]+)` \\| ([^|]*) \\|")

// allowed reads the import table: package to the packages of ours that it may import.
func allowed(t *testing.T) map[string][]string {
	t.Helper()
	f, err := os.Open("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table := map[string][]string{}
	in := false
	for sc := bufio.NewScanner(f); sc.Scan(); {
		line := sc.Text()
		if strings.Contains(line, "<!-- import table -->") {
			in = true
		}
		if strings.Contains(line, "<!-- end of import table -->") {
			in = false
		}
		m := row.FindStringSubmatch(line)
		if !in || m == nil {
			continue
		}
		var may []string
		for _, name := range strings.Split(m[2], ",") {
			if name = strings.Trim(strings.TrimSpace(name), "`"); name != "" && name != "–" {
				may = append(may, name)
			}
		}
		table[m[1]] = may
	}
	if len(table) < 10 {
		t.Fatalf("the import table of ARCHITECTURE.md has only %d rows", len(table))
	}
	return table
}

// TestImportTable holds the picture in ARCHITECTURE.md against the code.
func TestImportTable(t *testing.T) {
	table := allowed(t)
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", module+"/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		words := strings.Fields(line)
		name := strings.TrimPrefix(strings.TrimPrefix(words[0], module), "/")
		if name == "" {
			name = "main"
		}
		if name == "docs" || name == "lab" {
			continue
		}
		may, known := table[name]
		if !known {
			t.Errorf("package %s is not in the import table of ARCHITECTURE.md", name)
			continue
		}
		for _, imported := range words[1:] {
			ours, found := strings.CutPrefix(imported, module+"/")
			if found && !slices.Contains(may, ours) {
				t.Errorf("%s imports %s, which the table does not allow", name, ours)
			}
			stack := strings.HasPrefix(imported, "github.com/emiago/")
			if stack && name != "sipclient" && name != "sipclient/media" && name != "sipclient/practice" {
				t.Errorf("%s imports %s: only the test phone may", name, imported)
			}
			window := name == "main" || name == "app" || name == "app/look"
			if strings.HasPrefix(imported, "fyne.io/") && !window {
				t.Errorf("%s imports %s: only the window may", name, imported)
			}
		}
	}
	for name := range table {
		if name != "main" && !strings.Contains(string(out), module+"/"+name+" ") {
			t.Errorf("the import table names %s, but there is no such package", name)
		}
	}
}

// TestVersion keeps the program's version and FyneApp.toml the same.
func TestVersion(t *testing.T) {
	toml, err := os.ReadFile("../FyneApp.toml")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("../assets/assets.go")
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`Version = "([^"]+)"`)
	a, b := want.FindSubmatch(toml), want.FindSubmatch(regexp.MustCompile(`Version +=`).ReplaceAll(code, []byte("Version =")))
	if a == nil || b == nil || string(a[1]) != string(b[1]) {
		t.Errorf("FyneApp.toml says %s, assets.go says %s", a, b)
	}
}
