package lab

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient"
	"softphonedoctor/wizard/evidence"
)

// TestRealPhoneSpeaks lets a real phone and ours speak in the ways that they can
// agree on, and listens at both ends.
func TestRealPhoneSpeaks(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})

	t.Run("encrypted, we call", func(t *testing.T) {
		t.Parallel()
		other, rep := withRealPhone(t, k, "secret", PhoneOptions{Encrypt: "srtp-mand"}, sipclient.Account{Encryption: "srtp"}, func(c *sipclient.Call, other *Phone) {
			time.Sleep(time.Second)
			require.NoError(t, c.Hold(briefly(t)))
			time.Sleep(700 * ms)
			require.NoError(t, c.Resume(briefly(t)))
			time.Sleep(700 * ms)
			other.Command(t, "hold", "")
			time.Sleep(700 * ms)
			other.Command(t, "resume", "")
			time.Sleep(2 * time.Second)
		})
		requireNoFault(t, rep)
		c := rep.Evidence.Calls[0]
		require.Len(t, c.Reinvites, 4)
		soundBothWays(t, c)
		require.Less(t, c.Ended.Sub(c.In.Last).Abs(), 500*ms, "their sound goes on after the holds")
		require.Less(t, c.Ended.Sub(c.Out.Last).Abs(), 500*ms, "our sound goes on after the holds")
		require.Greater(t, other.Heard(t).DBFS, -35.0, "it hears us")
		requireSameKeys(t, c)
	})

	t.Run("encrypted, we are called", func(t *testing.T) {
		wholeLab(t)
		t.Parallel()
		other := Baresip(t, k, "secret-caller", ByHand, PhoneOptions{Encrypt: "srtp-mand"})
		p, tape := labPhone(t, sipclient.Account{User: "keeper", Domain: k.Domain(), Password: Password("keeper"), Register: true})
		require.NoError(t, p.Register(t.Context()))
		other.Dial(t, "sip:keeper@"+k.Domain())
		c := called(t, p)
		require.NoError(t, c.Answer(briefly(t)))
		time.Sleep(1500 * ms)
		other.Command(t, "hold", "")
		time.Sleep(700 * ms)
		other.Command(t, "resume", "")
		time.Sleep(2 * time.Second)
		require.NoError(t, c.Hangup(briefly(t)))
		other.Await(t, "CALL_CLOSED", 5*time.Second)
		closePhone(t, p)
		other.Stop(t)
		rep := judged(t, tape)
		requireNoFault(t, rep)
		call := rep.Evidence.Calls[0]
		require.Len(t, call.Reinvites, 2)
		soundBothWays(t, call)
		require.Greater(t, other.Heard(t).DBFS, -35.0, "it hears us")
		requireSameKeys(t, call)
	})

	t.Run("G.722", func(t *testing.T) {
		wholeLab(t)
		t.Parallel()
		other, rep := withRealPhone(t, k, "wide", PhoneOptions{Codecs: "G722/16000/1"}, sipclient.Account{Codecs: []string{"G722", "PCMA"}}, func(*sipclient.Call, *Phone) {
			time.Sleep(2500 * ms)
		})
		requireNoFault(t, rep)
		c := rep.Evidence.Calls[0]
		require.Equal(t, "G722", c.In.Codec.Name)
		require.Equal(t, "G722", c.Out.Codec.Name)
		soundBothWays(t, c)
		require.Greater(t, other.Heard(t).DBFS, -35.0, "it hears us")
	})

	t.Run("packets of 40 ms", func(t *testing.T) {
		wholeLab(t)
		t.Parallel()
		other, rep := withRealPhone(t, k, "slow", PhoneOptions{PTime: 40}, sipclient.Account{}, func(*sipclient.Call, *Phone) {
			time.Sleep(3 * time.Second)
		})
		requireNoFault(t, rep)
		soundBothWays(t, rep.Evidence.Calls[0])
		require.Greater(t, other.Heard(t).DBFS, -35.0, "it hears us")
	})

	t.Run("keys pressed here", func(t *testing.T) {
		wholeLab(t)
		t.Parallel()
		const keys = "19*#0"
		other, rep := withRealPhone(t, k, "listener", PhoneOptions{}, sipclient.Account{}, func(c *sipclient.Call, _ *Phone) {
			time.Sleep(500 * ms)
			require.NoError(t, c.SendDigits(briefly(t), keys))
			time.Sleep(time.Second)
		})
		requireNoFault(t, rep)
		require.Equal(t, keys, rep.Evidence.Calls[0].Out.Digits)
		heard := ""
		for _, e := range other.Events() {
			if e.Type == "CALL_DTMF_START" {
				heard += e.Param
			}
		}
		require.Equal(t, keys, heard)
	})
}

// requireSameKeys wants no description of ours to name a key that the first did not:
// a new one in mid-call costs sound until both sides have changed over.
func requireSameKeys(t *testing.T, c *evidence.Call) {
	t.Helper()
	var first []string
	descriptions := 0
	for _, tr := range c.Transactions {
		for _, m := range append([]*evidence.Message{tr.Request}, tr.Responses...) {
			keys := keyLine.FindAllString(string(m.Body), -1)
			if !m.Out || len(keys) == 0 {
				continue
			}
			if descriptions++; first == nil {
				first = keys
			}
			for _, key := range keys {
				require.Contains(t, first, key, "a new key in mid-call")
			}
		}
	}
	require.Greater(t, descriptions, 1, "descriptions with keys")
}

var keyLine = regexp.MustCompile(`inline:\S+`)
