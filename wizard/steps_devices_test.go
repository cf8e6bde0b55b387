package wizard

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/report"
)

// saying answers one question, and keeps what was asked.
type saying struct {
	answer string
	asked  []Question
}

func (p *saying) Ask(_ context.Context, q Question) (Answer, error) {
	p.asked = append(p.asked, q)
	if q.ID != "sign_in_anyway" {
		return NotAsked, nil
	}
	return Answer(p.answer), nil
}

var deskPhone = Device{Host: "192.168.1.20:5060", Name: "Desk", Expires: 50 * time.Minute}

func TestNobodyIsDisplacedUnasked(t *testing.T) {
	second := Device{Host: "192.168.1.21", TestPhone: true}
	for name, c := range map[string]struct {
		devices []Device
		answer  string
		signsIn bool
	}{
		"alone":                            {nil, "", true},
		"what is left of an earlier test":  {[]Device{{Host: "10.0.0.1", Ours: true}}, "", true},
		"one, nobody answers":              {[]Device{deskPhone}, "", false},
		"one, the person says no":          {[]Device{deskPhone}, "no", false},
		"one, the person says yes":         {[]Device{deskPhone}, "yes", true},
		"the server keeps several":         {[]Device{deskPhone, second}, "", true},
		"several, but the person says no":  {[]Device{deskPhone, second}, "no", false},
		"one, beside what an earlier left": {[]Device{{Ours: true}, deskPhone}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			p, s := newFake(nil, nil)
			p.query, p.devices = []int{200}, c.devices
			who := &saying{answer: c.answer}
			s.Person, s.Target = who, Target{}
			rep, err := Run(t.Context(), scenario(t, "registration"), s)
			require.NoError(t, err)
			require.Equal(t, c.signsIn, p.registers > 0)
			require.Equal(t, !c.signsIn, heldBack(s.Evidence()))
			if !c.signsIn {
				require.Equal(t, report.Inconclusive, rep.Verdict)
				require.Contains(t, rep.Warnings[0], "--answer sign_in_anyway=yes")
				require.Contains(t, rep.Diagnosis.Unchecked, "account-credentials-wrong")
				require.Contains(t, who.asked[0].Text, `"Desk" at 192.168.1.20:5060, signed in for another 50 minutes`)
			}
			var tape bytes.Buffer
			_, err = s.Tape.WriteTo(&tape)
			require.NoError(t, err)
			file, err := Examine(&tape, Subject{})
			require.NoError(t, err)
			require.Equal(t, rep.Verdict, file.Verdict)
			require.Equal(t, rep.Warnings, file.Warnings)
		})
	}
}

func TestACallGoesOnWithoutTheSignIn(t *testing.T) {
	p, s := newFake(nil, []int{100, 403})
	p.query, p.devices = []int{200}, []Device{deskPhone}
	rep, err := Run(t.Context(), scenario(t, "no-ringback"), s)
	require.NoError(t, err)
	require.Zero(t, p.registers)
	require.Equal(t, 1, p.dialled)
	require.Equal(t, report.Problem, rep.Verdict)
	require.Equal(t, "possible", rep.Root().Certainty.String(), "the missing sign-in may be why the call was refused")
}

// A question that is refused is judged as the sign-in would be, which is then not
// sent; unless the server only does not understand the question.
func TestRefusedQuestion(t *testing.T) {
	for code, want := range map[int]string{
		403: "account-not-allowed", 404: "account-unknown", 402: "account-suspended-or-unpaid", 503: "provider-unavailable", 302: "redirected",
		400: "", 405: "", 423: "", 500: "", 501: "",
	} {
		p, s := newFake(nil, nil)
		p.query = []int{code}
		s.Target = Target{}
		s.Tape.Note(capture.Note{Kind: capture.KindPhone, Key: capture.PhoneAccount, Text: "2001 pbx.example.net udp"})
		rep, err := Run(t.Context(), scenario(t, "registration"), s)
		require.NoError(t, err)
		if want == "" {
			require.Equal(t, report.Healthy, rep.Verdict, code)
			require.NotZero(t, p.registers, code)
			continue
		}
		require.Zero(t, p.registers, code)
		require.NotNil(t, rep.Root(), code)
		require.Equal(t, want, rep.Root().Rule.Cause)
	}
}
