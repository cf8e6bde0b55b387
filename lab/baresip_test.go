package lab

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestCallBetweenTwoPhones is the proof that the lab works at all: a call through
// Kamailio that rings, is answered, carries sound both ways and ends.
func TestCallBetweenTwoPhones(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})
	ann := Baresip(t, k, "ann", ByHand, PhoneOptions{})
	bob := Baresip(t, k, "bob", ByItself, PhoneOptions{RingFor: 400 * time.Millisecond, Tone: 1000})
	c := Tcpdump(t, fmt.Sprintf("udp and (port %d or portrange %d-%d or portrange %d-%d)",
		k.Addr.Port(), ann.FirstPort, ann.LastPort, bob.FirstPort, bob.LastPort))

	began := time.Now()
	ann.Dial(t, bob.URI)
	ann.Await(t, "CALL_RINGING", 5*time.Second)
	ann.Await(t, "CALL_ESTABLISHED", 5*time.Second)
	if rang := time.Since(began); rang < 400*time.Millisecond {
		t.Errorf("it answered after %v", rang)
	}
	// Sound both ways: tcpdump must have at least half a second of each.
	time.Sleep(time.Second)
	ann.Hangup(t)
	bob.Await(t, "CALL_CLOSED", 5*time.Second)
	c.Settle()
	c.Stop(t)

	streams := Tshark(t, c.File, int(k.Addr.Port()))
	if len(streams) != 2 {
		t.Fatalf("tshark sees %d streams, not one each way: %+v", len(streams), streams)
	}
	if streams[0].From != streams[1].To || streams[0].To != streams[1].From {
		t.Errorf("the streams do not face each other: %+v", streams)
	}
	for _, s := range streams {
		if s.Packets < 25 || s.Lost != 0 || s.Payload != "g711A" {
			t.Errorf("a poor stream: %+v", s)
		}
	}
}

func TestAnswerByHand(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{SHA256: false})
	ann := Baresip(t, k, "ann", ByHand, PhoneOptions{})
	bob := Baresip(t, k, "bob", ByHand, PhoneOptions{})
	ann.Dial(t, bob.URI)
	bob.Await(t, "CALL_INCOMING", 5*time.Second)
	bob.Answer(t)
	ann.Await(t, "CALL_ESTABLISHED", 5*time.Second)
	bob.Hangup(t)
	ann.Await(t, "CALL_CLOSED", 5*time.Second)

	ann.Dial(t, bob.URI)
	if !eventually(5*time.Second, func() bool { return count(bob.Events(), "CALL_INCOMING") == 2 }) {
		t.Fatal("the second call does not arrive")
	}
	bob.Hangup(t)
	if !eventually(5*time.Second, func() bool { return count(ann.Events(), "CALL_CLOSED") == 2 }) {
		t.Fatal("the refusal does not arrive")
	}
	if e := ann.Await(t, "CALL_CLOSED", time.Second); !strings.Contains(e.Param, "486") {
		t.Errorf("refused with %q", e.Param)
	}
}

func count(events []Event, kind string) (n int) {
	for _, e := range events {
		if e.Type == kind {
			n++
		}
	}
	return n
}
