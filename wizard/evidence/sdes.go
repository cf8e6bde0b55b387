package evidence

import (
	"encoding/base64"
	"math/big"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/srtp/v3"
)

// sdesKey is one a=crypto line (RFC 4568): what its author encrypts with. All
// streams under one key share its context, which keeps a few bytes for each SSRC.
type sdesKey struct {
	tag  string
	line string        // all behind the tag
	ctx  *srtp.Context // nil when its packets cannot be read here
}

// sdesSuites are the suites of RFC 4568 6.2, RFC 6188 and RFC 7714 that can be
// read here, with the lengths of key and salt. Some devices turn the words of the
// longer ones round.
var sdesSuites = map[string]struct {
	profile   srtp.ProtectionProfile
	key, salt int
}{
	"AES_CM_128_HMAC_SHA1_80": {srtp.ProtectionProfileAes128CmHmacSha1_80, 16, 14},
	"AES_CM_128_HMAC_SHA1_32": {srtp.ProtectionProfileAes128CmHmacSha1_32, 16, 14},
	"AES_256_CM_HMAC_SHA1_80": {srtp.ProtectionProfileAes256CmHmacSha1_80, 32, 14},
	"AES_256_CM_HMAC_SHA1_32": {srtp.ProtectionProfileAes256CmHmacSha1_32, 32, 14},
	"AES_CM_256_HMAC_SHA1_80": {srtp.ProtectionProfileAes256CmHmacSha1_80, 32, 14},
	"AES_CM_256_HMAC_SHA1_32": {srtp.ProtectionProfileAes256CmHmacSha1_32, 32, 14},
	"AEAD_AES_128_GCM":        {srtp.ProtectionProfileAeadAes128Gcm, 16, 12},
	"AEAD_AES_256_GCM":        {srtp.ProtectionProfileAeadAes256Gcm, 32, 12},
}

// readSDES reads an a=crypto line behind its tag, nil when its packets cannot be
// read here: an unknown suite, a session parameter that changes the arithmetic, or
// a key that was blanked when the capture was saved.
func readSDES(line string) (ctx *srtp.Context) {
	words := strings.Fields(line)
	if len(words) < 2 {
		return nil
	}
	suite, known := sdesSuites[strings.ToUpper(words[0])]
	if !known {
		return nil
	}
	var options []srtp.ContextOption
	for _, param := range words[2:] {
		switch p := strings.ToUpper(param); {
		case p == "UNENCRYPTED_SRTP":
			options = append(options, srtp.SRTPNoEncryption())
		case p == "UNENCRYPTED_SRTCP":
			options = append(options, srtp.SRTCPNoEncryption())
		case strings.HasPrefix(p, "WSH="), p == "KDR=0": // a hint, and what holds without it
		default:
			return nil
		}
	}
	for _, one := range strings.Split(words[1], ";") {
		method, info, _ := strings.Cut(one, ":")
		parts := strings.Split(info, "|")
		text := strings.TrimRight(parts[0], "=")
		raw, err := base64.RawStdEncoding.DecodeString(text)
		if !strings.EqualFold(method, "inline") || err != nil || len(raw) != suite.key+suite.salt || strings.Count(text, text[:1]) == len(text) {
			return nil
		}
		key, salt, mki := raw[:suite.key:suite.key], raw[suite.key:], readMKI(parts[1:])
		if ctx != nil {
			err = ctx.AddCipherForMKI(mki, key, salt)
		} else {
			if mki != nil {
				options = append(options, srtp.MasterKeyIndicator(mki))
			}
			ctx, err = srtp.CreateContext(key, salt, suite.profile, options...)
		}
		if err != nil {
			return nil
		}
	}
	return ctx
}

// readMKI gives the mark that tells keys of one line apart, nil without one: the
// part "NUMBER:BYTES" behind the key (RFC 4568 6.1).
func readMKI(parts []string) []byte {
	for _, part := range parts {
		id, length, ok := strings.Cut(part, ":")
		n, err := strconv.Atoi(length)
		if !ok || err != nil || n < 1 || n > 128 || len(id) > 310 {
			continue
		}
		if v, ok := new(big.Int).SetString(id, 10); ok && v.Sign() >= 0 && v.BitLen() <= 8*n {
			return v.FillBytes(make([]byte, n))
		}
	}
	return nil
}

