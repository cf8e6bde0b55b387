package app

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"softphonedoctor/app/look"
)

// ErrNoWindow says that no window could be painted: no OpenGL, as on many remote
// desktops and virtual machines, or a screen that cannot be reached.
var ErrNoWindow = errors.New("no window can be shown here, because the screen cannot be reached or offers no OpenGL (a remote desktop or a virtual machine often has none); everything also works on the command line: softphone-doctor check --help")

// ErrNoDisplay says that there is no screen at all.
var ErrNoDisplay = errors.New("there is no screen to show a window on (neither DISPLAY nor WAYLAND_DISPLAY is set); everything also works on the command line: softphone-doctor check --help")

// paintLimit is how long a window may take to appear.
const paintLimit = 10 * time.Second

// DisplayError tells before any window is made whether one could be shown at
// all: nil, or ErrNoDisplay on a Unix without a display server.
func DisplayError() error {
	switch runtime.GOOS {
	case "linux", "freebsd", "openbsd", "netbsd", "dragonfly":
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" && os.Getenv("WAYLAND_SOCKET") == "" {
			return ErrNoDisplay
		}
	}
	return nil
}

// Show opens the window on an app and runs it until it is closed. file is a
// capture to open at once, "" for none. The error is ErrNoWindow when nothing
// was painted: the caller prints it and leaves with status 2. Fyne's own log
// lines about OpenGL stand above it.
//
// main asks DisplayError first: its sentence is the better one.
func Show(a fyne.App, b Backend, file string) (err error) {
	var painted, failed atomic.Bool
	var found []string
	clean := func() {}
	if dir, err := crashFolder(); err == nil { // else there is nowhere to write
		found, clean = crashes(dir), watchCrash(dir)
	}
	defer func() {
		// Fyne's driver panics where it finds no display server. After the first
		// paint a panic is a fault of ours and stays one.
		if trouble := recover(); trouble != nil {
			if painted.Load() {
				panic(trouble)
			}
			err = ErrNoWindow
		}
		clean()
	}()
	// What is read for the first frame (fonts, drawings, words) stays: tidying up between
	// would only make the person wait for it.
	percent := debug.SetGCPercent(-1)
	collect := sync.OnceFunc(func() { debug.SetGCPercent(percent) })
	defer collect()
	look.RestCursors(5 * time.Second)
	w := New(a, b)
	w.watchPaint(func() {
		painted.Store(true)
		collect()
		go fyne.Do(w.firstFrame) // when it is on the screen
	})
	switch {
	case file != "":
		w.OpenFile(file)
	case len(found) > 0:
		w.show(newCrashPage(w, found))
	default:
		w.leftover()
	}
	limit := time.AfterFunc(paintLimit, func() {
		if !painted.Load() {
			failed.Store(true)
			fyne.Do(a.Quit)
		}
	})
	defer limit.Stop()
	w.win.ShowAndRun()
	w.now.leave() // the window may have been ended by a signal
	w.endOwn()
	w.hangUp()
	if failed.Load() || !painted.Load() {
		return ErrNoWindow
	}
	return nil
}

// FirstFrameVariable lets the program say when its first frame is painted, for whoever
// measures its start (lab/window_start_linux_test.go).
const FirstFrameVariable = "SOFTPHONE_DOCTOR_FIRST_FRAME"

// firstFrame does what need not be done before the window is seen.
func (w *Window) firstFrame() {
	if os.Getenv(FirstFrameVariable) != "" {
		fmt.Fprintln(os.Stderr, "first frame")
	}
	w.win.SetIcon(look.AppIcon()) // drawn for this in 256 by 256
}

// watchPaint calls seen when the window is painted for the first time: a raster
// of no colour is asked for its pixels then, and only then.
func (w *Window) watchPaint(seen func()) {
	probe := canvas.NewRaster(func(int, int) image.Image {
		seen()
		return image.NewUniform(color.Transparent)
	})
	probe.Resize(fyne.NewSize(1, 1))
	w.unseen.Add(probe)
}
