package capture

import (
	"crypto/rand"
	"encoding/binary"
	mathrand "math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokens gives each name, number, host and address a stand-in of the same length and
// kind, the same one each time, and another one in each redaction.
type tokens struct {
	keepHost func(string) bool
	random   *mathrand.Rand
	names    map[string]string         // by lower-case original
	used     map[string]bool           // originals and stand-ins, lower case
	labels   map[string]string         // of host names
	digits   map[string]byte           // of numbers: by a digit and those behind it
	octets   map[string]map[int]int    // by what stands before: the stand-in of a part of an address
	taken    map[string]map[int]bool   //
	addrs    map[netip.Addr]netip.Addr // whole addresses
	hosts    map[string]bool           // names of machines that were seen
	known    []string                  // what is looked for in free text, the longest first
}

func newTokens(keepHost func(string) bool) *tokens {
	var seed [32]byte
	_, _ = rand.Read(seed[:]) // never fails (crypto/rand)
	return &tokens{keepHost: keepHost, random: mathrand.New(mathrand.NewChaCha8(seed)), names: map[string]string{}, used: map[string]bool{}, labels: map[string]string{}, digits: map[string]byte{},
		octets: map[string]map[int]int{}, taken: map[string]map[int]bool{}, addrs: map[netip.Addr]netip.Addr{}, hosts: map[string]bool{}}
}

// anybody are users that name nobody.
var anybody = map[string]bool{"": true, "anonymous": true, "unknown": true, "unavailable": true, "restricted": true, "private": true, "withheld": true, "asterisk": true, "sip": true, "freeswitch": true, "ping": true, "options": true, "echo": true, "user": true, "-": true}

// learnName notes a name or number that belongs to somebody.
func (t *tokens) learnName(s string) {
	s = small(strings.TrimSpace(s))
	if anybody[s] || isService(s) || t.used[s] {
		return
	}
	t.used[s] = true
	t.known = append(t.known, s)
	// A display name is several names.
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if utf8.RuneCountInString(word) >= 3 && !t.used[word] && !anybody[word] {
			t.used[word] = true
			t.known = append(t.known, word)
		}
	}
}

// isService tells a short code of the telephone system, such as *43, that is no number
// of anybody.
func isService(s string) bool {
	return len(s) > 0 && len(s) <= 4 && (s[0] == '*' || s[0] == '#')
}

// learnHost notes a machine's name.
func (t *tokens) learnHost(s string) {
	s = small(strings.Trim(s, "[]. "))
	if _, err := netip.ParseAddr(s); err == nil || !strings.Contains(s, ".") && len(s) < 3 || t.hosts[s] || len(s) > 253 {
		return
	}
	t.hosts[s] = true
	if t.host(s) != s {
		t.known = append(t.known, s)
	}
}

