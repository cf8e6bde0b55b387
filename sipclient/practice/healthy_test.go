package practice

import (
	"flag"
	"net/http"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// TestMain lets the faults be tested many at a time: they wait far more than
// they compute.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "24"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func TestRegistersWithDigest(t *testing.T) {
	for _, algorithm := range []string{"MD5", "SHA-256"} {
		t.Run(algorithm, func(t *testing.T) {
			f, _ := FaultFor(Healthy)
			_, ph := beginFault(t, f.WithDigest(algorithm))
			answers := ph.register()
			require.Equal(t, []int{401, 200}, codes(answers))
			ok := answers[1]
			require.Len(t, ok.Contacts(), 1)
			require.Equal(t, "300", ok.Contacts()[0].Params.Get("expires"))
			via := ok.Vias()[0]
			require.Equal(t, "127.0.0.1", via.Received)
			require.Equal(t, int(localAddr(ph.sip).Port()), via.RPort)
			date, err := http.ParseTime(ok.Get("Date"))
			require.NoError(t, err)
			require.WithinDuration(t, time.Now(), date, 2*time.Second)
		})
	}
}

func TestOwnBindingIsRemoved(t *testing.T) {
	p, ph := begin(t, Healthy)
	ph.register()
	_, ok := p.registered()
	require.True(t, ok)
	ph.expires = 0
	answers := ph.register()
	require.Equal(t, []int{401, 200}, codes(answers))
	require.Empty(t, answers[1].Contacts())
	_, ok = p.registered()
	require.False(t, ok)
}

func TestCallRingsAnswersAndEchoes(t *testing.T) {
	p, ph := begin(t, Healthy)
	began := time.Now()
	_, answers := ph.dial(p.Echo(), 200)
	require.Equal(t, []int{100, 180, 200}, codes(answers))
	require.GreaterOrEqual(t, time.Since(began), 900*time.Millisecond)
	answer := answers[2]
	stop := ph.talk(answer)
	require.Eventually(t, func() bool { return len(ph.heard()) > 60 && len(ph.told()) >= 4 }, long, 20*time.Millisecond)
	sent := stop()
	require.Eventually(t, func() bool { return len(ph.heard()) >= sent-1 }, long, 20*time.Millisecond)
	back := ph.heard()
	require.LessOrEqual(t, len(back), sent)
	s := newSender()
	for i, packet := range back[:20] {
		require.Equal(t, uint8(8), packet.PayloadType)
		require.Equal(t, s.voice.next("PCMA", 0, nil), packet.Payload, "packet %d", i)
	}
	bye := ph.exchange(ph.inside("BYE", answer), long)
	require.Equal(t, []int{200}, codes(bye))
	require.Eventually(t, func() bool { return p.find(ph.callID) == nil }, long, 10*time.Millisecond)
}

func TestReportsAreTrue(t *testing.T) {
	p, ph := begin(t, Healthy)
	_, answers := ph.dial(p.Target(), 200)
	answer := answers[len(answers)-1]
	require.Equal(t, 200, answer.Status)
	stop := ph.talk(answer)
	defer stop()
	require.Eventually(t, func() bool { return len(ph.told()) >= 2 }, long, 10*time.Millisecond)
	// A sender report of ours, so that the next one of the PBX speaks about it.
	said := time.Now()
	ours := &rtcp.SenderReport{SSRC: 1, NTPTime: ntp(said)}
	ph.mu.Lock()
	for _, r := range ph.reports {
		if sr, ok := r.Packet.(*rtcp.SenderReport); ok && len(sr.Reports) > 0 {
			ours.SSRC = sr.Reports[0].SSRC
		}
	}
	ph.mu.Unlock()
	data, err := ours.Marshal()
	require.NoError(t, err)
	to := localAddr(p.find(ph.callID).media.rtcp)
	_, err = ph.rtcp.WriteToUDPAddrPort(data, to)
	require.NoError(t, err)
	var last *rtcp.SenderReport
	var at time.Time
	require.Eventually(t, func() bool {
		for _, r := range ph.told() {
			if sr, ok := r.Packet.(*rtcp.SenderReport); ok && len(sr.Reports) > 0 && sr.Reports[0].LastSenderReport != 0 {
				last, at = sr, r.at
				return true
			}
		}
		return false
	}, long, 10*time.Millisecond)
	block := last.Reports[0]
	require.Equal(t, uint32(ntp(said)>>16), block.LastSenderReport)
	trip := float64(uint32(ntp(at)>>16)-block.LastSenderReport-block.Delay) / 65536
	require.InDelta(t, 0, trip, 0.5, "the round trip that LSR and DLSR give")
	require.Zero(t, block.TotalLost)
	require.Zero(t, block.FractionLost)
	var before int
	for _, packet := range ph.heard() {
		require.Equal(t, last.SSRC, packet.SSRC)
		if packet.at.Before(at) {
			before++
		}
	}
	require.InDelta(t, before, last.PacketCount, 15)
	require.Equal(t, last.PacketCount*frameSamples, last.OctetCount)
}
