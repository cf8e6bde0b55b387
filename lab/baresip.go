package lab

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"softphonedoctor/sipclient/codec"
)

//go:embed testdata/baresip.conf
var baresipConfig string

// AnswerMode says what a phone does when it is called.
type AnswerMode uint8

const (
	// ByItself rings for PhoneOptions.RingFor, then answers.
	ByItself AnswerMode = iota
	// ByHand rings until Answer or Hangup.
	ByHand
)

// PhoneOptions changes a second phone. The zero value answers at once and sends
// a sine of 440 Hz.
type PhoneOptions struct {
	RingFor time.Duration // ring this long before answering
	Tone    int           // Hz of the sine it sends; 0: 440
	File    string        // send this WAV file (8 kHz, mono) in place of a sine
	Codecs  string        // in baresip's spelling; "": PCMA and PCMU
	// Echo sends back what it hears in place of a sound of its own.
	Echo bool
	// Encrypt is how it treats the sound, in baresip's spelling: "srtp-mand" takes
	// nothing but SRTP with keys in the SDP (RFC 4568). "": it sends in the clear.
	Encrypt string
	// PTime is the length of its packets in ms; 0: 20.
	PTime int
	// Outbound is its outbound proxy, as a URI; "": none.
	Outbound string
	// Password is the one in its account; "": the right one. With any other nobody waits
	// for its sign-in.
	Password string
	// Host is where it runs; nil: here.
	Host *Host
	// MaxCalls is how many calls it takes at a time; one more gets 486. 0: 4.
	MaxCalls int
}

// Phone is a running baresip that is registered.
type Phone struct {
	*Process
	User      string
	URI       string         // how to call it through the registrar
	Addr      netip.AddrPort // its SIP address
	FirstPort int            // of its RTP and RTCP ports
	LastPort  int

	control *control
	mu      sync.Mutex
	timers  []*time.Timer
}

// rtpPorts is how many ports a phone gets: RTP and RTCP for a few calls.
const rtpPorts = 16

// longestCall is how long the tone of a phone lasts.
const longestCall = 2 * time.Minute

// Baresip starts a second phone, and returns when it is registered. It knows MD5
// digests only, so the registrar must not ask for SHA-256.
func Baresip(t testing.TB, k *Registrar, user string, mode AnswerMode, o PhoneOptions) *Phone {
	t.Helper()
	program := Program(t, "baresip", "baresip-core")
	dir := t.TempDir()
	local := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	p := &Phone{
		User: user, URI: "sip:" + user + "@" + k.Domain(),
		Addr: netip.AddrPortFrom(o.Host.address(), uint16(o.Host.ports(t, 1))), FirstPort: o.Host.ports(t, rtpPorts),
	}
	p.LastPort = p.FirstPort + rtpPorts - 1
	controlAddr := netip.AddrPortFrom(local, uint16(o.Host.ports(t, 1))).String()
	p.writeFiles(t, dir, controlAddr, k, mode, o)

	var err error
	if p.Process, err = o.Host.start(t, dir, program, "-f", dir); err != nil {
		t.Fatalf("baresip: %v", err)
	}
	onEvent := func(Event) {}
	if mode == ByItself && o.RingFor > 0 {
		onEvent = func(e Event) {
			if e.Type == "CALL_INCOMING" {
				p.after(o.RingFor, func() { _, _ = p.control.command("accept", "") })
			}
		}
	}
	ready := make(chan struct{}) // p.control is set
	answering := func() bool {
		p.control, err = o.Host.dialControl(controlAddr, func(e Event) { <-ready; onEvent(e) })
		return err == nil
	}
	if !eventually(10*time.Second, func() bool { return !p.running() || answering() }) || p.control == nil {
		t.Fatalf("baresip does not open its control port: %v\n%s", err, p.log.tail(2000))
	}
	close(ready)
	t.Cleanup(func() {
		p.mu.Lock()
		for _, timer := range p.timers {
			timer.Stop()
		}
		p.mu.Unlock()
		p.Stop(t)
		p.control.close()
	})
	if o.Password != "" {
		return p
	}
	var done, refused bool
	if !eventually(10*time.Second, func() bool { done, refused = p.registration(); return done || refused }) || !done {
		t.Fatalf("%s does not register:\n%s", user, p.log.tail(2000))
	}
	return p
}

