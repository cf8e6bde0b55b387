package probe

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
)

// mirrorHeader marks requests for a mirror, and what it answers. Its value is a word,
// then ;name=value any number of times.
const mirrorHeader = "X-Softphone-Doctor-Mirror"

// The words. A probe says the first four, a mirror the others.
const (
	sayHello = "hello" // who are you, and does your answer reach me?
	sayLook  = "look"  // what did you get?
	saySound = "sound" // let us test sound; a mirror answers with the same word
	sayCount = "count" // how much of it came?
	sayReady = "ready" // a mirror, its ports, and a cookie
	saySeen  = "seen"  // the body holds what came
	sayBusy  = "busy"  // not now
)

// word is the content of a mirrorHeader.
type word struct {
	verb   string
	values map[string]string
}

// maxWord is the longest mirrorHeader that is read, in bytes.
const maxWord = 500

// readWord reads a mirrorHeader. It is strict: both ends are this program.
func readWord(s string) (w word, ok bool) {
	if len(s) > maxWord {
		return word{}, false
	}
	pieces := strings.Split(s, ";")
	w = word{verb: strings.TrimSpace(pieces[0]), values: map[string]string{}}
	if !slices.Contains([]string{sayHello, sayLook, saySound, sayCount, sayReady, saySeen, sayBusy}, w.verb) {
		return word{}, false
	}
	for _, p := range pieces[1:] {
		name, value, has := strings.Cut(strings.TrimSpace(p), "=")
		if _, twice := w.values[name]; !has || name == "" || twice || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return word{}, false
		}
		w.values[name] = value
	}
	return w, true
}

// writeWord is the value of a mirrorHeader; pairs are names and values.
func writeWord(verb string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		verb += ";" + pairs[i] + "=" + pairs[i+1]
	}
	return verb
}

// number gives a value that is a number from 0 to most; -1 for anything else.
func (w word) number(name string, most int) int {
	n, err := strconv.Atoi(w.values[name])
	if err != nil || n < 0 || n > most {
		return -1
	}
	return n
}

// ports gives a value that is a list of ports.
func (w word) ports(name string) (list []uint16) {
	for p := range strings.SplitSeq(w.values[name], ",") {
		if n, err := strconv.ParseUint(p, 10, 16); err == nil && n != 0 && len(list) < 8 {
			list = append(list, uint16(n))
		}
	}
	return list
}

// wayName names a transport and a port of a mirror: "udp/5060".
func wayName(over capture.Net, port uint16) string {
	return strings.ToLower(over.String()) + "/" + strconv.Itoa(int(port))
}

// cookieLife is how long a cookie is good for, at least.
const cookieLife = 2 * time.Minute

// cookie is what only who gets the mirror's answers at this address and port can know.
func (m *Mirror) cookie(v mirrorAsker, age int64) string {
	mac := hmac.New(sha256.New, m.secret[:])
	mac.Write([]byte("cookie " + v.way() + " " + v.from.String()))
	var epoch [8]byte
	binary.BigEndian.PutUint64(epoch[:], uint64(m.now().Unix()/int64(cookieLife/time.Second)-age))
	mac.Write(epoch[:])
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// knows tells whether a cookie was given to this address lately.
func (m *Mirror) knows(v mirrorAsker, cookie string) bool {
	return hmac.Equal([]byte(cookie), []byte(m.cookie(v, 0))) || hmac.Equal([]byte(cookie), []byte(m.cookie(v, 1)))
}

// soundToken marks the packets of one sound test.
func (m *Mirror) soundToken(id soundID) (token [16]byte) {
	mac := hmac.New(sha256.New, m.secret[:])
	mac.Write([]byte("sound "))
	mac.Write(id[:])
	copy(token[:], mac.Sum(nil))
	return token
}

// addr reads an address without a zone, the zero Addr for anything else.
func (w word) addr(name string) netip.Addr {
	a, err := netip.ParseAddr(w.values[name])
	if err != nil || a.Zone() != "" {
		return netip.Addr{}
	}
	return a.Unmap()
}
