package lab

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// STUN is a running coturn: RFC 5780 on two addresses with two ports each.
type STUN struct {
	*Process
	Addr, Other netip.AddrPort // the second ports are one above
}

// stun starts it on the server's further addresses, and returns when it answers.
func (n *Network) stun(t testing.TB) *STUN {
	t.Helper()
	program := Program(t, "turnserver", "coturn")
	dir := t.TempDir()
	const port = 3478
	s := &STUN{Addr: netip.AddrPortFrom(netip.MustParseAddr(stunAddr), port), Other: netip.AddrPortFrom(netip.MustParseAddr(stunOther), port)}
	var err error
	if s.Process, err = n.server.start(t, dir, program, "-n", "--stun-only", "--no-cli", "--no-tls", "--no-dtls", "--no-tcp",
		"--listening-ip="+stunAddr, "--listening-ip="+stunOther, "--listening-port=3478", "--alt-listening-port=3479",
		"--log-file=stdout", "--simple-log", "--pidfile="+filepath.Join(dir, "pid"), "--userdb="+filepath.Join(dir, "db")); err != nil {
		t.Fatalf("coturn: %v", err)
	}
	if !eventually(10*time.Second, func() bool {
		return !s.running() || n.server.stunAnswers(s.Addr) && n.server.stunAnswers(s.Other)
	}) || !s.running() {
		t.Fatalf("coturn does not answer:\n%s", s.log.tail(2000))
	}
	return s
}

// stunAnswers asks a STUN server for a binding (RFC 8489 6) and waits 200 ms.
func (h *Host) stunAnswers(server netip.AddrPort) bool {
	conn, err := h.dial("udp4", server.String(), time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	const request, success, cookie = 0x0001, 0x0101, 0x2112A442
	m := binary.BigEndian.AppendUint16(nil, request)
	m = binary.BigEndian.AppendUint16(m, 0) // no attributes
	m = binary.BigEndian.AppendUint32(m, cookie)
	id := make([]byte, 12)
	_, _ = rand.Read(id) // never fails
	if _, err := conn.Write(append(m, id...)); err != nil {
		return false
	}
	if err := conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		return false
	}
	buf := make([]byte, 1500)
	got, err := conn.Read(buf)
	return err == nil && got >= 20 && binary.BigEndian.Uint16(buf) == success && bytes.Equal(buf[8:20], id)
}

// discovery is what coturn's own client finds out about a NAT, in the words of RFC 4787.
type discovery struct {
	Mapping, Filtering string // "endpoint-independent", "address-dependent", "address-and-port-dependent", "no NAT"
	Mapped             string // the client's address as the server sees it
}

// discover lets coturn's client look at the NAT from the client.
func (n *Network) discover(t testing.TB, s *STUN) (d discovery) {
	t.Helper()
	program := Program(t, "turnutils_natdiscovery", "coturn")
	out := n.exec(t, n.client, program, "-m", "-f", s.Addr.Addr().String())
	if m := mappedRow.FindStringSubmatch(out); m != nil {
		d.Mapped = m[1]
	}
	for _, m := range behaviourRow.FindAllStringSubmatch(out, -1) {
		behaviour := strings.ToLower(strings.ReplaceAll(m[1], " ", "-"))
		if m[2] == "Mapping" {
			d.Mapping = behaviour
		} else {
			d.Filtering = behaviour
		}
	}
	t.Logf("turnutils_natdiscovery: %+v\n%s", d, out)
	return d
}

var (
	mappedRow    = regexp.MustCompile(`UDP reflexive addr: (\S+)`)
	behaviourRow = regexp.MustCompile(`NAT with (.+?) (Mapping|Filtering)!`)
)
