package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/klauspost/compress/zstd"
)

// ErrNotCapture is wrapped by the error that Read gives for data that is no
// capture file, or that ends before its first header is complete.
var ErrNotCapture = errors.New("this is not a capture file")

// maxFrame is the largest frame that is believed: four times what tcpdump keeps
// of one. Bigger lengths mean that the file is damaged.
const maxFrame = 1 << 20

// Read decodes a capture as it arrives: pcap (micro- and nanoseconds, both byte
// orders) or pcapng, either of them also compressed with gzip or zstd, or in a zip
// file as our reports are: the first capture in it. Memory does not grow with the
// length of the file. The sequence can be walked once.
//
// UDP datagrams and ICMP messages become one record each, fragmented ones when
// their last fragment has been seen, with that frame's number and time. TCP
// segments become a record for each run of new bytes, in stream order: bytes
// sent twice appear once, and segments that overtook others wait (see the
// bounds in stream.go). What a connection wraps is unwrapped: WebSockets (RFC 7118)
// give a record for each message, TLS its content where the file has its secrets, and
// HEP, over UDP as well, the packets that it copies. A record's N is the frame's number in the file; where a
// lost segment is given up, N can step back to the segment that waited. A file
// that Tape.WriteTo or Write made gives back exactly the records written, but
// for masked credentials.
//
// A file that is cut or damaged half-way gives the records before that place and
// then a note of KindLimit with Key "cut". More limits are told in the same
// way, with N 0: "short" (once, where the first packet was not kept whole),
// "fragments" (at the end, Text begins with the number of datagrams of which
// fragments were missing), and "tls" or "websocket" (once for each reason why a
// connection could not be read though its secrets should be there). The error is not nil in the last pair at most: it
// wraps ErrNotCapture, or it is what r returned.
func Read(r io.Reader) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		stopped := false
		err := newDecoder().read(r, func(records []Record) bool {
			for _, rec := range records {
				if !yield(rec, nil) {
					stopped = true
					return false
				}
			}
			return true
		})
		if err != nil && !stopped {
			yield(Record{}, err)
		}
	}
}

// read decodes a whole capture and gives its records, those of one frame at a time,
// until take wants no more.
func (d *decoder) read(r io.Reader, take func([]Record) bool) error {
	frames, err := open(r)
	if err != nil {
		return err
	}
	var (
		f    frame
		last time.Time
	)
	for {
		if err = frames.next(&f); err != nil {
			break
		}
		if !f.time.IsZero() {
			last = f.time
		}
		if out := d.frame(&f); len(out) > 0 && !take(out) {
			return nil
		}
	}
	if out := d.finish(last); len(out) > 0 && !take(out) {
		return nil
	}
	if cut, ok := errors.AsType[*cutError](err); ok {
		take([]Record{{Note: &Note{Time: last, Kind: KindLimit, Key: LimitCut, Text: cut.text}}})
	} else if err != io.EOF {
		return fmt.Errorf("the capture could not be read to its end: %w", err)
	}
	return nil
}

// frame is what a container holds at one place: link-layer bytes, or a note of
// ours. The bytes are valid until the next call of container.next.
type frame struct {
	n     int       // the frame's number in the file, from 1
	time  time.Time // zero when the file does not tell
	link  uint32    // the LINKTYPE number of data
	data  []byte
	own   bool  // the section is one of ours: tags and notes carry the record's number
	tag   *tag  // what Write noted beside the packet, nil in a foreign file
	note  *Note // instead of data
	noteN int
	// secrets is a key log instead of data; such a frame has no number of its own.
	secrets []byte
}

// container walks the frames of a file. next returns io.EOF at a proper end, a
// *cutError where the file is cut or damaged, and other errors as the reader
// gave them.
type container interface {
	next(f *frame) error
}

// cutError says in a sentence why nothing behind this place can be read.
type cutError struct{ text string }

func (e *cutError) Error() string { return e.text }

// cutAt turns an error met inside frame n into a cutError when it means that
// the file ends or is damaged there.
func cutAt(err error, n int) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &cutError{fmt.Sprintf("The file ends in the middle of frame %d. Everything before it was read; what came later is missing.", n)}
	}
	return compressedCut(err, n)
}

// compressedCut recognises the errors of a damaged compressed file.
func compressedCut(err error, n int) error {
	if errors.Is(err, errCorrupt) {
		return &cutError{fmt.Sprintf("The compressed file is damaged at frame %d. Everything before it was read; what came later is missing.", n)}
	}
	return err
}

// damaged gives the cutError for a frame whose header cannot be true.
func damaged(n int, why string) error {
	return &cutError{fmt.Sprintf("The file is damaged at frame %d: %s. Everything before it was read; what came later is missing.", n, why)}
}

// The first four bytes of the containers.
const (
	magicMicro  = 0xa1b2c3d4
	magicNano   = 0xa1b23c4d
	magicWide   = 0xa1b2cd34 // Kuznetzov's pcap: 8 more bytes in each record's header
	magicPcapng = 0x0a0d0d0a
)

// open recognises the container, unpacking it on the way.
func open(r io.Reader) (container, error) {
	br, packed, err := unpack(r)
	if err != nil {
		return nil, err
	}
	head, err := br.Peek(4)
	_, cut := errors.AsType[*cutError](cutAt(err, 1))
	switch {
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return nil, notCapture("it was packed with more memory (zstd --long=28 and above) than is used here; unpack it first")
	case packed > 0 && err != nil && cut && (err != io.EOF || len(head) == 0):
		return nil, notCapture("it looks compressed, but ends or is damaged before anything can be unpacked; copy it again from where it was made")
	case err == io.EOF && len(head) == 0:
		return nil, notCapture("it is empty; capture again, or copy it again from where it was made")
	case err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("the capture could not be read: %w", err)
	case len(head) < 4:
		return nil, notCapture(fmt.Sprintf("it has only %d bytes; copy it again from where it was made", len(head)))
	}
	switch little := binary.LittleEndian.Uint32(head); little {
	case magicPcapng:
		return newPcapng(br)
	case magicMicro, magicNano, magicWide:
		return newPcap(br, binary.LittleEndian)
	}
	switch binary.BigEndian.Uint32(head) {
	case magicMicro, magicNano, magicWide:
		return newPcap(br, binary.BigEndian)
	}
	switch {
	case head[0] == 0xfd && string(head[1:4]) == "7zX", string(head[:3]) == "BZh", string(head) == "7z\xbc\xaf", string(head) == "Rar!":
		return nil, notCapture("it is compressed in a way other than gzip, zstd or zip; unpack it first")
	}
	return nil, notCapture("a .pcap or .pcapng file is needed, as Wireshark, tcpdump or sngrep save it")
}

// notCapture wraps ErrNotCapture with what is there instead and what to do.
func notCapture(why string) error { return fmt.Errorf("%w: %s", ErrNotCapture, why) }
