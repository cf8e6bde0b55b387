package lab

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
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
	kamailio, err := exec.LookPath("kamailio")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("kamailio is not installed")
		}
		t.Skip("kamailio is not installed")
	}
	free, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	port := free.LocalAddr().(*net.UDPAddr).Port
	require.NoError(t, free.Close())
	dir := t.TempDir()
	config := filepath.Join(dir, "hep.cfg")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, collector, port, dir), 0o600))
	cmd := exec.CommandContext(t.Context(), kamailio, "-f", config, "-DD", "-E", "-Y", dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var said lockedBuffer
	cmd.Stdout, cmd.Stderr = &said, &said
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() })

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
	require.Eventually(t, func() bool { // until it listens, packets are lost
		for _, m := range session.Messages(records) {
			_, _ = conn.Write(capture.HEP(&m, 2001, ""))
		}
		for _, w := range wanted {
			if !strings.Contains(said.String(), w) {
				return false
			}
		}
		return true
	}, 20*time.Second, 200*time.Millisecond, "the collector said %s", &said)
}

// lockedBuffer takes the output of a program while it is read.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
