package names

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestServers: behind a helper of the system's own stand the servers that count.
func TestServers(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	none := filepath.Join(dir, "none")
	stub := file("stub", "nameserver 127.0.0.53\noptions edns0\n")
	behind := file("behind", "# by hand\nnameserver 192.0.2.53\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\nnameserver nonsense\n")
	for _, c := range []struct{ conf, stub, want string }{
		{none, none, "[]"},
		{none, behind, "[]"},
		{stub, behind, "[192.0.2.53:53 [fe80::1%eth0]:53]"},
		{stub, none, "[127.0.0.53:53]"},
		{behind, stub, "[192.0.2.53:53 [fe80::1%eth0]:53]"},
	} {
		if got := fmt.Sprint(serversOf(c.conf, c.stub)); got != c.want {
			t.Errorf("%s, %s: %s", filepath.Base(c.conf), filepath.Base(c.stub), got)
		}
	}
}
