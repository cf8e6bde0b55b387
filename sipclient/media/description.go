package media

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	diago "github.com/emiago/diago/media"

	"softphonedoctor/sipclient/sipmsg"
)

// usualTime is the length of a packet that nobody asks to be otherwise.
const usualTime = 20 * time.Millisecond

// description is the other side's sound, as far as this phone can use it.
type description struct {
	addr      netip.AddrPort // of RTP; unspecified for an old-style hold
	rtcp      netip.AddrPort // the same as addr when both share the port
	mux       bool           // the other side would share it
	proto     string
	direction string
	codecs    []diago.Codec // what both have, in the other side's order, with its numbers
	cryptos   []crypto      // keys, when the call is to be encrypted
	ptime     time.Duration // how long our packets should be
	place     int           // of the sound among the m= lines
	others    []string      // the m= lines of our answer, those around the sound refused; "" is the sound's
	off       bool          // the sound is switched off by port 0
}

// stance is what an account and a call so far ask of a description.
type stance struct {
	encryption string
	secured    bool          // the call is encrypted and stays so
	answer     bool          // it answers our offer
	sealed     bool          // which had encrypted sound only
	keyed      bool          // or gave keys beside
	allowed    []diago.Codec // in this call
	named      []string      // the account's codecs, for a sentence
	place      int           // of the sound in the call's descriptions so far, -1 at first
	mux        bool          // our offer had both on one port
}

var (
	errNoDescription = errors.New("the answer describes no sound")
	errNoSound       = errors.New("no sound in the description")
	errNoAddress     = errors.New("the description has no address for sound")
	errUnnamed       = errors.New("the address for sound in the description does not resolve")
	errPlainAnswer   = errors.New("the other side answered an offer of encrypted sound without a key")
	errForeignAnswer = errors.New("the other side answered with none of the codecs that it was offered")
	errSealedAnswer  = errors.New("the other side answered an offer of plain sound with encrypted sound")
)

// describe reads a description tolerantly and keeps the one line of sound that serves
// best: the call's own, else an encrypted one, else the first. What only a better phone
// could take gives a LimitError.
func (m *Line) describe(body []byte, s stance) (*description, error) {
	sd, err := sipmsg.ParseSDP(body)
	if err != nil {
		return nil, err
	}
	var best *description
	var chosen *sipmsg.Media
	var why error
	var kinds []string
	for i := range sd.Media {
		a := &sd.Media[i]
		if a.Port == 0 {
			continue
		}
		if a.Type != "audio" {
			kinds = append(kinds, a.Type)
			continue
		}
		d, err := s.take(a)
		if err != nil {
			why = firstError(why, err)
			continue
		}
		d.place = i
		if best == nil || i == s.place || best.place != s.place && len(best.cryptos) == 0 && len(d.cryptos) > 0 {
			best, chosen = d, a
		}
	}
	switch {
	case best != nil:
	case why == nil && s.place >= 0 && s.place < len(sd.Media) && sd.Media[s.place].Type == "audio":
		best = &description{proto: sd.Media[s.place].Proto, direction: "inactive", place: s.place, off: true, codecs: s.allowed, ptime: usualTime}
	case why != nil:
		return nil, why
	default:
		if what := otherKinds(kinds); what != "" {
			return nil, LimitError{what, "the other side wants nothing else"}
		}
		return nil, errNoSound
	}
	for i, o := range sd.Media {
		text := ""
		if i != best.place || best.off {
			text = fmt.Sprintf("m=%s 0 %s %s", o.Type, o.Proto, strings.Join(o.Formats, " "))
		}
		best.others = append(best.others, text)
	}
	if best.off {
		return best, nil
	}
	return best, m.locate(best, chosen)
}

// firstError keeps a limit of this phone before any other reason.
func firstError(old, next error) error {
	var limit LimitError
	if old == nil || !errors.As(old, &limit) && errors.As(next, &limit) {
		return next
	}
	return old
}

// take judges one line of sound, all but its address.
func (s stance) take(a *sipmsg.Media) (*description, error) {
	d := &description{proto: a.Proto, direction: a.Direction, ptime: packetTime(a)}
	var err error
	if d.cryptos, err = s.keys(a); err != nil {
		return nil, err
	}
	d.codecs = common(s.allowed, a.Codecs)
	if !slices.ContainsFunc(d.codecs, isSpeech) {
		names := foreign(a.Codecs)
		if s.answer && (len(names) > 0 || slices.ContainsFunc(common(known, a.Codecs), isSpeech)) { // RFC 3264 6.1: it may choose among ours only
			return nil, errForeignAnswer
		}
		if len(common(known, a.Codecs)) > 0 {
			return nil, told("speak "+strings.Join(s.named, ", ")+" only", "the other side offers nothing of it")
		}
		if len(names) == 0 {
			return nil, errNoSound
		}
		return nil, LimitError{strings.Join(names, ", "), "the other side has no other codec for this call"}
	}
	d.mux = a.RTCPMux && (!s.answer || s.mux)
	return d, nil
}

