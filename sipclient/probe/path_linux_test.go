package probe

import (
	"context"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// chain makes hosts in namespaces in a row: client 10.9.0.2 - router 10.9.0.1 / 10.9.1.1
// - second router 10.9.1.2 / 10.9.2.1 - server 10.9.2.2, and runs do in the client's.
// Nothing of it is left when the test ends.
func chain(t *testing.T, do func(), commands ...string) {
	t.Helper()
	if os.Getuid() != 0 {
		lacking(t, "network namespaces need root")
	}
	name := func(i int) string { return "sdprobe-" + random(3) + "-" + string(rune('a'+i)) }
	var ns []string
	for i := range 4 {
		n := name(i)
		if out, err := exec.Command("ip", "netns", "add", n).CombinedOutput(); err != nil {
			lacking(t, "no namespaces here: %s", out)
		}
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", n).Run() })
		ns = append(ns, n)
	}
	script := "set -e\n"
	for i, p := range [][3]string{{"10.9.0.2/24", "10.9.0.1/24", "0"}, {"10.9.1.1/24", "10.9.1.2/24", "1"}, {"10.9.2.1/24", "10.9.2.2/24", "2"}} {
		a, b := "l"+random(4), "r"+random(4)
		script += "ip -n " + ns[i] + " link add " + a + " type veth peer name " + b + " netns " + ns[i+1] + "\n" +
			"ip -n " + ns[i] + " addr add " + p[0] + " dev " + a + "\nip -n " + ns[i+1] + " addr add " + p[1] + " dev " + b + "\n" +
			"ip -n " + ns[i] + " link set " + a + " up\nip -n " + ns[i+1] + " link set " + b + " up\n"
	}
	for _, n := range ns {
		script += "ip -n " + n + " link set lo up\n"
	}
	script += "ip -n " + ns[0] + " route add default via 10.9.0.1\nip -n " + ns[1] + " route add default via 10.9.1.2\n" +
		"ip -n " + ns[2] + " route add default via 10.9.1.1\nip -n " + ns[3] + " route add default via 10.9.2.1\n"
	for _, n := range ns[1:3] {
		script += "ip netns exec " + n + " sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0\n"
	}
	for _, c := range commands {
		script += strings.NewReplacer("ROUTER2", "ip netns exec "+ns[2], "ROUTER", "ip netns exec "+ns[1], "SERVER", "ip netns exec "+ns[3]).Replace(c) + "\n"
	}
	if out, err := exec.Command("bash", "-c", script).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends in its namespace with the goroutine
		f, err := os.Open("/var/run/netns/" + ns[0])
		if err == nil {
			defer f.Close()
			err = unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
		}
		if err != nil {
			t.Errorf("no way into the namespace: %v", err)
			return
		}
		do()
	}()
	<-done
}

// TestTrace: each machine on the way shows itself, and where the way ends.
func TestTrace(t *testing.T) {
	server := netip.MustParseAddrPort("10.9.2.2:5060")
	for name, c := range map[string]struct {
		commands []string
		hops     []string
		last     string // farthest
		arrived  bool
		said     string
	}{
		"open":                {nil, []string{"10.9.0.1", "10.9.1.2", "10.9.2.2"}, "10.9.2.2", true, ""},
		"server drops":        {[]string{"SERVER nft 'add table ip x; add chain ip x i { type filter hook input priority 0; policy drop; }'"}, []string{"10.9.0.1", "10.9.1.2"}, "10.9.1.2", false, ""},
		"second router drops": {[]string{"ROUTER2 nft 'add table ip x; add chain ip x f { type filter hook prerouting priority -400; policy drop; }'"}, []string{"10.9.0.1"}, "10.9.0.1", false, ""},
		"router refuses": {[]string{"ROUTER nft 'add table ip x; add chain ip x f { type filter hook forward priority 0; }; add rule ip x f reject with icmp type admin-prohibited'"},
			[]string{"10.9.0.1"}, "10.9.0.1", false, "host unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			chain(t, func() {
				ctx, stop := context.WithTimeout(context.Background(), time.Second)
				defer stop()
				hops, err := trace(ctx, server)
				if err != nil {
					t.Error(err)
					return
				}
				var seen []string
				for _, h := range hops {
					if a := h.addr.String(); !slices.Contains(seen, a) {
						seen = append(seen, a)
					}
				}
				last := farthest(hops)
				if last.addr.String() != c.last || last.arrived != c.arrived || last.said != c.said {
					t.Errorf("the farthest is %+v", last)
				}
				for _, want := range c.hops {
					if !slices.Contains(seen, want) {
						t.Errorf("%s did not show itself: %+v", want, hops)
					}
				}
			}, c.commands...)
		})
	}
}

// TestPing counts what comes back and says why nothing can leave.
func TestPing(t *testing.T) {
	chain(t, func() {
		if e, err := ping(context.Background(), netip.MustParseAddr("10.9.2.2"), 5); err != nil || e.sent != 5 || e.got != 5 || e.median <= 0 || e.worst < e.median {
			t.Errorf("%+v, %v", e, err)
		}
		if e, err := ping(context.Background(), netip.MustParseAddr("10.9.2.77"), 3); err != nil || e.got != 0 || e.lost() != 100 {
			t.Errorf("nobody there: %+v, %v", e, err)
		}
		list, err := connections()
		used, ok := usedFor(netip.MustParseAddrPort("10.9.2.2:5060"), list)
		if err != nil || !ok || used.addr.String() != "10.9.0.2" || used.kind != kindWired {
			t.Errorf("%+v, %+v, %v", list, used, err)
		}
		if _, ok := usedFor(netip.MustParseAddrPort("[2001:db8::1]:5060"), list); ok {
			t.Error("a way was found where there is none")
		}
		ctx, stop := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer stop()
		began := time.Now()
		if _, _ = ping(ctx, netip.MustParseAddr("10.9.2.77"), pings); time.Since(began) > time.Second {
			t.Errorf("it went on for %s after its end", time.Since(began))
		}
	})
	chain(t, func() {
		e, err := ping(context.Background(), netip.MustParseAddr("10.9.2.2"), 20)
		if err != nil || e.sent != 20 || e.got < 5 || e.got > 15 {
			t.Errorf("half lost: %+v, %v", e, err)
		}
	}, "ROUTER nft 'add table ip x; add chain ip x f { type filter hook forward priority 0; }; add rule ip x f ip protocol icmp ip saddr 10.9.0.2 numgen inc mod 2 0 drop'")
}

// FuzzOffender: whatever stands on an error queue is read or passed over.
func FuzzOffender(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, oob []byte) {
		h, ok := offender(oob, netip.MustParseAddr("192.0.2.1"))
		if !ok && (h.arrived || h.said != "") {
			t.Errorf("nothing was read, and %+v", h)
		}
		_ = addressAt(oob)
	})
}
