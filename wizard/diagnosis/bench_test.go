package diagnosis

import (
	"fmt"
	"strings"
	"testing"

	"softphonedoctor/wizard/evidence"
)

// manyCalls is a phone's day: sign-ins that are renewed, and calls of all kinds.
func manyCalls(b *testing.B, n int) *evidence.Evidence {
	b.Helper()
	var s strings.Builder
	s.WriteString("0 registered\n")
	for i := range n {
		at := 10 + i*10
		fmt.Fprintf(&s, "%d out INVITE call=c%d to=%d sdp\n", at, i, 200+i)
		switch i % 4 {
		case 0:
			fmt.Fprintf(&s, "%d.2 in 180\n%d in 486\n%d.01 out ACK\n", at, at+2, at+2)
		case 1:
			fmt.Fprintf(&s, "%d.2 in 403\n%d.21 out ACK\n", at, at)
		default:
			fmt.Fprintf(&s, "%d.2 in 180\n%d in 200 sdp\n%d.01 out ACK\n%d.1 rtp in for=100ms\n%d out BYE\n%d.01 in 200\n", at, at+2, at+2, at+2, at+6, at+6)
		}
		if i%20 == 19 {
			fmt.Fprintf(&s, "%d out REGISTER auth\n%d.01 in 200\n", at+8, at+8)
		}
	}
	records, err := readScript(s.String())
	if err != nil {
		b.Fatal(err)
	}
	return fold(records)
}

// BenchmarkOf measures one judgement: of a typical live call, as it is made
// several times a second, and of captures with many calls.
func BenchmarkOf(b *testing.B) {
	for name, e := range map[string]*evidence.Evidence{
		"call":      readCase(b, "testdata/healthy--call-out"),
		"200calls":  manyCalls(b, 200),
		"1000calls": manyCalls(b, 1000),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Of(e, Dictionary{})
			}
		})
	}
}
