package lab

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient"
)

// TestRealPhoneSound lets a real phone take what our sound can be beside plain G.711 in
// packets of 20 ms: what it recorded says whether it understood us.
func TestRealPhoneSound(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})
	for _, c := range []struct {
		name  string
		long  bool // left to the whole lab
		other PhoneOptions
		ours  sipclient.Account
		hold  bool
		keys  string
	}{
		{name: "encrypted, and on hold", other: PhoneOptions{Encrypt: "srtp-mand"}, ours: sipclient.Account{Encryption: "srtp"}, hold: true},
		{name: "encryption that both may have", long: true, other: PhoneOptions{Encrypt: "srtp"}, ours: sipclient.Account{Encryption: "optional"}},
		{name: "encryption that only we may have", long: true, ours: sipclient.Account{Encryption: "optional"}},
		{name: "G.722", other: PhoneOptions{Codecs: "G722/16000/1"}, ours: sipclient.Account{Codecs: []string{"G722", "PCMA"}}},
		{name: "G.722, encrypted", long: true, other: PhoneOptions{Codecs: "G722/16000/1", Encrypt: "srtp-mand"}, ours: sipclient.Account{Codecs: []string{"G722"}, Encryption: "srtp"}},
		{name: "packets of 40 ms, with keys pressed", long: true, other: PhoneOptions{PTime: 40}, keys: "19#d"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.long {
				wholeLab(t)
			}
			t.Parallel()
			user := map[bool]string{true: "e", false: "p"}[c.other.Encrypt != ""] + map[bool]string{true: "w", false: "n"}[c.other.Codecs != ""] + c.ours.Encryption + c.keys[:min(1, len(c.keys))]
			other, rep := withRealPhone(t, k, user, c.other, c.ours, func(call *sipclient.Call, _ *Phone) {
				time.Sleep(time.Second)
				if c.hold {
					require.NoError(t, call.Hold(briefly(t)))
					time.Sleep(700 * ms)
					require.NoError(t, call.Resume(briefly(t)))
				}
				if c.keys != "" {
					require.NoError(t, call.SendDigits(briefly(t), c.keys))
				}
				time.Sleep(2 * time.Second)
				require.Equal(t, sipclient.Answered, call.State())
			})
			requireNoFault(t, rep)
			soundBothWays(t, rep.Evidence.Calls[0])
			require.Greater(t, other.Heard(t).DBFS, -30.0, "it hears us")
			for _, s := range rep.Evidence.Calls[0].Streams {
				require.True(t, s.Level.Known && s.Level.DBFS > -40, "%s: %+v", s.Direction, s.Level)
				require.Zero(t, s.Unverified+s.Plain, s.Direction)
				if s.Encrypted {
					require.Greater(t, 20*s.Verified, 19*s.Packets, s.Direction)
				}
			}
			if c.keys != "" {
				require.Equal(t, "19#D", rep.Evidence.Calls[0].Out.Digits)
			}
		})
	}
}