// maxKeys bounds the lines of one description and the descriptions of one call
// whose keys are kept: a call may be described anew without end. The latest matter.
const maxKeys = 16

// learnKeys reads the keys of a description. A repeated line, in a retransmission
// or a re-INVITE that changes nothing, is the same key and keeps its counters
// (RFC 4568 7.1.4).
func (c *call) learnKeys(d *description) {
	if len(d.media.Crypto) == 0 {
		return
	}
	for _, value := range d.media.Crypto[:min(len(d.media.Crypto), maxKeys)] {
		tag, line, _ := strings.Cut(strings.TrimSpace(value), " ")
		k := sdesKey{tag: tag, line: strings.TrimSpace(line)}
		for _, old := range c.protected {
			for _, o := range old.keys {
				if o.line == k.line && old.author == d.author {
					k.ctx = o.ctx
				}
			}
		}
		if k.ctx == nil {
			k.ctx = readSDES(k.line)
		}
		d.keys = append(d.keys, k)
	}
	c.protected = append(c.protected, d)
	if n := len(c.protected) - maxKeys; n > 0 {
		c.protected = append(c.protected[:0:0], c.protected[n:]...)
	}
}

// keysFor lists what a flow's packets may be protected with, the latest first: the
// keys of its sender's descriptions. Of an offer only what the answer chose counts
// (RFC 4568 5.1.2). Where the addresses do not tell who sends, the keys of both
// sides are tried.
func (c *call) keysFor(f flow) (keys []*srtp.Context) {
	if c == nil || len(c.protected) == 0 {
		return nil
	}
	one, other := c.senderOf(f)
	for i := len(c.protected) - 1; i >= 0; i-- {
		d := c.protected[i]
		if d.author == theOne && other > one || d.author == theOther && one > other {
			continue
		}
		for _, k := range d.keys {
			if k.ctx != nil && !slices.Contains(keys, k.ctx) && c.chosen(i, k.tag) {
				keys = append(keys, k.ctx)
			}
		}
	}
	return keys
}

// senderOf rates whether the one or the other end of the call sends a flow.
func (c *call) senderOf(f flow) (one, other int) {
	for _, d := range c.protected {
		sends, gets := d.fits(f.from), d.fits(f.to)
		if d.author == theOther {
			sends, gets = gets, sends
		}
		one, other = max(one, sends), max(other, gets)
	}
	return one, other
}

// fits rates how well an address is that of a description, RTP or RTCP: 3 for the
// one that it names, 2 for its port where the message came from (a NAT), 1 for
// the place alone.
func (d *description) fits(a netip.AddrPort) int {
	port := int(a.Port()) == d.media.Port || int(a.Port()) == d.media.RTCPPort
	switch {
	case port && a.Addr() == d.addr.Addr():
		return 3
	case port && a.Addr() == d.from.From.Addr():
		return 2
	case a.Addr() == d.addr.Addr(), a.Addr() == d.from.From.Addr():
		return 1
	}
	return 0
}

// chosen tells whether the answer to the description at i took the line with a
// tag, or none is known that took any.
func (c *call) chosen(i int, tag string) bool {
	offer := c.protected[i]
	for _, d := range c.protected[i+1:] {
		if d.author != offer.author && d.kind == offer.kind && d.answers(offer) {
			return slices.ContainsFunc(d.keys, func(k sdesKey) bool { return k.tag == tag })
		}
	}
	return true
}

// answers tells whether d can be the answer to an offer: in the same transaction,
// or in the ACK or PRACK of the answer that held a late one.
func (d *description) answers(offer *description) bool {
	a, _, _ := d.from.CSeq()
	b, _, _ := offer.from.CSeq()
	if d.from.IsRequest() {
		return !offer.from.IsRequest() && (d.from.Method == "ACK" && a == b || d.from.Method == "PRACK")
	}
	return offer.from.IsRequest() && a == b && d.from.Branch() == offer.from.Branch()
}

// author says which end of the call wrote something. Which of the two is the
// caller does not matter.
type author bool

const (
	theOne   author = false
	theOther author = true
)

// authorOf tells who wrote a message of the call: the From tag of a request is its
// sender's, that of an answer the other side's (RFC 3261 12.2.1.1).
func (c *call) authorOf(m *Message) author {
	tag := m.FromTag()
	if !c.tagged {
		c.tag, c.tagged = tag, true
	}
	return author((tag == c.tag) != m.IsRequest())
}
