package capture

import (
	"bytes"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestTapeNumbers(t *testing.T) {
	var tape Tape
	if n := tape.Packet(Packet{Time: start, Net: UDP, Data: []byte("a")}); n != 1 {
		t.Error(n)
	}
	if n := tape.Note(Note{Kind: KindStep, Key: "1"}); n != 2 {
		t.Error(n)
	}
	tape.Packet(Packet{Time: start, Net: UDP, Data: []byte("b")})
	all := tape.From(0)
	if len(all) != 3 || all[1].Note == nil || all[1].Time().IsZero() || all[2].N != 3 {
		t.Errorf("%+v", all)
	}
	if rest := tape.From(2); len(rest) != 1 || string(rest[0].Packet.Data) != "b" {
		t.Errorf("%+v", rest)
	}
	if len(tape.From(3)) != 0 || len(tape.From(99)) != 0 {
		t.Error("records beyond the end")
	}
}

func TestTapeChanged(t *testing.T) {
	var tape Tape
	c := tape.Changed()
	select {
	case <-c:
		t.Fatal("changed before anything was added")
	default:
	}
	tape.Note(Note{Kind: KindStep})
	select {
	case <-c:
	default:
		t.Fatal("not told of a note")
	}
	if tape.Changed() == c {
		t.Error("the old channel again")
	}
}

// The cap drops the oldest packets, keeps the notes, and says so once.
func TestTapeCap(t *testing.T) {
	tape := Tape{Cap: 10_000}
	tape.Note(Note{Kind: KindSituation, Key: "quality"})
	for range 100 {
		tape.Packet(Packet{Time: start, Net: UDP, Src: alice, Dst: proxy, Data: make([]byte, 1000)})
	}
	size, packets, notes, last := 0, 0, []string{}, 0
	for _, r := range tape.From(0) {
		if r.N <= last {
			t.Fatalf("N %d behind %d", r.N, last)
		}
		last = r.N
		if r.Note != nil {
			notes = append(notes, string(r.Note.Kind)+" "+r.Note.Key)
			continue
		}
		packets++
		size += len(r.Packet.Data)
	}
	if size > 10_000 || packets < 7 {
		t.Errorf("%d packets with %d bytes", packets, size)
	}
	same(t, "notes", notes, "situation quality", "limit dropped")
	if tape.Dropped() != 100-packets {
		t.Errorf("%d dropped, %d of 100 left", tape.Dropped(), packets)
	}
	// What a reader who is up to date gets, he gets without gaps.
	if n := tape.Packet(Packet{Data: []byte("x")}); len(tape.From(n-1)) != 1 {
		t.Error("the newest record is missing")
	}
	var b bytes.Buffer
	if _, err := tape.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
}

// Writers and readers at the same time: nobody misses or doubles a record.
func TestTapeIsSafe(t *testing.T) {
	var tape Tape
	const writers, each = 4, 500
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if (i+w)%5 == 0 {
					tape.Note(Note{Kind: KindProbe, Key: "k", Time: start})
				} else {
					tape.Packet(Packet{Time: start, Net: UDP, Data: []byte{byte(w)}})
				}
			}
		})
	}
	for range 3 {
		wg.Go(func() {
			have, deadline := 0, time.After(30*time.Second)
			for have < writers*each {
				changed := tape.Changed()
				for _, r := range tape.From(have) {
					if r.N != have+1 {
						t.Errorf("N %d behind %d", r.N, have)
						return
					}
					have = r.N
				}
				if have == writers*each {
					return
				}
				select {
				case <-changed:
				case <-deadline:
					t.Error("waited in vain behind", have)
					return
				}
			}
		})
	}
	wg.Go(func() {
		var b bytes.Buffer
		if _, err := tape.WriteTo(&b); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	if tape.Dropped() != 0 {
		t.Error(tape.Dropped(), "dropped")
	}
}

// What a flood of empty datagrams and of the phone's own remarks takes stays within the cap, too.
func TestTapeCapHoldsMemory(t *testing.T) {
	const limit = 4 << 20
	for what, add := range map[string]func(*Tape, int){
		"empty datagrams": func(tape *Tape, _ int) {
			tape.Packet(Packet{Time: time.Now(), Net: UDP, Src: alice, Dst: proxy, Data: nil})
		},
		"RTP": func(tape *Tape, _ int) {
			tape.Packet(Packet{Time: time.Now(), Net: UDP, Src: alice, Dst: proxy, Data: make([]byte, 172)})
		},
		"large datagrams": func(tape *Tape, i int) {
			if i%100 == 0 {
				tape.Packet(Packet{Time: time.Now(), Net: UDP, Src: alice, Dst: proxy, Data: make([]byte, 65000)})
			}
		},
		"remarks": func(tape *Tape, i int) {
			tape.Note(Note{Kind: KindPhone, Key: PhoneLimit, Text: strings.Repeat("x", i%1000)})
		},
	} {
		before := heap()
		tape := &Tape{Cap: limit}
		for i := range 200_000 {
			add(tape, i)
		}
		if grown := heap() - before; grown > limit*5/4 {
			t.Errorf("%s: the tape takes %d bytes, its cap is %d", what, grown, limit)
		}
		told := 0
		for _, r := range tape.From(0) {
			if r.Note != nil && r.Note.Kind == KindLimit {
				told++
			}
		}
		if told != 1 {
			t.Errorf("%s: %d notes say that something is missing", what, told)
		}
		runtime.KeepAlive(tape)
	}
}

// heap gives what is in use after a collection.
func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
