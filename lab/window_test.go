package lab

import (
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
)

// display starts an X server without a screen of glass and gives its name.
func display(t *testing.T) string {
	t.Helper()
	xvfb := Program(t, "Xvfb", "xvfb")
	p, err := start(t, t.TempDir(), xvfb, "-displayfd", "1", "-screen", "0", "1040x720x24", "-nolisten", "tcp")
	require.NoError(t, err)
	var number string
	require.Eventually(t, func() bool {
		// Beside remarks about displays that others have.
		for line := range strings.Lines(p.Log()) {
			if word := strings.TrimSpace(line); word != "" && strings.Trim(word, "0123456789") == "" {
				number = word
			}
		}
		return number != ""
	}, 10*time.Second, 20*time.Millisecond, "Xvfb does not name its display: %s", p.Log())
	return ":" + number
}

// TestWindowShowsADiagnosis opens the real window, as make build made it, on the
// capture of a real refusal, in both themes, and looks at what is painted. With
// SCREENSHOTS=DIR the pictures are kept there.
func TestWindowShowsADiagnosis(t *testing.T) {
	bin := built(t)
	xdotool := Program(t, "xdotool", "xdotool")
	shot := Program(t, "import", "imagemagick")

	res := session.Practise(t.Context(), "no-audio-in-blocked", nil)
	require.NoError(t, res.Err)
	require.True(t, res.Right, "found %s", res.Found)
	file := filepath.Join(t.TempDir(), "call.pcapng")
	f, err := os.Create(file)
	require.NoError(t, err)
	require.NoError(t, res.Check.WriteCapture(f))
	require.NoError(t, f.Close())

	for theme, bad := range map[string]color.NRGBA{"light": {0xD6, 0x39, 0x4A, 255}, "dark": {0xFF, 0x7A, 0x87, 255}} {
		t.Run(theme, func(t *testing.T) {
			x := display(t)
			p, err := start(t, t.TempDir(), "env", "DISPLAY="+x, "WAYLAND_DISPLAY=", "HOME="+t.TempDir(), "FYNE_THEME="+theme, "FYNE_SCALE=1", bin, file)
			require.NoError(t, err)
			run := func(args ...string) error {
				c := exec.Command(args[0], args[1:]...)
				c.Env = append(os.Environ(), "DISPLAY="+x)
				return c.Run()
			}
			require.Eventually(t, func() bool {
				return run("sh", "-c", xdotool+` search --name "Softphone Doctor" | head -1 | xargs -I% `+xdotool+" windowsize % 1040 720 windowmove % 0 0") == nil && p.running()
			}, 20*time.Second, 200*time.Millisecond, "no window: %s", p.Log())

			picture := filepath.Join(t.TempDir(), theme+".png")
			require.Eventually(t, func() bool {
				return run(shot, "-window", "root", picture) == nil && pixels(t, picture, bad) > 100
			}, 20*time.Second, 300*time.Millisecond, "the break in the path is not painted: %s", p.Log())
			if dir := os.Getenv("SCREENSHOTS"); dir != "" {
				time.Sleep(time.Second)
				require.NoError(t, run(shot, "-window", "root", filepath.Join(dir, "result-"+theme+".png")))
			}
		})
	}
}

// pixels tells how many pixels of a picture have just this colour.
func pixels(t *testing.T, path string, want color.NRGBA) (n int) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		return 0 // not written to its end yet
	}
	r, g, b, _ := want.RGBA()
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
		for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
			if pr, pg, pb, _ := m.At(x, y).RGBA(); pr == r && pg == g && pb == b {
				n++
			}
		}
	}
	return n
}
