package lab

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient"
	"softphonedoctor/sipclient/capture"
)

// manyCalls is a callee for SIPp that keeps the proxy in the call, as SIPp's own does not.
const manyCalls = `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="many calls">
<recv request="INVITE" rrs="true"/>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
]]></send>
<recv request="ACK"/>
<recv request="BYE"/>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
`

// sippServer starts a SIPp that takes any number of calls, and gives its address.
func sippServer(t *testing.T, args ...string) netip.AddrPort {
	t.Helper()
	program := Program(t, "sipp", "sip-tester")
	port := FreePort(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "many.xml")
	require.NoError(t, os.WriteFile(file, []byte(manyCalls), 0o600))
	args = append([]string{"-sf", file, "-i", "127.0.0.1", "-p", strconv.Itoa(port), "-mi", "127.0.0.1", "-mp", strconv.Itoa(FreePorts(t, 4)), "-rtp_echo", "-nostdin"}, args...)
	p, err := start(t, dir, program, args...)
	require.NoError(t, err)
	p.silent = true
	table := "/proc/net/udp"
	if strings.Contains(strings.Join(args, " "), "-t t1") {
		table = "/proc/net/tcp"
	}
	where := " 0100007F:" + strings.ToUpper(strconv.FormatInt(int64(port)+1<<16, 16)[1:]) + " "
	if !eventually(10*time.Second, func() bool {
		text, err := os.ReadFile(table)
		return err == nil && strings.Contains(string(text), where)
	}) {
		t.Fatalf("sipp does not listen: %s", p.log.tail(500))
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port))
}

// TestEndurance has one phone make 500 calls in a row and 50 at once through
// Kamailio to SIPp, with sound, and then looks for what is left: goroutines, sockets,
// memory. It runs by itself, for it measures the whole process.
func TestEndurance(t *testing.T) {
	const tapeCap = 4 << 20 // full at the end
	row, crowd := 500, 50
	if testing.Short() {
		row, crowd = 20, 10
	}
	k := Kamailio(t, KamailioOptions{})
	server := sippServer(t)
	ctx, stop := context.WithTimeout(t.Context(), 90*time.Second)
	defer stop()
	p, err := sipclient.New(ctx, sipclient.Config{Tape: &capture.Tape{Cap: tapeCap}, MaxCalls: 64, Account: sipclient.Account{
		User: "enduring", Domain: k.Domain(), Password: Password("enduring"), Register: true}})
	require.NoError(t, err)
	defer func() { _ = p.Close(context.Background()) }()
	require.NoError(t, p.Register(ctx))
	target := "port-" + strconv.Itoa(int(server.Port()))
	dial := func() *sipclient.Call {
		c, err := p.Dial(ctx, target)
		require.NoError(t, err)
		return c
	}
	one := func() {
		c := dial()
		require.Equal(t, sipclient.Answered, c.Wait(ctx, sipclient.Answered))
		time.Sleep(50 * time.Millisecond)
		require.NoError(t, c.Hangup(ctx))
		require.Equal(t, sipclient.Ended, c.State())
	}
	for range 10 {
		one()
	}
	before := holds()
	began := time.Now()
	for range row {
		one()
	}
	t.Logf("%d calls in a row took %v", row, time.Since(began).Round(time.Millisecond))
	requireLeft(t, before, holds)

	calls := make([]*sipclient.Call, crowd)
	for i := range calls { // one after the other: a password is out three times at most
		calls[i] = dial()
		require.Equal(t, sipclient.Answered, calls[i].Wait(ctx, sipclient.Answered))
	}
	up := 0
	for _, c := range calls {
		if c.State() == sipclient.Answered {
			up++
		}
	}
	require.Equal(t, crowd, up, "calls up at once")
	time.Sleep(time.Second)
	var work sync.WaitGroup
	for _, c := range calls {
		work.Go(func() { _ = c.Hangup(ctx) })
	}
	work.Wait()
	requireLeft(t, before, holds)
	if !testing.Short() {
		time.Sleep(33 * time.Second) // until the stack has forgotten its last transaction (RFC 3261 17)
		after := holds()
		t.Logf("33 s later: heap %d kB, before the calls %d kB", after.heap>>10, before.heap>>10)
		if grown := after.heap - before.heap; grown > tapeCap+2<<20 {
			t.Errorf("%d kB of memory are left behind", grown>>10)
		}
	}
}

// holding is what this process holds.
type holding struct{ routines, files, heap int }

func holds() holding {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	files, _ := os.ReadDir("/proc/self/fd")
	return holding{runtime.NumGoroutine(), len(files), int(m.HeapAlloc)}
}

// requireLeft waits until nothing but memory is held that was not held before.
func requireLeft(t *testing.T, before holding, now func() holding) {
	t.Helper()
	var after holding
	if !eventually(10*time.Second, func() bool {
		after = now()
		return after.routines <= before.routines && after.files <= before.files
	}) {
		t.Errorf("goroutines %d, before %d; files and sockets %d, before %d", after.routines, before.routines, after.files, before.files)
	}
	t.Logf("goroutines %d, files and sockets %d, heap %d kB; before %d, %d, %d kB", after.routines, after.files, after.heap>>10, before.routines, before.files, before.heap>>10)
}
