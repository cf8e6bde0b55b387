package cli

import (
	"bytes"
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/wizard/evidence"
)

// The progress of a long file is shown in one line that is written over, not in the
// first second, not too often, and it is gone at the end.
func TestReadingIsShown(t *testing.T) {
	var out bytes.Buffer
	at := time.Unix(0, 0)
	r := &reading{out: &out, size: 100 << 20, began: at, now: func() time.Time { return at }}
	r.tell(4 << 20)
	require.Empty(t, out.String())
	r.clear()
	require.Empty(t, out.String(), "nothing was drawn")
	for i := range 40 { // one every 50 ms
		at = at.Add(50 * time.Millisecond)
		r.tell(int64(i+1) << 21)
	}
	require.LessOrEqual(t, strings.Count(out.String(), "\r"), 11)
	require.Contains(t, out.String(), "of 100 MB")
	require.NotContains(t, out.String(), "\n")
	r.clear()
	require.True(t, strings.HasSuffix(out.String(), "\r\x1b[K"))

	out.Reset()
	r = &reading{out: &out, began: time.Unix(0, 0), now: func() time.Time { return at }}
	r.tell(7 << 20)
	require.Contains(t, out.String(), "Reading the capture: 7 MB")

	p := &program{Env: Env{Watched: false}}
	require.Nil(t, p.newReading("-"), "nobody looks")
	p.newReading("-").clear()
}

// Which phone is meant is asked with what each of them did.
func TestWhichPhone(t *testing.T) {
	phones := []evidence.PhoneSeen{{Addr: netip.MustParseAddr("192.0.2.7"), AOR: "100@x", SignIns: 2, Calls: 1}, {Addr: netip.MustParseAddr("192.0.2.8"), Calls: 3}}
	for in, want := range map[string]string{"2\n": "192.0.2.8", "nonsense\n1\n": "192.0.2.7", "192.0.2.8\n": "192.0.2.8", "": "invalid IP"} {
		var out bytes.Buffer
		p := &program{Env: Env{In: strings.NewReader(in), Err: &out}}
		require.Equal(t, want, p.whichPhone(context.Background(), phones).String())
		require.Contains(t, out.String(), "192.0.2.7, signs in as 100@x, has 1 call (the likeliest)")
		require.Contains(t, out.String(), "192.0.2.8, has 3 calls")
	}
}
