package lab

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// TestSHA256 signs in and calls where the digest is SHA-256 (RFC 8760). The second
// phone is Kamailio itself, or a test phone: baresip 1.0 knows MD5 only. Kamailio
// 5.6 knows MD5 and SHA-256 only; SHA-512-256 is held against the built-in PBX
// in app/session.
func TestSHA256(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{SHA256: true})
	signedIn := func(t *testing.T, got checked) {
		t.Helper()
		if codes := got.Evidence.Registrations[0].Codes(); len(codes) < 2 || codes[0] != 401 || codes[1] != 200 {
			t.Errorf("registration answered %v", codes)
		}
		asked := 0
		for _, m := range got.Evidence.Messages {
			for _, c := range m.Challenges() {
				asked++
				require.Equal(t, "SHA-256", c.Algorithm)
			}
		}
		require.Positive(t, asked)
	}
	t.Run("busy", func(t *testing.T) {
		t.Parallel()
		got := check(t, session.Request{Account: account(k, "jack"), Situation: "no-ringback", Target: "code-486"})
		root := got.Diagnosis.Root()
		if root == nil || root.Rule.Cause != "callee-busy" || got.Verdict != report.Outcome {
			t.Errorf("verdict %s; %s", got.Verdict, story(got.Evidence))
		}
		signedIn(t, got)
	})
	t.Run("wrong password", func(t *testing.T) {
		t.Parallel()
		r := session.Request{Account: account(k, "kate"), Situation: "registration"}
		r.Account.Password = "wrong"
		got := check(t, r)
		if root := got.Diagnosis.Root(); root == nil || root.Rule.Cause != "account-credentials-wrong" || got.Verdict != report.Problem {
			t.Errorf("verdict %s; %s", got.Verdict, story(got.Evidence))
		}
	})
	t.Run("answered", func(t *testing.T) {
		t.Parallel()
		p, _ := ourPhone(t, k, "lena")
		done := make(chan struct{})
		go func() {
			defer close(done)
			if c, err := p.Await(t.Context()); err == nil {
				time.Sleep(300 * time.Millisecond) // let it ring
				_ = c.Answer(t.Context())
				c.Wait(t.Context(), sipclient.Ended)
			}
		}()
		got := check(t, session.Request{
			Account: account(k, "mona"), Situation: "no-ringback", Target: "lena",
			Person: session.Answers{"heard_ringing": "yes"},
		})
		<-done
		c := got.Evidence.Calls
		require.True(t, len(c) == 1 && c[0].Answer != nil && c[0].Ack != nil && c[0].Bye != nil && c[0].Direction == evidence.Out, story(got.Evidence))
		require.True(t, c[0].In != nil && c[0].Out != nil && c[0].In.Packets > 50 && c[0].Out.Packets > 50, "sound both ways")
		signedIn(t, got)
	})
}
