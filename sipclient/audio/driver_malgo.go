//go:build cgo && !nogui

package audio

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/gen2brain/malgo"
)

// malgoDriver is miniaudio by way of malgo.
type malgoDriver struct {
	ctx *malgo.AllocatedContext
	mu  sync.Mutex
	ids map[string]malgo.DeviceID // by our id
	// alsa lists its plug-ins beside the hardware: only the latter is for people.
	alsa bool
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
	for _, b := range backends() {
		ctx, err := malgo.InitContext([]malgo.Backend{b}, malgo.ContextConfig{}, nil)
		if err != nil {
			continue
		}
		d := &malgoDriver{ctx: ctx, ids: map[string]malgo.DeviceID{}, alsa: b == malgo.BackendAlsa}
		if !d.alsa || d.any() {
			return d, nil
		}
		_ = d.close() // ALSA without hardware: a sound server may have it, or nobody
	}
	if soundServerThere() {
		return nil, &Trouble{Reason: Denied} // it answers, and does not let us in
	}
	return nil, &Trouble{Reason: Missing, Err: ErrNone}
}

// any tells whether there is any device.
func (d *malgoDriver) any() bool {
	for _, kind := range []Kind{Microphones, Speakers} {
		if list, err := d.devices(kind); err == nil && len(list) > 0 {
			return true
		}
	}
	return false
}

// soundServerThere tells that a PulseAudio (or PipeWire) server takes connections at
// its usual socket, or at the one that the environment names.
func soundServerThere() bool {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return false
	}
	path := filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "pulse", "native")
	if named, ok := strings.CutPrefix(os.Getenv("PULSE_SERVER"), "unix:"); ok {
		path = named
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
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
		if d.alsa && !strings.HasPrefix(id, "hw:") && !strings.HasPrefix(id, "plughw:") && !strings.HasPrefix(id, ":") {
			continue
		}
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
