package media

import (
	"errors"
	"slices"
	"sync"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// guard encrypts what leaves and checks what comes (RFC 3711). A direction lives as
// long as its key: its rollover counter goes on over re-INVITEs.
type guard struct {
	line crypto // our key under the tag that was agreed last
	out  *sealer
	in   *opener
}

// renew gives a guard for the two keys, with the directions of the old one whose key
// stays. The old one may be nil.
func (g *guard) renew(ours, theirs crypto) (*guard, error) {
	next := &guard{line: ours}
	if g != nil && g.out.key.same(ours) {
		next.out = g.out
	} else {
		ctx, err := ours.context()
		if err != nil {
			return nil, err
		}
		next.out = &sealer{key: ours, ctx: ctx}
	}
	if g != nil && g.in.key.same(theirs) {
		next.in = g.in
	} else {
		ctx, err := theirs.context(srtp.SRTPReplayProtection(256), srtp.SRTCPReplayProtection(256))
		if err != nil {
			return nil, err
		}
		next.in = &opener{key: theirs, ctx: ctx, sources: map[uint32]bool{}}
	}
	return next, nil
}

// sealer encrypts with our key.
type sealer struct {
	key crypto
	mu  sync.Mutex
	ctx *srtp.Context
}

// sealRTP and sealRTCP encrypt a packet; a nil guard leaves it as it is.
func (g *guard) sealRTP(packet []byte) ([]byte, error) {
	if g == nil {
		return packet, nil
	}
	g.out.mu.Lock()
	defer g.out.mu.Unlock()
	return g.out.ctx.EncryptRTP(nil, packet, nil)
}

func (g *guard) sealRTCP(packet []byte) ([]byte, error) {
	if g == nil {
		return packet, nil
	}
	g.out.mu.Lock()
	defer g.out.mu.Unlock()
	return g.out.ctx.EncryptRTCP(nil, packet, nil)
}

// opener checks and decrypts with the other side's key.
type opener struct {
	key     crypto
	mu      sync.Mutex
	ctx     *srtp.Context
	sources map[uint32]bool // each costs the context memory, before it is known to be genuine
}

// maxGuarded bounds the sources of one key that are tried.
const maxGuarded = 256

var errUnguarded = errors.New("not a packet to decrypt")

// openRTP gives the plain form of a packet, if it is genuine by its key. The packet
// itself is not changed.
func (g *guard) openRTP(packet []byte) ([]byte, error) {
	if g == nil {
		return packet, nil
	}
	var h rtp.Header
	if _, err := h.Unmarshal(packet); err != nil {
		return nil, err
	}
	o := g.in
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.sources[h.SSRC] && len(o.sources) >= maxGuarded {
		return nil, errUnguarded
	}
	o.sources[h.SSRC] = true
	return o.ctx.DecryptRTP(nil, packet, nil)
}

// openRTCP gives the plain form of a report.
func (g *guard) openRTCP(packet []byte) ([]byte, error) {
	if g == nil {
		return packet, nil
	}
	if len(packet) < 8 {
		return nil, errUnguarded
	}
	g.in.mu.Lock()
	defer g.in.mu.Unlock()
	return g.in.ctx.DecryptRTCP(nil, slices.Clone(packet), nil)
}
