package sipmsg

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shared finds a file of the collection beside the module; without it the test
// is skipped.
func shared(t *testing.T, parts ...string) string {
	t.Helper()
	root := filepath.Join("..", "..", "..", "shared")
	path := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		if _, err := os.Stat(root); err == nil && os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing although the collection is there", filepath.Join(parts...))
		}
		t.Skipf("the collection beside the module has no %s", filepath.Join(parts...))
	}
	return path
}

// TestTorture reads the messages of RFC 4475 and RFC 5118: every valid one
// without a Problem that matters, every invalid one with a Problem at the place
// that the RFC describes.
func TestTorture(t *testing.T) {
	dir := shared(t, "captures", "torture")
	f, err := os.Open(filepath.Join(dir, "manifest.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	// Where the Problem of each message stands that is not valid.
	where := map[string]string{
		"badinv01": "Via", "clerr": "body", "ncl": "Content-Length", "scalar02": "CSeq", "scalarlg": "CSeq", "quotbal": "To",
		"ltgtruri": "start line", "lwsruri": "start line", "lwsstart": "start line", "trws": "start line", "escruri": "start line",
		"baddate": "Date", "regbadct": "Contact", "badaspec": "To", "baddn": "From", "badvers": "start line", "mismatch01": "CSeq",
		"mismatch02": "CSeq", "bigcode": "start line", "badbranch": "Via", "insuf": "From", "multi01": "CSeq", "mcl01": "Content-Length",
		"ipv6-bad": "start line", "ipv6-bug-abnf-3-colons": "start line", "test": "start line",
	}
	// The collection's copies of these have more body bytes than their
	// Content-Length says, which is a Problem though the RFC means them valid.
	miscounted := map[string]bool{"ipv6-in-sdp": true, "mult-ip-in-sdp": true, "ipv4-mapped-ipv6": true}
	// An INVITE of RFC 2543 could do without a Contact; today it cannot.
	old := map[string]bool{"inv2543": true}
	seen := 0
	for _, row := range rows[1:] {
		file, class := row[column["file"]], row[column["class"]]
		name := strings.TrimSuffix(filepath.Base(file), ".dat")
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			seen++
			m, err := Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			bad := serious(m)
			switch place, invalid := where[name]; {
			case invalid:
				for _, p := range bad {
					if p.Where == place {
						return
					}
				}
				t.Errorf("%s: no problem at %q in %v", class, place, m.Problems)
			case miscounted[name]:
				if len(bad) != 1 || bad[0].Where != "body" {
					t.Errorf("problems %v", bad)
				}
			case old[name]:
				if len(bad) != 1 || bad[0].Where != "Contact" {
					t.Errorf("problems %v", bad)
				}
			case class == "invalid":
				t.Errorf("nobody said where this message is invalid; problems %v", m.Problems)
			case len(bad) > 0:
				t.Errorf("%s, but has problems %v", class, bad)
			}
		})
	}
	if seen < 60 {
		t.Errorf("only %d messages read", seen)
	}
}

// TestTortureDetails looks at values that are hard to get right.
func TestTortureDetails(t *testing.T) {
	read := func(name string) *Message {
		b, err := os.ReadFile(shared(t, "captures", "torture", name))
		if err != nil {
			t.Fatal(err)
		}
		m, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := read("rfc4475/wsinv.dat")
	if n, method, ok := m.CSeq(); n != 9 || method != "INVITE" || !ok {
		t.Errorf("wsinv: CSeq %d %s", n, method)
	}
	if v := m.Vias(); len(v) != 3 || v[0].Host != "192.0.2.2" || v[1].Host != "spindle.example.com" || v[2].Host != "192.168.255.111" {
		t.Errorf("wsinv: Via %+v", v)
	}
	if a := m.ToAddr(); a.Tag() != "1918181833n" || a.URI.User != "vivekg" {
		t.Errorf("wsinv: To %+v", a)
	}
	if a := m.FromAddr(); a.Display != `J Rosenberg \"` && a.Display != `J Rosenberg "` && a.Display != `J Rosenberg \` {
		t.Errorf("wsinv: From %+v", a)
	}
	if r := m.Routes(); len(r) != 1 || r[0].URI.Host != "services.example.com" {
		t.Errorf("wsinv: Route %+v", r)
	}
	if c := read("rfc4475/semiuri.dat"); !strings.HasPrefix(c.URI, "sip:user;par=u%40example.net@") {
		t.Errorf("semiuri: %s", c.URI)
	}
	if v := read("rfc5118/via-received-param-no-delim.dat").Vias(); v[0].Received != "2001:db8::9:255" {
		t.Errorf("received without brackets: %+v", v)
	}
	if v := read("rfc5118/via-received-param-with-delim.dat").Vias(); v[0].Received != "2001:db8::9:255" {
		t.Errorf("received with brackets: %+v", v)
	}
	if u, _ := ParseURI(read("rfc5118/port-unambiguous.dat").URI); u.Host != "2001:db8::10" || u.Port != 5070 {
		t.Errorf("port outside the brackets: %+v", u)
	}
	if u, _ := ParseURI(read("rfc5118/port-ambiguous.dat").URI); u.Host != "2001:db8::10:5070" || u.Port != 0 {
		t.Errorf("port inside the brackets: %+v", u)
	}
}
