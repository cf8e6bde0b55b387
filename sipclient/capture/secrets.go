package capture

import (
	"bytes"
	"encoding/hex"
)

// secrets are the keys of TLS connections that a capture file carries (a pcapng
// Decryption Secrets Block), in the lines that NSS writes to SSLKEYLOGFILE:
// a label, the client's random number, the secret, the last two in hexadecimal.
// They are used for reading, and never written anywhere.
type secrets struct {
	of map[[32]byte]*tlsSecrets
}

// tlsSecrets are those of one connection. Those of TLS 1.3 stand by direction, the
// client's first.
type tlsSecrets struct {
	master      []byte    // TLS 1.2 and before
	handshake   [2][]byte // TLS 1.3
	application [2][]byte
}

// maxSecrets bounds the connections whose secrets are kept.
const maxSecrets = 1 << 16

// add takes the lines of a key log.
func (s *secrets) add(log []byte) {
	for len(log) > 0 {
		var line []byte
		line, log, _ = bytes.Cut(log, []byte("\n"))
		fields := bytes.Fields(line)
		if len(fields) != 3 || len(fields[1]) != 64 || len(fields[2]) > 2*64 {
			continue
		}
		var random [32]byte
		secret := make([]byte, hex.DecodedLen(len(fields[2])))
		if _, err := hex.Decode(random[:], fields[1]); err != nil {
			continue
		}
		if _, err := hex.Decode(secret, fields[2]); err != nil || len(secret) == 0 {
			continue
		}
		place := s.place(random, string(fields[0]))
		if place != nil {
			*place = secret
		}
	}
}

// place gives where a secret with this label belongs, nil where it is of no use.
func (s *secrets) place(random [32]byte, label string) *[]byte {
	switch label {
	case "CLIENT_RANDOM", "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
		"CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0":
	default:
		return nil
	}
	of := s.of[random]
	if of == nil {
		if len(s.of) >= maxSecrets {
			return nil
		}
		if s.of == nil {
			s.of = make(map[[32]byte]*tlsSecrets)
		}
		of = new(tlsSecrets)
		s.of[random] = of
	}
	switch label {
	case "CLIENT_HANDSHAKE_TRAFFIC_SECRET":
		return &of.handshake[0]
	case "SERVER_HANDSHAKE_TRAFFIC_SECRET":
		return &of.handshake[1]
	case "CLIENT_TRAFFIC_SECRET_0":
		return &of.application[0]
	case "SERVER_TRAFFIC_SECRET_0":
		return &of.application[1]
	}
	return &of.master
}
