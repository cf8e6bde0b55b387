package lab

import (
	"net/netip"
	"reflect"
	"testing"
	"time"
)

func TestReadStreams(t *testing.T) {
	const table = `0xced4d46a	1763683200.000000001	127.0.0.1	17820	127.0.0.1	19692	65535	3000000000	1	8
========================= RTP Streams ========================
   Start time      End time     Src IP addr  Port    Dest IP addr  Port       SSRC          Payload  Pkts         Lost   Min Delta(ms)  Mean Delta(ms)   Max Delta(ms)  Min Jitter(ms) Mean Jitter(ms)  Max Jitter(ms) Problems?
     0.514217      2.512311       127.0.0.1 17820       127.0.0.1 19692 0xCED4D46A  g711A, telephone-event   101    -2 (-1.0%)          16.312          19.981          20.746           0.230           0.675           0.864 X
     1.000000      3.000000             ::1  4000             ::1  4002 0x00000001            g711U    50     5 (9.1%)           20.500           0.900           0.600
==============================================================
`
	got, err := readStreams(table)
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	want := StreamReading{
		From: netip.MustParseAddrPort("127.0.0.1:17820"), To: netip.MustParseAddrPort("127.0.0.1:19692"), SSRC: 0xCED4D46A,
		Payload: "g711A, telephone-event", Packets: 101, Lost: -2, MaxDelta: 20746 * time.Microsecond,
		MeanJitter: 675 * time.Microsecond, MaxJitter: 864 * time.Microsecond, Begin: 514217 * time.Microsecond, End: 2512311 * time.Microsecond,
	}
	arrived := Arrival{At: time.Unix(1763683200, 1), Seq: 65535, Timestamp: 3000000000, Marker: true, PT: 8}
	if a := got[0].Arrivals; len(a) != 1 || a[0] != arrived {
		t.Errorf("the packets: %+v", a)
	}
	got[0].Arrivals = nil
	if !reflect.DeepEqual(got[0], want) {
		t.Errorf("%+v, want %+v", got[0], want)
	}
	if s := got[1]; s.Lost != 5 || s.MaxJitter != 900*time.Microsecond || s.MeanJitter != 600*time.Microsecond || s.From.Addr() != netip.IPv6Loopback() {
		t.Errorf("the old columns: %+v", s)
	}
	if _, err := readStreams(" 0.1 0.2 name 1 127.0.0.1 2 0x1 g711A 3 0 (0.0%) 1 2 3 4 5 6\n"); err == nil {
		t.Error("a broken row gives no error")
	}
}
