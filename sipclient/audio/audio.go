// Package audio is this computer's microphone and speaker: it lists devices, opens
// them, measures what they give, and plays. Whatever a device does (vanish, hang,
// refuse), no call here blocks longer than its limit, and what went wrong is a
// Trouble with a reason that can stand on the tape.
//
// Sound is 16-bit mono. The library under it resamples to the rate that was asked
// for, whatever the device has.
package audio

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kind tells microphones from speakers.
type Kind uint8

// The kinds of devices.
const (
	Microphones Kind = iota + 1
	Speakers
)

// String gives "microphone" or "speaker".
func (k Kind) String() string {
	if k == Speakers {
		return "speaker"
	}
	return "microphone"
}

// Device is a microphone or a speaker, as the system names it.
type Device struct {
	ID      string // stays the same while the device does; "" is the system's choice
	Name    string
	Kind    Kind
	Default bool // what the system would choose
}

// Reason says why a device cannot be used, in the words of capture.SoundMicrophone.
type Reason string

// The reasons.
const (
	Denied  Reason = "denied"  // the system does not allow it
	Missing Reason = "missing" // there is none, or not this one any more
	Busy    Reason = "busy"    // another program holds it
	Lost    Reason = "lost"    // it vanished while in use
	Hangs   Reason = "hangs"   // it gave no sign of life
	Failed  Reason = "failed"  // anything else
)

// ErrNone says that there is no sound on this computer to look at: no sound system runs,
// or this build of the program has no library for it.
var ErrNone = errors.New("there is no sound system here that this program could use")

// Trouble is why a device cannot be used.
type Trouble struct {
	Kind   Kind
	Device string // its name, "" where none was chosen
	Reason Reason
	Err    error // the system's word, may be nil
}

// Error gives a sentence.
func (t *Trouble) Error() string {
	text := fmt.Sprintf("the %s cannot be used (%s)", t.Kind, t.Reason)
	if t.Err != nil {
		text += ": " + t.Err.Error()
	}
	return text
}

// Unwrap gives the system's word.
func (t *Trouble) Unwrap() error { return t.Err }

// reasonOf finds the reason of an error, Failed where it does not tell.
func reasonOf(err error) Reason {
	var t *Trouble
	if errors.As(err, &t) {
		return t.Reason
	}
	return Failed
}

// driver is what the sound library does for us. Any of its methods may hang.
type driver interface {
	devices(kind Kind) ([]Device, error)
	// open prepares a device of that kind; id "" is the system's choice. The
	// library's own thread exchanges 16-bit mono sound with box, until the handle is closed.
	open(kind Kind, id string, rate int, box *mailbox) (handle, error)
	close() error
}

// handle is an open device.
type handle interface {
	start() error
	close()
}

// System is this computer's sound. All methods are safe for concurrent use.
type System struct {
	driver driver
	once   sync.Once
}

// How long the library may take before a device counts as hanging.
const (
	openLimit  = 3 * time.Second
	listLimit  = 2 * time.Second
	closeLimit = 1 * time.Second
)

// Open finds the sound of this computer. The error is a *Trouble: there is no sound
// system, or it does not let us in.
func Open(ctx context.Context) (*System, error) {
	d, err := within(ctx, openLimit, openDriver, func(d driver) { _ = d.close() })
	if err != nil {
		return nil, trouble(Microphones, "", err)
	}
	return &System{driver: d}, nil
}

// Close lets go of the sound system. Open devices are to be closed first.
func (s *System) Close() {
	s.once.Do(func() {
		_, _ = within(context.Background(), closeLimit, func() (struct{}, error) { return struct{}{}, s.driver.close() }, nil)
	})
}

// Devices lists what a person would call a microphone or a speaker: monitors of
// speakers and plug-ins of the sound system are left out.
func (s *System) Devices(ctx context.Context, kind Kind) ([]Device, error) {
	list, err := within(ctx, listLimit, func() ([]Device, error) { return s.driver.devices(kind) }, nil)
	if err != nil {
		return nil, trouble(kind, "", err)
	}
	return slices.DeleteFunc(list, hidden), nil
}

