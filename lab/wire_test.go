package lab

import (
	"context"
	"encoding/hex"
	"net/netip"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient"
	"softphonedoctor/sipclient/capture"
)

// crossed is a datagram, or a piece of a stream, as one of two witnesses saw it.
type crossed struct {
	at       time.Time
	src, dst netip.AddrPort
	data     string
}

// TestWireUDP holds the phone's tape of a whole life (sign in, ask, call with sound
// both ways, hold, hang up, sign out) against what tcpdump captured at the same time:
// each datagram of the phone's sockets stands on both once, in the same order,
// with the same bytes.
func TestWireUDP(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})
	callee := Baresip(t, k, "wire-callee", ByItself, PhoneOptions{RingFor: 300 * time.Millisecond})
	for range 4 {
		if wireUDP(t, k, callee) {
			return
		}
	}
	t.Error("tcpdump lost packets each time: this machine is too busy to have a witness")
}

// wireUDP is false when the witness itself missed something.
func wireUDP(t *testing.T, k *Registrar, callee *Phone) bool {
	dump := Tcpdump(t, "udp")
	tape := &capture.Tape{}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	p, err := sipclient.New(ctx, sipclient.Config{Tape: tape, Account: sipclient.Account{
		User: "wire-caller", Domain: k.Domain(), Password: Password("wire-caller"), Register: true}})
	require.NoError(t, err)
	require.NoError(t, p.Register(ctx))
	require.NoError(t, p.Options(ctx, 0))
	c, err := p.Dial(ctx, callee.User)
	require.NoError(t, err)
	require.Equal(t, sipclient.Answered, c.Wait(ctx, sipclient.Answered))
	time.Sleep(3 * time.Second)
	require.NoError(t, c.Hold(ctx))
	time.Sleep(300 * time.Millisecond)
	require.NoError(t, c.Resume(ctx))
	time.Sleep(300 * time.Millisecond)
	require.NoError(t, c.Hangup(ctx))
	require.NoError(t, p.Close(ctx))
	dump.Settle()
	dump.Stop(t)
	if n := dump.Missed(); n > 0 {
		t.Logf("tcpdump lost %d packets; once more", n)
		return false
	}

	ours := map[netip.AddrPort]bool{}
	var taped []crossed
	for _, r := range tape.From(0) {
		switch {
		case r.Note != nil && r.Note.Kind == capture.KindSubject:
			at := netip.MustParseAddrPort(r.Note.Text)
			ours[at] = true
			if r.Note.Key == "media" {
				ours[netip.AddrPortFrom(at.Addr(), at.Port()+1)] = true
			}
		case r.Packet != nil && r.Packet.Net == capture.UDP:
			taped = append(taped, crossed{r.Packet.Time, r.Packet.Src, r.Packet.Dst, string(r.Packet.Data)})
		}
	}
	require.Len(t, ours, 3, "one SIP socket and one pair for sound")
	dumped := dissect(t, dump.File, "udp")
	require.Greater(t, len(taped), 300)
	var late []time.Duration
	for at := range ours {
		for _, out := range []bool{true, false} {
			mine := func(list []crossed) []crossed {
				return slices.DeleteFunc(slices.Clone(list), func(c crossed) bool { return out && c.src != at || !out && c.dst != at })
			}
			late = append(late, requireSame(t, at, out, mine(taped), mine(dumped))...)
		}
	}
	for _, c := range taped {
		require.True(t, ours[c.src] || ours[c.dst], "a packet between %s and %s is not the phone's", c.src, c.dst)
	}
	slices.Sort(late)
	at := func(share float64) time.Duration { return late[int(share*float64(len(late)-1))] }
	t.Logf("%d datagrams; the tape's time and tcpdump's lie apart by %v (median), %v (95 %%), %v (99 %%), %v (most)", len(late), at(0.5), at(0.95), at(0.99), at(1))
	if at(0.5) > time.Millisecond || at(0.95) > 5*time.Millisecond {
		t.Errorf("the times on the tape are not those of the wire")
	}
	return true
}

