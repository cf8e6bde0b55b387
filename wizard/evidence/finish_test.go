package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/capture/generate"
)

// many is a capture of many calls, some of which follow each other on the same ports.
func many(t testing.TB, p generate.Plan) ([]byte, *generate.Truth) {
	t.Helper()
	var file bytes.Buffer
	truth, err := generate.Capture(&file, p)
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), truth
}

// finished is a call as it was told.
type finished struct {
	Order    int
	Evidence *Evidence
}

// foldAndRelease folds a capture and releases each call so many later that are over;
// late below 0: none.
func foldAndRelease(t testing.TB, file []byte, late int) (told []finished, rest *Evidence, b *Builder) {
	t.Helper()
	b = new(Builder)
	var kept []*Finished
	b.OnFinished(func(f *Finished) {
		told = append(told, finished{f.Order, f.Evidence()})
		if kept = append(kept, f); late >= 0 && len(kept) > late {
			b.Release(kept[0])
			kept = kept[1:]
		}
	})
	for records, err := range capture.Batches(bytes.NewReader(file)) {
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			b.Add(r)
		}
	}
	return told, b.Evidence(), b
}

// A call is what it is, no matter whether calls before it, or it itself, were released.
func TestReleasedEarlyOrNot(t *testing.T) {
	file, truth := many(t, generate.Plan{Calls: 500, Packets: 25_000, Phones: 9, Rate: 3, Seed: 5})
	want, whole, _ := foldAndRelease(t, file, -1)
	if len(want) < 300 || len(whole.Calls) != len(truth.Calls) {
		t.Fatalf("%d calls told, %d in all, of %d", len(want), len(whole.Calls), len(truth.Calls))
	}
	for _, late := range []int{0, 1, 40} {
		got, rest, _ := foldAndRelease(t, file, late)
		if len(got) != len(want) {
			t.Fatalf("late %d: %d calls told, want %d", late, len(got), len(want))
		}
		for i := range got {
			if got[i].Order != want[i].Order || !reflect.DeepEqual(got[i].Evidence, want[i].Evidence) {
				t.Fatalf("late %d: call %d is not the same", late, i)
			}
		}
		if n := len(rest.Calls); n != len(truth.Calls)-len(got)+late {
			t.Errorf("late %d: %d calls are left of %d, %d told", late, n, len(truth.Calls), len(got))
		}
		for _, c := range rest.Calls {
			i := c.Order - 1
			if !reflect.DeepEqual(c.Streams, whole.Calls[i].Streams) || c.ID != whole.Calls[i].ID {
				t.Errorf("late %d: %s, which is left, is not the same", late, c.ID)
			}
		}
	}
	// What was told when a call was over is what all evidence shows of it at the end.
	for _, f := range want {
		sameAtTheEnd(t, "generated", f.Evidence, whole)
	}
}

// sameAtTheEnd compares the evidence of a call that was over with what all evidence
// shows of it in the end, but for what is counted over all of the capture.
func sameAtTheEnd(t *testing.T, name string, got *Evidence, whole *Evidence) {
	t.Helper()
	id := got.Calls[0].ID
	want := whole.Narrow(id)
	if !reflect.DeepEqual(got.Calls, want.Calls) || !reflect.DeepEqual(got.Messages, want.Messages) || got.Have != want.Have ||
		!reflect.DeepEqual(got.Streams, want.Streams) || !reflect.DeepEqual(got.Registrations, want.Registrations) ||
		!reflect.DeepEqual(got.Others, want.Others) || !reflect.DeepEqual(got.Options, want.Options) || !reflect.DeepEqual(got.OptionsIn, want.OptionsIn) ||
		!got.Until.Equal(want.Until) || !reflect.DeepEqual(got.ICMP, want.ICMP) || !reflect.DeepEqual(got.Holes, want.Holes) {
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		t.Errorf("%s: %s became another call after it was over:\n%.3000s\nthen\n%.3000s", name, id, a, b)
	}
}

// What is left of many short calls that were released is next to nothing.
func TestMemoryOfReleasedCalls(t *testing.T) {
	const calls = 20_000
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	b := new(Builder)
	told := 0
	b.OnFinished(func(f *Finished) {
		told++
		b.Release(f)
	})
	r, w := io.Pipe()
	go func() {
		_, err := generate.Capture(w, generate.Plan{Calls: calls, Packets: 1, Phones: 100, Rate: 50})
		w.CloseWithError(err)
	}()
	for records, err := range capture.Batches(r) {
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			b.Add(r)
		}
	}
	// An hour later all are over.
	b.Add(capture.Record{Note: &capture.Note{Time: b.until.Add(time.Hour), Kind: capture.KindLimit, Key: "test"}})
	if told != calls {
		t.Errorf("%d of %d calls are over", told, calls)
	}
	after := heap()
	each := float64(after-min(before, after)) / calls
	t.Logf("%.0f bytes for each call, %d spots, %d streams, %d reports, %d messages, %d transactions", each, len(b.spots), len(b.streams), len(b.reports), len(b.messages), len(b.txns))
	if each > 500 || each <= 0 {
		t.Errorf("%.0f bytes are left of each call", each)
	}
	runtime.KeepAlive(b)
}

