package media

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"softphonedoctor/sipclient/wire"
)

// stunAt answers STUN requests at a port: the first so many not at all, then with an
// address.
func stunAt(p port, deaf int, say stun.Setter) (asked chan netip.AddrPort) {
	asked = make(chan netip.AddrPort, 10)
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := p.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			a, ok := wire.ReadSTUN(buf[:n])
			if !ok || !a.Request {
				continue
			}
			asked <- from
			if deaf--; deaf >= 0 {
				continue
			}
			class := stun.ClassSuccessResponse
			if _, refused := say.(stun.ErrorCode); refused {
				class = stun.ClassErrorResponse
			}
			m := stun.MustBuild(stun.NewTransactionIDSetter(a.ID), stun.NewType(stun.MethodBinding, class), say)
			for range 2 { // the second copy harms nobody
				_, _ = p.WriteToUDPAddrPort(m.Raw, from)
			}
		}
	}()
	return asked
}

// TestMapped: the sound's own socket asks, also while sound flows, and no answer counts
// as sound.
func TestMapped(t *testing.T) {
	m := newBench(t)
	server := newPort(t)
	asked := stunAt(server, 2, &stun.XORMappedAddress{IP: []byte{198, 51, 100, 7}, Port: 40000})
	at := netip.MustParseAddrPort(server.LocalAddr().String())
	m.Talk()
	mapped, err := m.Mapped(context.Background(), at)
	if err != nil || mapped.String() != "198.51.100.7:40000" {
		t.Fatalf("%s, %v", mapped, err)
	}
	if from := <-asked; from != m.Local() {
		t.Errorf("asked from %s, and the sound is at %s", from, m.Local())
	}
	if m.asked == nil || len(m.asked) != 0 {
		t.Errorf("%d questions are left open", len(m.asked))
	}
	seen := 0
	for _, r := range m.tape.From(0) {
		if r.Packet != nil && wire.IsSTUN(r.Packet.Data) {
			seen++
		}
	}
	if seen < 4 { // three times asked, answered once or twice
		t.Errorf("%d STUN messages on the tape", seen)
	}
	m.reports.mu.Lock()
	if len(m.reports.sources) != 0 {
		t.Error("STUN counts as sound")
	}
	m.reports.mu.Unlock()
}

// TestMappedNot: silence, refusals, another IP version and an end are told from an address.
func TestMappedNot(t *testing.T) {
	m := newBench(t)
	refuses, silent := newPort(t), newPort(t)
	stunAt(refuses, 0, stun.CodeServerError)
	at := func(p port) netip.AddrPort { return netip.MustParseAddrPort(p.LocalAddr().String()) }
	if _, err := m.Mapped(context.Background(), at(refuses)); !errors.Is(err, ErrNoSTUN) {
		t.Errorf("a refusal: %v", err)
	}
	if _, err := m.Mapped(context.Background(), netip.MustParseAddrPort("[::1]:3478")); !errors.Is(err, ErrNoSTUN) {
		t.Errorf("the other IP version: %v", err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer stop()
	if _, err := m.Mapped(ctx, at(silent)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the time is over: %v", err)
	}
	began := time.Now()
	time.AfterFunc(30*time.Millisecond, m.Close)
	if _, err := m.Mapped(context.Background(), at(silent)); !errors.Is(err, ErrNoSTUN) || time.Since(began) > time.Second {
		t.Errorf("the line ends: %v after %s", err, time.Since(began))
	}
}
