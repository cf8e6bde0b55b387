package wizard

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sharedCaptures are the real captures beside the project.
func sharedCaptures(t *testing.T) []string {
	t.Helper()
	dir := filepath.Join("..", "..", "shared")
	paths, _ := filepath.Glob(filepath.Join(dir, "captures", "P*.*cap*")) // the pattern is good
	paths = slices.DeleteFunc(paths, func(p string) bool { return strings.HasSuffix(p, ".json") })
	if len(paths) == 0 {
		if _, err := os.Stat(dir); err == nil && os.Getenv("CI") == "true" {
			t.Fatal("../shared is there but holds no captures to compare")
		}
		t.Skip("../shared/captures is not there: real captures are not compared")
	}
	return paths
}
