package capture

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// tlsReader reads a TLS connection whose secrets are in the file: TLS 1.2 (RFC 5246)
// and 1.3 (RFC 8446). What cannot be read is passed on record by record as it is, and
// where the file has secrets a note says why.
type tlsReader struct {
	c      *conversation
	clear  *conversation // what the connection carries
	client int           // direction of the client's records, -1 as long as unknown
	hello  [2][]byte     // the random numbers, the client's first
	suite  uint16
	modern bool // TLS 1.3
	dirs   [2]tlsSide
	failed bool // nothing more of it can be read
}

// tlsSide is one direction.
type tlsSide struct {
	sub       pending       // of a record
	messages  pending       // of the handshake
	skip      int           // bytes of a handshake message that are of no interest
	cipher    *recordCipher // nil while records are clear
	sealed    bool          // records are protected from here on
	finished  bool          // TLS 1.3: the handshake is over
	secret    []byte        // TLS 1.3: the traffic secret in use
	passed    int           // records of the handshake that could not be read
	lost, gap bool          // bytes are missing: of records, of what they carried
}

// The types of records and of handshake messages.
const (
	recordChange    = 20
	recordHandshake = 22
	recordData      = 23

	clientHello = 1
	serverHello = 2
	finished    = 20
	keyUpdate   = 24

	maxRecord = 5 + 1<<14 + 2048
	maxHello  = 64 << 10
	// maxLost is how many records may be missing in a gap.
	maxLost = 64
)

func newTLS(c *conversation) *tlsReader {
	return &tlsReader{c: c, client: -1, clear: &conversation{d: c.d, net: TLS, ends: c.ends, depth: c.depth + 1}}
}

func (t *tlsReader) close() {
	for i := range t.dirs {
		t.dirs[i].sub.reset(t.c.d)
		t.dirs[i].messages.reset(t.c.d)
	}
	t.clear.close()
}

func (t *tlsReader) take(dir int, k chunk) {
	s, d := &t.dirs[dir], t.c.d
	if k.gap {
		s.sub.reset(d)
		s.messages.reset(d)
		s.skip, s.lost, s.gap = 0, true, true
	}
	if s.lost && !isRecord(k.data) {
		return
	}
	if !s.sub.add(d, k) {
		s.lost, s.gap = true, true
		return
	}
	for {
		b := s.sub.data
		if len(b) < 5 {
			return
		}
		if !isRecord(b) {
			s.sub.reset(d)
			s.lost, s.gap = true, true
			return
		}
		length := 5 + int(binary.BigEndian.Uint16(b[3:]))
		if len(b) < length {
			return
		}
		record := bytes.Clone(b[:length])
		s.sub.drop(d, length)
		t.record(dir, record, k)
		s.lost = false
	}
}

// isRecord tells whether bytes can be the beginning of a record.
func isRecord(b []byte) bool {
	return len(b) >= 5 && b[0] >= recordChange && b[0] <= recordData+1 && b[1] == 3 && b[2] <= 4 && 5+int(binary.BigEndian.Uint16(b[3:])) <= maxRecord
}

// record takes one record of a direction.
func (t *tlsReader) record(dir int, record []byte, k chunk) {
	s := &t.dirs[dir]
	if t.failed {
		t.c.plain(dir, chunk{data: record, n: k.n, time: k.time})
		return
	}
	kind, data := record[0], record[5:]
	switch {
	case kind == recordChange:
		// In TLS 1.3 it means nothing any more (RFC 8446 D.4).
		if !t.modern {
			s.cipher, s.sealed = nil, true
		}
		return
	case kind == recordData && !s.sealed && dir == t.client && t.hello[1] == nil:
		t.c.d.limit(LimitTLS, k, "An encrypted connection (TLS) sent data before its handshake was over (0-RTT), in frame %d first. That is not read.")
		return
	case s.sealed && !t.modern, kind == recordData:
		var ok bool
		if kind, data, ok = t.open(dir, record, k); !ok {
			return
		}
	}
	switch kind {
	case recordHandshake:
		t.handshake(dir, data)
	case recordData:
		t.clear.take(dir, chunk{data: data, n: k.n, time: k.time, gap: s.gap})
		s.gap = false
	}
}

// open opens a protected record.
func (t *tlsReader) open(dir int, record []byte, k chunk) (kind byte, data []byte, ok bool) {
	s := &t.dirs[dir]
	s.sealed = true
	if s.cipher == nil {
		if why := t.key(dir); why != "" {
			t.fail(dir, record, k, why)
			return 0, nil, false
		}
	}
	if kind, data, ok = s.cipher.open(record); ok {
		return kind, data, true
	}
	// Records are missing: the next one that fits says how many. And the secret of the
	// handshake may not be in the file, while that of what follows is.
	if s.lost {
		was := s.cipher.sequence
		for range maxLost {
			s.cipher.sequence++
			if kind, data, ok = s.cipher.open(record); ok {
				return kind, data, true
			}
		}
		s.cipher.sequence = was
	}
	if t.modern && !s.finished && t.application(dir) == "" {
		if kind, data, ok = s.cipher.open(record); ok {
			return kind, data, true
		}
	}
	// Without the handshake's secret its records are passed over.
	if of := t.secrets(); t.modern && of.handshake[t.side(dir)] == nil && s.cipher.sequence == 0 && s.passed < maxLost {
		s.passed++
		return 0, nil, false
	}
	if s.lost {
		t.fail(dir, record, k, "too much of it is missing in the capture")
	} else {
		t.fail(dir, record, k, "the keys in the file are not those that it used")
	}
	return 0, nil, false
}

