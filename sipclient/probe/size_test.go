package probe

import (
	"context"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// TestPadded: messages have just the size that is wanted, can be read, and are echoed
// where they have to be.
func TestPadded(t *testing.T) {
	b := newBench(Config{Server: "pbx.example.net", Transport: capture.UDP})
	local := b.options(localhost, capture.UDP, 0)
	small := len(local.Bytes())
	for _, echo := range []bool{false, true} {
		for n := small + 20; n < small+400; n++ {
			raw := b.padded(localhost, capture.UDP, n, echo)
			m, err := sipmsg.Parse(raw)
			if err != nil || len(raw) != n || len(m.Problems) > 0 || m.Branch() == "" {
				t.Fatalf("%d bytes for %d, echo %v: %v %v", len(raw), n, echo, err, m.Problems)
			}
			if back := len(okTo(raw, 200)); echo && back < n-120 || !echo && back > small {
				t.Fatalf("the answer to %d bytes has %d", n, back)
			}
		}
	}
	if raw := b.padded(localhost, capture.UDP, 10, false); len(raw) != small {
		t.Error(len(raw))
	}
}

var localhost = netip.MustParseAddrPort("127.0.0.1:5070")

// network is a way that loses some of what is too long for it.
type network struct {
	mtu       int // of the wire here
	narrow    int // of a wire on the way, 0: as wide
	noOut     bool
	noIn      bool // pieces that come here are lost
	hole      bool // what is too long for the narrow wire, and is not cut here, is lost
	most      int  // the server takes no more, 0: any size
	noPadding bool // the server answers nothing with a long Via
	lose      map[int]int
	asked     int
}

const grows = 40 // bytes that the server adds

// climbing makes a climb in a network where requests have 400 bytes and headers 28.
func (n *network) climbing() *climb {
	c := &climb{small: 400, grow: grows}
	c.ask = func(_ context.Context, size int, echo bool) (Reply, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		n.asked++
		answer := 400 + grows
		if echo {
			answer = size + grows
		}
		pieces := func(bytes, mtu int) bool { return bytes+28 > mtu }
		switch {
		case n.lose[size] > 0:
			n.lose[size]--
			return Reply{}, errSilent
		case n.hole && !pieces(size, n.mtu) && pieces(size, n.narrow),
			n.noOut && pieces(size, n.mtu),
			n.noIn && pieces(answer, n.mtu),
			n.most > 0 && size > n.most,
			n.noPadding && echo:
			return Reply{}, errSilent
		}
		return Reply{Raw: make([]byte, answer), SIP: sipmsg.NewResponse(sipmsg.NewRequest("OPTIONS", "sip:x"), 200, "")}, nil
	}
	return c
}

// TestClimb: where long messages get lost, and in which direction, is found within four
// rounds and without claiming what could not be told.
func TestClimb(t *testing.T) {
	for what, c := range map[string]struct {
		net                    network
		largest, failed, above int
		fragments              string
	}{
		"all pass":               {network{mtu: 1500}, 2500, 0, 0, "yes size=2540 way=both"},
		"no pieces out":          {network{mtu: 1500, noOut: true}, 1472, 1500, 0, "no size=1500 way=out passes=in"},
		"no pieces in":           {network{mtu: 1500, noIn: true}, 2500, 0, 0, "no size=2540 way=in passes=out"},
		"no pieces at all":       {network{mtu: 1500, noOut: true, noIn: true}, 1472, 1500, 0, "no size=1512 way=both"},
		"a hole":                 {network{mtu: 1500, narrow: 1400, hole: true}, 1300, 1400, 2500, "yes size=2540 way=both"},
		"hole, no pieces":        {network{mtu: 1500, narrow: 1400, hole: true, noOut: true}, 1300, 1400, 0, "not-checked"},
		"the server takes 1800":  {network{mtu: 1500, most: 1800}, 1700, 2000, 0, "yes size=1700 way=both"},
		"the server takes 1000":  {network{mtu: 1500, most: 1000}, 1000, 1200, 0, "not-checked"},
		"the server takes 500":   {network{mtu: 1500, most: 500}, 400, 600, 0, "not-checked"},
		"no long Via":            {network{mtu: 1500, noPadding: true}, 2500, 0, 0, "yes size=2500 way=out"},
		"no long Via, no pieces": {network{mtu: 1500, noPadding: true, noOut: true}, 1472, 1500, 0, "no size=1500 way=out"},
		"one lost packet":        {network{mtu: 1500, lose: map[int]int{2500: 2}}, 2500, 0, 0, "yes"},
		"one whole wire":         {network{mtu: 65536}, 2500, 0, 0, "not-checked"},
		"one wire, no 1500":      {network{mtu: 65536, most: 1450}, 1400, 1700, 0, "not-checked"},
		"a narrow wire":          {network{mtu: 1280}, 2500, 0, 0, "yes size=2540 way=both"},
	} {
		t.Run(what, func(t *testing.T) {
			k := c.net.climbing()
			one := c.net.mtu - 28
			k.climbUDP(t.Context(), one)
			k.confirm(t.Context(), one)
			if largest, failed, above := k.limits(); largest != c.largest || failed != c.failed || above != c.above {
				t.Errorf("largest %d, failed %d, above %d; tried %v", largest, failed, above, k.sizes())
			}
			b := newBench(Config{Tape: &capture.Tape{}, Server: "x"})
			k.sayFragments(b, one)
			a := b.Answer(capture.ProbeFragments)
			if got := a.Result + " " + a.Detail; !has(got, strings.Fields(c.fragments)...) {
				t.Errorf("fragments %q, want %q", got, c.fragments)
			}
			if c.net.asked > 14 {
				t.Errorf("the server was asked %d times", c.net.asked)
			}
		})
	}
}

// TestSizeUDP: a real server behind something that drops what is longer than it likes.
func TestSizeUDP(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		answer func([]byte) []byte
		want   []string
	}{
		"any size":     {func(r []byte) []byte { return okTo(r, 200) }, []string{"yes", "largest=2500", "invite=1900"}},
		"1300 at most": {func(r []byte) []byte { return unless(len(r) > 1300, okTo(r, 200)) }, []string{"no", "largest=1300", "failed=1400", "invite=1900"}},
		"refused":      {func(r []byte) []byte { return okTo(r, map[bool]int{true: 413, false: 200}[len(r) > 1000]) }, []string{"yes", "largest=2500", "refused=413"}},
		"silent":       {func(r []byte) []byte { return nil }, []string{"not-checked"}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			at := serveUDP(t, "127.0.0.1:0", c.answer)
			limit := time.Duration(0)
			if what == "silent" {
				limit = time.Second
			}
			began := time.Now()
			got := measured(t, Config{Server: at.String(), InviteSize: 1900}, limit, "size-udp")
			if !has(got[capture.ProbeSizeUDP], c.want...) || !has(got[capture.ProbeFragments], "not-checked") {
				t.Error(got)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("that took %s", took)
			}
		})
	}
}

