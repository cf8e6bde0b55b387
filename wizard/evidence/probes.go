package evidence

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
)

// Probe is a measurement beside the calls, by one of capture's Probe or Sound
// keys. Result is "yes", "no" or "not-checked".
type Probe struct {
	N            int
	Time         time.Time // when the answer was known
	Name, Result string
	Detail       string
	Took         time.Duration // 0: not measured
}

// Yes tells that the probe's question was answered with yes.
func (p Probe) Yes() bool { return p.Result == "yes" }

// Text gives the value of one of the probe's details, "" when it has none.
func (p Probe) Text(name string) string {
	rest := p.Detail
	for rest != "" {
		rest = strings.TrimLeft(rest, " ")
		key, after, ok := strings.Cut(rest, "=")
		if !ok {
			return ""
		}
		if at := strings.LastIndexByte(key, ' '); at >= 0 {
			key = key[at+1:] // words without a value stand before it
		}
		value := after
		if quoted, err := strconv.QuotedPrefix(after); err == nil {
			value, _ = strconv.Unquote(quoted)
			rest = after[len(quoted):]
		} else {
			value, rest, _ = strings.Cut(after, " ")
		}
		if key == name {
			return value
		}
	}
	return ""
}

// Duration gives a detail that is a length of time; ok is false where there is none.
func (p Probe) Duration(name string) (d time.Duration, ok bool) {
	d, err := time.ParseDuration(p.Text(name))
	return d, err == nil
}

// Number gives a detail that is a plain number; ok is false where there is none.
func (p Probe) Number(name string) (f float64, ok bool) {
	text := p.Text(name)
	if text == "" {
		return 0, false // the usual case, for which an error is too dear
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil && f-f == 0 // neither infinite nor no number
}

// Addr gives a detail that is an address, with or without a port; the zero Addr
// where there is none.
func (p Probe) Addr(name string) netip.Addr {
	text := p.Text(name)
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return ap.Addr().Unmap()
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}

// AddrPort gives a detail that is an address with a port; the zero AddrPort where
// there is none.
func (p Probe) AddrPort(name string) netip.AddrPort {
	a, err := netip.ParseAddrPort(p.Text(name))
	if err != nil {
		return netip.AddrPort{}
	}
	return plain(a)
}

// Certificates gives the certificates that a capture.ProbeCertificate note describes,
// the server's own first.
func (p Probe) Certificates() []Certificate {
	var list []Certificate
	for i, end := 1, ""; i <= maxChain; i, end = i+1, "-"+strconv.Itoa(i+1) {
		c := Certificate{N: p.N, Subject: p.Text("subject" + end), Issuer: p.Text("issuer" + end), Names: strings.Fields(p.Text("names" + end))}
		c.From, _ = time.Parse(time.RFC3339, p.Text("from"+end))
		c.Until, _ = time.Parse(time.RFC3339, p.Text("until"+end))
		if c.Until.IsZero() {
			break
		}
		list = append(list, c)
	}
	return list
}

// Probe gives the latest measurement by this name; ok is false where none was
// made, or none that says anything.
func (e *Evidence) Probe(name string) (p Probe, ok bool) {
	for i := len(e.Probes) - 1; i >= 0; i-- {
		if p := e.Probes[i]; p.Name == name {
			return p, p.Result == "yes" || p.Result == "no"
		}
	}
	return Probe{}, false
}

// probe takes a KindProbe note.
func (k *notes) probe(n int, note *capture.Note) {
	result, detail, _ := strings.Cut(note.Text, " ")
	p := Probe{N: n, Time: note.Time, Name: note.Key, Result: result, Detail: detail, Took: took(detail)}
	k.probes = append(k.probes, p)
	switch {
	case result != "yes" && result != "no":
	case strings.HasPrefix(note.Key, "sound-"):
		k.have |= HaveSound
	default:
		k.have |= HaveProbes
	}
}

// took reads the last duration in a probe's detail ("answered in 12ms"), 0 if none.
func took(detail string) time.Duration {
	words := strings.Fields(detail)
	for i := len(words) - 1; i > 0; i-- {
		if words[i-1] != "in" {
			continue
		}
		if d, err := time.ParseDuration(strings.TrimRight(words[i], ".,;")); err == nil && d > 0 {
			return d
		}
	}
	return 0
}
