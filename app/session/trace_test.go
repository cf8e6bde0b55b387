package session

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
)

// A trace holds the signalling and the heads of the sound, never the sound; it stays
// away while its check runs, is found when the program is gone, and goes with the check.
func TestTrace(t *testing.T) {
	dir := t.TempDir()
	a, b := netip.MustParseAddrPort("192.0.2.7:4000"), netip.MustParseAddrPort("198.51.100.20:5000")
	sound := append([]byte{0x80, 8, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4}, bytes.Repeat([]byte("voice"), 32)...)
	ask := []byte("OPTIONS sip:b SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")
	tape := &capture.Tape{}
	tape.Packet(capture.Packet{Time: time.Now(), Net: capture.UDP, Src: a, Dst: b, Data: ask})
	tape.Packet(capture.Packet{Time: time.Now(), Net: capture.UDP, Src: a, Dst: b, Data: sound})

	end := trace(dir, tape)
	path := filepath.Join(dir, "2026-cut-off"+traceSuffix)
	require.NoError(t, writeTrace(path, tape))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(data), "voice")
	require.Contains(t, string(data), "OPTIONS sip:b")
	require.Contains(t, string(data), string(sound[:12]))
	st, err := os.Stat(path)
	require.NoError(t, err)
	require.Zero(t, st.Mode().Perm()&0o077, "others may read it")
	require.Equal(t, []string{path}, CutOff(dir))
	var n int
	for _, err := range capture.Read(bytes.NewReader(data)) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 2, n)
	require.NoError(t, RemoveTrace(path))

	end()
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestTraceOfARunningCheckIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "running")
	lock, err := lockFile(name + lockSuffix)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name+traceSuffix, nil, 0o600))
	require.Empty(t, CutOff(dir))
	unlockFile(lock)
	require.Len(t, CutOff(dir), 1)
}
