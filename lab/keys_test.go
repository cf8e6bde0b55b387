package lab

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient/codec"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/evidence"
)

// TestKeysFromTheOtherSide: a real peer presses keys in each of the three ways, and the check
// says which it was. Where events were agreed and something else comes, that is the cause.
func TestKeysFromTheOtherSide(t *testing.T) {
	wholeLab(t)
	k := Kamailio(t, KamailioOptions{})
	const keys = "159"
	tone := ToneFile(t)
	tones := filepath.Join(t.TempDir(), "keys.wav")
	sound := make([]int16, 60*toneRate)
	codec.DTMF(keys, -13, 120*ms, 120*ms).Frame(sound[3*toneRate : 6*toneRate])
	WriteWAV(t, tones, sound)
	rows := []struct {
		name   string
		codecs []string
		by     evidence.KeyMethod
		cause  string
		note   string
		peer   func(t *testing.T) (target string)
	}{
		{"as events", nil, evidence.KeysByEvents, "", "as signals beside the sound", func(t *testing.T) string {
			other := Baresip(t, k, "presser", ByItself, PhoneOptions{RingFor: 200 * ms})
			go func() {
				other.Await(t, "CALL_ESTABLISHED", 20*time.Second)
				time.Sleep(2 * time.Second)
				for _, key := range keys {
					_, _ = other.control.command("sndcode", string(key))
					time.Sleep(200 * ms)
				}
			}()
			return "presser"
		}},
		{"by INFO", nil, evidence.KeysByInfo, "dtmf-not-negotiated", "as messages", func(t *testing.T) string {
			script := steps(rings(), takes(Audio(1)), Play(tone, 8), Wait(2*time.Second))
			for i, key := range keys {
				script = append(script, steps(presses(Callee, i+2, string(key)), Expected(200), Wait(200*ms))...)
			}
			return portUser(SIPp(t, Script{Name: "presses keys", Proxied: true, Steps: append(script, untilBye()...)}, SIPpOptions{}))
		}},
		{"as sound", []string{"PCMA"}, evidence.KeysInBand, "dtmf-not-negotiated", "as tones in the sound", func(t *testing.T) string {
			Baresip(t, k, "narrow-keys", ByItself, PhoneOptions{RingFor: 200 * ms, File: tones})
			return "narrow-keys"
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			a := account(k, "menu")
			a.Codecs = row.codecs
			var notes []string
			got := check(t, session.Request{Account: a, Situation: "dtmf", Target: row.peer(t), Person: session.Answers{"digits": "159", "usual_fails": "unsure"},
				Notify: func(e wizard.Event) {
					if e.Kind == wizard.StepEnded {
						notes = append(notes, e.Note)
					}
				}})
			there := got.Evidence.Calls[0].KeysBy(evidence.In, row.by)
			require.NotNil(t, there, "%+v", got.Evidence.Calls[0].Keys)
			if row.cause == "" {
				require.Equal(t, keys, there.Keys)
			} else {
				require.True(t, strings.HasPrefix(keys, there.Keys), there.Keys) // the first settles it
			}
			require.Contains(t, notes, there.Keys+" arrives here, "+row.note)
			cause := ""
			if root := got.Root(); root != nil {
				cause = root.Rule.Cause
			}
			require.Equal(t, row.cause, cause, got.Headline())
		})
	}
}

// presses sends a key by INFO, as most phones do.
func presses(e End, number int, key string) Step {
	return Step(strings.Replace(string(e.Request("INFO", number, "Signal="+key+"\nDuration=160\n")), "application/sdp", "application/dtmf-relay", 1))
}
