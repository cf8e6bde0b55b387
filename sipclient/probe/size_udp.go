package probe

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

// Steps of the ladder below one packet's size, and above it.
var (
	stepsBelow = []int{600, 800, 1000, 1200, 1300, 1400}
	stepsAbove = []int{1700, 2000}
)

// headerSize is what IP and UDP put in front of a message.
func headerSize(to netip.Addr) int {
	if to.Is6() {
		return 48
	}
	return 28
}

// climbUDP measures how long requests may be over UDP, and whether pieces arrive.
func climbUDP(ctx context.Context, b *Bench) {
	d, err := b.visit(ctx, capture.ProbeUDPPort)
	if err != nil || d.Err != nil {
		b.NotChecked(capture.ProbeSizeUDP, "no short request was answered over UDP")
		b.NotChecked(capture.ProbeFragments, "no short request was answered over UDP")
		return
	}
	var mtu atomic.Int64
	patience := firstRepeat + max(400*time.Millisecond, 2*d.Reply.Took)
	c := &climb{small: len(d.Reply.Sent), grow: len(d.Reply.Raw) - len(b.padded(d.From, capture.UDP, 0, true))}
	c.ask = func(ctx context.Context, size int, echo bool) (Reply, error) {
		limited, stop := context.WithTimeout(ctx, patience)
		defer stop()
		conn, err := dialUDP(0, d.Server)
		if err != nil {
			return Reply{}, err
		}
		defer conn.Close()
		defer func() {
			if n := pathMTU(conn, d.Server.Addr().Is6()); n > 0 {
				mtu.Store(int64(n))
			}
		}()
		return askUDP(limited, conn, b.padded(wire.AddrPort(conn.LocalAddr()), capture.UDP, size, echo))
	}
	before := usualMTU
	if conn, err := dialUDP(0, d.Server); err == nil {
		if n := pathMTU(conn, d.Server.Addr().Is6()); n > 0 {
			before = n
		}
		_ = conn.Close()
	}
	mtu.Store(int64(before))
	header := headerSize(d.Server.Addr())
	one := before - header // the longest that leaves here in one packet
	c.climbUDP(ctx, one)
	now := int(mtu.Load())
	c.confirm(ctx, now-header)
	c.say(b, capture.ProbeSizeUDP, d.Server, int(mtu.Load()))
	c.sayFragments(b, int(mtu.Load())-header)
}

// usualMTU is Ethernet's, for systems that do not say theirs.
const usualMTU = 1500

// climbUDP tries the longest request and the longest that is one packet, first so that
// the answers are as long, then plainly, and then, where one was lost, the steps below.
func (c *climb) climbUDP(ctx context.Context, one int) {
	first := []int{topSize}
	if one > c.small && one < topSize {
		first = append(first, one)
	}
	c.all(ctx, true, first...)
	var plain []int
	for _, n := range first {
		if yes, _ := c.arrived(n); !yes {
			plain = append(plain, n)
		}
	}
	c.all(ctx, false, plain...)
	top, _ := c.arrived(topSize)
	packet, asked := c.arrived(one)
	switch {
	case ctx.Err() != nil:
	case asked && !packet:
		c.all(ctx, false, between(stepsBelow, c.small, one)...)
	case !asked && !top:
		c.all(ctx, false, between(slices.Concat(stepsBelow, stepsAbove), c.small, topSize)...)
	case !top:
		c.all(ctx, false, between(append([]int{one + 28}, stepsAbove...), one, topSize)...)
	}
}

// confirm asks once more where the limit seems to be: a packet can get lost by itself.
func (c *climb) confirm(ctx context.Context, one int) {
	_, failed, _ := c.limits()
	long, short := c.echoLost(one), one-max(c.grow, 0)-60
	var work sync.WaitGroup
	if long > 0 {
		work.Go(func() { c.all(ctx, true, long, short) })
	}
	if failed > 0 {
		work.Go(func() { c.all(ctx, false, failed) })
	}
	work.Wait()
}

// echoLost gives the longest request that arrived and whose answer, too long for one
// packet, did not; 0 without one.
func (c *climb) echoLost(one int) (size int) {
	for _, t := range c.tried {
		if !t.echo || t.err == nil || t.size+c.grow <= one+20 {
			continue
		}
		if yes, _ := c.arrived(t.size); yes {
			size = max(size, t.size)
		}
	}
	return size
}

// sayFragments notes whether messages in pieces arrive there and here.
func (c *climb) sayFragments(b *Bench, one int) {
	if one >= topSize {
		b.NotChecked(capture.ProbeFragments, "on this way even %d bytes are one packet", topSize)
		return
	}
	largest, failed, above := c.limits()
	var lost, passes []string
	switch {
	case largest > one || above > one:
		passes = append(passes, "out")
	case failed > one:
		lost = append(lost, "out")
	}
	back, size := 0, failed
	for _, t := range c.tried {
		if t.err == nil && len(t.reply.Raw) > one {
			back = max(back, len(t.reply.Raw))
		}
	}
	switch long := c.echoLost(one); {
	case back > 0:
		passes = append(passes, "in")
	case long > 0 && c.echoes(one):
		lost = append(lost, "in")
		size = max(size, long+c.grow)
	}
	switch {
	case len(lost) > 0:
		b.Say(capture.ProbeFragments, false, "size", size, "way", ways(lost), "passes", ways(passes))
	case len(passes) > 0:
		b.Say(capture.ProbeFragments, true, "size", max(largest, above, back), "way", ways(passes))
	default:
		b.NotChecked(capture.ProbeFragments, "nothing could be told: shorter messages do not arrive either")
	}
}

// echoes tells that a long request whose answer is one packet was answered: the server
// does not mind how it is padded.
func (c *climb) echoes(one int) bool {
	for _, t := range c.tried {
		if t.echo && t.err == nil && t.size > one/2 && len(t.reply.Raw) <= one {
			return true
		}
	}
	return false
}

// ways joins in and out.
func ways(list []string) string {
	switch len(list) {
	case 0:
		return ""
	case 1:
		return list[0]
	}
	return "both"
}
