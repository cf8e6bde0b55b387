package lab

import (
	_ "embed"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

//go:embed testdata/kamailio.cfg
var kamailioConfig []byte

// Password gives the password that every peer of the lab has for a user.
func Password(user string) string { return "pw-" + user }

// KamailioOptions changes what Kamailio does. The zero value is fine.
type KamailioOptions struct {
	SHA256 bool // challenges ask for SHA-256 (RFC 8760) in place of MD5

	Relay *Relay // all sound passes through it; nil: the phones send to each other

	Ways bool // TCP, IPv6 and TLS beside UDP; on a Host no IPv6

	Host *Host // where it runs; nil: here

	// NATHelp sends to phones where their packets came from, whatever address
	// they name for signalling. Their sound needs the Relay.
	NATHelp bool

	config []byte // in place of the lab's own
}

// Registrar is a running Kamailio. See the package comment for what it does for
// which user name.
type Registrar struct {
	*Process
	Addr netip.AddrPort // where it listens, UDP
	Ways *Ways          // nil unless asked for
	Host *Host          // nil: here
}

// Domain gives "127.0.0.1:PORT", the domain of its users.
func (r *Registrar) Domain() string { return r.Addr.String() }

// Kamailio starts a registrar and proxy, and returns when it answers OPTIONS.
func Kamailio(t testing.TB, o KamailioOptions) *Registrar {
	t.Helper()
	program := Program(t, "kamailio", "kamailio")
	dir := t.TempDir()
	config := filepath.Join(dir, "kamailio.cfg")
	if o.config == nil {
		o.config = kamailioConfig
	}
	if err := os.WriteFile(config, o.config, 0o600); err != nil {
		t.Fatal(err)
	}
	// Another program may take the port first: then another port will do.
	var log string
	for range 3 {
		addr := o.Host.at(t, 5060)
		args := []string{"-f", config, "-DD", "-E", "-m", "64", "-M", "8", "-Y", dir, "-w", dir,
			"-P", filepath.Join(dir, "kamailio.pid"), "-L", kamailioModules(t), "-l", "udp:" + addr.String()}
		if o.SHA256 {
			args = append(args, "-A", "LAB_SHA256")
		}
		if o.Relay != nil {
			args = append(args, "-A", `LAB_RELAY="udp:`+o.Relay.Control.String()+`"`)
		}
		var further *Ways
		if o.Ways {
			var more []string
			further, more = ways(t, o.Host, dir, addr)
			args = append(args, more...)
		}
		if o.NATHelp {
			args = append(args, "-A", "LAB_NAT")
		}
		p, err := o.Host.start(t, dir, program, args...)
		if err != nil {
			t.Fatalf("kamailio: %v", err)
		}
		r := &Registrar{Process: p, Addr: addr, Ways: further, Host: o.Host}
		if eventually(20*time.Second, func() bool { return !p.running() || o.Host.answers(addr) }) && p.running() {
			return r
		}
		p.Stop(t)
		log = p.log.tail(2000)
	}
	t.Fatalf("kamailio does not start:\n%s", log)
	return nil
}

// kamailioModules finds the folder of Kamailio's modules, which is named after
// the machine's architecture on Debian.
func kamailioModules(t testing.TB) string {
	t.Helper()
	for _, pattern := range []string{"/usr/lib/*/kamailio/modules/tm.so", "/usr/lib64/kamailio/modules/tm.so", "/usr/lib/kamailio/modules/tm.so"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return filepath.Dir(found[0]) + "/"
		}
	}
	Missing(t, "the modules of kamailio are not where they are expected")
	return ""
}

// Answers asks a SIP server with one OPTIONS over UDP and tells whether any
// answer came within 200 ms.
func Answers(addr netip.AddrPort) bool { return (*Host)(nil).answers(addr) }

// answers asks from a host.
func (h *Host) answers(addr netip.AddrPort) bool {
	conn, err := h.dial("udp4", addr.String(), time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	local := conn.LocalAddr().String()
	id := strconv.FormatInt(time.Now().UnixNano(), 36)
	m := sipmsg.NewRequest("OPTIONS", "sip:"+addr.String())
	m.Add("Via", fmt.Sprintf("SIP/2.0/UDP %s;branch=z9hG4bK%s", local, id))
	m.Add("From", "<sip:lab@"+local+">;tag="+id)
	m.Add("To", "<sip:"+addr.String()+">")
	m.Add("Call-ID", id)
	m.Add("CSeq", "1 OPTIONS")
	m.Add("Max-Forwards", "70")
	m.Add("Contact", "<sip:lab@"+local+">")
	if _, err := conn.Write(m.Bytes()); err != nil {
		return false
	}
	if err := conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		return false
	}
	buf := make([]byte, 4096)
	n, err := conn.Read(buf)
	if err != nil {
		return false
	}
	answer, err := sipmsg.Parse(buf[:n])
	return err == nil && !answer.IsRequest() && strings.HasPrefix(answer.CallID(), id)
}
