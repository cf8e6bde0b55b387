//go:build cgo && !nogui

package audio

/*
#include <stdint.h>
#include <string.h>
#include <time.h>

// The beginning of miniaudio's struct ma_device, which malgo does not show: its
// own callback always enters Go. It is compared with what was asked for before anything is
// written (see box_use).
typedef struct {
	void *context;
	int type;
	uint32_t rate;
	uint32_t state;
	void *data;
	void *notification;
	void *stop;
	void *user;
} device_head;

enum { box_samples = 1 << 15, box_calls = 1 << 10 };

// As in mailbox.go.
typedef struct {
	uint64_t written, taken, called, kind;
	int64_t zero;
	struct { int64_t at; uint64_t upto; uint32_t frames, lacking; } calls[box_calls];
	int16_t sound[box_samples];
} mailbox;

#ifdef _WIN32
#include <windows.h>
static int64_t box_clock(void)
{
	LARGE_INTEGER now, second;
	QueryPerformanceCounter(&now);
	QueryPerformanceFrequency(&second);
	return now.QuadPart / second.QuadPart * 1000000000 + now.QuadPart % second.QuadPart * 1000000000 / second.QuadPart;
}
#else
static int64_t box_clock(void)
{
	struct timespec t;
#ifdef __APPLE__
	clock_gettime(CLOCK_UPTIME_RAW, &t); // which stands still while the computer sleeps, as Go's does
#else
	clock_gettime(CLOCK_MONOTONIC, &t);
#endif
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
#endif

static void box_exchange(device_head *device, void *out, const void *in, uint32_t frames)
{
	mailbox *b = device->user;
	uint64_t n = b->called, upto;
	int64_t at = box_clock() - b->zero;
	uint32_t there = frames;
	if (b->kind == 1) {
		int16_t *to = out;
		uint64_t from = b->taken, left = __atomic_load_n(&b->written, __ATOMIC_ACQUIRE) - from;
		if (left < there)
			there = (uint32_t)left;
		for (uint32_t i = 0; i < there; i++)
			to[i] = b->sound[(from + i) % box_samples];
		memset(to + there, 0, (frames - there) * sizeof *to);
		upto = from + there;
		__atomic_store_n(&b->taken, upto, __ATOMIC_RELEASE);
	} else {
		const int16_t *from = in;
		uint64_t to = b->written;
		for (uint32_t i = 0; i < frames; i++)
			b->sound[(to + i) % box_samples] = from[i];
		upto = to + frames;
		__atomic_store_n(&b->written, upto, __ATOMIC_RELEASE);
	}
	b->calls[n % box_calls].at = at;
	b->calls[n % box_calls].upto = upto;
	b->calls[n % box_calls].frames = frames;
	b->calls[n % box_calls].lacking = frames - there;
	__atomic_store_n(&b->called, n + 1, __ATOMIC_RELEASE);
}

// box_use lets a device that does not run yet call box_exchange. It refuses a device that does
// not look as expected.
static int box_use(device_head *device, int type, uint32_t rate, void *box)
{
	if (device->type != type || device->rate != rate || device->user != box || !device->data)
		return 0;
	device->data = (void *)box_exchange;
	return 1;
}
*/
import "C"

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

// Both sides of the mailbox have the same layout, or this does not compile.
var (
	_ [unsafe.Sizeof(mailbox{}) - C.sizeof_mailbox]struct{}
	_ [C.sizeof_mailbox - unsafe.Sizeof(mailbox{})]struct{}
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

func (d *malgoDriver) open(kind Kind, id string, rate int, box *mailbox) (handle, error) {
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
	h := &malgoHandle{}
	h.pin.Pin(box)
	box.zero = int64(C.box_clock()) - int64(time.Since(epoch))
	cfg.PUserData = (*byte)(unsafe.Pointer(box))
	dev, err := malgo.InitDevice(d.ctx.Context, cfg, malgo.DeviceCallbacks{})
	if err != nil {
		h.pin.Unpin()
		return nil, because(err)
	}
	h.dev = dev
	// malgo.Device is one pointer to a pointer to the library's device.
	inner := **(***C.device_head)(unsafe.Pointer(dev))
	if C.box_use(inner, C.int(deviceType(kind)), C.uint32_t(rate), unsafe.Pointer(box)) == 0 {
		h.close()
		return nil, &Trouble{Reason: Failed}
	}
	return h, nil
}

func (d *malgoDriver) close() error {
	err := d.ctx.Uninit()
	d.ctx.Free()
	return err
}

type malgoHandle struct {
	dev *malgo.Device
	pin runtime.Pinner // of the mailbox, until the library's thread has ended
}

func (h *malgoHandle) start() error { return because(h.dev.Start()) }
func (h *malgoHandle) close() {
	h.dev.Uninit()
	h.pin.Unpin()
}

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
