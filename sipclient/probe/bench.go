package probe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
)

// Bench is what a running probe works with: the configuration, what other probes have
// found, and the tape for its own answers. Safe for concurrent use.
type Bench struct {
	Config
	told bool // the account, or the person, named the transport

	whole   context.Context // of the whole run, for what several probes wait for; nil: none
	lookups sync.WaitGroup  // that run in it

	telling sync.Mutex    // one Progress at a time
	others  chan struct{} // closed when all but those that watch beside them have ended
	seen    outside
	way     way
	gateway netip.Addr // in place of the default one, for tests

	mu      sync.Mutex
	answers map[string]Answer
	found   map[capture.Net]*lookup
	doors   map[string]door // by the key of the probe
}

// Answer is what a probe found. Result is "yes", "no" or "not-checked".
type Answer struct {
	Result, Detail string
}

// Yes tells that the question was answered with yes.
func (a Answer) Yes() bool { return a.Result == "yes" }

// Known tells that the question was answered.
func (a Answer) Known() bool { return a.Result == "yes" || a.Result == "no" }

func newBench(cfg Config) *Bench {
	told := cfg.Transport != 0
	if !told {
		cfg.Transport = capture.UDP
	}
	return &Bench{Config: cfg, told: told, answers: map[string]Answer{}, found: map[capture.Net]*lookup{}, doors: map[string]door{}, others: make(chan struct{})}
}

// Say answers a question with yes or no. Details are pairs of a name and a value; a
// duration named "in" is how long it took. See capture.Probe for which belong to which key.
func (b *Bench) Say(key string, yes bool, details ...any) {
	result := "no"
	if yes {
		result = "yes"
	}
	b.note(key, result, Details(details...))
}

// NotChecked says why a question could not be answered.
func (b *Bench) NotChecked(key, format string, args ...any) {
	b.note(key, "not-checked", fmt.Sprintf(format, args...))
}

// Answer gives what was found, the zero Answer when nothing was noted (yet).
func (b *Bench) Answer(key string) Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.answers[key]
}

func (b *Bench) note(key, result, detail string) {
	const most = 4000 // some of it came from the other side
	if len(detail) > most {
		detail = detail[:most] + "..."
	}
	b.mu.Lock()
	b.answers[key] = Answer{result, detail}
	b.mu.Unlock()
	text := result
	if detail != "" {
		text += " " + detail
	}
	b.Tape.Note(capture.Note{Time: time.Now(), Kind: capture.KindProbe, Key: key, Text: text})
}

// do runs one probe within its time. What it did not answer is noted as not checked.
func (b *Bench) do(ctx context.Context, p Probe) {
	inner, stop := context.WithTimeout(ctx, p.Limit)
	defer stop()
	why := "not answered"
	func() {
		defer func() {
			if r := recover(); r != nil {
				why = "the probe failed by itself"
			}
		}()
		p.Run(inner, b)
	}()
	switch {
	case ctx.Err() != nil:
		why = "stopped"
	case errors.Is(inner.Err(), context.DeadlineExceeded):
		why = "no result within " + p.Limit.String()
	}
	for _, key := range p.Keys {
		if b.Answer(key).Result == "" {
			b.NotChecked(key, "%s", why)
		}
	}
}

// Details writes pairs of names and values as the notes have them: NAME=VALUE, values
// with blanks or quotes in them quoted as in Go, the duration named "in" at the end as
// words. Empty strings and invalid addresses are left out.
func Details(pairs ...any) string {
	var words []string
	took := ""
	for i := 0; i+1 < len(pairs); i += 2 {
		name, value := pairs[i].(string), ""
		switch v := pairs[i+1].(type) {
		case string:
			value = v
		case bool:
			value = map[bool]string{true: "yes", false: "no"}[v]
		case time.Duration:
			value = short(v).String()
		case netip.Addr:
			if v.IsValid() {
				value = v.String()
			}
		case netip.AddrPort:
			if v.IsValid() {
				value = v.String()
			}
		case float64:
			value = strconv.FormatFloat(v, 'f', 1, 64)
		case []string:
			value = strings.Join(v, ",")
		default:
			value = fmt.Sprint(v)
		}
		if name == "in" {
			took = "in " + value
			continue
		}
		if value == "" {
			continue
		}
		if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r == '"' || r == '=' || r >= 0x7f }) {
			value = strconv.QuoteToASCII(value)
		}
		words = append(words, name+"="+value)
	}
	if took != "" {
		words = append(words, took)
	}
	return strings.Join(words, " ")
}

// short rounds a duration to what is worth reading.
func short(d time.Duration) time.Duration {
	switch {
	case d > time.Minute:
		return d.Round(time.Second)
	case d > time.Second:
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(10 * time.Microsecond)
}