// keys judges how a line is encrypted: nil keys mean plain sound.
func (s stance) keys(a *sipmsg.Media) ([]crypto, error) {
	proto := strings.ToUpper(a.Proto)
	found := parseCryptos(a.Crypto)
	must := s.secured || s.encryption == Encrypted || s.sealed
	switch proto {
	case "RTP/AVP", "RTP/AVPF":
		// Keys in a plain line are an invitation that may be passed over.
		if len(found) > 0 && (must || s.keyed || s.encryption == Optional && !s.answer) {
			return found, nil
		}
		switch {
		case !must:
			return nil, nil
		case s.answer:
			return nil, errPlainAnswer
		case s.secured:
			return nil, told("keep this call encrypted", "the other side now wants plain sound")
		}
		return nil, told("encrypt", "the other side offers plain sound only")
	case "RTP/SAVP", "RTP/SAVPF":
	default:
		if strings.Contains(proto, "TLS/") {
			return nil, LimitError{limitDTLS, "the other side wants it and nothing else"}
		}
		return nil, LimitError{limitTransport, "the other side wants " + a.Proto}
	}
	switch {
	case len(found) > 0 && s.encryption == Plain && !s.secured:
		return nil, told("leave sound unencrypted", "the other side wants it encrypted")
	case len(found) > 0 && s.answer && !s.sealed && !s.keyed:
		return nil, errSealedAnswer
	case len(found) > 0:
		return found, nil
	case a.Fingerprint:
		return nil, LimitError{limitDTLS, "the other side wants it and nothing else"}
	case hasAttribute(a, "key-mgmt"):
		return nil, LimitError{limitMIKEY, "the other side gives its keys that way only"}
	case hasAttribute(a, "zrtp-hash"):
		return nil, LimitError{limitZRTP, "the other side agrees keys that way only"}
	case len(a.Crypto) > 0:
		return nil, LimitError{limitSuite, "the other side offers " + suiteNames(a.Crypto)}
	}
	return nil, LimitError{limitSuite, "the other side gives no key in its description"}
}

// locate finds the addresses of a line of sound.
func (m *Line) locate(d *description, a *sipmsg.Media) (err error) {
	if d.addr, err = m.resolve(a.Connection, a.Port); err != nil {
		return err
	}
	if d.addr.Addr().IsUnspecified() {
		if a.ICE && a.Port == 9 {
			return LimitError{limitICE, "the other side gives addresses for sound in that way only"}
		}
		if d.direction == "sendrecv" {
			d.direction = "sendonly" // hold as of RFC 2543
		}
	}
	d.rtcp = d.addr
	if d.mux {
		return nil
	}
	port := a.Port + 1
	host := ""
	for _, value := range a.Attributes { // a=rtcp:PORT [IN IP4 ADDRESS] (RFC 3605)
		name, arg, _ := strings.Cut(value, ":")
		if f := strings.Fields(arg); strings.EqualFold(strings.TrimSpace(name), "rtcp") && len(f) > 0 {
			if n, err := strconv.Atoi(f[0]); err == nil && n > 0 && n <= 65535 {
				port = n
				if len(f) == 4 {
					host = f[3]
				}
			}
		}
	}
	d.rtcp = netip.AddrPortFrom(d.addr.Addr(), uint16(min(port, 65535)))
	if host != "" {
		if addr, err := m.resolve(host, port); err == nil {
			d.rtcp = addr
		}
	}
	return nil
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// resolve gives the address in a c= line, which may hold a name.
func (m *Line) resolve(host string, port int) (netip.AddrPort, error) {
	if host == "" || port < 1 || port > 65535 {
		return netip.AddrPort{}, errNoAddress
	}
	list := m.cfg.Lookup(host, port)
	if len(list) == 0 {
		return netip.AddrPort{}, errUnnamed
	}
	for _, a := range list {
		switch ip := a.Addr(); {
		case ip.IsMulticast(), ip == broadcast:
			return netip.AddrPort{}, LimitError{limitMulticast, "the other side wants sound at " + ip.String()}
		case ip.IsUnspecified(), ip.Is4() == m.cfg.Local.Is4():
			return a, nil
		}
	}
	return netip.AddrPort{}, LimitError{limitFamilies, "the other side wants sound at " + list[0].String()}
}

// packetTime is how long our packets to a line should be: what it asks for, at most
// its maxptime (RFC 8866 6.4), and always whole tens of milliseconds from 10 to 60.
func packetTime(a *sipmsg.Media) time.Duration {
	const step, longest = 10 * time.Millisecond, 60 * time.Millisecond
	want := a.PTime
	if want == 0 {
		want = usualTime
	}
	for _, value := range a.Attributes {
		name, arg, _ := strings.Cut(value, ":")
		if ms, err := strconv.Atoi(strings.TrimSpace(arg)); strings.EqualFold(strings.TrimSpace(name), "maxptime") && err == nil && ms > 0 {
			want = min(want, time.Duration(min(ms, 1000))*time.Millisecond)
		}
	}
	return min(max(want.Truncate(step), step), longest)
}

func hasAttribute(a *sipmsg.Media, name string) bool {
	return slices.ContainsFunc(a.Attributes, func(value string) bool {
		key, _, _ := strings.Cut(value, ":")
		return strings.EqualFold(strings.TrimSpace(key), name)
	})
}