// settle ends the learning: the longest names come first where they are looked for.
func (t *tokens) settle() {
	t.known = slices.DeleteFunc(t.known, func(s string) bool { return utf8.RuneCountInString(s) < 3 })
	slices.SortFunc(t.known, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	t.known = slices.Compact(t.known)
}

// name gives the stand-in of a name or number, in the letters' own case.
func (t *tokens) name(s string) string {
	low := small(s)
	if anybody[low] || isService(low) || strings.TrimSpace(low) == "" {
		return s
	}
	token, ok := t.names[low]
	if !ok && number(low) {
		token, ok = t.number(low), true
	}
	for try := 0; !ok; try++ {
		token = t.draw(low)
		if ok = !t.used[token] || try > 50; ok {
			t.names[low], t.used[token] = token, true
		}
	}
	// The case of the original, where both are single bytes.
	b := []byte(token)
	for i := range min(len(b), len(s)) {
		if s[i] >= 'A' && s[i] <= 'Z' && b[i] >= 'a' && b[i] <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

// number tells a telephone number or extension from a name.
func number(s string) bool {
	return s != "" && strings.Trim(s, "0123456789+-.() ") == "" && strings.ContainsAny(s, "0123456789")
}

// number gives the stand-in of a number, from its end on: two ways to write one number
// (with its country, without) have stand-ins that end alike, too.
func (t *tokens) number(s string) string {
	b := []byte(s)
	behind := ""
	for i := len(b) - 1; i >= 0; i-- {
		c := b[i]
		if c < '0' || c > '9' {
			continue
		}
		key := string(c) + "<" + behind
		if c != '0' && t.digits[key] == 0 {
			start := t.random.IntN(9)
			for k := range 9 {
				x := byte('1' + (start+k)%9)
				if x != c && t.digits[behind+">"+string(x)] == 0 {
					t.digits[key], t.digits[behind+">"+string(x)] = x, c
					break
				}
			}
			if t.digits[key] == 0 { // the last one left is its own
				t.digits[key] = c
			}
		}
		if c != '0' {
			b[i] = t.digits[key]
		}
		behind = string(c) + behind
	}
	return string(b)
}

const consonants = "bcdfghjklmnpqrstvwxz"

// draw makes a stand-in: a digit for a digit, letters for letters of as many bytes, signs
// as they are. The plus and the zeros that begin a number stay: they tell how it is written.
func (t *tokens) draw(s string) string {
	var b strings.Builder
	begin := true
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		s = s[n:]
		switch {
		case r == '+' && begin:
			b.WriteByte('+')
			continue
		case r == '0' && begin:
			b.WriteByte('0')
			continue
		case r >= '0' && r <= '9':
			b.WriteByte(byte('1' + t.random.IntN(9)))
		case r < 0x80 && !unicode.IsLetter(r):
			b.WriteRune(r)
		default:
			for range max(1, n) {
				b.WriteByte(consonants[t.random.IntN(len(consonants))])
			}
		}
		begin = false
	}
	return b.String()
}

// plainLabels are parts of host names that say what a machine does, and nothing of whose it is.
var plainLabels = map[string]bool{"sip": true, "sips": true, "pbx": true, "sbc": true, "proxy": true, "stun": true, "turn": true, "www": true, "voip": true, "localhost": true, "invalid": true, "local": true, "lan": true, "_sip": true, "_sips": true, "_udp": true, "_tcp": true, "_tls": true, "_stun": true}

// host gives the stand-in of a machine's name: each part for itself, so that what lies in
// one domain still does. What it ends with, and what says nothing of anybody, stays.
func (t *tokens) host(s string) string {
	low := small(s)
	bare := strings.TrimSuffix(low, ".")
	if bare == "localhost" || strings.HasSuffix(bare, ".invalid") || t.keepHost != nil && t.keepHost(bare) {
		return s
	}
	parts := strings.Split(s, ".")
	last := len(parts) - 1
	if last > 0 && parts[last] == "" {
		last--
	}
	for i, p := range parts {
		key := small(p)
		if p == "" || plainLabels[key] || i == last && last > 0 && len(p) <= 6 {
			continue
		}
		token, ok := t.labels[key]
		for try := 0; !ok; try++ {
			token = t.draw(key)
			ok = token != key && !t.used[token] || try > 50
		}
		t.labels[key], t.used[token] = token, true
		parts[i] = token
	}
	return strings.Join(parts, ".")
}

// addr gives the stand-in of an address.
func (t *tokens) addr(a netip.Addr) netip.Addr {
	if token, ok := t.addrs[a]; ok {
		return token
	}
	bare := a.WithZone("").Unmap()
	var token netip.Addr
	switch {
	case !bare.IsValid() || bare.IsLoopback() || bare.IsUnspecified() || bare.IsMulticast():
		return a
	case bare.Is4():
		token = t.addr4(bare)
	default:
		token = t.addr6(bare)
	}
	if a.Is4In6() {
		token = netip.AddrFrom16(token.As16())
	}
	if a.Zone() != "" {
		token = token.WithZone(a.Zone())
	}
	t.addrs[a] = token
	return token
}

// part gives the stand-in of one part of an address behind what stands before it, among
// as many as ok allows; no two parts behind the same share one.
func (t *tokens) part(before string, v, limit int, ok func(int) bool) int {
	if t.octets[before] == nil {
		t.octets[before], t.taken[before] = map[int]int{}, map[int]bool{}
	}
	if token, known := t.octets[before][v]; known {
		return token
	}
	token, start := v, t.random.IntN(limit)
	for i := range limit {
		x := (start + i*stride) % limit // every number once, in a mixed order
		if ok(x) && x != v && !t.taken[before][x] {
			token = x
			break
		}
	}
	t.octets[before][v], t.taken[before][token] = token, true
	return token
}

// stride has no divisor in common with a power of two.
const stride = 40503

func digits(v int) int {
	switch {
	case v < 10:
		return 1
	case v < 100:
		return 2
	}
	return 3
}

// reserved are first parts of IPv4 addresses that do not belong to the internet at large,
// at least in part.
var reserved = map[int]bool{0: true, 10: true, 100: true, 127: true, 169: true, 172: true, 192: true, 198: true, 203: true}

// addr4 keeps what is told by the beginning of an address (private, carrier's, link's
// own), and how many digits each part has.
func (t *tokens) addr4(a netip.Addr) netip.Addr {
	b := a.As4()
	fixed := 0 // parts that say of which class it is
	second := func(v int) bool { return digits(v) == digits(int(b[1])) }
	switch {
	case b[0] == 10:
		fixed = 1
	case b[0] == 192 && b[1] == 168, b[0] == 169 && b[1] == 254:
		fixed = 2
	case b[0] == 172 && b[1]&0xf0 == 16:
		fixed = 1
		second = func(v int) bool { return v >= 16 && v < 32 }
	case b[0] == 100 && b[1]&0xc0 == 64:
		fixed = 1
		second = func(v int) bool { return v >= 64 && v < 128 && digits(v) == digits(int(b[1])) }
	case b[0] >= 224:
		return a
	}
	out := b
	before := "4"
	for i, v := range b {
		if i >= fixed && !(i == 3 && (v == 0 || v == 255)) {
			allowed := func(x int) bool { return x > 0 && x < 255 && digits(x) == digits(int(v)) }
			switch {
			case i == 0:
				allowed = func(x int) bool { return x < 224 && !reserved[x] && digits(x) == digits(int(v)) }
			case i == 1:
				allowed = func(x int) bool { return x < 256 && second(x) && (fixed == 1 || x > 0 && x < 255) }
			case v == 0:
				allowed = func(x int) bool { return x < 10 }
			}
			out[i] = byte(t.part(before, int(v), 256, allowed))
		}
		before += "." + string(rune(b[i]))
	}
	return netip.AddrFrom4(out)
}

// addr6 keeps the class (fe80, fd00, the internet at large) and the number of digits.
func (t *tokens) addr6(a netip.Addr) netip.Addr {
	b := a.As16()
	if binary.BigEndian.Uint64(b[:]) == 0 { // of the old days: no network has them
		return a
	}
	out := b
	before := "6"
	for i := 0; i < 16; i += 2 {
		v := int(binary.BigEndian.Uint16(b[i:]))
		long := hexDigits(v)
		if v != 0 && !(i == 0 && (v&0xffc0 == 0xfe80 || v == 0x2001 || v == 0x64)) {
			token := t.part(before, v, 1<<16, func(x int) bool {
				return x != 0 && hexDigits(x) == long && (i > 0 || x&0xe000 == v&0xe000 && (v&0xfe00 != 0xfc00 || x&0xff00 == v&0xff00))
			})
			binary.BigEndian.PutUint16(out[i:], uint16(token))
		}
		before += ":" + string(rune(v))
	}
	return netip.AddrFrom16(out)
}

func hexDigits(v int) int {
	n := 1
	for ; v > 15; v >>= 4 {
		n++
	}
	return n
}

// small is strings.ToLower for the letters that take as many bytes in either case, and
// for what is no text at all.
func small(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
