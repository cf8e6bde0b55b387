package media

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// Plain packets in an encrypted call, a wrong key, and a storm of sources are survived,
// and not counted as received.
func TestForgedPackets(t *testing.T) {
	t.Parallel()
	b, far := newBench(t), newPort(t)
	a := b.reply(t, far.sdp(secretly, events, testCrypto))
	x := newTheirs(t, a.Crypto[0], newCrypto("1", suites[0]).text())
	b.Talk()
	for i := range 1000 {
		far.send(t, b.Local(), plainPacket(uint16(i), 0, uint32(i)))
		far.send(t, b.Local(), x.packet(uint32(5000+i)))
		far.send(t, above(b.Local()), x.packet(1)[:i%40])
	}
	genuine := newTheirs(t, a.Crypto[0], strings.TrimPrefix(testCrypto, "crypto:"))
	for end := time.Now().Add(patience); arrived(b) < 2000 && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond) // the system may drop some of the storm
	}
	b.reports.mu.Lock()
	counted := len(b.reports.sources)
	b.reports.mu.Unlock()
	in := b.key().in
	in.mu.Lock()
	tried := len(in.sources)
	in.mu.Unlock()
	if counted != 0 || tried > maxGuarded {
		t.Errorf("%d forged sources count, %d were tried", counted, tried)
	}
	far.drain()
	genuine.open(far.must(t))
}

// What an account asks for, against what the other side offers and answers.
func TestEncryptionOfTheAccount(t *testing.T) {
	t.Parallel()
	far := newPort(t)
	plain, sealed, mixed := far.sdp(plainFormats, events), far.sdp(secretly, events, testCrypto), far.sdp(plainFormats, events, testCrypto)
	twoLines := sealed + strings.TrimPrefix(strings.Replace(plain, "m=audio "+strconv.Itoa(far.number()), "m=audio 4008", 1), head)
	for _, c := range []struct{ mode, offered, offer, want string }{
		{AsOffered, plain, plain, "RTP/AVP"}, {AsOffered, sealed, "", "RTP/SAVP key"}, {AsOffered, mixed, plain, "RTP/AVP"}, {AsOffered, twoLines, "", "RTP/SAVP key, 0"},
		{Plain, plain, plain, "RTP/AVP"}, {Plain, sealed, "", "no"}, {Plain, mixed, plain, "RTP/AVP"}, {Plain, twoLines, "", "0, RTP/AVP"},
		{Optional, plain, plain, "RTP/AVP"}, {Optional, sealed, sealed, "RTP/SAVP key"}, {Optional, mixed, mixed, "RTP/AVP key"}, {Optional, twoLines, "", "RTP/SAVP key, 0"},
		{Encrypted, plain, "", "no"}, {Encrypted, sealed, sealed, "RTP/SAVP key"}, {Encrypted, mixed, mixed, "RTP/AVP key"}, {Encrypted, twoLines, "", "RTP/SAVP key, 0"},
	} {
		b := newBench(t, func(cfg *Config) { cfg.Encryption = c.mode })
		body, _, err := b.Reply([]byte(c.offered))
		got := "no"
		if err == nil {
			got = summary(t, body)
		} else if !strings.HasPrefix(err.Error(), "this test phone was told to ") {
			t.Error(err)
		}
		if got != c.want {
			t.Errorf("an account with %q, offered\n%s: %s, want %s", c.mode, c.offered, got, c.want)
		}
		b = newBench(t, func(cfg *Config) { cfg.Encryption = c.mode })
		b.offer(t)
		if c.offer != "" {
			if err := b.Accept([]byte(c.offer)); err != nil {
				t.Errorf("an account with %q, answered\n%s: %v", c.mode, c.offer, err)
			}
		} else if err := b.Accept([]byte(plain)); c.mode == Encrypted && err == nil {
			t.Error("plain sound is taken for encrypted sound")
		}
	}
}
