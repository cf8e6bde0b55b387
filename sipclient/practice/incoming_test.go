package practice

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/codec"
	"softphonedoctor/sipclient/sipmsg"
)

func TestIncomingFaults(t *testing.T) { runAll(t, incomingTests) }

// called signs in and gives the call that then comes, ringing.
func called(t *testing.T, ph *phone) *sipmsg.Message {
	t.Helper()
	lastOf(401, 200)(t, ph)
	invite := ph.next(long)
	require.NotNil(t, invite, "no call came")
	require.Equal(t, "INVITE", invite.Method)
	return invite
}

// quietLine is a test for a call that never comes.
func quietLine(t *testing.T, _ *PBX, ph *phone) {
	lastOf(401, 200)(t, ph)
	require.Nil(t, ph.next(brief))
}

// withdrawn is a test for a call that rings and is cancelled after some time.
func withdrawn(after time.Duration, reason int) func(*testing.T, *PBX, *phone) {
	return func(t *testing.T, _ *PBX, ph *phone) {
		invite := called(t, ph)
		began := time.Now()
		ph.send(sipmsg.NewResponse(invite, 180, ""))
		cancel := ph.next(after + long)
		require.NotNil(t, cancel)
		require.Equal(t, "CANCEL", cancel.Method)
		require.InDelta(t, after.Seconds(), time.Since(began).Seconds(), 0.4)
		if reason > 0 {
			require.Equal(t, reason, cancel.Reasons()[0].Cause)
		}
		ph.send(sipmsg.NewResponse(cancel, 200, ""))
		ph.send(sipmsg.NewResponse(invite, 487, ""))
		require.Equal(t, "ACK", ph.next(long).Method)
	}
}

// taken answers a call.
func taken(ph *phone, invite *sipmsg.Message) {
	ok := sipmsg.NewResponse(invite, 200, "")
	ok.Add("Contact", ph.contact())
	ok.SetBody("application/sdp", ph.offer())
	ph.send(ok)
}

var incomingTests = map[string]func(*testing.T, *PBX, *phone){
	"call-reached-this-phone": func(t *testing.T, _ *PBX, ph *phone) {
		invite := called(t, ph)
		require.NotNil(t, audioOf(invite))
		ph.send(sipmsg.NewResponse(invite, 486, ""))
		require.Equal(t, "ACK", ph.next(long).Method)
		require.Nil(t, ph.next(brief), "it called a second time")
	},
	"inbound-forwarded-or-dnd":  quietLine,
	"inbound-number-not-routed": quietLine,
	"ack-missing": func(t *testing.T, _ *PBX, ph *phone) {
		taken(ph, called(t, ph))
		require.Nil(t, ph.next(brief))
	},
	"reply-lost": func(t *testing.T, _ *PBX, ph *phone) {
		invite := called(t, ph)
		ph.send(sipmsg.NewResponse(invite, 180, ""))
		again := ph.next(long)
		require.NotNil(t, again)
		require.Equal(t, invite.Branch(), again.Branch())
		taken(ph, invite)
		require.Equal(t, "INVITE", ph.next(long).Method, "the answer was heard")
	},
	"offer-missing": func(t *testing.T, _ *PBX, ph *phone) {
		invite := called(t, ph)
		require.Empty(t, invite.Body)
		taken(ph, invite)
		ack := ph.next(long)
		require.Equal(t, "ACK", ack.Method)
		require.NotNil(t, audioOf(ack), "the answer to our offer is missing")
	},
	"answered-elsewhere": withdrawn(1500*ms, 200),
	"ring-timeout":       withdrawn(15*sec, 0),
}

func TestCallFaults(t *testing.T) { runAll(t, callTests) }

// talked calls, talks for a while and gives what was heard.
func talked(t *testing.T, p *PBX, ph *phone, lasts time.Duration) []heardPacket {
	t.Helper()
	lastOf(401, 200)(t, ph)
	_, answers := ph.dial(p.Target(), 200)
	require.Equal(t, 200, answers[len(answers)-1].Status)
	stop := ph.talk(answers[len(answers)-1])
	time.Sleep(lasts)
	stop()
	return ph.heard()
}

// loudest is the largest sample of what was heard, in parts of full scale.
func loudest(packets []heardPacket) (most float64) {
	for _, h := range packets {
		pcm, _ := codec.Decode(map[uint8]string{0: "PCMU", 8: "PCMA"}[h.PayloadType], h.Payload, nil)
		for _, s := range pcm {
			most = max(most, float64(s)/32768)
		}
	}
	return most
}

