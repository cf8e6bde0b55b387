package lab

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient/capture"
)

// collector is Kamailio as a HOMER server takes copies: it says what it got.
const collector = `#!KAMAILIO
debug=0
log_stderror=yes
fork=no
children=1
listen=udp:127.0.0.1:%d
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "db_text.so"
loadmodule "sipcapture.so"
modparam("sipcapture", "db_url", "text://%s")
modparam("sipcapture", "hep_capture_on", 1)
modparam("sipcapture", "capture_on", 1)
request_route { xlog("L_ERR", "copy of $rm $ci $si:$sp $Ri:$Rp\n"); drop; }
onreply_route { xlog("L_ERR", "copy of $rs $ci $si:$sp $Ri:$Rp\n"); drop; }
`

// A real collector reads what homer sends: every message, with its own addresses.
func TestHomer(t *testing.T) {
	kamailio := Program(t, "kamailio", "kamailio")
	dir, port := t.TempDir(), FreePort(t)
	config := filepath.Join(dir, "hep.cfg")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, collector, port, dir), 0o600))
	p, err := start(t, dir, kamailio, "-f", config, "-DD", "-E", "-Y", dir)
	require.NoError(t, err)

	phone, server := netip.MustParseAddrPort("192.0.2.1:5060"), netip.MustParseAddrPort("198.51.100.2:5070")
	at := time.Now()
	head := "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa\r\nFrom: <sip:2001@example.net>;tag=a\r\nTo: <sip:2002@example.net>\r\nCall-ID: copied-1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
	records := []capture.Record{
		{N: 1, Packet: &capture.Packet{Time: at, Net: capture.UDP, Src: phone, Dst: server, Data: []byte("INVITE sip:2002@example.net SIP/2.0\r\n" + head)}},
		{N: 2, Packet: &capture.Packet{Time: at, Net: capture.UDP, Src: server, Dst: phone, Data: []byte("SIP/2.0 503 Service Unavailable\r\n" + head)}},
	}
	conn, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
	require.NoError(t, err)
	defer conn.Close()
	wanted := []string{"copy of INVITE copied-1 192.0.2.1:5060", "copy of 503 copied-1 198.51.100.2:5070"}
	require.True(t, eventually(20*time.Second, func() bool { // until it listens, packets are lost
		for _, m := range session.Messages(records) {
			_, _ = conn.Write(capture.HEP(&m, 2001, ""))
		}
		time.Sleep(100 * ms)
		return !slices.ContainsFunc(wanted, func(w string) bool { return !strings.Contains(p.Log(), w) })
	}), "the collector said %s", p.Log())
}