// A week of signs of life and of sign-ins keeps what it tells, and not each of them.
func TestSignsOfLifeAreThinned(t *testing.T) {
	const days, phones = 7, 20
	fold := func(tell bool) (*Evidence, *Builder) {
		var b Builder
		if tell {
			b.OnFinished(func(*Finished) {})
		}
		n := 0
		add := func(at time.Duration, from, to netip.AddrPort, text string) {
			n++
			b.Add(capture.Record{N: n, Packet: &capture.Packet{Time: began.Add(at), Net: capture.UDP, Src: from, Dst: to, Data: []byte(strings.ReplaceAll(text, "\n", "\r\n") + "\r\n\r\n")}})
		}
		server := netip.MustParseAddrPort("198.51.100.1:5060")
		for minute := range days * 24 * 60 / 10 {
			at := time.Duration(minute) * 10 * time.Minute
			for i := range phones {
				phone := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(10 + i)}), 5060)
				head := func(method string) string {
					return fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bK%s%d-%d\nFrom: <sip:%d@example.net>;tag=a\nTo: <sip:%d@example.net>;tag=b\nCall-ID: %s-%d\nCSeq: %d %s\nContact: <sip:%d@%s>;expires=900",
						phone, method, i, minute, i, i, method, i, minute+1, method, i, phone)
				}
				at += time.Millisecond
				add(at, phone, server, "REGISTER sip:example.net SIP/2.0\n"+head("REGISTER"))
				code := "200 OK"
				if minute%100 == 7 {
					code = "503 Service Unavailable"
				}
				add(at+time.Microsecond, server, phone, "SIP/2.0 "+code+"\n"+head("REGISTER"))
				add(at+time.Second, server, phone, "OPTIONS sip:x SIP/2.0\n"+head("OPTIONS"))
				add(at+time.Second+time.Microsecond, phone, server, "SIP/2.0 200 OK\n"+head("OPTIONS"))
			}
		}
		return b.Evidence(), &b
	}
	want, _ := fold(false)
	got, b := fold(true)
	if len(b.messages) > 3*thinAt || len(b.txns) > 2*thinAt {
		t.Errorf("%d messages and %d transactions are kept", len(b.messages), len(b.txns))
	}
	if len(got.Registrations) != phones || len(want.Registrations) != phones {
		t.Fatalf("%d registrations, want %d", len(got.Registrations), len(want.Registrations))
	}
	for i, r := range got.Registrations {
		if !slices.Equal(r.Codes(), want.Registrations[i].Codes()) {
			t.Errorf("registration %d: %d codes, want %d", i, len(r.Codes()), len(want.Registrations[i].Codes()))
		}
	}
	// The first phone that signed in is the subject.
	if !reflect.DeepEqual(got.Registrations[0], want.Registrations[0]) || len(got.Registrations[1].Transactions) > 400 {
		t.Errorf("our own sign-ins are not the same, or all of another phone's are kept: %d", len(got.Registrations[1].Transactions))
	}
	if n := len(got.OptionsIn); n < latest || n > thinAt || got.OptionsIn[n-1].Request.N != want.OptionsIn[len(want.OptionsIn)-1].Request.N {
		t.Errorf("%d signs of life, all are %d", n, len(want.OptionsIn))
	}
}

// Streams that no call claims are told and forgotten when there are many.
func TestStreamsOfNoCallAreForgotten(t *testing.T) {
	const all = 6000
	fold := func(tell bool) (told []*Stream, e *Evidence, b *Builder) {
		b = new(Builder)
		if tell {
			b.OnStream(func(s *Stream) { told = append(told, s) })
		}
		n := 0
		for i := range all {
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), uint16(10000+2*i))
			to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 2}), uint16(10000+2*i))
			for k := range 4 {
				n++
				at := began.Add(time.Duration(i)*time.Second + time.Duration(k)*20*time.Millisecond)
				b.Add(capture.Record{N: n, Packet: &capture.Packet{Time: at, Net: capture.UDP, Src: from, Dst: to, Data: source(uint32(i%3000), k)}})
			}
		}
		return told, b.Evidence(), b
	}
	_, want, _ := fold(false)
	told, rest, b := fold(true)
	if len(want.Streams) != all || len(told)+len(rest.Streams) != all || len(told) < all/2 || len(b.streams) > retireAt+100 {
		t.Fatalf("%d streams, %d told and %d left, %d followed", len(want.Streams), len(told), len(rest.Streams), len(b.streams))
	}
	for i, s := range append(told, rest.Streams...) {
		if !reflect.DeepEqual(s, want.Streams[i]) {
			t.Fatalf("stream %d is %+v, want %+v", i, s, want.Streams[i])
		}
	}
}

