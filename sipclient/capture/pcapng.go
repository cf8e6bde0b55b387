package capture

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"strings"
	"time"
)

// The pcapng blocks and options that matter here (draft-ietf-opsawg-pcapng).
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 2 // obsolete, still found
	blockSimple    = 3
	blockEnhanced  = 6
	blockSecrets   = 10
	blockCustom    = 0x00000bad

	secretsTLS = 0x544c534b // a key log, of a block with secrets

	optEnd        = 0
	optComment    = 1
	optUserApp    = 4    // of a section
	optResolution = 9    // of an interface
	optOffset     = 14   // of an interface
	optCustom     = 2989 // binary, may be copied

	byteOrderMagic = 0x1a2b3c4d

	// maxBlock bounds the blocks that are kept in memory, maxInterfaces what a
	// section may declare. Other blocks are skipped however long they are.
	maxBlock      = maxFrame + 1<<17
	maxKeyLog     = 16 << 20
	maxInterfaces = 1 << 16
)

// pcapng reads the block container. gopacket's reader passes over custom blocks
// and packet options of unknown kinds, which is where our notes and record
// numbers are; hence our own.
type pcapng struct {
	window
	order  binary.ByteOrder
	own    bool
	ifaces []iface
	n      int
	head   [12]byte
	tag    tag
}

// iface is an interface description: how to read the packets that name it.
type iface struct {
	link    uint32
	snap    uint32
	res     byte  // if_tsresol
	seconds int64 // if_tsoffset
}

// newPcapng reads the first section header: what comes before it cannot be read.
func newPcapng(r *bufio.Reader) (*pcapng, error) {
	p := &pcapng{window: window{r: r}, order: binary.LittleEndian}
	kind, body, err := p.block()
	if err != nil || kind != blockSection {
		return nil, notCapture("it begins like a pcapng file, but its header is cut or damaged; copy it again from where it was made")
	}
	p.section(body)
	return p, nil
}

// block reads one block and returns its body, the bytes between the two lengths,
// valid until the next call. A kind that is of no use comes with a nil body.
func (p *pcapng) block() (kind uint32, body []byte, err error) {
	if n, err := io.ReadFull(p.r, p.head[:8]); err != nil {
		if n == 0 && err == io.EOF {
			return 0, nil, io.EOF
		}
		return 0, nil, cutAt(err, p.n+1)
	}
	kind = p.order.Uint32(p.head[:])
	if kind == blockSection {
		// A section header says its byte order before its length can be read.
		magic, err := p.r.Peek(4)
		switch {
		case err != nil:
			return 0, nil, cutAt(err, p.n+1)
		case binary.LittleEndian.Uint32(magic) == byteOrderMagic:
			p.order = binary.LittleEndian
		case binary.BigEndian.Uint32(magic) == byteOrderMagic:
			p.order = binary.BigEndian
		default:
			return 0, nil, damaged(p.n+1, "a section header has no byte order")
		}
	}
	total := p.order.Uint32(p.head[4:])
	if total < 12 {
		return 0, nil, damaged(p.n+1, fmt.Sprintf("a block claims to have %d bytes", total))
	}
	length := (int64(total)+3)&^3 - 12
	switch kind {
	case blockSection, blockInterface, blockPacket, blockSimple, blockEnhanced, blockCustom, blockSecrets:
		if length > maxBlock && (kind != blockSecrets || length > maxKeyLog) {
			if kind == blockCustom || kind == blockSecrets {
				break
			}
			return 0, nil, damaged(p.n+1, fmt.Sprintf("a block claims to have %d bytes", total))
		}
		if body, err = p.take(int(length + 4)); err != nil {
			return 0, nil, cutAt(err, p.n+1)
		}
		if p.order.Uint32(body[length:]) != total {
			return 0, nil, damaged(p.n+1, "a block's two lengths differ")
		}
		return kind, body[:length], nil
	}
	if _, err := io.CopyN(io.Discard, p.r, length+4); err != nil {
		return 0, nil, cutAt(err, p.n+1)
	}
	return kind, nil, nil
}