// key finds what protects a direction's records, and says why there is nothing.
func (t *tlsReader) key(dir int) (why string) {
	s := &t.dirs[dir]
	suite, known := tlsSuites[t.suite]
	switch {
	case t.hello[0] == nil || t.hello[1] == nil || t.client < 0:
		return "its beginning is not in the capture"
	case !known:
		return "this program cannot read its cipher suite, " + tls.CipherSuiteName(t.suite)
	}
	of := t.secrets()
	if of == nil {
		return noKeys
	}
	side := t.side(dir)
	var err error
	switch {
	case !t.modern && of.master == nil, t.modern && of.handshake[side] == nil && of.application[side] == nil:
		return noKeys
	case !t.modern:
		var both [2]*recordCipher
		both, err = suite.keys12(of.master, t.hello[0], t.hello[1])
		s.cipher = both[side]
	case s.finished || of.handshake[side] == nil:
		return t.application(dir)
	default:
		s.cipher, err = suite.keys13(of.handshake[side])
	}
	if err != nil {
		return "its keys could not be made"
	}
	return ""
}

// noKeys says why most connections cannot be read.
const noKeys = "the file has no keys for it"

// application goes on to the keys of what TLS 1.3 carries behind the handshake.
func (t *tlsReader) application(dir int) (why string) {
	s, of := &t.dirs[dir], t.secrets()
	if of == nil || of.application[t.side(dir)] == nil {
		return noKeys
	}
	s.finished, s.secret = true, of.application[t.side(dir)]
	return t.renew(s)
}

// renew makes the keys of a direction's traffic secret.
func (t *tlsReader) renew(s *tlsSide) (why string) {
	c, err := tlsSuites[t.suite].keys13(s.secret)
	if err != nil {
		return "its keys could not be made"
	}
	s.cipher = c
	return ""
}

func (t *tlsReader) secrets() *tlsSecrets {
	if len(t.hello[0]) != 32 {
		return nil
	}
	return t.c.d.secrets.of[[32]byte(t.hello[0])]
}

// side is 0 for the client's direction.
func (t *tlsReader) side(dir int) int {
	if dir == t.client {
		return 0
	}
	return 1
}

// fail gives the connection up. Where the file has no secrets at all, that is nothing
// to complain about.
func (t *tlsReader) fail(dir int, record []byte, k chunk, why string) {
	t.failed = true
	if len(t.c.d.secrets.of) > 0 {
		t.c.d.limit(LimitTLS, k, fmt.Sprintf("An encrypted connection (TLS) could not be read from frame %%d on: %s.", why))
	}
	t.c.plain(dir, chunk{data: record, n: k.n, time: k.time})
}

// handshake takes what records of that type carry: messages, also several in one
// record or one in several.
func (t *tlsReader) handshake(dir int, data []byte) {
	s, d := &t.dirs[dir], t.c.d
	n := min(s.skip, len(data))
	s.skip -= n
	if !s.messages.add(d, chunk{data: data[n:]}) {
		return
	}
	for len(s.messages.data) >= 4 {
		b := s.messages.data
		kind, length := b[0], 4+(int(b[1])<<16|int(b[2])<<8|int(b[3]))
		wanted := kind == clientHello || kind == serverHello || kind == finished || kind == keyUpdate
		if !wanted || length > maxHello {
			have := min(length, len(b))
			s.messages.drop(d, have)
			s.skip = length - have
			continue
		}
		if len(b) < length {
			return
		}
		t.message(dir, kind, b[4:length])
		s.messages.drop(d, length)
	}
}

// message takes one message of the handshake.
func (t *tlsReader) message(dir int, kind byte, body []byte) {
	s := &t.dirs[dir]
	switch kind {
	case clientHello:
		if len(body) >= 34 {
			t.client = dir
			t.hello[0] = bytes.Clone(body[2:34])
		}
	case serverHello:
		random, suite, modern, ok := readServerHello(body)
		if !ok || string(random) == helloRetry {
			return
		}
		t.client = 1 - dir
		t.hello[1], t.suite, t.modern = random, suite, modern
		if modern {
			for i := range t.dirs {
				t.dirs[i].sealed = true
			}
		}
	case finished:
		if t.modern && s.sealed && !s.finished {
			s.cipher, s.finished = nil, true
		}
	case keyUpdate:
		if !t.modern || s.secret == nil {
			return
		}
		suite := tlsSuites[t.suite]
		if next, err := expandLabel(suite.hash, s.secret, "traffic upd", suite.hash().Size()); err == nil {
			s.secret = next
			_ = t.renew(s)
		}
	}
}

// helloRetry is the random number that makes a ServerHello a request for another
// ClientHello (RFC 8446 4.1.3).
const helloRetry = "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"

// readServerHello reads what matters of a ServerHello.
func readServerHello(body []byte) (random []byte, suite uint16, modern, ok bool) {
	var (
		s                   = cryptobyte.String(body)
		version             uint16
		compression         uint8
		session, extensions cryptobyte.String
	)
	if !s.ReadUint16(&version) || !s.ReadBytes(&random, 32) || !s.ReadUint8LengthPrefixed(&session) ||
		!s.ReadUint16(&suite) || !s.ReadUint8(&compression) {
		return nil, 0, false, false
	}
	if s.Empty() || !s.ReadUint16LengthPrefixed(&extensions) {
		return random, suite, false, true
	}
	const supportedVersions = 43
	for !extensions.Empty() {
		var kind uint16
		var value cryptobyte.String
		if !extensions.ReadUint16(&kind) || !extensions.ReadUint16LengthPrefixed(&value) {
			break
		}
		if kind == supportedVersions && value.ReadUint16(&version) {
			modern = version == tls.VersionTLS13
		}
	}
	return random, suite, modern, true
}
