package lab

import (
	"os"
	"os/exec"
	"testing"
)

// Program finds a program that a test needs. Where it is missing the test is
// skipped, with the name of the Debian package; with CI=true it fails.
func Program(t testing.TB, name, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	// Servers live where an ordinary user's PATH does not look.
	for _, dir := range []string{"/usr/sbin/", "/sbin/", "/usr/local/sbin/"} {
		if path, err := exec.LookPath(dir + name); err == nil {
			return path
		}
	}
	Missing(t, "%s is not installed (Debian package %s)", name, debianPackage)
	return ""
}

// Missing skips the test because something it needs is not there; with CI=true
// it fails the test.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
