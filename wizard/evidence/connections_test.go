package evidence

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
)

var connectionsBegan = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// noteTape is a tape with notes of the phone, one second apart: key and text.
func noteTape(notes ...[2]string) *capture.Tape {
	var tape capture.Tape
	for i, n := range notes {
		tape.Note(capture.Note{Time: connectionsBegan.Add(time.Duration(i) * time.Second), Kind: capture.KindPhone, Key: n[0], Text: n[1]})
	}
	return &tape
}

func foldTape(tape *capture.Tape) *Evidence {
	var b Builder
	for _, r := range tape.From(0) {
		b.Add(r)
	}
	return b.Evidence()
}

func TestConnections(t *testing.T) {
	tape := noteTape(
		[2]string{capture.PhoneTargets, "pbx.example tls 192.0.2.1:5061 [2001:db8::1]:5061"},
		[2]string{capture.PhoneUnreachable, "tls 192.0.2.1:5061: connection refused"},
		[2]string{capture.PhoneFallback, "tls 192.0.2.1:5061: connection refused, using tls [2001:db8::1]:5061"},
		[2]string{capture.PhoneCertificate, `[2001:db8::1]:5061 1/2 subject="CN=a \"b\", O=c" issuer="CN=ca" names="a.example *.a.example" from=2026-01-02T03:04:05Z until=2027-01-02T03:04:05Z sha256=0aff`},
		[2]string{capture.PhoneCertificate, `[2001:db8::1]:5061 2/2 subject="CN=ca" issuer="CN=ca" names="" from=2020-01-02T03:04:05Z until=2030-01-02T03:04:05Z sha256=0b`},
		[2]string{capture.PhoneTLS, "[2001:db8::1]:5061 pbx.example: name-mismatch, unknown-authority"},
		[2]string{capture.PhoneTLS, "[2001:db8::1]:5061 2001:db8::1: ok, TLS 1.3, TLS_AES_128_GCM_SHA256, asked for a client certificate"},
		[2]string{capture.PhoneClosed, "tls [2001:db8::1]:5061: no answer to the keep-alive after 1m30s"},
		[2]string{capture.PhoneClosed, "tcp 192.0.2.2:5060: connection reset after 2.5s"},
		[2]string{capture.PhoneUnreachable, "udp 192.0.2.1:5060: connection refused"},
	)
	e := foldTape(tape)
	require.True(t, e.Have.Has(HaveConnections))
	require.Equal(t, []Targets{{N: 1, Name: "pbx.example", Net: capture.TLS, Addrs: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:5061"), netip.MustParseAddrPort("[2001:db8::1]:5061")}}}, e.Targets)
	require.Len(t, e.Fallbacks, 1)
	f := e.Fallbacks[0]
	require.Equal(t, "connection refused", f.Reason)
	require.Equal(t, "192.0.2.1:5061 to [2001:db8::1]:5061", f.From.String()+" to "+f.To.String())
	require.False(t, f.Narrowed())
	require.Len(t, e.Connections, 4)
	refused, failed, good, lost := e.Connections[0], e.Connections[1], e.Connections[2], e.Connections[3]
	require.Equal(t, Connection{N: 2, Time: connectionsBegan.Add(time.Second), Net: capture.TLS, Addr: netip.MustParseAddrPort("192.0.2.1:5061"), Failed: "connection refused"}, refused)
	require.False(t, refused.Open())
	require.False(t, failed.Open())
	require.Equal(t, "pbx.example", failed.TLS.Name)
	require.Equal(t, []string{"name-mismatch", "unknown-authority"}, failed.TLS.Faults)
	require.Len(t, failed.TLS.Chain, 2)
	own := failed.TLS.Chain[0]
	require.Equal(t, Certificate{N: 4, Subject: `CN=a "b", O=c`, Issuer: "CN=ca", Names: []string{"a.example", "*.a.example"},
		From: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Until: time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC), SHA256: "0aff"}, own)
	require.True(t, good.Open())
	require.Equal(t, Handshake{Name: "2001:db8::1", Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256", ClientCert: true}, *good.TLS)
	require.Equal(t, &Closing{N: 8, Time: connectionsBegan.Add(7 * time.Second), Reason: "no answer to the keep-alive", After: 90 * time.Second}, good.Closed)
	require.Nil(t, lost.TLS)
	require.Equal(t, capture.TCP, lost.Net)
	require.Equal(t, connectionsBegan.Add(5500*time.Millisecond), lost.Time)
	require.Equal(t, "connection reset", lost.Closed.Reason)

	// The tape, written and read again, says the same.
	var file bytes.Buffer
	_, err := tape.WriteTo(&file)
	require.NoError(t, err)
	var b Builder
	for r, err := range capture.Read(&file) {
		require.NoError(t, err)
		b.Add(r)
	}
	again := b.Evidence()
	require.Equal(t, e.Connections, again.Connections)
	require.Equal(t, e.Targets, again.Targets)
	require.Equal(t, e.Fallbacks, again.Fallbacks)
}

// TestConnectionSnapshots holds that evidence which was asked for early stays as it was.
func TestConnectionSnapshots(t *testing.T) {
	var b Builder
	add := func(n int, key, text string) {
		b.Add(capture.Record{N: n, Note: &capture.Note{Time: connectionsBegan, Kind: capture.KindPhone, Key: key, Text: text}})
	}
	add(1, capture.PhoneTLS, "192.0.2.1:5061 x: ok, TLS 1.3, Y")
	early := b.Evidence()
	add(2, capture.PhoneClosed, "tls 192.0.2.1:5061: timeout after 1s")
	require.Nil(t, early.Connections[0].Closed)
	require.NotNil(t, b.Evidence().Connections[0].Closed)
}

// TestConnectionsBounded: a server that closes every connection does not fill memory.
func TestConnectionsBounded(t *testing.T) {
	var b Builder
	for n := range 5 * maxConnections {
		b.Add(capture.Record{N: n, Note: &capture.Note{Kind: capture.KindPhone, Key: capture.PhoneClosed, Text: "tcp 192.0.2.1:5060: timeout after 1s"}})
		b.Add(capture.Record{N: n, Note: &capture.Note{Kind: capture.KindPhone, Key: capture.PhoneCertificate, Text: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(n)).String() + " 1/1 subject=\"x\""}})
	}
	require.LessOrEqual(t, len(b.ways.list), maxConnections)
	require.LessOrEqual(t, len(b.ways.chains), maxConnections)
}

func FuzzConnectionNotes(f *testing.F) {
	for _, text := range []string{
		"192.0.2.1:5061 x: ok, TLS 1.3, Y", "192.0.2.1:5061 x: expired, self-signed", "tls 192.0.2.1:5061: timeout after 1s",
		`192.0.2.1:5061 1/2 subject="a \" b" issuer="" names="x y" from=2026-01-02T03:04:05Z until= sha256=00`,
		"x tls 192.0.2.1:5061 [::1]:5061", "tcp 192.0.2.1:5060: timeout, using udp 192.0.2.1:5060",
	} {
		f.Add(text)
	}
	keys := []string{capture.PhoneTLS, capture.PhoneCertificate, capture.PhoneClosed, capture.PhoneTargets, capture.PhoneFallback, capture.PhoneUnreachable}
	f.Fuzz(func(t *testing.T, text string) {
		var b Builder
		for i, key := range keys {
			b.Add(capture.Record{N: i + 1, Note: &capture.Note{Kind: capture.KindPhone, Key: key, Text: text}})
		}
		for _, c := range b.Evidence().Connections {
			if !c.Addr.IsValid() || c.Net != capture.TCP && c.Net != capture.TLS {
				t.Errorf("%q gives a connection to nowhere: %+v", text, c)
			}
			if c.TLS != nil && c.Open() && len(c.TLS.Faults) > 0 {
				t.Errorf("%q: open and failed", text)
			}
		}
	})
}