func (p *Phone) writeFiles(t testing.TB, dir, controlAddr string, k *Registrar, mode AnswerMode, o PhoneOptions) {
	t.Helper()
	file := o.File
	if file == "" {
		// Its own sine generator knows 48 kHz only; a file knows no limits.
		file = filepath.Join(dir, "tone.wav")
		hz := o.Tone
		if hz == 0 {
			hz = 440
		}
		WriteTone(t, file, hz, longestCall)
	}
	source := "aufile," + file
	if o.Echo {
		source = "aubridge," + p.User // what is played there comes back as its source
	}
	codecs := o.Codecs
	if codecs == "" {
		codecs = "PCMA/8000/1,PCMU/8000/1"
	}
	answer := "manual"
	if mode == ByItself && o.RingFor == 0 {
		answer = "auto"
	}
	calls := o.MaxCalls
	if calls == 0 {
		calls = 4
	}
	config := strings.NewReplacer(
		"{ADDRESS}", p.Addr.Addr().String(), "{SIP}", p.Addr.String(), "{CONTROL}", controlAddr, "{RTP}", fmt.Sprintf("%d-%d", p.FirstPort, p.LastPort),
		"{CALLS}", strconv.Itoa(calls), "{SOURCE}", source, "{USER}", p.User, "{DIR}", dir, "{MODULES}", baresipModules(t),
	).Replace(baresipConfig)
	password := o.Password
	if password == "" {
		password = Password(p.User)
	}
	account := fmt.Sprintf("<%s>;auth_user=%s;auth_pass=%s;regint=120;audio_codecs=%s;answermode=%s", p.URI, p.User, password, codecs, answer)
	if o.Outbound != "" {
		account += `;outbound="` + o.Outbound + `"`
	}
	if o.Encrypt != "" {
		account += ";mediaenc=" + o.Encrypt
	}
	if o.PTime != 0 {
		account += ";ptime=" + strconv.Itoa(o.PTime)
	}
	account += "\n"
	for name, text := range map[string]string{"config": config, "accounts": account, "contacts": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// baresipModules finds the folder of baresip's modules.
func baresipModules(t testing.TB) string {
	t.Helper()
	for _, pattern := range []string{"/usr/lib/baresip/modules/g711.so", "/usr/lib/*/baresip/modules/g711.so", "/usr/local/lib/baresip/modules/g711.so"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return filepath.Dir(found[0])
		}
	}
	Missing(t, "the modules of baresip are not where they are expected")
	return ""
}

// registration asks the phone itself how its sign-in went.
func (p *Phone) registration() (done, refused bool) {
	text, err := p.control.command("reginfo", "")
	return err == nil && strings.Contains(text, "OK") && strings.Contains(text, "Expires"), strings.Contains(text, "ERR")
}

func (p *Phone) after(d time.Duration, f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timers = append(p.timers, time.AfterFunc(d, f))
}

// Command runs one of baresip's commands on the control port.
func (p *Phone) Command(t testing.TB, name, params string) string {
	t.Helper()
	text, err := p.control.command(name, params)
	if err != nil {
		t.Fatalf("%s: %v", p.User, err)
	}
	return text
}

// Dial calls somebody.
func (p *Phone) Dial(t testing.TB, uri string) {
	t.Helper()
	p.Command(t, "dial", uri)
}

// Answer accepts the call that rings.
func (p *Phone) Answer(t testing.TB) {
	t.Helper()
	p.Command(t, "accept", "")
}

// Hangup ends the call, or refuses the one that rings.
func (p *Phone) Hangup(t testing.TB) {
	t.Helper()
	p.Command(t, "hangup", "")
}

// Await waits until an event of a type has happened since the phone started, and
// gives the latest one.
func (p *Phone) Await(t testing.TB, kind string, within time.Duration) Event {
	t.Helper()
	var found Event
	if !eventually(within, func() bool {
		for _, e := range p.control.since(0) {
			if e.Type == kind {
				found = e
			}
		}
		return found.Type != ""
	}) {
		t.Fatalf("%s: no %s within %v; there were %+v", p.User, kind, within, p.control.since(0))
	}
	return found
}

// Counted waits for the phone's account of its last call and gives the RTP packets
// that it sent and received.
func (p *Phone) Counted(t testing.TB) (sent, received int) {
	t.Helper()
	var rows [][]string
	if !eventually(5*time.Second, func() bool {
		rows = packetsRow.FindAllStringSubmatch(p.Log(), -1)
		return len(rows) > 0
	}) {
		t.Fatalf("%s does not say how many packets it counted:\n%s", p.User, p.log.tail(2000))
	}
	row := rows[len(rows)-1]
	sent, _ = strconv.Atoi(row[1]) // digits only
	received, _ = strconv.Atoi(row[2])
	return sent, received
}

// packetsRow is in the table that it prints when a call has ended.
var packetsRow = regexp.MustCompile(`(?m)^packets:\s+(\d+)\s+(\d+)\s*$`)

// Events gives everything that happened so far.
func (p *Phone) Events() []Event { return p.control.since(0) }

// Heard gives the level of all that the phone decoded of what came to it. It must
// have hung up: until then its recording is not written to its end.
func (p *Phone) Heard(t testing.TB) codec.Level {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.cmd.Dir, "*dec.wav"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s recorded nothing", p.User)
	}
	var m codec.Meter
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		const head = 44 // of a plain WAV file
		samples := make([]int16, max(0, len(b)-head)/2)
		for i := range samples {
			samples[i] = int16(binary.LittleEndian.Uint16(b[head+2*i:]))
		}
		m.AddSamples(samples)
	}
	return m.Level()
}
