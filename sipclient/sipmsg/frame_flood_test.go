package sipmsg

import (
	"strings"
	"testing"
)

// Ten megabytes without a line end, in a start line, in a header or between messages:
// little of it is kept, and the next message behind a line end is found again.
func TestFramerFindsItsWayBack(t *testing.T) {
	for name, begins := range map[string]string{
		"between messages":      "",
		"a start line":          "OPTIONS sip:",
		"a header":              "OPTIONS sip:a@x SIP/2.0\r\nX: ",
		"behind a line of junk": "junk\r\n",
		"a body":                base("l: 99999999"),
	} {
		t.Run(name, func(t *testing.T) {
			var f Framer
			f.Write([]byte(begins))
			drain(&f)
			piece := []byte(strings.Repeat("x", 32<<10))
			for range 10 << 20 / len(piece) {
				f.Write(piece)
				if got := drain(&f); len(got) > 0 {
					t.Fatalf("a message of %d bytes", len(got[0]))
				}
				if f.Pending() > MaxHead+len(piece) {
					t.Fatalf("%d bytes are kept", f.Pending())
				}
			}
			f.Write([]byte("\r\n" + options(2) + options(3)))
			if got := drain(&f); len(got) != 2 || got[0] != options(2) || got[1] != options(3) {
				t.Errorf("%d messages behind it: %q", len(got), got)
			}
			if len(f.Problems()) == 0 {
				t.Error("nothing is told of it")
			}
		})
	}
}
