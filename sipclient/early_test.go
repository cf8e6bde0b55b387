package sipclient

import (
	"context"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// Seconds pass between the packets at early media and the answer. They must pass
// in the timestamps, too: else whoever measures the stream takes them for jitter.
func TestEarlyMediaAndAnswerAreOneClock(t *testing.T) {
	srv, snd := newPeer(t), newSound(t)
	p := newPhone(t, srv.addr())
	c, inv := dial(t, p, srv)
	srv.reply(inv, 183, "tt", snd.sdp())
	packet := func() (h rtp.Header, at time.Time) {
		t.Helper()
		data := mustRead(t, snd.rtp, "RTP")
		at = time.Now()
		if _, err := h.Unmarshal(data); err != nil {
			t.Fatal(err)
		}
		return h, at
	}
	var early rtp.Header
	var earlyAt time.Time
	for range 3 {
		early, earlyAt = packet()
	}
	time.Sleep(400 * time.Millisecond)
	srv.reply(inv, 200, "tt", snd.sdp())
	srv.until("ACK")
	c.Wait(context.Background(), Answered)
	first, at := packet()
	if first.SequenceNumber != early.SequenceNumber+1 || first.SSRC != early.SSRC || !first.Marker {
		t.Errorf("after %+v came %+v", early, first)
	}
	passed, counted := at.Sub(earlyAt), time.Duration(first.Timestamp-early.Timestamp)*time.Second/8000
	if off := passed - counted; off.Abs() > 100*time.Millisecond {
		t.Errorf("%v passed, the timestamps say %v", passed, counted)
	}
}
