package lab

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard/report"
)

// TestBetween: a baresip whose outbound proxy is the program, over UDP and TCP, behind a
// real registrar: what works goes on working, and a wrong setting in it is named.
func TestBetween(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{Ways: true}) // TCP, too
	for i, row := range []struct {
		name, transport string
		phone           PhoneOptions
		calls           bool // the softphone calls; else it is called
		keep            time.Duration
		cause, where    string
	}{
		{name: "calls over UDP", calls: true},
		{name: "calls over TCP", transport: "tcp", calls: true},
		{name: "in the background, a call longer than what is kept", calls: true, keep: 3 * time.Second},
		{name: "in the background, over TCP, is called", transport: "tcp", keep: 3 * time.Second},
		{name: "in the background, a wrong password", phone: PhoneOptions{Password: "not this one"}, calls: true, keep: 3 * time.Second, cause: "account-credentials-wrong", where: "account"},
		{name: "is called", transport: "udp"},
		{name: "is called over TCP", transport: "tcp"},
		{name: "a wrong password", phone: PhoneOptions{Password: "not this one"}, calls: true, cause: "account-credentials-wrong", where: "account"},
		{name: "a codec that nobody has", phone: PhoneOptions{Codecs: "G722/16000/1"}, calls: true, cause: "codec-mismatch", where: "account"},
		{name: "it insists on encrypted sound", phone: PhoneOptions{Encrypt: "srtp-mand"}, calls: true, cause: "encryption-mismatch", where: "account"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if i > 0 {
				wholeLab(t)
			}
			t.Parallel()
			other := Baresip(t, k, "between-other-"+string(rune('a'+i)), ByItself, PhoneOptions{RingFor: 200 * ms})
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			b, err := session.StandBetween(ctx, session.BetweenRequest{Server: k.Domain(), Keep: row.keep, Heard: func(e session.BetweenEvent) { t.Log(e.Text) }})
			require.NoError(t, err)
			done := make(chan struct{})
			go func() { defer close(done); b.Serve(ctx) }()
			at := b.At()
			row.phone.Outbound = "sip:" + at.String()
			if row.transport != "" {
				row.phone.Outbound += ";transport=" + row.transport
			}
			own := Baresip(t, k, "between-own-"+string(rune('a'+i)), ByItself, row.phone)
			switch {
			case row.phone.Password != "":
				// Its log has it for certain; it may have failed before its events are listened to.
				require.Eventually(t, func() bool { return strings.Contains(own.Log(), "401 Unauthorized") }, 10*time.Second, 20*ms)
			case row.calls:
				own.Dial(t, other.URI)
			default:
				other.Dial(t, own.URI)
			}
			if row.cause == "" {
				own.Await(t, "CALL_ESTABLISHED", 10*time.Second)
				time.Sleep(6 * time.Second) // as long as somebody talks
				own.Hangup(t)
			}
			if row.phone.Password == "" {
				own.Await(t, "CALL_CLOSED", 10*time.Second)
			}
			time.Sleep(300 * ms) // the last word crosses
			stop()
			<-done
			rep, _, err := b.Judge()
			require.NoError(t, err)
			cause, where := "", ""
			if list := rep.Document().Findings; len(list) > 0 {
				cause, where = list[0].Cause, list[0].Where
			}
			require.Equal(t, row.cause, cause, "%s; %s", rep.Verdict, story(rep.Evidence))
			require.Equal(t, row.where, where)
			if row.cause == "" {
				require.Equal(t, report.Healthy, rep.Verdict)
				require.Len(t, rep.Evidence.Calls, 1)
				c := rep.Evidence.Calls[0]
				require.NotNil(t, c.In)
				require.NotNil(t, c.Out)
				if row.keep > 0 {
					require.NotNil(t, c.First, "the beginning of the call is gone")
					require.Less(t, c.In.Packets, uint64(200), "more sound is kept than was wanted")
					require.Greater(t, c.In.Packets, uint64(80))
					return
				}
				require.Greater(t, c.In.Packets, uint64(200))
				require.Greater(t, c.Out.Packets, uint64(200))
			}
		})
	}
}
