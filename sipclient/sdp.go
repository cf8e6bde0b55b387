package sipclient

import (
	"errors"
	"net/netip"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/media"
	"softphonedoctor/sipclient/sipmsg"
)

// newLine opens the sockets of the call's sound.
func (c *Call) newLine() (*media.Line, error) {
	p := c.phone
	cfg := media.Config{
		Tap:         p.tap(),
		Local:       p.Local().Addr(),
		Agent:       userAgent,
		Codecs:      p.cfg.Codecs,
		Encryption:  p.cfg.Encryption,
		Lookup:      c.lookupMedia,
		Done:        p.ctx.Done(),
		FirstReport: p.timing.first,
		Report:      p.timing.report,
	}
	if p.cfg.Source != nil {
		cfg.Source = p.cfg.Source()
	}
	return media.New(cfg)
}

// maxNames is how many names in c= lines are looked up in one call: each may take seconds.
const maxNames = 16

// lookupMedia resolves the name in a c= line. Hanging up ends it.
func (c *Call) lookupMedia(host string, port int) []netip.AddrPort {
	p := c.phone
	if _, err := netip.ParseAddr(host); err != nil && c.names.Add(1) > maxNames {
		return nil
	}
	ctx, stop := c.wanted(p.ctx)
	defer stop()
	return p.lookup(ctx, joinHostPort(host, port), capture.UDP, false)
}

// noteLimit notes an error that is a limit of this phone.
func (p *Phone) noteLimit(err error) {
	var limit media.LimitError
	if errors.As(err, &limit) {
		p.note(capture.PhoneLimit, limit.Error())
	}
}

// sdpBody gives the session description of a message, nil without one.
func sdpBody(m interface{ Body() []byte }) []byte {
	if b := m.Body(); len(b) > 0 {
		if _, err := sipmsg.ParseSDP(b); err == nil {
			return b
		}
	}
	return nil
}

// noteCodecs notes codecs of the account that this phone does not have.
func (p *Phone) noteCodecs() {
	for _, name := range media.Unknown(p.cfg.Codecs) {
		p.noteOnce(capture.PhoneLimit, "this test phone cannot do "+name+", which the account lists: it speaks "+media.Known(), 0)
	}
}
