package sipclient

import (
	"context"
	"net"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// Without it, a router forgets the way to the phone, and calls do not arrive.
func TestKeepAliveUDP(t *testing.T) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p := newPhone(t, conn.LocalAddr().String(), func(c *Config) { c.KeepAlive = 20 * time.Millisecond })
	p.timing.options = 50 * time.Millisecond
	if b := read(conn, 100*time.Millisecond); b != nil {
		t.Fatalf("%q before the first request", b)
	}
	_ = p.Options(context.Background(), 0)
	ends := 0
	for ends < 3 {
		if b := mustRead(t, conn, "keep-alive"); string(b) == "\r\n" {
			ends++
		}
	}
	if err := p.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	for read(conn, time.Millisecond) != nil {
	}
	if b := read(conn, 100*time.Millisecond); b != nil {
		t.Errorf("%q after Close", b)
	}
	onTape := 0
	for _, r := range p.tape.From(0) {
		if r.Packet != nil && string(r.Packet.Data) == "\r\n" && r.Packet.Src == p.Local() {
			onTape++
		}
	}
	if onTape < ends {
		t.Errorf("%d of at least %d keep-alives are on the tape", onTape, ends)
	}
}

func TestKeepAlivePause(t *testing.T) {
	p := &Phone{}
	seen := map[time.Duration]bool{}
	for range 100 {
		d := p.keepPause(keepUDP, keepUDPVary)
		if d < 20*time.Second || d > 25*time.Second {
			t.Fatal(d)
		}
		seen[d] = true
	}
	if len(seen) < 50 {
		t.Error("the pauses are not random")
	}
	p.cfg.KeepAlive = time.Second
	if d := p.keepPause(keepUDP, keepUDPVary); d < 750*time.Millisecond || d > time.Second {
		t.Error(d)
	}
}

func TestKeepAliveOff(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr(), func(c *Config) { c.KeepAlive = -1 })
	p.timing.options = 10 * time.Millisecond
	_ = p.Options(context.Background(), 0)
	time.Sleep(50 * time.Millisecond)
	for _, r := range p.tape.From(0) {
		if r.Packet != nil && string(r.Packet.Data) == "\r\n" {
			t.Error("a keep-alive although it is off")
		}
	}
}

// A sign of life that the server answers, and that shows when it no longer does.
func TestKeepAliveOptions(t *testing.T) {
	for _, srv := range []*peer{newPeer(t), newStreamPeer(t, nil)} {
		p := newPhone(t, srv.addr(), over(srv, nil), func(c *Config) { c.KeepAlive, c.KeepAliveOptions = 20*time.Millisecond, true })
		p.timing.options = 100 * time.Millisecond
		first := background(func() error { return p.Options(context.Background(), 0) })
		srv.reply(srv.until("OPTIONS"), 200, "x", "")
		_ = result(t, first)
		for range 3 {
			srv.reply(srv.until("OPTIONS"), 200, "x", "")
		}
		if hasNote(p, capture.PhoneGaveUp) {
			t.Error(notes(p))
		}
		eventually(t, "a silent server is noted", func() bool { return hasNote(p, capture.PhoneGaveUp+" OPTIONS ") })
		for _, r := range p.tape.From(0) {
			if r.Packet != nil && string(r.Packet.Data) == "\r\n" && r.Packet.Src == p.Local() {
				t.Error("a line end beside the OPTIONS")
			}
		}
	}
}
