// Package probe measures what lies between this computer and the provider: network
// connections, name service, ways to the server, NAT, helpers that rewrite messages,
// sizes and lifetimes. It needs no root.
//
// Every answer is a KindProbe note on the tape: yes, no, or not-checked with the
// reason. What a probe sends is no part of a call and stands on the tape as that
// note only, so that no experiment of ours can be mistaken for the phone's own
// traffic.
package probe

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
)

// Config says what to measure and with what. Tape and Server are needed.
type Config struct {
	Tape      *capture.Tape
	Server    string         // domain or host of the account, host or host:port
	Proxy     string         // outbound proxy, host or host:port; "": none
	Transport capture.Net    // of the account: UDP, TCP or TLS; 0 where nobody said: UDP, as usual
	User      string         // of the account; "" asks without a name
	Roots     *x509.CertPool // authorities to trust; nil: the system's
	// NameServers are asked in place of the system's, nil: the system's.
	NameServers []netip.AddrPort
	// STUN lists servers that the account or the person named, host or host:port.
	STUN []string
	// ThirdParty: the person agreed that servers are asked which belong neither to
	// the provider nor to an account. Nothing is sent to any of them otherwise.
	ThirdParty bool
	// Mirror is the address of a softphone-doctor mirror, host or host:port; "": none.
	Mirror string
	// KeepAlive is the longest pause between two signs of life of the phone, 0: not known.
	KeepAlive time.Duration
	// Sound is the socket of a call that is up; nil: none.
	Sound Sound
	// UpTo is the longest silence that a measurement of a NAT's memory tries, 0: 5 minutes.
	UpTo time.Duration
	// InviteSize is how many bytes the phone's own INVITE has, 0: not known.
	InviteSize int
	// InUse has somebody put the line to full use, and returns when it is: nil where nobody
	// can. Its error says that it did not come to that.
	InUse func(context.Context) error
	sound int // packets of a test of sound, 0: three seconds of them

	// Progress hears of beginnings and ends; may be nil. It is called from several
	// goroutines, never at the same time, and must not block.
	Progress func(Progress)
}

// Progress tells how far the measuring is.
type Progress struct {
	ID    string // of the probe
	Title string // what is being done, in plain words
	Done  bool   // false: it begins
	Count int    // how many probes have ended
	Of    int    // how many there are
	Limit time.Duration
}

// Probe is one measurement, which answers one or more questions.
type Probe struct {
	ID    string
	Title string        // what is done, in plain words, as an instruction: "Looking up the server's name."
	Keys  []string      // of the notes that it writes; those it leaves out are noted as not checked
	Limit time.Duration // its own deadline
	After []string      // IDs of probes whose answers it reads, where they run, too
	Slow  bool          // takes longer than a person waits: runs only when it is named
	Call  bool          // asks about a call that is up: runs only when it is named
	// Beside marks one that watches: it goes on until the others have ended, if its own
	// time is not over before (Bench.others).
	Beside bool
	Run    func(context.Context, *Bench)
}

// All lists every probe.
func All() []Probe { return slices.Clone(probes) }

// probes is every measurement, in the order in which their answers are shown.
var probes = slices.Concat(pathProbes, portalProbes, nameProbes, doorProbes, natProbes, algProbes, loadProbes)

// Total bounds everything but the slow probes.
const Total = 10 * time.Second

// Run makes the measurements that answer the given questions (keys of capture.Probe
// notes, or IDs of probes), all at the same time where they do not need each other;
// with none given all that are quick. It returns when each has ended or its time, or
// the context, is over. The error says that the program could not measure at all.
func Run(ctx context.Context, cfg Config, wanted ...string) error {
	list, err := choose(wanted)
	if err != nil {
		return err
	}
	return run(ctx, cfg, list)
}

// Answers tells whether a probe answers this question.
func Answers(question string) bool {
	return slices.ContainsFunc(probes, func(p Probe) bool { return slices.Contains(p.Keys, question) })
}

// choose picks the probes for questions or IDs.
func choose(wanted []string) ([]Probe, error) {
	var list []Probe
	for _, p := range probes {
		named := slices.Contains(wanted, p.ID) || slices.ContainsFunc(p.Keys, func(k string) bool { return slices.Contains(wanted, k) })
		if named || len(wanted) == 0 && !p.Slow && !p.Call {
			list = append(list, p)
		}
	}
	for _, w := range wanted {
		if !slices.ContainsFunc(list, func(p Probe) bool { return p.ID == w || slices.Contains(p.Keys, w) }) {
			return nil, fmt.Errorf("there is no probe %q", w)
		}
	}
	return list, nil
}

func run(ctx context.Context, cfg Config, list []Probe) error {
	if cfg.Tape == nil || cfg.Server == "" {
		return fmt.Errorf("there is no server to measure the way to: name one")
	}
	b := newBench(cfg)
	whole, over := context.WithCancel(ctx)
	b.whole = whole
	defer b.lookups.Wait()
	defer over()
	var others sync.WaitGroup
	ended := make(map[string]chan struct{}, len(list))
	for _, p := range list {
		ended[p.ID] = make(chan struct{})
		if !p.Beside {
			others.Add(1)
		}
	}
	var work sync.WaitGroup
	count := 0
	tell := func(p Probe, done bool) {
		b.telling.Lock()
		defer b.telling.Unlock()
		if done {
			count++
		}
		if cfg.Progress != nil {
			cfg.Progress(Progress{ID: p.ID, Title: p.Title, Done: done, Count: count, Of: len(list), Limit: p.Limit})
		}
	}
	for _, p := range list {
		work.Go(func() {
			defer close(ended[p.ID])
			if !p.Beside {
				defer others.Done()
			}
			for _, other := range p.After {
				if done := ended[other]; done != nil {
					select {
					case <-done:
					case <-ctx.Done():
					}
				}
			}
			tell(p, false)
			b.do(ctx, p)
			tell(p, true)
		})
	}
	others.Wait()
	close(b.others)
	work.Wait()
	return nil
}
