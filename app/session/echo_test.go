package session

import (
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// TestEchoIsProvenBySound: the built-in PBX has a number that sends our sound back, and
// it is found in what returns; the other number sends its own, and nothing is found.
func TestEchoIsProvenBySound(t *testing.T) {
	takePlace(t)
	p, err := StartPractice("")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, to := range []string{p.pbx.Echo(), p.Target} {
		c, err := NewCheck(Request{Account: p.Account, Situation: "one-way-audio", Target: to, Person: Answers{}, CallWait: time.Second, Passing: true})
		if err != nil {
			t.Fatal(err)
		}
		rep, err := c.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		back, returned := rep.Evidence.Probe(capture.SoundReturn)
		echo, _ := rep.Evidence.Probe(capture.SoundEcho)
		delay, _ := back.Duration("delay")
		level, _ := back.Number("level")
		switch {
		case echo.Result != "no":
			t.Errorf("%s: an echo that nobody asked for: %+v", to, echo)
		case to == p.Target && returned:
			t.Errorf("%s: %+v", to, back)
		case to != p.Target && (!back.Yes() || delay < -2*time.Millisecond || delay > 120*time.Millisecond || level < -3 || level > 3):
			t.Errorf("%s: %+v", to, back)
		}
		t.Logf("%s: %s %s", to, back.Result, back.Detail)
	}
}