func (p *pcapng) next(f *frame) error {
	for {
		kind, body, err := p.block()
		if err != nil {
			return err
		}
		*f = frame{own: p.own}
		switch kind {
		case blockSection:
			p.section(body)
		case blockInterface:
			p.iface(body)
		case blockEnhanced, blockPacket:
			if len(body) < 20 {
				return damaged(p.n+1, "its block is too short")
			}
			p.n++
			f.n = p.n
			index := p.order.Uint32(body)
			if kind == blockPacket {
				index = uint32(p.order.Uint16(body))
			}
			length := p.order.Uint32(body[12:])
			if int64(length) > int64(len(body)-20) {
				return damaged(p.n, "it claims to be longer than its block")
			}
			f.data = body[20 : 20+length]
			if int64(index) < int64(len(p.ifaces)) {
				in := p.ifaces[index]
				f.link = in.link
				f.time = in.time(uint64(p.order.Uint32(body[4:]))<<32 | uint64(p.order.Uint32(body[8:])))
			} else {
				f.data = nil // of an interface never described: a frame without a meaning
			}
			if kind == blockEnhanced {
				f.tag = p.tagOf(body[20+length:][min(pad(length), uint32(len(body))-20-length):])
			}
			return nil
		case blockSimple:
			if len(body) < 4 {
				return damaged(p.n+1, "its block is too short")
			}
			p.n++
			f.n = p.n
			if len(p.ifaces) == 0 {
				return nil
			}
			length := min(p.order.Uint32(body), uint32(len(body)-4))
			if snap := p.ifaces[0].snap; snap > 0 {
				length = min(length, snap)
			}
			f.data, f.link = body[4:4+length], p.ifaces[0].link
			return nil
		case blockSecrets:
			if len(body) >= 8 && p.order.Uint32(body) == secretsTLS {
				f.n, f.secrets = p.n, body[8:8+min(p.order.Uint32(body[4:]), uint32(len(body)-8))]
				return nil
			}
		case blockCustom:
			if note, n := noteOf(p.order, body); note != nil {
				p.n++
				f.n, f.note, f.noteN = p.n, note, n
				return nil
			}
		}
	}
}

// pad is the number of bytes that bring n to a multiple of four.
func pad(n uint32) uint32 { return -n & 3 }

// section begins a new section: its interfaces are its own.
func (p *pcapng) section(body []byte) {
	p.ifaces = p.ifaces[:0]
	p.own = false
	if len(body) < 16 {
		return
	}
	for code, value := range p.options(body[16:]) {
		if code == optUserApp && strings.HasPrefix(string(value), Application) {
			p.own = true
		}
	}
}

// iface adds an interface description.
func (p *pcapng) iface(body []byte) {
	in := iface{res: 6}
	if len(body) >= 8 {
		in.link = uint32(p.order.Uint16(body))
		in.snap = p.order.Uint32(body[4:])
		for code, value := range p.options(body[8:]) {
			switch {
			case code == optResolution && len(value) >= 1:
				in.res = value[0]
			case code == optOffset && len(value) >= 8:
				in.seconds = int64(p.order.Uint64(value))
			}
		}
	}
	if len(p.ifaces) < maxInterfaces {
		p.ifaces = append(p.ifaces, in)
	}
}

// tagOf finds our mark among a packet's options.
func (p *pcapng) tagOf(opts []byte) *tag {
	for code, value := range p.options(opts) {
		if code == optCustom && p.tag.parse(p.order, value) {
			return &p.tag
		}
	}
	return nil
}

// options walks a list of options; it ends early where the list is damaged.
func (p *pcapng) options(b []byte) func(yield func(code uint16, value []byte) bool) {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= 4 {
			code, length := p.order.Uint16(b), uint32(p.order.Uint16(b[2:]))
			b = b[4:]
			if code == optEnd || uint32(len(b)) < length || !yield(code, b[:length]) {
				return
			}
			b = b[min(length+pad(length), uint32(len(b))):]
		}
	}
}

// time turns a time stamp into a moment by the interface's resolution: a
// negative power of ten, or of two when the highest bit of res is set.
func (in iface) time(stamp uint64) time.Time {
	var seconds, nanos uint64
	exponent := in.res & 0x7f
	switch {
	case in.res&0x80 != 0 && exponent < 64:
		seconds = stamp >> exponent
		hi, lo := bits.Mul64(stamp&(1<<exponent-1), 1e9)
		nanos = lo>>exponent | hi<<(64-exponent)
	case in.res&0x80 == 0 && exponent <= 19:
		unit := uint64(1)
		for range exponent {
			unit *= 10
		}
		seconds = stamp / unit
		hi, lo := bits.Mul64(stamp%unit, 1e9)
		nanos, _ = bits.Div64(hi, lo, unit)
	}
	return time.Unix(int64(seconds)+in.seconds, int64(nanos)).UTC()
}
