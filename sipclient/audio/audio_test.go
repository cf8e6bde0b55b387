package audio

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeDriver is a sound system without sound.
type fakeDriver struct {
	mu      sync.Mutex
	list    []Device
	openErr error
	hang    chan struct{} // not nil: nothing returns before it closes
	mute    bool          // an open device never calls back
	closed  atomic.Int32
}

func (d *fakeDriver) wait() {
	if d.hang != nil {
		<-d.hang
	}
}

func (d *fakeDriver) devices(kind Kind) (list []Device, err error) {
	d.wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, x := range d.list {
		if x.Kind == kind {
			list = append(list, x)
		}
	}
	return list, nil
}

func (d *fakeDriver) open(_ Kind, _ string, _ int, box *mailbox) (handle, error) {
	d.wait()
	if d.openErr != nil {
		return nil, d.openErr
	}
	return &fakeHandle{d: d, box: box}, nil
}

func (d *fakeDriver) close() error { d.wait(); return nil }

type fakeHandle struct {
	d   *fakeDriver
	box *mailbox
}

func (h *fakeHandle) start() error {
	if !h.d.mute {
		for range 3 {
			h.box.exchange(make([]int16, 160))
		}
	}
	return nil
}

func (h *fakeHandle) close() { h.d.wait(); h.d.closed.Add(1) }

func mic(id, name string) Device { return Device{ID: id, Name: name, Kind: Microphones} }

