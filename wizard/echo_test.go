package wizard

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/providers"
)

// noting keeps whom a phone was told to call.
type noting struct {
	*fakePhone
	to []string
}

func (n *noting) Dial(ctx context.Context, t Target) (LiveCall, error) {
	n.to = append(n.to, t.To)
	return n.fakePhone.Dial(ctx, t)
}

// A bad call is compared with one to the provider's echo number, where that is known
// and is not the number that was called anyway.
func TestTheEchoNumberIsCalledForComparison(t *testing.T) {
	for echo, want := range map[string][]string{"*43": {"2002", "*43"}, "": {"2002"}, "2002": {"2002"}} {
		synctest.Test(t, func(t *testing.T) {
			p, s := newFake(nil, []int{100, 180, 200})
			n := &noting{fakePhone: p}
			s.Phone, s.Target = n, Target{To: "2002"}
			s.Dictionary = diagnosis.Dictionary{Provider: "Our Tel", EchoNumber: echo}
			rep := run(t, "quality", s)
			require.Equal(t, want, n.to)
			require.Equal(t, "Our Tel", rep.Diagnosis.Provider)
		})
	}
}

// Where the account does not tell its provider, what crosses the wire does.
func TestTheProviderIsRecognisedWhileTheCheckRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newFake(nil, nil)
		s.Providers = providers.Built()
		h := head("REGISTER", "reg", 1)
		p.send(true, "REGISTER sip:pbx.example.net SIP/2.0\nMax-Forwards: 70\n"+h)
		require.Empty(t, s.Diagnosis().Provider)
		p.send(false, "SIP/2.0 404 Not Found\n"+h+"\nServer: FreeSWITCH-mod_sofia/1.10")
		require.Equal(t, "FreeSWITCH", s.Diagnosis().Provider)
	})
}
