package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestMirrorPage holds docs/mirror.md against the command: its flags and their ports.
func TestMirrorPage(t *testing.T) {
	page, err := os.ReadFile(filepath.FromSlash("../../docs/mirror.md"))
	if err != nil {
		t.Fatal(err)
	}
	flags := (&program{}).mirror().Flags()
	names := regexp.MustCompile(`--([a-z-]+) (string|uint16)`).FindAllStringSubmatch(flags.FlagUsages(), -1)
	if len(names) < 7 {
		t.Fatalf("only %d flags", len(names))
	}
	for _, n := range names {
		if !strings.Contains(string(page), "`--"+n[1]) {
			t.Errorf("docs/mirror.md does not name --%s", n[1])
		}
		if port := flags.Lookup(n[1]).DefValue; n[2] == "uint16" && !strings.Contains(string(page), " "+port+" ") {
			t.Errorf("docs/mirror.md does not name the port of --%s, %s", n[1], port)
		}
	}
}
