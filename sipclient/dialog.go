package sipclient

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"
)

// dialog is what the requests inside a call need to know (RFC 3261 12).
type dialog struct {
	mu        sync.Mutex
	head      head
	target    sip.Uri // the other side's Contact
	cseq      uint32
	remoteSeq uint32
	next      hop // where requests go
}

// outgoing makes the dialog that an answer to our INVITE opens (12.1.2).
func outgoing(invite *sip.Request, res *sip.Response) *dialog {
	d := &dialog{head: head{callID: invite.CallID().Value(), from: invite.From().Address, fromLabel: invite.From().DisplayName, to: invite.To().Address}, target: invite.Recipient}
	d.head.fromTag, _ = invite.From().Params.Get("tag")
	d.head.toTag, _ = res.To().Params.Get("tag")
	d.cseq = invite.CSeq().SeqNo
	d.follow(res)
	return d
}

// follow takes over the route and the Contact of an answer to our INVITE. Those of
// the 2xx replace what a provisional answer said (13.2.2.4).
func (d *dialog) follow(res *sip.Response) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.head.route = nil
	routes := recordRoute(res)
	for i := len(routes) - 1; i >= 0; i-- {
		d.head.route = append(d.head.route, routes[i])
	}
	d.retarget(res)
}

// dialogOut gives the dialog that a 2xx to our INVITE establishes: the early one with
// the same tag goes on, for its requests are numbered already.
func (c *Call) dialogOut(invite *sip.Request, res *sip.Response) *dialog {
	d := outgoing(invite, res)
	if b := c.branchTagged(d.remoteTag()); b != nil && b.invite == invite.CSeq().SeqNo {
		b.d.follow(res)
		d = b.d
	}
	c.phone.direct(c.phone.ctx, d)
	return d
}

// direct finds where requests inside a dialog go; it may ask the name service.
func (p *Phone) direct(ctx context.Context, d *dialog) {
	d.mu.Lock()
	moved := dialog{head: d.head, target: d.target}
	d.mu.Unlock()
	next := p.nextHop(ctx, &moved)
	d.mu.Lock()
	d.next = next
	d.mu.Unlock()
}

// incoming makes the dialog that our answer to an INVITE opens (12.1.1).
func incoming(invite *sip.Request, localTag string) *dialog {
	d := &dialog{head: head{callID: invite.CallID().Value(), from: invite.To().Address, to: invite.From().Address, fromTag: localTag}}
	d.head.toTag, _ = invite.From().Params.Get("tag")
	d.head.route = recordRoute(invite)
	d.remoteSeq = invite.CSeq().SeqNo
	d.target = invite.From().Address
	d.retarget(invite)
	return d
}

// retarget takes over the Contact of a message, if it has a usable one.
func (d *dialog) retarget(m interface{ Contact() *sip.ContactHeader }) {
	if c := m.Contact(); c != nil && c.Address.Host != "" && !c.Address.Wildcard {
		d.target = *c.Address.Clone()
		d.target.Headers = sip.NewParams()
	}
}

// remoteTag is the other side's tag.
func (d *dialog) remoteTag() string { return d.head.toTag }

// request builds the next request inside the dialog; an ACK takes the number of
// its INVITE.
func (p *Phone) inDialog(d *dialog, method sip.RequestMethod) *sip.Request {
	d.mu.Lock()
	next := d.next
	d.mu.Unlock()
	w := p.inside(next) // may take a connection
	d.mu.Lock()
	defer d.mu.Unlock()
	if method != sip.ACK {
		d.cseq++
	}
	return p.request(method, d.target, d.head, d.cseq, w)
}

// used takes over the CSeq number that a repeat with credentials has used.
func (d *dialog) used(req *sip.Request) {
	if c := req.CSeq(); c != nil {
		d.mu.Lock()
		d.cseq = max(d.cseq, c.SeqNo)
		d.mu.Unlock()
	}
}

func joinHostPort(host string, port int) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(port)
}

// recordRoute lists the Record-Route values of a message in order, one URI each.
func recordRoute(m sip.Message) []string {
	var list []string
	for _, line := range headerValues(m, "Record-Route") {
		list = append(list, splitList(line)...)
	}
	return list
}
