package practice

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/sipmsg"
)

func TestSoundFaults(t *testing.T) { runAll(t, soundTests) }

// conversation is what a call brought.
type conversation struct {
	require.TestingT
	ph       *phone
	answer   *sipmsg.Message
	answered time.Time
	packets  []heardPacket
	reports  []heardReport
	reinvite *sipmsg.Message
}

// after is a test that talks for so long and then looks at what came.
func after(d time.Duration, look func(conversation)) func(*testing.T, *PBX, *phone) {
	return func(t *testing.T, p *PBX, ph *phone) {
		lastOf(401, 200)(t, ph)
		_, answers := ph.dial(p.Target(), 200)
		require.Equal(t, []int{100, 180, 200}, codes(answers))
		c := conversation{ph: ph, answer: answers[2], answered: time.Now()}
		stop := ph.talk(c.answer)
		for end := time.Now().Add(d); ; {
			m := ph.next(time.Until(end))
			if m == nil {
				break
			}
			if m.Method == "INVITE" && c.reinvite == nil {
				c.reinvite = m
				ok := sipmsg.NewResponse(m, 200, "")
				ok.Add("Contact", ph.contact())
				ok.SetBody("application/sdp", ph.offer())
				ph.send(ok)
			}
		}
		// On a busy machine it takes longer until all is there.
		require.EventuallyWithT(t, func(collect *assert.CollectT) {
			c.TestingT, c.packets, c.reports = collect, ph.heard(), ph.told()
			look(c)
		}, long, 250*time.Millisecond)
		stop()
		require.Equal(t, []int{200}, codes(ph.exchange(ph.inside("BYE", c.answer), long)))
	}
}

// sources counts the packets of each SSRC.
func (c conversation) sources() map[uint32]int {
	n := map[uint32]int{}
	for _, p := range c.packets {
		n[p.SSRC]++
	}
	return n
}

func (c conversation) senderReports() (list []*rtcp.SenderReport) {
	for _, r := range c.reports {
		if sr, ok := r.Packet.(*rtcp.SenderReport); ok {
			list = append(list, sr)
		}
	}
	return list
}

// flows checks that sound arrived at full rate until the end.
func (c conversation) flows() {
	want := time.Since(c.answered).Seconds() * 50
	require.InDelta(c, want, len(c.packets), want/3+5)
}

// lastSound tells how long after the answer the last packet came.
func (c conversation) lastSound() time.Duration {
	require.NotEmpty(c, c.packets)
	return c.packets[len(c.packets)-1].at.Sub(c.answered)
}

func (c conversation) lastReport() *rtcp.SenderReport {
	list := c.senderReports()
	require.NotEmpty(c, list)
	return list[len(list)-1]
}

func healthyTalk(c conversation) {
	c.flows()
	require.Len(c, c.sources(), 1)
	last := c.lastReport()
	require.Len(c, last.Reports, 1)
	require.Zero(c, last.Reports[0].TotalLost)
}

func nothing(c conversation) {
	require.Empty(c, c.packets)
	require.Empty(c, c.reports)
}

// jitterOf is RFC 3550 6.4.1 over what arrived.
func jitterOf(packets []heardPacket) time.Duration {
	var r reception
	for _, p := range packets {
		r.add(&p.Header, p.at)
	}
	return time.Duration(r.jitter / clockRate * float64(time.Second))
}

