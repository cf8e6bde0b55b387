package lab

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Pulse is a PulseAudio server of the test's own, with a speaker whose sound can be
// recorded and a microphone that hears what the test plays into it. No device of this
// machine is touched.
type Pulse struct {
	*Process
	dir    string
	socket string
}

// The names by which the program finds the devices.
const (
	PulseSpeaker    = "VirtualSpeaker"
	PulseMicrophone = "VirtualMic"
)

// pulseConfig: what a null sink plays its monitor hears, and a remapped source makes a
// microphone of a monitor (which the program would pass over).
const pulseConfig = `load-module module-native-protocol-unix socket=%[1]s/native auth-anonymous=1
load-module module-native-protocol-unix socket=%[1]s/denied auth-anonymous=0
load-module module-null-sink sink_name=spk sink_properties=device.description=VirtualSpeaker rate=48000
load-module module-null-sink sink_name=micfeed sink_properties=device.description=MicFeed rate=48000
load-module module-remap-source source_name=mic master=micfeed.monitor source_properties=device.description=VirtualMic
set-default-sink spk
set-default-source mic
`

// StartPulse starts the server and waits until it answers. Programs and this process
// find it by Env, until the test ends.
func StartPulse(t testing.TB) *Pulse {
	t.Helper()
	Program(t, "pulseaudio", "pulseaudio")
	Program(t, "pactl", "pulseaudio-utils")
	dir, err := os.MkdirTemp("", "pulse") // short: a socket's path may have 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := &Pulse{dir: dir, socket: filepath.Join(dir, "native")}
	file := filepath.Join(dir, "pulse.pa")
	if err := os.WriteFile(file, fmt.Appendf(nil, pulseConfig, dir), 0o600); err != nil {
		t.Fatal(err)
	}
	// As another user: whoever runs as the server's own is always let in. Its folder is
	// the only one that it writes to.
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var as []string
	if os.Getuid() == 0 {
		as = []string{Program(t, "setpriv", "util-linux"), "--reuid=65534", "--regid=65534", "--clear-groups"}
		if err := os.Chown(dir, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// Of its own in all: this process may have been made to use another server before.
	p.Process, err = within(t, dir, []string{"-u", "PULSE_SERVER", "HOME=" + dir, "XDG_RUNTIME_DIR=" + dir, "XDG_CONFIG_HOME=" + dir + "/server", "PULSE_RUNTIME_PATH=" + dir},
		append(as, "pulseaudio", "-n", "-F", file, "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit", "--use-pid-file=no", "--log-target=stderr")...)
	if err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if out, err := p.ctl("get-default-source"); err == nil && strings.TrimSpace(out) == "mic" {
			return p
		}
		if time.Now().After(until) || !p.running() {
			t.Fatalf("PulseAudio does not answer:\n%s", p.Log())
		}
	}
}

// within starts a program with more environment.
func within(t testing.TB, dir string, env []string, command ...string) (*Process, error) {
	return start(t, dir, "env", append(slices.Clone(env), command...)...)
}

// Env is what makes a program use this server.
func (p *Pulse) Env() []string {
	return []string{"PULSE_SERVER=unix:" + p.socket, "HOME=" + p.dir, "XDG_RUNTIME_DIR=" + p.dir, "XDG_CONFIG_HOME=" + p.dir + "/config"}
}

// DeniedEnv is Env for a server that does not let this user in; only root can have one.
func (p *Pulse) DeniedEnv() []string {
	return append(p.Env(), "PULSE_SERVER=unix:"+filepath.Join(p.dir, "denied"))
}

// ctl runs pactl.
func (p *Pulse) ctl(args ...string) (string, error) {
	cmd := exec.Command("pactl", append([]string{"-s", "unix:" + p.socket}, args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Ctl runs pactl and wants it to succeed.
func (p *Pulse) Ctl(t testing.TB, args ...string) string {
	t.Helper()
	out, err := p.ctl(args...)
	if err != nil {
		t.Fatalf("pactl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(out)
}

// Speak plays 16-bit mono sound into the microphone until the test ends or the sound does.
func (p *Pulse) Speak(t testing.TB, rate int, samples []int16) *Process {
	t.Helper()
	file := filepath.Join(t.TempDir(), "speech.raw")
	data := make([]byte, 0, 2*len(samples))
	for _, s := range samples {
		data = binary.LittleEndian.AppendUint16(data, uint16(s))
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	proc, err := within(t, p.dir, p.Env(), "pacat", "--playback", "--device=micfeed", "--latency-msec=20", "--format=s16le", "--channels=1", fmt.Sprintf("--rate=%d", rate), "--raw", file)
	if err != nil {
		t.Fatal(err)
	}
	return proc
}

// Heard records what the speaker plays for so long, at 16,000 samples a second.
func (p *Pulse) Heard(t testing.TB, long time.Duration) []int16 {
	t.Helper()
	file := filepath.Join(t.TempDir(), "heard.raw")
	proc, err := within(t, p.dir, p.Env(), "parec", "--record", "--device=spk.monitor", "--latency-msec=20", "--format=s16le", "--channels=1", "--rate=16000", "--raw", file)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(long)
	proc.Stop(t)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	list := make([]int16, len(data)/2)
	for i := range list {
		list[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return list
}

// Level is the root mean square of samples in dBFS, -100 for silence.
func Level(samples []int16) float64 {
	sum := 0.0
	for _, s := range samples {
		sum += float64(s) * float64(s)
	}
	if sum == 0 {
		return -100
	}
	return 10 * math.Log10(sum/float64(len(samples))/(32768*32768))
}
