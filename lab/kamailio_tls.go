package lab

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

// OldTLS names the listener that knows TLS 1.0 only, with the good certificate.
const OldTLS = "tls-1.0"

// Ways are the further addresses of a Kamailio: TCP beside UDP on its own port, both
// on ::1, too, and a TLS port for each of the lab's certificates.
type Ways struct {
	Six    netip.AddrPort            // UDP and TCP on ::1
	TLS    map[string]netip.AddrPort // by certificate, and OldTLS
	SixTLS netip.AddrPort            // with the good certificate
	CAFile string                    // the authority of the good one
}

// ways chooses ports, writes certificates and the TLS module's settings, and gives
// the arguments for them.
func ways(t testing.TB, h *Host, dir string, main netip.AddrPort) (*Ways, []string) {
	t.Helper()
	Certificates(t, dir)
	w := &Ways{TLS: map[string]netip.AddrPort{}, CAFile: filepath.Join(dir, "ca.pem")}
	args := []string{"-l", "tcp:" + main.String()}
	if h == nil {
		w.Six = netip.AddrPortFrom(netip.IPv6Loopback(), uint16(FreePort(t)))
		w.SixTLS = netip.AddrPortFrom(netip.IPv6Loopback(), uint16(FreePort(t)))
		args = append(args, "-l", "udp:"+w.Six.String(), "-l", "tcp:"+w.Six.String(), "-l", "tls:"+w.SixTLS.String())
	}
	settings := ""
	server := func(at, cert, method string) {
		settings += fmt.Sprintf("[server:%s]\nmethod = %s\nverify_certificate = no\nrequire_certificate = no\nprivate_key = %s\ncertificate = %s\n",
			at, method, filepath.Join(dir, cert+".key"), filepath.Join(dir, cert+".pem"))
	}
	server("default", CertGood, "TLSv1.2+")
	settings += "[client:default]\nverify_certificate = no\nrequire_certificate = no\n"
	for _, name := range []string{CertGood, CertWrongName, CertExpired, CertNotYet, CertSelfSigned, CertStranger, OldTLS} {
		at := netip.AddrPortFrom(main.Addr(), uint16(h.ports(t, 1)))
		if h != nil && name == CertGood {
			at = h.at(t, 5061)
		}
		w.TLS[name] = at
		args = append(args, "-l", "tls:"+at.String())
		if name == OldTLS {
			server(at.String(), CertGood, "TLSv1")
			settings += "cipher_list = DEFAULT:@SECLEVEL=0\n" // else it would take nothing at all
		} else {
			server(at.String(), name, "TLSv1.2+")
		}
	}
	config := filepath.Join(dir, "tls.cfg")
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	return w, append(args, "-A", `LAB_TLS="`+config+`"`)
}
