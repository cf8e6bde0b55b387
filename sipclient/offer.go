package sipclient

import (
	"errors"
	"net"
	"strings"

	"github.com/emiago/diago/media"

	"softphonedoctor/sipclient/capture"
)

// codecs lists what the account allows, for diago.
func (p *Phone) codecs() []media.Codec {
	var list []media.Codec
	for _, name := range p.cfg.Codecs {
		switch strings.ToUpper(name) {
		case "PCMU":
			list = append(list, media.CodecAudioUlaw)
		case "PCMA":
			list = append(list, media.CodecAudioAlaw)
		}
	}
	if len(list) == 0 {
		list = []media.Codec{media.CodecAudioAlaw, media.CodecAudioUlaw}
	}
	return append(list, media.CodecTelephoneEvent8000)
}

// noteCodecs notes codecs of the account that this phone does not have.
func (p *Phone) noteCodecs() {
	for _, name := range p.cfg.Codecs {
		if up := strings.ToUpper(name); up != "PCMU" && up != "PCMA" {
			p.noteOnce(capture.PhoneLimit, "the account lists the codec "+name+", this test phone speaks G.711 (PCMA, PCMU) only", 0)
		}
	}
}

// offer gives our description of the call's sound.
func (m *mediaLine) offer() ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.local(m.sess.Fork(), nil)
}

// local builds our description from a session of diago's. m.mu is held.
func (m *mediaLine) local(sess *media.MediaSession, offer *description) (body []byte, err error) {
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
	return direct(polish(sess.LocalSDP(), codecs, m.id, m.version, offer), m.held, offer == nil), nil
}

// accept takes the other side's answer to our offer. Without one, an answer that
// came early counts (many servers leave it out of the 200).
func (m *mediaLine) accept(body []byte) error {
	m.mu.Lock()
	known := m.remote != nil
	m.mu.Unlock()
	if body == nil {
		if known {
			return nil
		}
		return errNoDescription
	}
	d, err := m.phone.describe(body)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err = m.apply(d)
	return err
}

// early takes a description in a provisional answer and opens the way for the
// sound that may follow it.
func (m *mediaLine) early(body []byte) error {
	if err := m.accept(body); err != nil {
		return err
	}
	m.mu.Lock()
	first := !m.opened
	m.opened = true
	m.mu.Unlock()
	if first {
		m.phone.inBackground(func() { m.pace(openers) })
	}
	return nil
}

// reply answers an offer. Without one (a late offer) our own is given, and late
// tells that the other side's answer is still to come.
func (m *mediaLine) reply(offer []byte) (body []byte, late bool, err error) {
	if offer == nil {
		body, err = m.offer()
		return body, true, err
	}
	d, err := m.phone.describe(offer)
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
func (m *mediaLine) apply(d *description) (_ *media.MediaSession, err error) {
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
		if c.Name == media.CodecTelephoneEvent8000.Name {
			for _, theirs := range d.codecs {
				if theirs.Name == c.Name {
					sess.Codecs[i] = theirs // diago compares the number, too (trap 16)
				}
			}
		}
	}
	if err := sess.RemoteSDP([]byte(plain)); err != nil {
		return nil, limitError{"this test phone and the other side have no codec in common"}
	}
	speech, ok := media.CodecAudioFromList(sess.CommonCodecs())
	if !ok {
		return nil, limitError{"this test phone and the other side have no speech codec in common"}
	}
	if m.writer == nil {
		m.session = media.NewRTPSession(sess)
		m.writer = media.NewRTPPacketWriterSession(m.session)
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
