package probe

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// fakeRouter is a default gateway on loopback that tells its outside address.
func fakeRouter(t *testing.T, sim *natSim, pmp, upnp string) netip.Addr {
	t.Helper()
	router := sim.addr(50)
	if pmp != "" {
		sim.mustListen(netip.AddrPortFrom(router, natPMPPort), func(conn *net.UDPConn, data []byte, from netip.AddrPort) {
			if string(data) != "\x00\x00" {
				t.Errorf("the router is asked for more than its address: %x", data)
			}
			ip := netip.MustParseAddr(pmp).As4()
			_, _ = conn.WriteToUDPAddrPort(append([]byte{0, 128, 0, 0, 0, 0, 0, 9}, ip[:]...), from)
		})
	}
	if upnp == "" {
		return router
	}
	l, err := net.Listen("tcp4", netip.AddrPortFrom(router, 0).String())
	if err != nil {
		lacking(t, "no such address here: %v", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /root.xml", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><serviceList>`+
			`<service><serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType><controlURL>/l3</controlURL></service></serviceList><deviceList><device><serviceList>`+
			`<service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>/ctl/IPConn</controlURL></service></serviceList></device></deviceList></device></root>`)
	})
	mux.HandleFunc("POST /ctl/IPConn", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("SOAPAction") != `"urn:schemas-upnp-org:service:WANIPConnection:1#GetExternalIPAddress"` || strings.Contains(string(body), "PortMapping") {
			t.Errorf("asked for %s: %s", r.Header.Get("SOAPAction"), body)
		}
		fmt.Fprintf(w, `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><u:GetExternalIPAddressResponse xmlns:u="urn:x"><NewExternalIPAddress>%s</NewExternalIPAddress></u:GetExternalIPAddressResponse></s:Body></s:Envelope>`, upnp)
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	sim.work.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() { _ = server.Close() })
	sim.mustListen(netip.AddrPortFrom(router, upnpPort), func(conn *net.UDPConn, data []byte, from netip.AddrPort) {
		if !strings.HasPrefix(string(data), "M-SEARCH * HTTP/1.1\r\n") || !strings.Contains(string(data), "WANIPConnection:1\r\n") {
			return
		}
		_, _ = conn.WriteToUDPAddrPort([]byte("HTTP/1.1 200 OK\r\nST: x\r\nLOCATION: http://"+l.Addr().String()+"/root.xml\r\n\r\n"), from)
	})
	return router
}

// TestWANAddress: what the router says of itself is held against what is seen outside.
func TestWANAddress(t *testing.T) {
	for name, c := range map[string]struct {
		pmp, upnp string
		deaf      bool // no server tells where we are seen
		want      string
	}{
		"one router":                      {"198.51.100.1", "", false, "yes wan=198.51.100.1 mapped=198.51.100.1 by=nat-pmp"},
		"a router behind it":              {"10.20.30.2", "", false, "no wan=10.20.30.2 mapped=198.51.100.1 by=nat-pmp"},
		"a carrier's network, by UPnP":    {"", "100.64.7.8", false, "no wan=100.64.7.8 mapped=198.51.100.1 by=upnp"},
		"it has no connection":            {"0.0.0.0", "", false, "not-checked the router does not tell its outside address"},
		"it says nothing":                 {"", "", false, "not-checked the router does not tell its outside address"},
		"nobody else tells":               {"100.64.7.8", "", true, "no wan=100.64.7.8 by=nat-pmp"},
		"nobody else tells of public one": {"198.51.100.4", "", true, "not-checked the router is at 198.51.100.4 (nat-pmp), and none of the servers"},
		"no address at all in UPnP":       {"", "<evil>", false, "not-checked the router does not tell"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newNATSim(t, independent, byPort)
			tape := &capture.Tape{}
			b := newBench(Config{Tape: tape, Server: nobody(sim)})
			if !c.deaf {
				public := func(s *stunServer) { s.claims = netip.MustParseAddr("198.51.100.1") }
				b.STUN = []string{sim.server(public).known[0][0].String()}
			}
			b.gateway = fakeRouter(t, sim, c.pmp, c.upnp)
			ctx, stop := context.WithTimeout(context.Background(), 8*time.Second)
			defer stop()
			findWAN(ctx, b)
			got := b.Answer(capture.ProbeWANAddress)
			words := strings.Fields(got.Result + " " + got.Detail)
			for i, w := range words { // ports are chance
				if name, at, ok := strings.Cut(w, "="); ok && name == "mapped" {
					words[i] = name + "=" + netip.MustParseAddrPort(at).Addr().String()
				}
			}
			if got := strings.Join(words, " "); !strings.HasPrefix(got, c.want) {
				t.Errorf("%s", got)
			}
		})
	}
}

// TestRouterOnly: nobody but the router is asked, whatever its answers name.
func TestRouterOnly(t *testing.T) {
	router := netip.MustParseAddr("127.0.0.1")
	client := routerClient(router)
	if _, err := client.Get("http://127.0.0.2:1/"); err == nil || !strings.Contains(err.Error(), errRouterSilent.Error()) {
		t.Errorf("another machine is asked: %v", err)
	}
	for _, odd := range []string{"", "x", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nLocation: file:///etc/passwd\r\n\r\n", "HTTP/1.1 404 No\r\nLocation: http://a/\r\n\r\n"} {
		if at := upnpLocation([]byte(odd)); at != nil {
			t.Errorf("%q leads to %s", odd, at)
		}
	}
}

// FuzzRouter: whatever a router says, nothing breaks.
func FuzzRouter(f *testing.F) {
	f.Add([]byte("\x00\x80\x00\x00\x00\x00\x00\x09\x64\x40\x07\x08"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nLocation: http://192.168.1.1:5000/root.xml\r\n\r\n"))
	f.Add([]byte("<r><service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>/c</controlURL></service></r>"))
	f.Add([]byte("<NewExternalIPAddress>1.2.3.4</NewExternalIPAddress>"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = natPMPAddress(data)
		_ = upnpLocation(data)
		_, _ = upnpControl(data)
		_ = firstElement(data, "NewExternalIPAddress")
	})
}