// Nothing of our own tapes is over before they end, nor what has no times.
func TestWhatIsNeverOver(t *testing.T) {
	file, _ := many(t, generate.Plan{Calls: 50, Packets: 1, Phones: 3, Rate: 1})
	for name, change := range map[string]func(*capture.Record){
		"a live tape": func(r *capture.Record) {
			if r.N == 1 {
				*r = capture.Record{N: 1, Note: &capture.Note{Time: r.Packet.Time, Kind: capture.KindPhone, Key: capture.PhoneAccount, Text: "x example.net udp"}}
			}
		},
		"no times": func(r *capture.Record) { r.Packet.Time = time.Time{} },
	} {
		var b Builder
		b.OnFinished(func(f *Finished) { t.Errorf("%s: %s is over", name, f.Evidence().Calls[0].ID) })
		for r, err := range capture.Read(bytes.NewReader(file)) {
			if err != nil {
				t.Fatal(err)
			}
			change(&r)
			b.Add(r)
		}
		if len(b.Evidence().Calls) != 50 {
			t.Errorf("%s: %d calls", name, len(b.Evidence().Calls))
		}
	}
}

// As long as nobody signed in, calls wait for the subject; who signs in first is it, also
// when calls were over before.
func TestCallsWaitForTheSubject(t *testing.T) {
	file, _ := many(t, generate.Plan{Calls: 800, Packets: 1, Phones: 5, Rate: 0.6})
	for name, c := range map[string]struct {
		signIn  int // the first REGISTER that is left in, by its number
		subject string
		how     string
		waited  int // calls that were told at once when the subject was known, at least
	}{
		"late":     {200, "", "registered", 80},
		"too late": {1 << 30, "10.20.0.1:5060", "called", maxWaiting},
	} {
		t.Run(name, func(t *testing.T) {
			var b Builder
			registers, subject, most := 0, "", 0
			told := 0
			b.OnFinished(func(f *Finished) {
				told++
				if how := f.Evidence().Subject.How; how != c.how {
					t.Errorf("%s: %s is judged as seen by who %s", name, f.Evidence().Calls[0].ID, how)
				}
			})
			for r, err := range capture.Read(bytes.NewReader(file)) {
				if err != nil {
					t.Fatal(err)
				}
				if bytes.HasPrefix(r.Packet.Data, []byte("REGISTER")) {
					if registers++; registers < 3 || r.N < c.signIn {
						continue
					}
					if subject == "" {
						subject = r.Packet.Src.String()
					}
				}
				before := told
				b.Add(r)
				most = max(most, told-before)
			}
			if c.subject != "" {
				subject = c.subject
			}
			if got := b.Evidence().Subject.Addr.String(); got != subject && c.subject == "" {
				t.Errorf("the subject is %s, want %s", got, subject)
			}
			if most < c.waited {
				t.Errorf("at most %d calls were told at once", most)
			}
		})
	}
}

// Real captures give the same calls, told early or not.
func TestRealCapturesReleasedEarlyOrNot(t *testing.T) {
	dir := sharedCaptures(t)
	paths, _ := filepath.Glob(filepath.Join(dir, "P*.*cap*"))
	told := 0
	for _, path := range paths {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, ".json") {
			continue
		}
		want, whole, _ := foldAndRelease(t, file, -1)
		got, rest, _ := foldAndRelease(t, file, 0)
		told += len(got)
		if fmt.Sprint(len(got), len(got)+len(rest.Calls)) != fmt.Sprint(len(want), len(whole.Calls)) {
			t.Errorf("%s: %d calls were over, %d not; want %d of %d", path, len(got), len(rest.Calls), len(want), len(whole.Calls))
			continue
		}
		for i := range got {
			if !reflect.DeepEqual(got[i].Evidence, want[i].Evidence) {
				t.Errorf("%s: %s is not the same", path, got[i].Evidence.Calls[0].ID)
			}
			sameAtTheEnd(t, path, got[i].Evidence, whole)
		}
	}
	t.Logf("%d calls were over before the end", told)
}
