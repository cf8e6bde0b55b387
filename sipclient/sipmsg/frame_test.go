package sipmsg

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func drain(f *Framer) (list []string) {
	for {
		msg, ok := f.Next()
		if !ok {
			return list
		}
		list = append(list, string(msg))
	}
}

// options has a body of its own, so that the framer has something to count.
func options(n int) string {
	return base(fmt.Sprintf("Subject: %d", n), "l: 5") + "abc\r\n"
}

func TestFramerChunks(t *testing.T) {
	stream := "\r\n\r\n" + options(1) + invite + "\r\n\r\n\r\n" + strings.ReplaceAll(options(2), "\r", "")[:len(strings.ReplaceAll(options(2), "\r", ""))-1] + "\r\n" + options(3)
	want := []string{options(1), invite, strings.TrimSuffix(strings.ReplaceAll(options(2), "\r", ""), "\n") + "\r\n", options(3)}
	for size := 1; size <= len(stream); size++ {
		var f Framer
		var got []string
		for at := 0; at < len(stream); at += size {
			f.Write([]byte(stream[at:min(at+size, len(stream))]))
			got = append(got, drain(&f)...)
		}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Fatalf("chunks of %d: %d messages %q", size, len(got), got)
		}
		if p := f.Problems(); len(p) > 0 || f.Skipped() != 0 || f.Pending() != 0 {
			t.Fatalf("chunks of %d: problems %v, skipped %d, pending %d", size, p, f.Skipped(), f.Pending())
		}
	}
}

func TestFramerResynchronises(t *testing.T) {
	for name, tt := range map[string]struct{ junk, problem string }{
		"garbage":         {"hello\r\nthere \x00\x01\r\n", "no SIP"},
		"endless headers": {"OPTIONS sip:a@b SIP/2.0\r\n" + strings.Repeat("X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n", 3000), "longer than"},
		"endless line":    {strings.Repeat("x", 3*MaxHead) + "\r\n", "no SIP"},
		"huge body":       {base("Content-Length: 4000000000") + "some of it\r\n", "above"},
		"bad length":      {base("Content-Length: many") + "some of it\r\n", "no length"},
		"no length":       {base(), "no Content-Length"},
	} {
		t.Run(name, func(t *testing.T) {
			var f Framer
			var got []string
			for _, chunk := range []string{options(1), tt.junk, options(2), options(3)} {
				f.Write([]byte(chunk))
				got = append(got, drain(&f)...)
			}
			if name == "no length" && len(got) == 4 {
				got = append(got[:1], got[2:]...)
			}
			if strings.Join(got, "|") != options(1)+"|"+options(2)+"|"+options(3) {
				t.Errorf("messages %q", got)
			}
			p := f.Problems()
			if len(p) == 0 || !strings.Contains(p[0].Text, tt.problem) {
				t.Errorf("problems %v", p)
			}
			if len(f.Problems()) > 0 {
				t.Error("problems are given twice")
			}
		})
	}
}

func TestFramerGap(t *testing.T) {
	var f Framer
	f.Write([]byte(options(1)[:60]))
	drain(&f)
	f.Gap()
	f.Write([]byte("rest of a header\r\n\r\nbody\r\n" + options(2)))
	if got := drain(&f); len(got) != 1 || got[0] != options(2) {
		t.Errorf("messages %q", got)
	}
	if len(f.Problems()) == 0 || f.Skipped() == 0 {
		t.Error("the gap was not reported")
	}
}

func TestFramerBounded(t *testing.T) {
	var f Framer
	line := bytes.Repeat([]byte("y"), 1000)
	for range 5000 {
		f.Write(line)
		drain(&f)
		if f.Pending() > MaxHead+len(line) {
			t.Fatalf("%d bytes are kept", f.Pending())
		}
	}
}

func TestFramerMessageIsTheCallers(t *testing.T) {
	var f Framer
	f.Write([]byte(options(1) + options(2)))
	first, _ := f.Next()
	for i := range first {
		first[i] = 'X'
	}
	if second, ok := f.Next(); !ok || string(second) != options(2) {
		t.Errorf("the second message became %q", second)
	}
}
