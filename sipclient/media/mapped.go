package media

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"softphonedoctor/sipclient/wire"
)

// ErrNoSTUN tells that a STUN server gave no address in answer to the sound's socket.
var ErrNoSTUN = errors.New("no answer from the STUN server")

// Mapped asks a STUN server from the very socket of the sound (RTP) under which address
// it sees it (RFC 8489). It needs no pause in the sound; what is sent and what comes
// stand on the tape and count as no sound. The error is ErrNoSTUN for a server that
// stays silent (about 2 s), refuses, or is of the other IP version, else the context's.
func (m *Line) Mapped(ctx context.Context, server netip.AddrPort) (netip.AddrPort, error) {
	if server.Addr().Is4() != m.Local().Addr().Is4() {
		return netip.AddrPort{}, ErrNoSTUN
	}
	request := wire.NewSTUNRequest()
	answer := make(chan wire.STUNAnswer, 1)
	m.mu.Lock()
	if m.asked == nil {
		m.asked = map[wire.STUNID]chan<- wire.STUNAnswer{}
	}
	m.asked[request.ID] = answer
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		delete(m.asked, request.ID)
		m.mu.Unlock()
	}()
	for wait := 150 * time.Millisecond; wait < 2*time.Second; wait *= 2 {
		m.rtp.Write(request.Bytes(), server)
		select {
		case a := <-answer:
			if a.Mapped.IsValid() {
				return a.Mapped, nil
			}
			return netip.AddrPort{}, ErrNoSTUN
		case <-time.After(wait):
		case <-m.rtp.Done():
			return netip.AddrPort{}, ErrNoSTUN
		case <-ctx.Done():
			return netip.AddrPort{}, ctx.Err()
		}
	}
	return netip.AddrPort{}, ErrNoSTUN
}

// onSTUN hands an answer to who asked. Requests of others are left alone: a call of ours
// does no ICE.
func (m *Line) onSTUN(data []byte) {
	a, ok := wire.ReadSTUN(data)
	if !ok || a.Request {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if answer := m.asked[a.ID]; answer != nil {
		select {
		case answer <- a:
		default: // a second copy
		}
	}
}
