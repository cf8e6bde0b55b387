package probe

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
)

const (
	// topSize is longer than INVITEs with many codecs, ICE and credentials are.
	topSize = 2500
	// sizeLimit lets four rounds of unanswered requests pass behind the slowest door.
	sizeLimit = 5400 * time.Millisecond
)

// trial is one request of a size, and what came of it.
type trial struct {
	size  int
	echo  bool // padded where the server echoes it, so that the answer is as long
	reply Reply
	err   error
}

// climb looks for the size from which on requests do not arrive.
type climb struct {
	small int // bytes of a request that was answered before
	grow  int // by how much the answer to one is longer that is padded where it is echoed
	ask   func(ctx context.Context, size int, echo bool) (Reply, error)

	mu    sync.Mutex
	tried []trial
}

// all tries sizes at the same time, and forgets those that the probe's end cut short.
func (c *climb) all(ctx context.Context, echo bool, sizes ...int) {
	var work sync.WaitGroup
	for _, n := range sizes {
		work.Go(func() {
			reply, err := c.ask(ctx, n, echo)
			if err != nil && ctx.Err() != nil {
				return
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			c.tried = append(c.tried, trial{n, echo, reply, err})
		})
	}
	work.Wait()
}

// arrived tells whether requests of a size arrive. One that is padded where it is
// echoed proves it by its answer only: some servers dislike that.
func (c *climb) arrived(size int) (yes, known bool) {
	for _, t := range c.tried {
		switch {
		case t.size == size && t.err == nil:
			return true, true
		case t.size == size && !t.echo:
			known = true
		}
	}
	return false, known
}

// sizes lists what was tried, in order, none twice.
func (c *climb) sizes() []int {
	var list []int
	for _, t := range c.tried {
		list = append(list, t.size)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// limits gives the smallest size that did not arrive (0: all did), the largest below it
// that did, and the largest above it that did (0: none).
func (c *climb) limits() (largest, failed, above int) {
	largest = c.small
	for _, n := range c.sizes() {
		switch yes, known := c.arrived(n); {
		case yes && failed == 0:
			largest = max(largest, n)
		case yes:
			above = n
		case known && failed == 0:
			failed = n
		}
	}
	return largest, failed, above
}

// refusal is the code with which the largest request that arrived was refused for what
// it is: too large or malformed (RFC 3261 21.4.11, 21.4.1, 21.5.7); 0 for none.
func (c *climb) refusal() (code int) {
	size := 0
	for _, t := range c.tried {
		if t.err == nil && t.size > size {
			size, code = t.size, t.reply.SIP.Status
		}
	}
	if !slices.Contains([]int{400, 413, 513}, code) {
		return 0
	}
	return code
}

// longestAnswer is the size of the longest answer that came.
func (c *climb) longestAnswer() (n int) {
	for _, t := range c.tried {
		n = max(n, len(t.reply.Raw))
	}
	return n
}

// between lists the steps of a ladder that lie between two sizes.
func between(ladder []int, low, high int) []int {
	var list []int
	for _, n := range ladder {
		if n > low && n < high {
			list = append(list, n)
		}
	}
	return list
}

// say notes what the climb found. Nothing is claimed where not even the top was tried.
func (c *climb) say(b *Bench, key string, server netip.AddrPort, mtu int) {
	largest, failed, above := c.limits()
	if _, known := c.arrived(topSize); !known {
		b.NotChecked(key, "the time was too short")
		return
	}
	var details []any
	add := func(name string, n int) {
		if n > 0 {
			details = append(details, name, n)
		}
	}
	add("largest", largest)
	add("failed", failed)
	add("above", above)
	details = append(details, "server", server)
	add("mtu", mtu)
	add("answer", c.longestAnswer())
	add("refused", c.refusal())
	add("invite", b.InviteSize)
	b.Say(key, failed == 0, details...)
}

// padded is an OPTIONS of just so many bytes, or a little more where it is longer anyway:
// filled with lines as long as those of other messages, or, when the answer is to be as
// long, by a parameter of its Via, which every server has to echo (RFC 3261 8.2.6.2).
func (b *Bench) padded(local netip.AddrPort, over capture.Net, size int, echo bool) []byte {
	m := b.options(local, over, 0)
	room := size - len(m.Bytes())
	const name, param = "X-Padding", ";x="
	if echo {
		for _, h := range []string{"Contact", "Accept", "User-Agent"} {
			m.Del(h) // what no answer repeats, so that the answer is the longer of the two
		}
		if room = size - len(m.Bytes()); room > len(param) {
			m.Set("Via", m.Get("Via")+param+strings.Repeat("x", room-len(param)))
		}
		return m.Bytes()
	}
	const line, least = 120, len(name + ": x\r\n")
	for room >= least {
		n := min(room, line)
		if rest := room - n; rest > 0 && rest < least {
			n -= least
		}
		m.Add(name, strings.Repeat("x", n-least+1))
		room -= n
	}
	return m.Bytes()
}
