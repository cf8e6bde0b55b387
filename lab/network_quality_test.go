package lab

import (
	"archive/zip"
	"bytes"
	"io"
	"slices"
	"strconv"
	"testing"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
)

// netImpaired is a row of the table of impairments.
type netImpaired struct {
	netRow
	impairments []impairment
}

// TestImpaired: what happens to sound in one direction is measured as it happened,
// packet for packet, and blamed there and nowhere else.
func TestImpaired(t *testing.T) {
	t.Parallel()
	const internet = "internet"
	in := func(i impairment) []impairment { i.Way = inward; return []impairment{i} }
	out := func(i impairment) []impairment { i.Way = outward; return []impairment{i} }
	rows := []netImpaired{
		{netRow{name: "5 % lost inward", cause: "loss-in", where: internet, direction: "in"}, in(impairment{Loss: 5})},
		{netRow{name: "3 % lost inward", cause: "loss-in", where: internet, direction: "in"}, in(impairment{Loss: 3})},
		{netRow{name: "10 % lost inward", cause: "loss-in", where: internet, direction: "in"}, in(impairment{Loss: 10})},
		{netRow{name: "1 % lost inward", hint: "loss-in internet in"}, in(impairment{Loss: 1.2})},
		{netRow{name: "3 % lost outward", cause: "loss-out", where: internet, direction: "out"}, out(impairment{Loss: 3})},
		{netRow{name: "5 % lost outward", cause: "loss-out", where: internet, direction: "out"}, out(impairment{Loss: 5})},
		{netRow{name: "10 % lost outward", cause: "loss-out", where: internet, direction: "out"}, out(impairment{Loss: 10})},
		{netRow{name: "1 % lost outward", hint: "loss-out internet out"}, out(impairment{Loss: 1.2})},
		{netRow{name: "bursts inward", cause: "loss-bursty", where: internet, direction: "in"}, in(impairment{BurstBegins: 0.5, BurstEnds: 8, Seed: 2})},
		{netRow{name: "jitter inward", cause: "jitter-high", where: internet, direction: "in"}, in(impairment{Jitter: 200 * ms})},
		{netRow{name: "jitter outward", cause: "jitter-high", where: internet, direction: "out"}, out(impairment{Jitter: 600 * ms})},
		{netRow{name: "little jitter both ways"}, []impairment{{Way: inward, Jitter: 15 * ms}, {Way: outward, Jitter: 15 * ms}}},
		{netRow{name: "duplicates inward", cause: "reordered-or-duplicated", where: internet, direction: "in"}, in(impairment{Duplicate: 5})},
		{netRow{name: "overtaking inward", cause: "reordered-or-duplicated", where: internet, direction: "in"}, in(impairment{Reorder: 5})},
		{netRow{name: "delay", cause: "delay-high", where: internet, direction: "both"}, []impairment{{Way: inward, Delay: 180 * ms, AllUDP: true}, {Way: outward, Delay: 180 * ms, AllUDP: true}}},
		{netRow{name: "a little delay"}, []impairment{{Way: inward, Delay: 60 * ms, AllUDP: true}, {Way: outward, Delay: 60 * ms, AllUDP: true}}},
	}
	for i, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if i > 0 {
				wholeLab(t)
			}
			t.Parallel()
			r.situation = "quality"
			var running []*impaired
			r.set = func(t *testing.T, n *Network, _ *Registrar) {
				for _, i := range r.impairments {
					running = append(running, n.impair(t, i))
				}
			}
			r.more = func(t *testing.T, _ *Network, a answer) {
				for at, i := range r.impairments {
					truth := running[at].passages(t)
					if i.Way == inward {
						requireInward(t, a, truth)
					} else {
						requireOutward(t, a, truth)
					}
				}
			}
			r.run(t)
		})
	}
}

