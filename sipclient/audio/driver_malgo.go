//go:build cgo && !nogui

package audio

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"github.com/gen2brain/malgo"
)

// malgoDriver is miniaudio by way of malgo.
type malgoDriver struct {
	ctx *malgo.AllocatedContext
	mu  sync.Mutex
	ids map[string]malgo.DeviceID // by our id
}

// backends are tried in this order, each by itself, so that a sound system that refuses
// us is told from one that is not there. The library's null device is none of them.
func backends() []malgo.Backend {
	switch runtime.GOOS {
	case "windows":
		return []malgo.Backend{malgo.BackendWasapi, malgo.BackendDsound, malgo.BackendWinmm}
	case "darwin":
		return []malgo.Backend{malgo.BackendCoreaudio}
	}
	return []malgo.Backend{malgo.BackendPulseaudio, malgo.BackendAlsa}
}

func openDriver() (driver, error) {
	var denied error
	for _, b := range backends() {
		ctx, err := malgo.InitContext([]malgo.Backend{b}, malgo.ContextConfig{}, nil)
		if err == nil {
			return &malgoDriver{ctx: ctx, ids: map[string]malgo.DeviceID{}}, nil
		}
		if errors.Is(err, malgo.ErrAccessDenied) {
			denied = err
		}
	}
	if denied != nil {
		return nil, &Trouble{Reason: Denied, Err: denied}
	}
	return nil, &Trouble{Reason: Missing}
}

func deviceType(kind Kind) malgo.DeviceType {
	if kind == Speakers {
		return malgo.Playback
	}
	return malgo.Capture
}

func (d *malgoDriver) devices(kind Kind) ([]Device, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	infos, err := d.ctx.Devices(deviceType(kind))
	if err != nil {
		return nil, because(err)
	}
	var list []Device
	for _, info := range infos {
		id := readable(info.ID)
		d.ids[kind.String()+id] = info.ID
		list = append(list, Device{ID: id, Name: info.Name(), Kind: kind, Default: info.IsDefault != 0})
	}
	return list, nil
}

// readable is the id as the sound system writes it where that is text (PulseAudio,
// ALSA), and hexadecimal elsewhere.
func readable(id malgo.DeviceID) string {
	text := strings.TrimRight(string(id[:]), "\x00")
	if text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return text
	}
	return id.String()
}

func (d *malgoDriver) open(kind Kind, id string, rate int, data func([]int16)) (handle, error) {
	cfg := malgo.DefaultDeviceConfig(deviceType(kind))
	cfg.SampleRate = uint32(rate)
	cfg.PeriodSizeInMilliseconds = 10
	cfg.Periods = 2
	cfg.PerformanceProfile = malgo.LowLatency
	side := &cfg.Capture
	if kind == Speakers {
		side = &cfg.Playback
	}
	side.Format, side.Channels = malgo.FormatS16, 1
	cfg.Alsa.NoMMap = 1
	if id != "" {
		d.mu.Lock()
		known, ok := d.ids[kind.String()+id]
		d.mu.Unlock()
		if !ok {
			return nil, &Trouble{Reason: Missing}
		}
		side.DeviceID = known.Pointer() // C memory: the library reads it during InitDevice only, and 1 kB a device opened is let be
	}
	callback := func(out, in []byte, _ uint32) {
		frames := in
		if kind == Speakers {
			frames = out
		}
		if len(frames) >= 2 {
			data(unsafe.Slice((*int16)(unsafe.Pointer(unsafe.SliceData(frames))), len(frames)/2))
		}
	}
	dev, err := malgo.InitDevice(d.ctx.Context, cfg, malgo.DeviceCallbacks{Data: callback})
	if err != nil {
		return nil, because(err)
	}
	return &malgoHandle{dev}, nil
}

func (d *malgoDriver) close() error {
	err := d.ctx.Uninit()
	d.ctx.Free()
	return err
}

type malgoHandle struct{ dev *malgo.Device }

func (h *malgoHandle) start() error { return because(h.dev.Start()) }
func (h *malgoHandle) close()       { h.dev.Uninit() }

// because finds the reason in the library's error.
func because(err error) error {
	if err == nil {
		return nil
	}
	for _, r := range []struct {
		err    error
		reason Reason
	}{
		{malgo.ErrAccessDenied, Denied}, {malgo.ErrBusy, Busy}, {malgo.ErrAlreadyInUse, Busy}, {malgo.ErrUnavailable, Busy},
		{malgo.ErrNoDevice, Missing}, {malgo.ErrDoesNotExist, Missing}, {malgo.ErrNoBackend, Missing}, {malgo.ErrTimeout, Hangs},
	} {
		if errors.Is(err, r.err) {
			return &Trouble{Reason: r.reason, Err: err}
		}
	}
	return &Trouble{Reason: Failed, Err: err}
}
