package sipclient

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
)

// branch is one early dialog of a call (RFC 3261 12.1): what one of the phones that
// ring has said before the call is answered. An incoming call has one, the caller's.
type branch struct {
	d       *dialog
	invite  uint32        // number of the INVITE that made it
	body    []byte        // the other side's last description; nil: none yet
	updated bool          // that came in an UPDATE, and an older one does not undo it
	rseq    uint32        // number of the last reliable answer taken; 0: none
	through chan struct{} // closed when the PRACK sent last came to its end
}

// maxBranches is how many early dialogs of one call are followed.
const maxBranches = 32

// branchOf gives the early dialog that a provisional answer makes or belongs to; nil
// when it makes none. Another INVITE (with credentials, to another server) begins anew.
func (c *Call) branchOf(invite *sip.Request, res *sip.Response) *branch {
	if res.StatusCode <= 100 || res.To() == nil {
		return nil
	}
	tag, _ := res.To().Params.Get("tag")
	seq := invite.CSeq().SeqNo
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := c.branches[tag]; b != nil && b.invite == seq {
		b.d.mu.Lock()
		b.d.retarget(res)
		b.d.mu.Unlock()
		return b
	}
	if tag == "" || len(c.branches) >= maxBranches {
		return nil
	}
	b := &branch{d: outgoing(invite, res), invite: seq}
	b.d.next = wayOf(invite).hop
	c.branches[tag] = b
	return b
}

// branchTagged gives the early dialog with a To tag, nil when there is none.
func (c *Call) branchTagged(tag string) *branch {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.branches[tag]
}

// said gives the description that counts for an answer: its own, or what its branch
// said before. Many servers leave it out of the 200, and a branch that rang first may
// have described itself since, so that the sound follows the one that answers.
func (c *Call) said(res *sip.Response) []byte {
	body := sdpBody(res)
	tag, _ := res.To().Params.Get("tag")
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := c.branches[tag]; b != nil && b.body != nil && (body == nil || b.updated) {
		return b.body
	}
	return body
}

// described tells whether the branch of an early dialog has described its sound.
func (c *Call) described(d *dialog) bool {
	b := c.branchTagged(d.remoteTag())
	return b != nil && b.body != nil
}

// redescribe takes over the description in an UPDATE before the answer.
func (c *Call) redescribe(d *dialog, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := c.branches[d.remoteTag()]; b != nil {
		b.body, b.updated = body, true
	}
}

// provisional takes a 1xx: the state, early media wherever its SDP comes (180 or
// 183, any branch; trap 14), and the PRACK that a reliable one asks for.
func (c *Call) provisional(invite *sip.Request, res *sip.Response) {
	b := c.branchOf(invite, res)
	if !c.confirm(b, res) {
		return
	}
	if res.StatusCode > 100 {
		c.reach(Ringing)
	} else {
		c.reach(Trying)
	}
	body := sdpBody(res)
	if body == nil {
		return
	}
	if b != nil {
		c.mu.Lock()
		old := b.updated
		if !old {
			b.body = body
		}
		c.mu.Unlock()
		if old {
			return
		}
	}
	if m := c.line(); m != nil {
		_ = m.Early(body) // a description that is no use early is judged at the answer
	}
}

// confirm sends the PRACK of a reliable answer (RFC 3262 4). It is false for a copy
// of one that has its PRACK, and for one ahead of its turn, which comes again.
func (c *Call) confirm(b *branch, res *sip.Response) bool {
	rseq, ok := reliable(res)
	if b == nil || !ok {
		return true
	}
	c.mu.Lock()
	if b.rseq != 0 && rseq != b.rseq+1 {
		c.mu.Unlock()
		return false
	}
	before, through := b.through, make(chan struct{})
	b.rseq, b.through = rseq, through
	c.mu.Unlock()
	rack := strconv.FormatUint(uint64(rseq), 10) + " " + strconv.FormatUint(uint64(b.invite), 10) + " INVITE"
	c.phone.inBackground(func() {
		defer close(through)
		c.prack(b.d, before, rack)
	})
	return true
}

// reliable gives the number of a provisional answer that wants a PRACK.
func reliable(res *sip.Response) (rseq uint32, ok bool) {
	if res.StatusCode <= 100 || res.StatusCode >= 200 || !requires(res, "100rel") {
		return 0, false
	}
	n, err := strconv.ParseUint(strings.TrimSpace(firstValue(res, "RSeq")), 10, 32)
	return uint32(n), err == nil && n > 0
}

// prackTime is how long a PRACK is repeated (64 times T1, RFC 3261 17.1.2.2).
const prackTime = 32 * time.Second

// prack sends one PRACK, after the one before, with credentials where the server
// wants them. One that is refused or not answered stands on the tape; the call goes on.
func (c *Call) prack(d *dialog, before <-chan struct{}, rack string) {
	p := c.phone
	ctx, stop := context.WithTimeout(p.ctx, prackTime)
	defer stop()
	defer context.AfterFunc(p.leaving, stop)()
	if before != nil {
		select {
		case <-before:
		case <-ctx.Done():
			return
		}
	}
	p.direct(ctx, d)
	req := p.inDialog(d, sip.PRACK)
	req.AppendHeader(sip.NewHeader("RAck", rack))
	_, last, err := p.converse(ctx, req)
	d.used(last)
	if errors.Is(err, errNoAnswer) || errors.Is(err, context.DeadlineExceeded) {
		p.note(capture.PhoneGaveUp, "PRACK "+c.id)
	}
}
