package capture

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// talk puts calls of a minute, one behind the other, onto a tape: an INVITE each, and
// sound in both directions, as many packets as real ones.
func talk(tape *Tape, from time.Time, minutes int) time.Time {
	at := from
	for m := range minutes {
		tape.Packet(Packet{Time: at, Net: UDP, Src: alice, Dst: proxy, Data: []byte(fmt.Sprintf("INVITE sip:2002@pbx.example.net SIP/2.0\r\nCall-ID: %d\r\n\r\n", m))})
		for range 60 * 50 {
			at = at.Add(20 * time.Millisecond)
			tape.Packet(Packet{Time: at, Net: UDP, Src: alice, Dst: proxy, Data: append([]byte{0x80, 0}, make([]byte, 170)...)})
			tape.Packet(Packet{Time: at, Net: UDP, Src: proxy, Dst: alice, Data: append([]byte{0x80, 0}, make([]byte, 170)...)})
		}
	}
	return at
}

// A rolling tape keeps the sound of the last minutes and the messages of the last hour,
// however long it runs.
func TestRolling(t *testing.T) {
	tape := Tape{Keep: 10 * time.Minute}
	tape.Note(Note{Time: start, Kind: KindSubject, Key: "sip", Text: alice.String()})
	tape.Note(Note{Time: start, Kind: KindPhone, Key: PhoneUnreachable, Text: "long ago"})
	end := talk(&tape, start, 75)
	sound, messages := 0, 0
	var first, firstMessage time.Time
	for _, r := range tape.From(0) {
		switch {
		case r.Note != nil && r.Note.Key == PhoneUnreachable:
			t.Error("an old note is still there")
		case r.Note != nil:
		case signalling(r.Packet):
			if messages++; firstMessage.IsZero() {
				firstMessage = r.Time()
			}
		default:
			if sound++; first.IsZero() {
				first = r.Time()
			}
		}
	}
	if age := end.Sub(first); age < 10*time.Minute || age > 12*time.Minute {
		t.Errorf("the oldest sound is of %s ago", age)
	}
	if age := end.Sub(firstMessage); age < 59*time.Minute || age > 62*time.Minute || messages < 59 || messages > 62 {
		t.Errorf("%d messages, the oldest of %s ago", messages, age)
	}
	if least, most := 10*60*100, 12*60*100; sound < least || sound > most {
		t.Errorf("%d packets of sound, want %d to %d", sound, least, most)
	}
	if r := tape.From(0)[0]; r.Note == nil || r.Note.Kind != KindSubject {
		t.Error("whose tape it is was forgotten")
	}
}

// Its memory is bounded whatever passes: sound goes first, messages last, and it says so
// for as long as something is missing.
func TestRollingMemory(t *testing.T) {
	const limit = 8 << 20
	before := heap()
	tape := &Tape{Keep: 10 * time.Minute, Cap: limit}
	end := talk(tape, start, 60) // 10 minutes of it take 22 MB
	grown := heap() - before
	t.Logf("an hour of sound in both directions: %d kB on a tape of %d kB", grown>>10, limit>>10)
	if grown > limit*11/10 {
		t.Errorf("it grew by %d bytes", grown)
	}
	messages, said := 0, 0
	for _, r := range tape.From(0) {
		switch {
		case r.Note != nil && r.Note.Key == LimitDropped:
			said++
		case r.Packet != nil && signalling(r.Packet):
			messages++
		}
	}
	if messages < 59 {
		t.Errorf("%d of 60 messages are left", messages)
	}
	if said != 1 {
		t.Errorf("it says %d times, want once, that something is missing", said)
	}
	// An hour later nothing is missing any more.
	tape.Packet(Packet{Time: end.Add(2 * time.Hour), Net: UDP, Src: alice, Dst: proxy, Data: []byte{0x80, 0}})
	if left := tape.From(0); len(left) != 1 {
		t.Errorf("%d records are left of two hours ago", len(left)-1)
	}
	// A flood of messages is bounded, too.
	for i := range 40_000 {
		at := end.Add(2*time.Hour + time.Duration(i)*time.Millisecond)
		tape.Packet(Packet{Time: at, Net: UDP, Src: proxy, Dst: alice, Data: append([]byte("OPTIONS sip:2001@192.0.2.7 SIP/2.0\r\n"), make([]byte, 500)...)})
	}
	if grown := heap() - before; grown > limit*11/10 {
		t.Errorf("a flood of messages made it grow by %d bytes", grown)
	}
	runtime.KeepAlive(tape)
}