// hidden tells devices that are none for people: PulseAudio's monitors of speakers, and
// ALSA's plug-ins.
func hidden(d Device) bool {
	name := strings.ToLower(d.Name)
	if d.Kind == Microphones && (strings.HasPrefix(name, "monitor of ") || strings.HasSuffix(d.ID, ".monitor")) {
		return true
	}
	for _, plugin := range []string{"null", "sysdefault", "samplerate", "speexrate", "upmix", "vdownmix", "lavrate", "speex", "dmix", "dsnoop", "discard all samples",
		"rate converter plugin", "plugin using", "plugin for"} {
		if strings.HasPrefix(strings.ToLower(d.ID), plugin+":") || strings.EqualFold(d.ID, plugin) || strings.HasPrefix(name, plugin) {
			return true
		}
	}
	return false
}

// named finds a device that was remembered, by its id or else by its name: some
// systems number devices anew each time.
func named(list []Device, id, name string) (Device, bool) {
	for _, d := range list {
		if id != "" && d.ID == id {
			return d, true
		}
	}
	for _, d := range list {
		if name != "" && d.Name == name {
			return d, true
		}
	}
	return Device{}, false
}

// Choose gives the remembered device if it is there, else the system's choice (an id
// of ""). The error is a *Trouble with the reason Missing when there is none at all.
func (s *System) Choose(ctx context.Context, kind Kind, id, name string) (Device, error) {
	list, err := s.Devices(ctx, kind)
	if err != nil {
		return Device{}, err
	}
	if d, ok := named(list, id, name); ok {
		return d, nil
	}
	for _, d := range list {
		if d.Default {
			return d, nil
		}
	}
	if len(list) == 0 {
		return Device{}, &Trouble{Kind: kind, Device: name, Reason: Missing}
	}
	return list[0], nil
}

// Watch lists the devices again and again and tells when something has come or gone,
// until the context ends. It does not tell of the first list.
func (s *System) Watch(ctx context.Context, every time.Duration, changed func(microphones, speakers []Device)) {
	var before [2][]Device
	for first := true; ; first = false {
		var now [2][]Device
		for i, kind := range []Kind{Microphones, Speakers} {
			list, err := s.Devices(ctx, kind)
			if err != nil {
				list = before[i] // not known this time
			}
			now[i] = list
		}
		if ctx.Err() != nil {
			return
		}
		if !first && (!slices.Equal(now[0], before[0]) || !slices.Equal(now[1], before[1])) {
			changed(now[0], now[1])
		}
		before = now
		t := time.NewTimer(every)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// trouble makes a *Trouble of any error.
func trouble(kind Kind, device string, err error) *Trouble {
	var t *Trouble
	if errors.As(err, &t) {
		t = &Trouble{Kind: kind, Device: device, Reason: t.Reason, Err: t.Err}
		return t
	}
	return &Trouble{Kind: kind, Device: device, Reason: Failed, Err: err}
}

// within runs f for at most the limit. When that is over, or the context ends, f is
// left to itself, and what it gives in the end goes to late: the library offers no way
// to interrupt it.
func within[T any](ctx context.Context, limit time.Duration, f func() (T, error), late func(T)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var mu sync.Mutex
	abandoned := false
	done := make(chan result, 1)
	go func() {
		v, err := f()
		mu.Lock()
		defer mu.Unlock()
		switch {
		case !abandoned:
			done <- result{v, err}
		case err == nil && late != nil:
			late(v)
		}
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	var why error
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		why = ctx.Err()
	case <-timer.C:
		why = &Trouble{Reason: Hangs}
	}
	mu.Lock()
	defer mu.Unlock()
	abandoned = true
	select {
	case r := <-done: // at the last moment
		return r.value, r.err
	default:
		var zero T
		return zero, why
	}
}