func unless(not bool, answer []byte) []byte {
	if not {
		return nil
	}
	return answer
}

// TestSizeTCP: a connection may carry short messages only.
func TestSizeTCP(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		serve func(net.Conn)
		want  []string
	}{
		"any size":   {speakSIP(func(r []byte) []byte { return okTo(r, 200) }), []string{"yes", "largest=2500"}},
		"short only": {stalls(1300), []string{"no", "largest=1300", "failed=1400"}},
		"closes":     {speakSIP(func(r []byte) []byte { return unless(len(r) > 2000, okTo(r, 200)) }), []string{"no", "largest=1500", "failed=2500"}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			at := serveTCP(t, c.serve)
			got := measured(t, Config{Server: at.String(), Transport: capture.TCP}, 0, "tcp", "size-tcp")
			if !has(got[capture.ProbeSizeTCP], c.want...) {
				t.Error(got)
			}
		})
	}
}

// stalls is a server to which no more than some bytes of a message come.
func stalls(most int) func(net.Conn) {
	return func(c net.Conn) {
		buf := make([]byte, 65536)
		n, err := io.ReadAtLeast(c, buf, 1)
		time.Sleep(50 * time.Millisecond)
		if err == nil && n <= most {
			_, _ = c.Write(okTo(buf[:n], 200))
		}
		_, _ = io.Copy(io.Discard, c)
	}
}

// TestBetween keeps to a ladder's steps.
func TestBetween(t *testing.T) {
	if got := between(stepsBelow, 700, 1300); !slices.Equal(got, []int{800, 1000, 1200}) {
		t.Error(got)
	}
}