// requireSame compares what both witnesses saw of one socket in one direction, and
// gives how far their times lie apart. What arrives when the phone has closed its
// socket is on no tape, so tcpdump may have more at the end of what came in.
func requireSame(t *testing.T, at netip.AddrPort, out bool, taped, dumped []crossed) (apart []time.Duration) {
	t.Helper()
	way := "to"
	if out {
		way = "from"
	}
	if more := len(dumped) - len(taped); !out && more > 0 && len(taped) > 0 {
		for _, c := range dumped[len(taped):] {
			require.True(t, c.at.After(taped[len(taped)-1].at), "a datagram to %s is not on the tape", at)
		}
		t.Logf("%d datagrams came to %s when it was closed", more, at)
		dumped = dumped[:len(taped)]
	}
	require.Equal(t, len(dumped), len(taped), "datagrams %s %s: tcpdump and the tape", way, at)
	for i, c := range dumped {
		if c.src != taped[i].src || c.dst != taped[i].dst || c.data != taped[i].data {
			t.Fatalf("datagram %d %s %s: tcpdump has %d bytes %s -> %s, the tape %d bytes %s -> %s", i+1, way, at,
				len(c.data), c.src, c.dst, len(taped[i].data), taped[i].src, taped[i].dst)
		}
		apart = append(apart, taped[i].at.Sub(c.at).Abs())
	}
	return apart
}

// TestWireTCP does the same over TCP: in each direction the bytes on the tape are
// those of the stream. On TLS nothing can be compared: the tape holds the clear
// text, which no capture shows without the keys, and the phone gives them to nobody.
func TestWireTCP(t *testing.T) {
	t.Parallel()
	server := sippServer(t, "-t", "t1")
	dump := Tcpdump(t, "tcp port "+strconv.Itoa(int(server.Port())))
	tape := &capture.Tape{}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	p, err := sipclient.New(ctx, sipclient.Config{Tape: tape, Account: sipclient.Account{
		User: "wire", Domain: server.String(), Password: "none", Transport: "tcp"}})
	require.NoError(t, err)
	for range 5 {
		c, err := p.Dial(ctx, "service")
		require.NoError(t, err)
		require.Equal(t, sipclient.Answered, c.Wait(ctx, sipclient.Answered))
		require.NoError(t, c.Hangup(ctx))
	}
	require.NoError(t, p.Close(ctx))
	dump.Settle()
	dump.Stop(t)

	taped, dumped := map[[2]netip.AddrPort]string{}, map[[2]netip.AddrPort]string{}
	for _, r := range tape.From(0) {
		if r.Packet != nil && r.Packet.Net == capture.TCP {
			taped[[2]netip.AddrPort{r.Packet.Src, r.Packet.Dst}] += string(r.Packet.Data)
		}
	}
	for _, c := range dissect(t, dump.File, "tcp") {
		if c.data != "" {
			dumped[[2]netip.AddrPort{c.src, c.dst}] += c.data
		}
	}
	require.Len(t, taped, 2, "one connection, both ways")
	require.Equal(t, dumped, taped)
	for way, text := range taped {
		t.Logf("%s -> %s: %d bytes the same", way[0], way[1], len(text))
	}
}

// dissect has tshark list a capture's datagrams or segments, with their bytes; a segment
// that the system sent again, on a busy machine, once.
func dissect(t *testing.T, file, proto string) []crossed {
	t.Helper()
	out, err := exec.Command(Program(t, "tshark", "tshark"), "-n", "-r", file, "-Y", proto+" and not icmp and not tcp.analysis.retransmission", "-T", "fields", "-E", "separator=,",
		"-e", "frame.time_epoch", "-e", "ip.src", "-e", proto+".srcport", "-e", "ip.dst", "-e", proto+".dstport", "-e", proto+".payload").Output()
	require.NoError(t, err)
	var list []crossed
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), ",")
		if len(f) != 6 || strings.Contains(f[1], ":") {
			continue
		}
		var w words
		seconds, nanos, _ := strings.Cut(f[0], ".")
		sec, ns := w.number(seconds, 63), w.number("1"+(nanos + "000000000")[:9], 63)-1e9
		data, err := hex.DecodeString(f[5])
		w.keep(err)
		c := crossed{time.Unix(int64(sec), int64(ns)), w.address(f[1], f[2]), w.address(f[3], f[4]), string(data)}
		require.NoError(t, w.err, line)
		list = append(list, c)
	}
	return list
}
