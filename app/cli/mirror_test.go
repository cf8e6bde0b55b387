package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestMirrorPage holds docs/mirror.md against the command: its flags and their ports.
func TestMirrorPage(t *testing.T) {
	page, err := os.ReadFile(filepath.FromSlash("../../docs/mirror.md"))
	if err != nil {
		t.Fatal(err)
	}
	(&program{}).mirror().Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		if !strings.Contains(string(page), "`--"+f.Name) {
			t.Errorf("docs/mirror.md does not name --%s", f.Name)
		}
		if f.DefValue != "" && f.DefValue != "[]" && !strings.Contains(string(page), " "+f.DefValue+" ") {
			t.Errorf("docs/mirror.md does not name the port of --%s, %s", f.Name, f.DefValue)
		}
	})
}
