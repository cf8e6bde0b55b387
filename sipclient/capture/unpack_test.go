package capture

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// manyFrames is a capture of incompressible datagrams, larger than what is read at once.
func manyFrames(t testing.TB, n int) [][]byte {
	var seed [32]byte
	noise := rand.NewChaCha8(seed)
	var frames [][]byte
	for range n {
		b := make([]byte, 900)
		_, _ = noise.Read(b)
		frames = append(frames, udpPacket(t, alice, proxy, "X"+string(b)))
	}
	return frames
}

// Damage in the middle of packed data is told as such, and what came before is read.
func TestDamagedWhenPacked(t *testing.T) {
	plain := pcapFile(binary.LittleEndian, true, 101, manyFrames(t, 600)...)
	for name, file := range map[string][]byte{"gz": gzipped(t, plain), "zst": zstandard(t, plain)} {
		bad := bytes.Clone(file)
		copy(bad[len(bad)*3/4:], strings.Repeat("\xff\x00\xa5", 2000))
		got := datas(collect(t, bytes.NewReader(bad)))
		require.Equal(t, "note cut", got[len(got)-1], name)
		require.Greater(t, len(got), 100, name)
		require.Less(t, len(got), 600, name)
	}
}

// An error of the disk is not taken for damage.
func TestReaderFailsBelowPacked(t *testing.T) {
	plain := pcapFile(binary.LittleEndian, true, 101, manyFrames(t, 600)...)
	gone := errors.New("the disk is gone")
	for name, file := range map[string][]byte{"gz": gzipped(t, plain), "zst": zstandard(t, plain), "zip": zipped(t, zip.Deflate, "c.pcap", string(plain))} {
		var last error
		for _, err := range Read(io.MultiReader(bytes.NewReader(file[:len(file)*3/4]), iotest.ErrReader(gone))) {
			last = err
		}
		require.ErrorIs(t, last, gone, name)
	}
}

// Files that were packed piece by piece, as rotating captures are, go on.
func TestJoinedPieces(t *testing.T) {
	file := pcapFile(binary.LittleEndian, true, 101, manyFrames(t, 30)...)
	half := len(file) / 2
	for name, packed := range map[string][]byte{
		"gz":  append(gzipped(t, file[:half]), gzipped(t, file[half:])...),
		"zst": append(zstandard(t, file[:half]), zstandard(t, file[half:])...),
	} {
		require.Len(t, collect(t, bytes.NewReader(packed)), 30, name)
	}
}

// A stored member has its size in front, unless it was written as a stream.
func TestZipMembers(t *testing.T) {
	file := pcapFile(binary.LittleEndian, true, 101, udpPacket(t, alice, proxy, "one"))
	stored := func(flags uint16, extra string) []byte {
		b := []byte(zipMember)
		for _, v := range []uint16{20, flags, 0, 0, 0} {
			b = binary.LittleEndian.AppendUint16(b, v)
		}
		size := uint32(len(file))
		if extra != "" {
			size = 0xffffffff
		}
		for _, v := range []uint32{0, size, size} {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		b = binary.LittleEndian.AppendUint16(b, uint16(len("a.pcap")))
		b = binary.LittleEndian.AppendUint16(b, uint16(len(extra)))
		return append(append(b, "a.pcap"+extra...), file...)
	}
	same(t, "stored", datas(collect(t, bytes.NewReader(append(stored(0, ""), "PK\x01\x02 the directory"...)))), "one")
	long := binary.LittleEndian.AppendUint64([]byte{9, 9, 1, 0, 7, 1, 0, 16, 0}, uint64(len(file)))
	long = binary.LittleEndian.AppendUint64(long, uint64(len(file)))
	same(t, "stored, large", datas(collect(t, bytes.NewReader(append(stored(0, string(long)), "PK\x01\x02 the directory"...)))), "one")
	for what, says := range map[string]string{string(stored(8, "")): "cannot be read as it comes", string(stored(1, "")): "password"} {
		var failed error
		for _, err := range Read(strings.NewReader(what)) {
			failed = err
		}
		require.ErrorIs(t, failed, ErrNotCapture)
		require.ErrorContains(t, failed, says)
	}
}

// A frame that wants a gigabyte of window is refused, not obeyed. With a usual one it
// is a proper one, only an empty one.
func TestHugeWindow(t *testing.T) {
	for exponent, says := range map[byte]string{30: "zstd --long", 20: "before anything can be unpacked"} {
		frame := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, (exponent - 10) << 3, 1, 0, 0} // RFC 8878 3.1.1.1.2
		var failed error
		for _, err := range Read(bytes.NewReader(frame)) {
			failed = err
		}
		require.ErrorIs(t, failed, ErrNotCapture)
		require.ErrorContains(t, failed, says)
	}
}
