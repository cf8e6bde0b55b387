package capture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Containers come packed: by gzip or zstd, or in a zip file as our own reports are.
// All are read as a stream, so that standard input will do, and nothing is unpacked
// that is not needed.

const (
	// maxPacked is how often a file may be packed again.
	maxPacked = 3
	// maxWindow bounds what the zstd decoder keeps: as much as zstd --long takes.
	maxWindow = 128 << 20
	// readAhead is how much is read at once.
	readAhead = 1 << 16
)

// errCorrupt is wrapped by errors that packed data itself caused, and not the
// reader that it came from.
var errCorrupt = errors.New("damaged")

// unpack peels compression off r until something else comes. The second result
// says in how many layers it was packed.
func unpack(r io.Reader) (*bufio.Reader, int, error) {
	br := bufio.NewReaderSize(r, readAhead)
	for packed := range maxPacked {
		head, _ := br.Peek(4)
		var inner io.Reader
		var err error
		src := &source{r: br}
		switch {
		case len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b:
			inner, err = gzip.NewReader(src)
		case len(head) == 4 && isZstd(binary.LittleEndian.Uint32(head)):
			inner, err = zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		case string(head) == zipMember:
			inner, err = unzip(src)
		default:
			return br, packed, nil
		}
		if _, known := errors.AsType[*packedError](err); known {
			return nil, packed, notCapture(err.Error())
		} else if err != nil {
			return nil, packed, notCapture(fmt.Sprintf("it looks compressed, but cannot be unpacked (%v); copy it again from where it was made", err))
		}
		br = bufio.NewReaderSize(&unpacker{inner, src}, readAhead)
	}
	return br, maxPacked, nil
}

// isZstd knows the magic number of a frame, and of one to be skipped (RFC 8878 3.1).
func isZstd(magic uint32) bool { return magic == 0xfd2fb528 || magic&^0xf == 0x184d2a50 }

// source remembers what the packed data's own reader said.
type source struct {
	r   *bufio.Reader
	err error
}

func (s *source) Read(b []byte) (n int, err error) {
	n, err = s.r.Read(b)
	if err != nil {
		s.err = err
	}
	return n, err
}

// ReadByte lets gzip read no more than it needs, so that files joined behind each
// other are read, too.
func (s *source) ReadByte() (c byte, err error) {
	if c, err = s.r.ReadByte(); err != nil {
		s.err = err
	}
	return c, err
}

// unpacker tells errors of the packed data from those of its reader.
type unpacker struct {
	io.Reader
	src *source
}

func (u *unpacker) Read(b []byte) (n int, err error) {
	n, err = u.Reader.Read(b)
	switch {
	case err == nil, err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
	case u.src.err != nil && u.src.err != io.EOF:
		err = u.src.err
	default:
		err = fmt.Errorf("%w: %w", errCorrupt, err)
	}
	return n, err
}

// packedError says why a packed file cannot be read though it is whole.
type packedError struct{ text string }

func (e *packedError) Error() string { return e.text }

// The signatures in a zip file (APPNOTE 4.3).
const (
	zipMember     = "PK\x03\x04"
	zipDescriptor = "PK\x07\x08"
)

// maxMembers bounds how many members of a zip file are passed over.
const maxMembers = 1000

// unzip gives the first capture in a zip file: of a report of ours, or of what
// somebody packed to send it. Members are found one behind the other, as they
// come in a stream; the directory at the end is not needed.
func unzip(src *source) (io.Reader, error) {
	br := src.r
	for range maxMembers {
		var h [30]byte
		if _, err := io.ReadFull(br, h[:]); err != nil || string(h[:4]) != zipMember {
			break
		}
		flags, method := binary.LittleEndian.Uint16(h[6:]), binary.LittleEndian.Uint16(h[8:])
		size := int64(binary.LittleEndian.Uint32(h[18:]))
		name := make([]byte, int(binary.LittleEndian.Uint16(h[26:])))
		extra := make([]byte, int(binary.LittleEndian.Uint16(h[28:])))
		if _, err := io.ReadFull(br, name); err != nil {
			break
		}
		if _, err := io.ReadFull(br, extra); err != nil {
			break
		}
		long, have := zip64(extra)
		if size == 0xffffffff && have {
			size = long
		}
		const encrypted, sizesFollow = 1, 8
		wanted := isCaptureName(string(name))
		var member io.Reader
		switch {
		case method == 8:
			member = flate.NewReader(src)
		case method == 0 && flags&sizesFollow == 0:
			member = io.LimitReader(src, size)
		case flags&encrypted != 0 && wanted:
		case wanted:
			return nil, &packedError{"it is a zip archive that cannot be read as it comes; unpack it first and open the capture inside"}
		default:
			return nil, &packedError{"it is a zip archive whose beginning cannot be read; unpack it first and open the capture inside"}
		}
		if flags&encrypted != 0 && wanted {
			return nil, &packedError{"it is a zip archive with a password; unpack it first and open the capture inside"}
		}
		if wanted {
			return member, nil
		}
		if _, err := io.Copy(io.Discard, member); err != nil {
			break
		}
		if flags&sizesFollow != 0 && !skipDescriptor(br, have) {
			break
		}
	}
	return nil, &packedError{"it cannot be read as a zip file with a capture in it; save the report again, or unpack the archive and open the .pcap or .pcapng file inside"}
}

// zip64 finds the packed size in the extra field for large members.
func zip64(extra []byte) (size int64, ok bool) {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		extra = extra[4:]
		if len(extra) < n {
			break
		}
		if id == 1 {
			if n >= 16 {
				size = int64(binary.LittleEndian.Uint64(extra[8:]) &^ (1 << 63))
			}
			return size, true
		}
		extra = extra[n:]
	}
	return 0, false
}

// skipDescriptor passes over what stands behind a member whose sizes were not
// known when its header was written.
func skipDescriptor(br *bufio.Reader, long bool) bool {
	n := 12
	if long {
		n = 20
	}
	if sig, _ := br.Peek(4); string(sig) == zipDescriptor {
		n += 4
	}
	_, err := br.Discard(n)
	return err == nil
}

// isCaptureName knows capture files by how they are called.
func isCaptureName(name string) bool {
	name = strings.ToLower(name)
	if strings.HasPrefix(name, "__macosx/") { // what macOS notes beside each file
		return false
	}
	for _, packed := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, packed)
	}
	for _, suffix := range []string{".pcapng", ".pcap", ".cap", ".ntar"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}
