package capture

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/binary"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// tlsSuite is how a cipher suite protects records: those with AES-GCM (RFC 5288, RFC
// 5289, RFC 8446) and ChaCha20-Poly1305 (RFC 7905).
type tlsSuite struct {
	key    int // bytes
	hash   func() hash.Hash
	aead   func(key []byte) (cipher.AEAD, error)
	salted bool // TLS 1.2 with AES-GCM: a part of each nonce stands in the record
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// tlsSuites are the suites that can be read.
var tlsSuites = func() map[uint16]tlsSuite {
	var (
		aes128 = tlsSuite{16, sha256.New, newGCM, true}
		aes256 = tlsSuite{32, sha512.New384, newGCM, true}
		chacha = tlsSuite{chacha20poly1305.KeySize, sha256.New, chacha20poly1305.New, false}
		of     = map[uint16]tlsSuite{}
	)
	for _, id := range []uint16{0x009c, 0x009e, 0x00a2, 0x00a8, 0x00aa, 0xc02b, 0xc02d, 0xc02f, 0xc031, 0xd001} {
		of[id] = aes128 // with RSA, DHE_RSA, DHE_DSS, PSK, DHE_PSK, ECDHE_ECDSA, ECDH_ECDSA, ECDHE_RSA, ECDH_RSA, ECDHE_PSK
	}
	for _, id := range []uint16{0x009d, 0x009f, 0x00a3, 0x00a9, 0x00ab, 0xc02c, 0xc02e, 0xc030, 0xc032, 0xd002} {
		of[id] = aes256
	}
	for _, id := range []uint16{0xcca8, 0xcca9, 0xccaa, 0xccab, 0xccac, 0xccad, tls.TLS_CHACHA20_POLY1305_SHA256} {
		of[id] = chacha
	}
	for id, s := range map[uint16]tlsSuite{tls.TLS_AES_128_GCM_SHA256: aes128, tls.TLS_AES_256_GCM_SHA384: aes256} {
		s.salted = false
		of[id] = s
	}
	return of
}()

// recordCipher opens the records of one direction, in order.
type recordCipher struct {
	aead     cipher.AEAD
	iv       []byte // 12 bytes, or 4 with salted
	salted   bool
	modern   bool // TLS 1.3
	sequence uint64
}

// keys12 derives what protects the records of TLS 1.2 (RFC 5246 6.3): the client's
// direction and the server's.
func (s tlsSuite) keys12(master, clientRandom, serverRandom []byte) (of [2]*recordCipher, err error) {
	iv := 12
	if s.salted {
		iv = 4
	}
	seed := append(append([]byte("key expansion"), serverRandom...), clientRandom...)
	b := prf12(s.hash, master, seed, 2*(s.key+iv))
	for side := range 2 {
		aead, err := s.aead(b[side*s.key:][:s.key])
		if err != nil {
			return of, err
		}
		of[side] = &recordCipher{aead: aead, salted: s.salted, iv: b[2*s.key+side*iv:][:iv]}
	}
	return of, nil
}

// prf12 is P_hash (RFC 5246 5).
func prf12(h func() hash.Hash, secret, seed []byte, n int) []byte {
	mac := hmac.New(h, secret)
	sum := func(parts ...[]byte) []byte {
		mac.Reset()
		for _, p := range parts {
			mac.Write(p)
		}
		return mac.Sum(nil)
	}
	var out []byte
	for a := sum(seed); len(out) < n; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:n]
}

// keys13 derives what protects the records of TLS 1.3 from one direction's traffic
// secret (RFC 8446 7.3).
func (s tlsSuite) keys13(secret []byte) (*recordCipher, error) {
	key, err := expandLabel(s.hash, secret, "key", s.key)
	if err != nil {
		return nil, err
	}
	iv, err := expandLabel(s.hash, secret, "iv", 12)
	if err != nil {
		return nil, err
	}
	aead, err := s.aead(key)
	if err != nil {
		return nil, err
	}
	return &recordCipher{aead: aead, iv: iv, modern: true}, nil
}

// expandLabel is HKDF-Expand-Label with an empty context (RFC 8446 7.1).
func expandLabel(h func() hash.Hash, secret []byte, label string, n int) ([]byte, error) {
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(info, byte(len("tls13 ")+len(label)))
	info = append(info, "tls13 "+label...)
	return hkdf.Expand(h, secret, string(append(info, 0)), n)
}

// open gives what is in a record, header included, and its true type. The sequence
// number counts on only where that succeeds.
func (c *recordCipher) open(record []byte) (kind byte, data []byte, ok bool) {
	head, body := record[:5], record[5:]
	var nonce [12]byte
	if c.salted {
		if len(body) < 8 {
			return 0, nil, false
		}
		copy(nonce[:], c.iv)
		copy(nonce[4:], body[:8])
		body = body[8:]
	} else {
		binary.BigEndian.PutUint64(nonce[4:], c.sequence)
		for i := range nonce {
			nonce[i] ^= c.iv[i]
		}
	}
	if len(body) < c.aead.Overhead() {
		return 0, nil, false
	}
	extra := head
	if !c.modern {
		extra = binary.BigEndian.AppendUint64(nil, c.sequence)
		extra = append(extra, head[:3]...)
		extra = binary.BigEndian.AppendUint16(extra, uint16(len(body)-c.aead.Overhead()))
	}
	data, err := c.aead.Open(nil, nonce[:], body, extra)
	if err != nil {
		return 0, nil, false
	}
	c.sequence++
	kind = head[0]
	if c.modern {
		n := len(data)
		for n > 0 && data[n-1] == 0 {
			n--
		}
		if n == 0 {
			return 0, nil, true
		}
		kind, data = data[n-1], data[:n-1]
	}
	return kind, data, true
}