// TestHanging: a sound system that hangs costs its limit and no more, and what it gives
// after that is let go of.
func TestHanging(t *testing.T) {
	d := &fakeDriver{hang: make(chan struct{})}
	s := &System{driver: d}
	began := time.Now()
	_, err := s.Devices(t.Context(), Microphones)
	if reasonOf(err) != Hangs || time.Since(began) > listLimit+time.Second {
		t.Errorf("listing gave %v after %s", err, time.Since(began))
	}
	_, err = s.Microphone(t.Context(), mic("a", "Head set"), 16000)
	var trouble *Trouble
	if !errors.As(err, &trouble) || trouble.Reason != Hangs || trouble.Device != "Head set" || trouble.Kind != Microphones {
		t.Errorf("opening gave %v", err)
	}
	close(d.hang)
	for i := 0; d.closed.Load() == 0; i++ {
		if i > 100 {
			t.Fatal("what was opened too late is still open")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestCancelled: nobody waits for a device after the context has ended.
func TestCancelled(t *testing.T) {
	d := &fakeDriver{hang: make(chan struct{})}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	began := time.Now()
	if _, err := (&System{driver: d}).Speaker(ctx, Device{}, 8000); err == nil || time.Since(began) > time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
	close(d.hang)
}

// TestReasons: why a device cannot be used reaches whoever asks.
func TestReasons(t *testing.T) {
	for _, r := range []Reason{Denied, Busy, Missing, Failed} {
		s := &System{driver: &fakeDriver{openErr: &Trouble{Reason: r}}}
		if _, err := s.Speaker(t.Context(), Device{Name: "x"}, 8000); reasonOf(err) != r {
			t.Errorf("%s became %v", r, err)
		}
	}
	s := &System{driver: &fakeDriver{openErr: errors.New("odd")}}
	if _, err := s.Speaker(t.Context(), Device{}, 8000); reasonOf(err) != Failed {
		t.Errorf("an odd error became %v", err)
	}
}

// TestLost: a device that falls silent is lost, one that lives is not.
func TestLost(t *testing.T) {
	s := &System{driver: &fakeDriver{}}
	st, err := s.Microphone(t.Context(), mic("a", "A"), 16000)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if st.Trouble() != nil {
		t.Error("lost at once")
	}
	time.Sleep(silenceLimit + 50*time.Millisecond)
	if tr := st.Trouble(); tr == nil || tr.Reason != Lost || tr.Device != "A" {
		t.Errorf("a silent device has the trouble %v", tr)
	}
	st.box.exchange(make([]int16, 160))
	if st.Trouble() != nil {
		t.Error("a device that came back is lost still")
	}
}

// TestChoice: what was remembered is taken where it is there, by id or by name.
func TestChoice(t *testing.T) {
	d := &fakeDriver{list: []Device{
		mic("hw:0", "Built-in"), {ID: "hw:1", Name: "Head set", Kind: Microphones, Default: true},
		mic("spk.monitor", "Monitor of Speaker"), mic("null", "Discard all samples (playback) or generate zero samples (capture)"), mic("sysdefault:CARD=PCH", "x"),
	}}
	s := &System{driver: d}
	list, err := s.Devices(t.Context(), Microphones)
	if err != nil || len(list) != 2 {
		t.Fatalf("%v, %v", list, err)
	}
	for _, c := range []struct{ id, name, want string }{
		{"hw:0", "", "hw:0"}, {"hw:9", "Built-in", "hw:0"}, {"hw:9", "gone", "hw:1"}, {"", "", "hw:1"},
	} {
		if got, err := s.Choose(t.Context(), Microphones, c.id, c.name); err != nil || got.ID != c.want {
			t.Errorf("%q %q: %v %v", c.id, c.name, got, err)
		}
	}
	d.list = nil
	if _, err := s.Choose(t.Context(), Microphones, "hw:0", "Built-in"); reasonOf(err) != Missing {
		t.Errorf("nothing there gives %v", err)
	}
}

// TestWatch tells of what comes and goes, and of nothing else.
func TestWatch(t *testing.T) {
	d := &fakeDriver{list: []Device{mic("a", "A")}}
	s := &System{driver: d}
	ctx, stop := context.WithCancel(t.Context())
	told := make(chan []Device, 8)
	var done sync.WaitGroup
	done.Go(func() { s.Watch(ctx, 5*time.Millisecond, func(m, _ []Device) { told <- slices.Clone(m) }) })
	time.Sleep(50 * time.Millisecond)
	d.mu.Lock()
	d.list = append(slices.Clone(d.list), mic("b", "B"))
	d.mu.Unlock()
	if m := <-told; len(m) != 2 {
		t.Errorf("told of %v", m)
	}
	stop()
	done.Wait()
	if len(told) != 0 {
		t.Error("told more than once")
	}
}

// TestGauge compares with what is known of tones.
func TestGauge(t *testing.T) {
	g := newGauge(15000)
	p := make([]int16, 3000)
	for i := range p {
		p[i] = int16(math.Round(16384 * math.Sin(2*math.Pi*float64(i)*300/15000)))
	}
	g.add(p)
	l := g.levels()
	if math.Abs(l.DBFS-(-9.03)) > 0.05 || math.Abs(l.Peak-(-6.02)) > 0.05 || l.Samples != 3000 || l.Clipped != 0 {
		t.Errorf("%+v", l)
	}
	g.add(slices.Repeat([]int16{math.MaxInt16}, 100))
	if l = g.levels(); l.Clipped != 100 || l.Constant != 100 {
		t.Errorf("%+v", l)
	}
	g.add(make([]int16, 2000))
	if l = g.levels(); l.DBFS != floor || l.Constant != 2000 {
		t.Errorf("%+v", l)
	}
}

// TestMailbox: samples come out in order, whoever is faster, and what was measured is what
// went through.
func TestMailbox(t *testing.T) {
	const n = 200_000
	mic, give := Virtual(Microphones, 16000)
	var both sync.WaitGroup
	both.Go(func() {
		p := make([]int16, 77)
		for next := 0; next < n; next += len(p) {
			for i := range p {
				p[i] = int16(next + i)
			}
			for mic.Waiting() > 6000 {
				time.Sleep(time.Millisecond) // a device waits for its clock
			}
			give(p)
		}
	})
	p := make([]int16, 100)
	for next := 0; next < n; {
		for _, s := range p[:mic.Read(p)] {
			if s != int16(next) {
				t.Fatalf("sample %d is %d", next, s)
			}
			next++
		}
	}
	both.Wait()
	if got := mic.Levels().Samples; got != (n+76)/77*77 {
		t.Errorf("%d samples were measured", got)
	}
	mic.Drop(0)
	give(make([]int16, 500))
	if mic.Drop(100) != 400 || mic.Waiting() != 100 {
		t.Error("dropped wrongly")
	}
	for range 100 {
		give(slices.Repeat([]int16{7}, 160)) // nobody reads
	}
	if mic.Waiting() != 6400 || mic.Read(p) != 100 || p[99] != 7 || mic.Levels().Constant != 16000 {
		t.Errorf("of a second that nobody took, %d samples wait", mic.Waiting())
	}
}

// TestSpeakerRunsDry: what was not there in time is silence and is counted, also where it is
// part of a call only.
func TestSpeakerRunsDry(t *testing.T) {
	s, play := Virtual(Speakers, 16000)
	if s.Write(make([]int16, 10000)) != 6400 {
		t.Error("more than may wait was taken")
	}
	p := slices.Repeat([]int16{1}, 160)
	for range 40 {
		play(p)
	}
	if s.Starved() != 0 || s.Waiting() != 0 {
		t.Errorf("starved %d times, %d wait", s.Starved(), s.Waiting())
	}
	s.Write(slices.Repeat([]int16{9}, 100))
	play(p)
	if s.Starved() != 1 || p[99] != 9 || p[100] != 0 || s.Levels().Samples != 41*160 || s.Levels().Constant != 60 {
		t.Errorf("starved %d times; %v, %+v", s.Starved(), p, s.Levels())
	}
}

// TestLongUnseen: after more calls than the mailbox keeps it goes on with the latest.
func TestLongUnseen(t *testing.T) {
	for kind, want := range map[Kind]int{Microphones: 6400, Speakers: 0} {
		s, exchange := Virtual(kind, 16000)
		for range 3 * boxCalls {
			exchange(make([]int16, 160))
		}
		exchange(slices.Repeat([]int16{7}, 160)) // a speaker overwrites it with silence
		alike := map[Kind]int{Microphones: 160, Speakers: 160 * boxCalls / 4}[kind]
		if l := s.Levels(); s.Waiting() != want || l.Constant != alike || s.Trouble() != nil {
			t.Errorf("%s: %d wait, %+v, %v", kind, s.Waiting(), l, s.Trouble())
		}
		if l := s.Levels(); kind == Microphones && l.Samples != (3*boxCalls+1)*160 {
			t.Errorf("%s: %d samples", kind, l.Samples)
		}
	}
}

// TestNoAllocation: sound never waits for memory.
func TestNoAllocation(t *testing.T) {
	for _, kind := range []Kind{Microphones, Speakers} {
		s, exchange := Virtual(kind, 16000)
		frames, out := make([]int16, 160), make([]int16, 160)
		if n := testing.AllocsPerRun(100, func() { exchange(frames); s.Read(out); s.Write(out); s.Levels(); s.Next() }); n != 0 {
			t.Errorf("%s: %v allocations a call", kind, n)
		}
	}
}

func BenchmarkCalls(b *testing.B) {
	s, exchange := Virtual(Microphones, 16000)
	frames := make([]int16, 160) // 10 ms
	b.ReportAllocs()
	for b.Loop() {
		exchange(frames)
		s.Read(frames)
	}
}
