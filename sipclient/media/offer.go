package media

import (
	"net"
	"slices"
	"strconv"
	"strings"

	diago "github.com/emiago/diago/media"
)

// stance gives what a description of the other side has to meet. m.mu is held.
func (m *Line) stance(answer bool) stance {
	s := stance{encryption: m.cfg.Encryption, secured: m.guard != nil, answer: answer, place: m.place}
	if answer {
		s.sealed, s.keyed = m.sealed, m.mixed
	}
	s.mux = m.remote != nil && m.remote.mux
	s.allowed = m.formats()
	for _, c := range m.allowed {
		if isSpeech(c) {
			s.named = append(s.named, c.Name)
		}
	}
	return s
}

// formats lists our formats under the numbers that are in use (RFC 3264 8.3.2). m.mu is held.
func (m *Line) formats() []diago.Codec {
	list := slices.Clone(m.allowed)
	if m.remote == nil {
		return list
	}
	for i := range list {
		for _, used := range m.remote.codecs {
			if used.Name == list[i].Name {
				list[i].PayloadType = used.PayloadType
			}
		}
	}
	taken := map[uint8]bool{}
	for _, used := range m.remote.codecs {
		taken[used.PayloadType] = true
	}
	for i, c := range list {
		if slices.ContainsFunc(m.remote.codecs, func(used diago.Codec) bool { return used.Name == c.Name }) {
			continue
		}
		for n := uint8(96); taken[list[i].PayloadType] && n < 127; n++ {
			list[i].PayloadType = n
		}
		taken[list[i].PayloadType] = true
	}
	return list
}

// Offer gives our description of the call's sound.
func (m *Line) Offer() ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, net.ErrClosed
	}
	d := draft{codecs: m.formats(), proto: "RTP/AVP", direction: "sendrecv", ptime: usualTime, others: m.others}
	if r := m.remote; r != nil {
		d.ptime, d.mux = r.ptime, r.mux
		if strings.HasSuffix(strings.ToUpper(r.proto), "F") {
			d.proto = "RTP/AVPF"
		}
	}
	m.sealed, m.mixed = m.guard != nil || m.cfg.Encryption == Encrypted, false
	if m.sealed {
		d.proto = strings.Replace(d.proto, "/AVP", "/SAVP", 1)
	}
	switch {
	case m.guard != nil: // the same key again, or the other side would lose the thread (trap 12)
		m.offered = []crypto{m.guard.line}
	case m.cfg.Encryption == Optional:
		m.mixed = true
		fallthrough
	case m.sealed:
		if m.offered == nil {
			for i, s := range suites[:offeredSuites] {
				m.offered = append(m.offered, newCrypto(strconv.Itoa(i+1), s))
			}
		}
	}
	if m.sealed || m.mixed {
		d.cryptos = m.offered
	}
	if m.held {
		d.direction = "sendonly"
	}
	return m.write(d), nil
}

// Accept takes the other side's answer to our offer. Without one, an answer that
// came early counts (many servers leave it out of the 200).
func (m *Line) Accept(body []byte) error {
	m.mu.Lock()
	known := m.remote != nil
	s := m.stance(true)
	m.mu.Unlock()
	if body == nil {
		if known {
			return nil
		}
		return errNoDescription
	}
	d, err := m.describe(body, s)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.place < 0 {
		m.place = 0
	}
	return m.apply(d, true)
}

// openers is how many packets go out at early media, so that a router on our
// side lets the other side's sound in.
const openers = 3

// Early takes a description in a provisional answer and opens the way for the
// sound that may follow it.
func (m *Line) Early(body []byte) error {
	if err := m.Accept(body); err != nil {
		return err
	}
	m.mu.Lock()
	first := !m.opened
	m.opened = true
	m.mu.Unlock()
	if first {
		m.cfg.Go(func() { m.pace(openers) })
	}
	return nil
}

// Reply answers an offer. Without one (a late offer) our own is given, and late
// tells that the other side's answer is still to come.
func (m *Line) Reply(offer []byte) (body []byte, late bool, err error) {
	if offer == nil {
		body, err = m.Offer()
		return body, true, err
	}
	m.mu.Lock()
	s := m.stance(false)
	m.mu.Unlock()
	d, err := m.describe(offer, s)
	if err != nil {
		return nil, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.apply(d, false); err != nil {
		return nil, false, err
	}
	body = m.write(m.answer(d))
	if d.off {
		d.others[d.place] = "" // it may come back
	}
	m.place, m.others = d.place, d.others
	return body, false, nil
}

// answer mirrors an offer that was applied. m.mu is held.
func (m *Line) answer(d *description) draft {
	a := draft{codecs: d.codecs, proto: d.proto, direction: mirrored[d.direction], ptime: d.ptime, mux: d.mux, others: d.others}
	if m.held && a.direction == "sendrecv" {
		a.direction = "sendonly"
	} else if m.held && a.direction == "recvonly" {
		a.direction = "inactive"
	}
	if m.guard != nil && !d.off {
		a.cryptos = []crypto{m.guard.line}
	}
	return a
}

// mirrored is the direction that answers an offered one (RFC 3264 6.1).
var mirrored = map[string]string{"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}

// apply makes a description of the other side the one that counts. m.mu is held.
func (m *Line) apply(d *description, answer bool) error {
	if m.closed {
		return net.ErrClosed
	}
	speech, ok := find(d.codecs, isSpeech)
	if !ok {
		return errNoSound
	}
	if !d.off {
		guard, err := m.agree(d, answer)
		if err != nil {
			return err
		}
		m.guard = guard
	}
	event, _ := find(d.codecs, isEvent)
	m.remote, m.speech, m.event = d, speech, event
	return nil
}

// agree picks the keys of both directions. Ours stays as long as its suite does: only
// its tag follows the offer's. m.mu is held.
func (m *Line) agree(d *description, answer bool) (*guard, error) {
	if len(d.cryptos) == 0 {
		return nil, nil
	}
	if answer {
		for _, theirs := range d.cryptos {
			for _, ours := range m.offered {
				if ours.suite == theirs.suite && ours.tag == theirs.tag {
					return m.guard.renew(ours, theirs)
				}
			}
		}
		for _, theirs := range d.cryptos { // some count tags of their own
			for _, ours := range m.offered {
				if ours.suite == theirs.suite {
					return m.guard.renew(ours, theirs)
				}
			}
		}
		return nil, errPlainAnswer
	}
	theirs := d.cryptos[0]
	if m.guard != nil {
		for _, c := range d.cryptos {
			if c.suite == m.guard.line.suite {
				ours := m.guard.line
				ours.tag = c.tag
				return m.guard.renew(ours, c)
			}
		}
	}
	return m.guard.renew(newCrypto(theirs.tag, theirs.suite), theirs)
}