var soundTests = map[string]func(*testing.T, *PBX, *phone){
	Healthy:                           after(1700*ms, healthyTalk),
	"audio-in-not-played":             after(1700*ms, healthyTalk),
	"no-audio-in":                     after(1700*ms, nothing),
	"media-blocked-both-ways":         after(1700*ms, nothing),
	"no-audio-in-blocked":             lostOnTheWay,
	"no-audio-in-blocked--everything": lostOnTheWay,
	"no-audio-in-not-sent": after(2700*ms, func(c conversation) {
		require.Empty(c, c.packets)
		list := c.senderReports()
		require.GreaterOrEqual(c, len(list), 2)
		for _, sr := range list {
			require.Zero(c, sr.PacketCount)
			require.Len(c, sr.Reports, 1, "it does hear us")
		}
	}),
	"call-on-hold": after(2500*ms, func(c conversation) {
		require.NotNil(c, c.reinvite)
		require.Equal(c, "sendonly", audioOf(c.reinvite).Direction)
		require.InDelta(c, 1.5, c.lastSound().Seconds(), 0.7)
	}),
	"audio-in-silent": after(1200*ms, func(c conversation) {
		c.flows()
		for _, p := range c.packets {
			require.Equal(c, silence("PCMA"), p.Payload)
		}
	}),
	"audio-in-undecodable": after(1200*ms, func(c conversation) {
		c.flows()
		for _, p := range c.packets {
			require.Equal(c, uint8(18), p.PayloadType)
		}
	}),
	"audio-in-two-streams": after(1200*ms, func(c conversation) {
		require.Len(c, c.sources(), 2)
		for ssrc, n := range c.sources() {
			require.Greater(c, n, 40, "%x", ssrc)
		}
	}),
	"audio-in-other-source": after(1200*ms, func(c conversation) {
		c.flows()
		said := audioOf(c.answer)
		from := c.packets[0].from
		require.NotEqual(c, fmt.Sprint(said.Connection, said.Port), fmt.Sprint(from.Addr(), from.Port()))
	}),
	"audio-stops-midcall": after(4000*ms, func(c conversation) {
		require.InDelta(c, 2, c.lastSound().Seconds(), 0.7)
		require.Less(c, c.reports[len(c.reports)-1].at.Sub(c.answered), 2800*time.Millisecond)
	}),
	"audio-stops-midcall--drops": after(4500*ms, func(c conversation) {
		require.InDelta(c, 3, c.lastSound().Seconds(), 0.7)
	}),
	"audio-stops-after-reinvite": after(3500*ms, func(c conversation) {
		require.NotNil(c, c.reinvite)
		before, now := audioOf(c.answer), audioOf(c.reinvite)
		require.NotEqual(c, fmt.Sprint(before.Connection, before.Port), fmt.Sprint(now.Connection, now.Port))
		require.InDelta(c, 2, c.lastSound().Seconds(), 0.7)
	}),
	"no-audio-out-lost": after(1700*ms, func(c conversation) {
		c.flows()
		require.Empty(c, c.lastReport().Reports)
	}),
	"no-audio-out-port-closed": after(1700*ms, func(c conversation) {
		c.flows()
		said := audioOf(c.answer)
		requireRefused(c, fmt.Sprintf("%s:%d", said.Connection, said.Port))
	}),
	"loss-in": after(2700*ms, func(c conversation) {
		first, last := c.packets[0], c.packets[len(c.packets)-1]
		expected := int(last.SequenceNumber-first.SequenceNumber) + 1
		require.InDelta(c, 10, 100*float64(expected-len(c.packets))/float64(expected), 2)
		for i, p := range c.packets[1:] {
			require.LessOrEqual(c, p.SequenceNumber-c.packets[i].SequenceNumber, uint16(2), "more than one lost at once")
		}
	}),
	"loss-out": after(2700*ms, func(c conversation) {
		c.flows()
		b := c.lastReport().Reports[0]
		require.InDelta(c, 12, float64(b.FractionLost)*100/256, 1)
		require.Greater(c, b.TotalLost, uint32(8))
	}),
	"jitter-high": after(2700*ms, func(c conversation) {
		require.Greater(c, jitterOf(c.packets), 30*time.Millisecond)
		for i, p := range c.packets[1:] {
			require.Equal(c, c.packets[i].SequenceNumber+1, p.SequenceNumber, "nothing lost, nothing out of order")
		}
	}),
}

var lostOnTheWay = after(2700*ms, func(c conversation) {
	require.Empty(c, c.packets)
	list := c.senderReports()
	require.GreaterOrEqual(c, len(list), 2)
	require.InDelta(c, 50, list[1].PacketCount-list[0].PacketCount, 30)
})
