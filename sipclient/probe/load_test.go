package probe

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// TestLoad: a line whose delay grows with its use, one whose delay does not, and what
// cannot be told.
func TestLoad(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		over         capture.Net
		idle, loaded time.Duration // of the server's answers; below 0: none
		use          error         // of who was to put it to use
		want         []string
	}{
		"grows":          {capture.UDP, 0, 180 * time.Millisecond, nil, []string{"yes", "sent=24", "got=24"}},
		"stays":          {capture.UDP, 20 * time.Millisecond, 60 * time.Millisecond, nil, []string{"no", "sent=24", "got=24"}},
		"grows over TCP": {capture.TCP, 0, 180 * time.Millisecond, nil, []string{"yes", "got=24"}},
		"silent":         {capture.UDP, -1, -1, nil, []string{"not-checked", "0", "of", "12"}},
		"given up":       {capture.UDP, 0, 0, errors.New("no"), []string{"not-checked", "not", "put"}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			var delay atomic.Int64
			delay.Store(int64(c.idle))
			answer := func(r []byte) []byte {
				d := time.Duration(delay.Load())
				if d < 0 {
					return nil
				}
				time.Sleep(d)
				return okTo(r, 200)
			}
			at := ""
			if c.over == capture.TCP {
				at = serveTCP(t, speakSIP(answer)).String()
			} else {
				at = serveUDP(t, "127.0.0.1:0", answer).String()
			}
			got := measured(t, Config{Server: at, Transport: c.over, InUse: func(context.Context) error {
				delay.Store(int64(c.loaded))
				return c.use
			}}, time.Minute, "load")[capture.ProbeLoadDelay]
			if !has(got, c.want...) {
				t.Error(got)
			}
			p := strings.Fields(got)
			if c.use == nil && c.idle >= 0 && (!strings.HasPrefix(p[1], "idle=") || !strings.HasPrefix(p[2], "loaded=")) {
				t.Error(got)
			}
		})
	}
	at := serveUDP(t, "127.0.0.1:0", func(r []byte) []byte { return okTo(r, 200) })
	if got := measured(t, Config{Server: at.String()}, 0, "load")[capture.ProbeLoadDelay]; !has(got, "not-checked", "nobody") {
		t.Error(got)
	}
}