// requireInward holds the stream that came in, as the program tells it, against what
// the hop did to the very packets that the tape saw.
func requireInward(t *testing.T, a answer, truth []passage) {
	t.Helper()
	s := a.stream(inward)
	require.NotNil(t, s, "no stream came in")
	sound, _ := a.media(t)
	sound = slices.DeleteFunc(sound, func(p arrivedPacket) bool { return p.SSRC != s.SSRC })
	require.NotEmpty(t, sound)
	first, last := sound[0].Seq, sound[0].Seq
	for _, p := range sound {
		if int16(p.Seq-first) < 0 {
			first = p.Seq
		}
		if int16(p.Seq-last) > 0 {
			last = p.Seq
		}
	}
	var left []Arrival // as they left the hop
	fates := map[string]int{}
	for _, p := range truth {
		if p.SSRC != s.SSRC || int16(p.Seq-first) < 0 || int16(p.Seq-last) > 0 {
			continue
		}
		fates[p.Fate]++
		if p.Fate != fateLost {
			left = append(left, Arrival{At: p.Out, Seq: p.Seq, Timestamp: p.Timestamp, Marker: p.Marker, PT: p.PT})
		}
	}
	t.Logf("in: %d packets, the truth is %v; measured: %d lost, %d doubled, %d reordered, jitter %.2f ms", last-first+1, fates, s.Lost, s.Duplicate, s.Reordered, *s.JitterMS)
	require.EqualValues(t, last-first+1, s.Expected)
	require.EqualValues(t, fates[fateLost], s.Lost)
	require.EqualValues(t, fates[fateDoubled], s.Duplicate)

	require.EqualValues(t, overtaken(left), s.Reordered)

	silent := func(a Arrival) bool { return a.PT == 13 }
	tape := byFormula(arrivals(sound), silent)
	require.InDelta(t, tape.jitter.Seconds()*1000, *s.JitterMS, 0.01, "RFC 3550 over the packets of the tape")
	hop := byFormula(left, silent)
	// From the hop to the tape there are two more hosts, and this machine's own delays.
	require.InDelta(t, hop.jitter.Seconds()*1000, *s.JitterMS, 2+3*a.Late.Seconds()*1000, "RFC 3550 over the packets that left the hop")
}

// overtaken counts the packets that others with higher numbers have overtaken.
func overtaken(list []Arrival) (n int) {
	seen := map[uint16]bool{}
	for i, highest := 0, list[0].Seq; i < len(list); i++ {
		seq := list[i].Seq
		if int16(seq-highest) < 0 && !seen[seq] {
			n++
		}
		if int16(seq-highest) > 0 {
			highest = seq
		}
		seen[seq] = true
	}
	return n
}

// requireOutward holds the last report of the other side against what the hop did to
// the packets that it speaks of.
func requireOutward(t *testing.T, a answer, truth []passage) {
	t.Helper()
	s := a.stream(outward)
	require.NotNil(t, s, "no stream went out")
	require.Zero(t, s.Lost, "a loss on the way is no hole in what was sent")
	_, reports := a.media(t)
	var says *rtcp.ReceptionReport
	for i := range reports {
		if reports[i].SSRC == s.SSRC {
			says = &reports[i]
		}
	}
	require.NotNil(t, says, "nobody reports on what was sent")
	highest, lost := uint16(says.LastSequenceNumber), 0
	for i, p := range slices.DeleteFunc(truth, func(p passage) bool { return p.SSRC != s.SSRC }) {
		if p.Fate == fateLost && int16(p.Seq-highest) < 0 && i > 0 {
			lost++
		}
	}
	t.Logf("out: up to number %d the truth is %d lost; reported: %d, jitter %.1f ms", highest, lost, says.TotalLost, float64(says.Jitter)/8)
	require.EqualValues(t, lost, says.TotalLost)
	if root := a.root(); root != nil && root.Cause == "loss-out" {
		require.Equal(t, strconv.Itoa(lost), root.Args["lost"])
	}
}

// arrivedPacket is a packet of RTP on the tape that came in.
type arrivedPacket struct {
	SSRC uint32
	Arrival
}

func arrivals(list []arrivedPacket) (all []Arrival) {
	for _, p := range list {
		all = append(all, p.Arrival)
	}
	return all
}

// media reads the capture that a check saved: what came in of RTP, and all reports of
// the other side.
func (a answer) media(t *testing.T) (sound []arrivedPacket, reports []rtcp.ReceptionReport) {
	t.Helper()
	z, err := zip.OpenReader(a.Saved)
	require.NoError(t, err)
	defer z.Close()
	f, err := z.Open("capture.pcapng")
	require.NoError(t, err)
	b, err := io.ReadAll(f)
	require.NoError(t, err)
	for r, err := range capture.Read(bytes.NewReader(b)) {
		require.NoError(t, err)
		if r.Packet == nil || r.Packet.Net != capture.UDP || r.Packet.Dst.Addr().String() != clientAddr {
			continue
		}
		var h rtp.Header
		switch data := r.Packet.Data; {
		case len(data) < 8 || data[0]>>6 != 2:
		case data[1] >= 192 && data[1] <= 223:
			list, err := rtcp.Unmarshal(data)
			require.NoError(t, err)
			for _, p := range list {
				switch p := p.(type) {
				case *rtcp.SenderReport:
					reports = append(reports, p.Reports...)
				case *rtcp.ReceiverReport:
					reports = append(reports, p.Reports...)
				}
			}
		default:
			if _, err := h.Unmarshal(data); err == nil {
				sound = append(sound, arrivedPacket{h.SSRC, Arrival{At: r.Packet.Time, Seq: h.SequenceNumber, Timestamp: h.Timestamp, Marker: h.Marker, PT: h.PayloadType}})
			}
		}
	}
	return sound, reports
}
