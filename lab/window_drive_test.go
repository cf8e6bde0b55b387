package lab

import (
	"fmt"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
)

// hand drives a real window as a person would: with a mouse and a keyboard.
type hand struct {
	t       *testing.T
	display string
	window  *Process
	picture string
}

// newHand opens the program on a display of its own, as at its first start.
func newHand(t *testing.T) *hand {
	t.Helper()
	bin := built(t)
	h := &hand{t: t, display: display(t), picture: filepath.Join(t.TempDir(), "window.png")}
	Program(t, "xdotool", "xdotool")
	Program(t, "import", "imagemagick")
	var err error
	h.window, err = start(t, t.TempDir(), "env", "DISPLAY="+h.display, "WAYLAND_DISPLAY=", "HOME="+t.TempDir(), "XDG_CONFIG_HOME=", "XDG_CACHE_HOME=",
		"FYNE_THEME=light", "FYNE_SCALE=1", "LANG=C", "LC_ALL=C", bin)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return h.run("sh", "-c", `xdotool search --name "Softphone Doctor" | head -1 | xargs -I% xdotool windowsize % 1040 720 windowmove % 0 0`) == nil && h.window.running()
	}, 20*time.Second, 200*time.Millisecond, "no window: %s", h.window.Log())
	h.sees("the program's mark", accentInk, 200, 20*time.Second)
	return h
}

func (h *hand) run(args ...string) error {
	c := exec.Command(args[0], args[1:]...)
	c.Env = append(os.Environ(), "DISPLAY="+h.display)
	return c.Run()
}

// click presses the left button at a place of the window.
func (h *hand) click(x, y int) {
	h.t.Helper()
	require.NoError(h.t, h.run("xdotool", "mousemove", fmt.Sprint(x), fmt.Sprint(y), "sleep", "0.2", "click", "1"))
}

func (h *hand) typeText(text string) {
	h.t.Helper()
	require.NoError(h.t, h.run("xdotool", "type", "--delay", "30", text))
}

func (h *hand) key(name string) {
	h.t.Helper()
	require.NoError(h.t, h.run("xdotool", "key", name))
}

// sees waits until the window shows at least some pixels of a colour.
func (h *hand) sees(what string, c color.NRGBA, least int, limit time.Duration) {
	h.t.Helper()
	n := 0
	ok := eventually(limit, func() bool {
		if h.run("import", "-window", "root", h.picture) == nil {
			n = pixels(h.t, h.picture, c)
		}
		return n >= least
	})
	require.True(h.t, ok, "%s is not seen (%d pixels); the window says: %s", what, n, h.window.Log())
}

// Colours of the light theme, and where things stand in a window of 1040 by 720.
var (
	accentInk  = color.NRGBA{0x2F, 0x5B, 0xEA, 255}
	okSoft     = color.NRGBA{0xE6, 0xF6, 0xEE, 255}
	accentSoft = color.NRGBA{0xEA, 0xF0, 0xFF, 255}
)

// TestWindowPractisesEverySituation opens the real window and, for each situation, goes
// the way of somebody who practises: two clicks and a word to the fault, and waits until
// the result says that the diagnosis found just what was switched on: its notice has a
// green ground as wide as the page. In short runs there are two situations.
func TestWindowPractisesEverySituation(t *testing.T) {
	h := newHand(t)
	seen := map[string]bool{}
	for _, f := range session.Practices() {
		if seen[f.Situation] || f.ID() == "healthy" || testing.Short() && len(seen) == 2 {
			continue
		}
		seen[f.Situation] = true
		t.Run(f.Situation, func(t *testing.T) {
			h.t = t
			h.click(945, 686) // Practise; on a result: Practise another fault
			time.Sleep(700 * time.Millisecond)
			h.click(520, 211) // the field that finds a fault
			h.typeText(f.ID())
			time.Sleep(700 * time.Millisecond)
			h.click(285, 294) // the first one
			h.sees("the verdict for "+f.ID(), okSoft, 25_000, 3*time.Minute)
			if dir := os.Getenv("SCREENSHOTS"); dir != "" {
				require.NoError(t, h.run("import", "-window", "root", filepath.Join(dir, "practised-"+f.Situation+".png")))
			}
			h.key("F6") // the technical view, and back
			time.Sleep(500 * time.Millisecond)
			h.key("Escape")
			time.Sleep(500 * time.Millisecond)
		})
	}
	h.t = t
	require.True(t, h.window.running(), h.window.Log())
}

// TestWindowOnARealAccount counts what somebody does from the first start to a verdict on
// an account of a real registrar: the three fields, the number, and three clicks.
func TestWindowOnARealAccount(t *testing.T) {
	k := Kamailio(t, KamailioOptions{})
	h := newHand(t)
	clicks := 0
	click := func(x, y int) {
		clicks++
		h.click(x, y)
		time.Sleep(700 * time.Millisecond)
	}
	show := func(name string) {
		if dir := os.Getenv("SCREENSHOTS"); dir != "" {
			require.NoError(t, h.run("import", "-window", "root", filepath.Join(dir, "account-"+name+".png")))
		}
	}
	click(205, 228) // no ringback
	h.typeText("dora")
	h.key("Tab")
	h.typeText(k.Domain())
	h.key("Tab")
	h.typeText(Password("dora"))
	show("entered")
	click(945, 686) // Go on
	h.typeText("code-486")
	show("ready")
	click(945, 686) // Start the test
	h.sees("the verdict", accentSoft, 2_500, 20*time.Second)
	show("verdict")
	require.LessOrEqual(t, clicks, 5)
	require.True(t, h.window.running(), h.window.Log())
}