// fabric is what the bytes of the sound are made of.
func fabric(packets []heardPacket) codec.Fabric {
	var t codec.Texture
	for _, h := range packets {
		t.Add(map[uint8]string{0: "PCMU", 8: "PCMA"}[h.PayloadType], h.Payload)
	}
	return t.Fabric()
}

func fine(t *testing.T, p *PBX, ph *phone) {
	packets := talked(t, p, ph, sec)
	require.Greater(t, len(packets), 20)
	require.InDelta(t, 0.3, loudest(packets), 0.15)
}

var callTests = map[string]func(*testing.T, *PBX, *phone){
	"sound-muffled":                fine,
	"no-audio-out-beyond-provider": fine,
	"usual-softphone-settings":     fine,
	"loss-bursty": func(t *testing.T, p *PBX, ph *phone) {
		most, last := uint16(0), uint16(0)
		for i, h := range talked(t, p, ph, 3500*ms) {
			if i > 0 {
				most = max(most, h.SequenceNumber-last)
			}
			last = h.SequenceNumber
		}
		require.EqualValues(t, burstFrames+1, most)
	},
	"delay-high": func(t *testing.T, p *PBX, ph *phone) {
		talked(t, p, ph, 2500*ms)
		checked := 0
		for _, r := range ph.told() {
			if sr, ok := r.Packet.(*rtcp.SenderReport); ok {
				sent := time.Unix(int64(sr.NTPTime>>32)-2208988800, int64(sr.NTPTime&0xffffffff)*1e9>>32)
				require.InDelta(t, 0.9, r.at.Sub(sent).Seconds(), 0.3)
				checked++
			}
		}
		require.Positive(t, checked)
	},
	"clipping": func(t *testing.T, p *PBX, ph *phone) {
		require.Greater(t, loudest(talked(t, p, ph, sec)), 0.95)
	},
	"sound-too-quiet": func(t *testing.T, p *PBX, ph *phone) {
		require.Less(t, loudest(talked(t, p, ph, sec)), 0.02)
	},
	"reordered-or-duplicated": func(t *testing.T, p *PBX, ph *phone) {
		seen, twice := map[uint16]bool{}, 0
		for _, h := range talked(t, p, ph, 2*sec) {
			if seen[h.SequenceNumber] {
				twice++
			}
			seen[h.SequenceNumber] = true
		}
		require.InDelta(t, 5, twice, 2)
	},
	"words-cut": func(t *testing.T, p *PBX, ph *phone) {
		spurts := 0
		for _, h := range talked(t, p, ph, 2*sec) {
			if h.Marker {
				spurts++
			}
		}
		require.InDelta(t, 3, spurts, 1)
	},
	"clock-drift": func(t *testing.T, p *PBX, ph *phone) {
		packets := talked(t, p, ph, 3*sec)
		a, b := packets[0], packets[len(packets)-1]
		ticks, frames := b.Timestamp-a.Timestamp, uint32(b.SequenceNumber-a.SequenceNumber)
		require.InDelta(t, 0.003*float64(frames*frameSamples), float64(ticks-frames*frameSamples), 3)
	},
	"echo-heard-there": fine,
	"echo-heard-here": func(t *testing.T, p *PBX, ph *phone) {
		require.InDelta(t, 0.12, loudest(talked(t, p, ph, 2*sec)), 0.08) // what comes back is TestRoom's
	},
	"jitter-high--robotic": func(t *testing.T, p *PBX, ph *phone) {
		require.Greater(t, jitterOf(talked(t, p, ph, 2*sec)), 30*time.Millisecond)
	},
	"audio-in-undecodable--encrypted": func(t *testing.T, p *PBX, ph *phone) {
		require.Equal(t, codec.FabricEven, fabric(talked(t, p, ph, 2*sec)))
	},
	"audio-in-undecodable--other-law": func(t *testing.T, p *PBX, ph *phone) {
		require.Equal(t, codec.FabricOtherLaw, fabric(talked(t, p, ph, 3*sec)))
	},
	"dtmf-not-negotiated": func(t *testing.T, p *PBX, ph *phone) {
		_, answers := ph.dial(p.Target(), 200)
		for _, c := range audioOf(answers[len(answers)-1]).Codecs {
			require.NotEqual(t, "telephone-event", c.Name)
		}
	},
	"registration-lost-later": func(t *testing.T, _ *PBX, ph *phone) {
		lastOf(401, 200)(t, ph)
		answers := ph.register()
		require.Equal(t, 403, answers[len(answers)-1].Status)
	},
}
