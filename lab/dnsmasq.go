package lab

import (
	"context"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"softphonedoctor/sipclient/names"
)

// NameServer starts dnsmasq on loopback with the given records, in dnsmasq's own
// words ("--host-record=..."), and gives its address. The system's own settings are
// neither read nor touched.
func NameServer(t testing.TB, records ...string) netip.AddrPort {
	t.Helper()
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(FreePort(t)))
	p := (*Host)(nil).nameServer(t, addr, records...)
	asks := names.NewResolver(addr)
	if !eventually(5*time.Second, func() bool {
		ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer stop()
		found, err := asks.LookupNetIP(ctx, "ip", "up.lab.test")
		return err == nil && len(found) == 1 || !p.running()
	}) || !p.running() {
		t.Fatalf("dnsmasq does not answer:\n%s", p.log.tail(2000))
	}
	return addr
}

// nameServer starts it on a host, and does not wait.
func (h *Host) nameServer(t testing.TB, addr netip.AddrPort, records ...string) *Process {
	t.Helper()
	program := Program(t, "dnsmasq", "dnsmasq-base")
	args := append([]string{"--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--no-daemon", "--bind-interfaces", "--user=", "--pid-file=",
		"--listen-address=" + addr.Addr().String(), "--port=" + strconv.Itoa(int(addr.Port())), "--host-record=up.lab.test,127.0.0.1"}, records...)
	p, err := h.start(t, t.TempDir(), program, args...)
	if err != nil {
		t.Fatalf("dnsmasq: %v", err)
	}
	return p
}
