package media

import (
	"errors"
	"net"
	"strings"

	diago "github.com/emiago/diago/media"
)

// codecs lists what the account allows, for diago.
func codecs(names []string) []diago.Codec {
	var list []diago.Codec
	for _, name := range names {
		switch strings.ToUpper(name) {
		case "PCMU":
			list = append(list, diago.CodecAudioUlaw)
		case "PCMA":
			list = append(list, diago.CodecAudioAlaw)
		}
	}
	if len(list) == 0 {
		list = []diago.Codec{diago.CodecAudioAlaw, diago.CodecAudioUlaw}
	}
	return append(list, diago.CodecTelephoneEvent8000)
}

// Unknown lists the codecs of an account that this phone does not have.
func Unknown(names []string) (list []string) {
	for _, name := range names {
		if up := strings.ToUpper(name); up != "PCMU" && up != "PCMA" {
			list = append(list, name)
		}
	}
	return list
}

// Offer gives our description of the call's sound.
func (m *Line) Offer() ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.local(m.sess.Fork(), nil)
}

// local builds our description from a session of diago's. m.mu is held.
func (m *Line) local(sess *diago.MediaSession, offer *description) (body []byte, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the description could not be built")
		}
	}()
	m.version++
	codecs := sess.CommonCodecs()
	if len(codecs) == 0 {
		codecs = sess.Codecs
	}
	return direct(polish(sess.LocalSDP(), codecs, m.cfg.Agent, m.id, m.version, offer), m.held, offer == nil), nil
}

// Accept takes the other side's answer to our offer. Without one, an answer that
// came early counts (many servers leave it out of the 200).
func (m *Line) Accept(body []byte) error {
	m.mu.Lock()
	known := m.remote != nil
	m.mu.Unlock()
	if body == nil {
		if known {
			return nil
		}
		return errNoDescription
	}
	d, err := m.describe(body)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err = m.apply(d)
	return err
}

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
	d, err := m.describe(offer)
	if err != nil {
		return nil, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	sess, err := m.apply(d)
	if err != nil {
		return nil, false, err
	}
	body, err = m.local(sess, d)
	return body, false, err
}

// apply makes a description of the other side the one that counts. m.mu is held.
func (m *Line) apply(d *description) (_ *diago.MediaSession, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the description could not be read")
		}
	}()
	if m.closed {
		return nil, net.ErrClosed
	}
	plain := d.plain()
	if plain == m.plain {
		m.remote = d
		return m.sess, nil
	}
	sess := m.sess.Fork()
	for i, c := range sess.Codecs {
		if c.Name == diago.CodecTelephoneEvent8000.Name {
			for _, theirs := range d.codecs {
				if theirs.Name == c.Name {
					sess.Codecs[i] = theirs // diago compares the number, too (trap 16)
				}
			}
		}
	}
	if err := sess.RemoteSDP([]byte(plain)); err != nil {
		return nil, LimitError{"this test phone and the other side have no codec in common"}
	}
	speech, ok := diago.CodecAudioFromList(sess.CommonCodecs())
	if !ok {
		return nil, LimitError{"this test phone and the other side have no speech codec in common"}
	}
	if m.writer == nil {
		m.session = diago.NewRTPSession(sess)
		m.writer = diago.NewRTPPacketWriterSession(m.session)
		m.reports.ssrc = m.writer.SSRC
	} else {
		old := m.session
		m.session = old.Fork(sess)
		m.writer.UpdateRTPSession(m.session)
		_ = old.Close()
	}
	m.writer.ClockDisable() // the schedule is ours
	m.sess, m.remote, m.plain, m.speech = sess, d, plain, speech
	return sess, nil
}
