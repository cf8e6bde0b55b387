package sipclient

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/names"
)

// errNoAnswer: the transaction ended without a final answer (timer B or F, 32 s).
var errNoAnswer = errors.New("no answer")

// errRefused: the server's port is closed, as the system learned by ICMP.
var errRefused = errors.New("connection refused")

// domainURI is sip:domain[:port], the account's server as a URI.
func (p *Phone) domainURI() sip.Uri {
	host, port, err := names.SplitHostPort(p.cfg.Domain)
	if err != nil {
		host = p.cfg.Domain
	}
	return sip.Uri{Scheme: "sip", Host: host, Port: int(port), UriParams: sip.NewParams(), Headers: sip.NewParams()}
}

// identity is sip:user@domain, the address of record (RFC 3261 10.2). It keeps a
// port that the account's domain names, as most phones do: some servers know
// their own addresses by port only.
func (p *Phone) identity(user string) sip.Uri {
	uri := p.domainURI()
	uri.User = escape(user)
	return uri
}

// escape writes what no URI may hold as it is, letters beyond ASCII, as %HH of its
// UTF-8 form (RFC 3261 19.1.2, 25.1): servers take a bare one for a malformed message.
func escape(user string) string {
	var b strings.Builder
	for i := range len(user) {
		if c := user[i]; c >= 0x80 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// head is what all requests of one dialog or registration have in common.
type head struct {
	callID    string
	from, to  sip.Uri
	fromTag   string
	toTag     string
	fromLabel string
	route     []string // values of Route headers
}

// request builds a request with all headers that every request needs. It carries
// our socket's address and its destination, so that the stack never opens a
// socket or asks the name service by itself (traps 5, 18).
func (p *Phone) request(method sip.RequestMethod, target sip.Uri, h head, cseq uint32, w way) *sip.Request {
	target, route := loose(target, h.route)
	req := sip.NewRequest(method, target)
	via := &sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: w.net.String(), Host: w.local.Addr().String(), Port: int(w.local.Port()), Params: sip.NewParams()}
	via.Params.Add("branch", sip.GenerateBranchN(16))
	via.Params.Add("rport", "")
	req.AppendHeader(via)
	for _, r := range route {
		req.AppendHeader(sip.NewHeader("Route", r))
	}
	hops := sip.MaxForwardsHeader(70)
	req.AppendHeader(&hops)
	from := &sip.FromHeader{DisplayName: h.fromLabel, Address: h.from, Params: sip.NewParams()}
	from.Params.Add("tag", h.fromTag)
	req.AppendHeader(from)
	toh := &sip.ToHeader{Address: h.to, Params: sip.NewParams()}
	if h.toTag != "" {
		toh.Params.Add("tag", h.toTag)
	}
	req.AppendHeader(toh)
	id := sip.CallIDHeader(h.callID)
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: cseq, MethodName: method})
	req.AppendHeader(sip.NewHeader("User-Agent", userAgent))
	req.SetBody(nil)
	address(req, w)
	return req
}

// address fixes the way a request takes: from our end to the given address.
func address(req *sip.Request, w way) {
	req.SetTransport(w.net.String())
	req.Laddr = sip.Addr{IP: w.local.Addr().AsSlice(), Port: int(w.local.Port()), Hostname: w.local.Addr().String()}
	req.SetDestination(w.addr.String())
}

// again copies a request for another try: new branch, next CSeq number.
func again(req *sip.Request) *sip.Request {
	next := req.Clone()
	if via := next.Via(); via != nil {
		via.Params.Remove("branch")
		via.Params.Remove("rport")
		via.Params.Add("branch", sip.GenerateBranchN(16))
		via.Params.Add("rport", "")
	}
	if cseq := next.CSeq(); cseq != nil {
		cseq.SeqNo++
	}
	return next
}

// exchange is transact for a request that goes the way it has, whatever its size.
func (p *Phone) exchange(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	refusal, closed := p.refusals(), 0
	tx, err := p.begin(ctx, req, nil)
	if err != nil {
		return nil, err
	}
	defer tx.Terminate()
	for {
		select {
		case res := <-tx.Responses():
			if res.StatusCode >= 200 {
				return res, nil
			}
		case <-refusal:
			if closed++; closed >= p.enough() {
				return nil, errRefused
			}
			refusal = p.refusals()
		case <-tx.Done():
			return nil, errNoAnswer
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-p.ctx.Done():
			return nil, ErrClosed
		}
	}
}

// begin starts a client transaction. again, if given, gets the answers that come
// after the final one (RFC 6026).
func (p *Phone) begin(ctx context.Context, req *sip.Request, again func(*sip.Response)) (tx *sip.ClientTx, err error) {
	err = p.sending(func() error {
		if tx, err = p.ua.TransactionLayer().NewClientTransaction(ctx, req); err != nil {
			return err
		}
		if again != nil {
			tx.OnRetransmission(again)
		}
		if err = tx.Init(); err != nil {
			tx.Terminate()
			p.noteSend(req, err)
		}
		return err
	})
	p.keepAlive()
	return tx, err
}

// converse is transact with credentials: it answers challenges until the answer
// is final, and gives the last request sent beside the last answer.
func (p *Phone) converse(ctx context.Context, req *sip.Request) (*sip.Response, *sip.Request, error) {
	return p.converseWith(ctx, req, p.auth.round())
}

// converseWith is converse for a caller that asks the round how it went.
func (p *Phone) converseWith(ctx context.Context, req *sip.Request, round *authRound) (*sip.Response, *sip.Request, error) {
	defer round.end()
	for {
		res, err := p.transact(ctx, req)
		if err != nil {
			return nil, req, err
		}
		next := round.answer(ctx, p, req, res)
		switch {
		case round.late && ctx.Err() == nil:
			return nil, req, ErrClosed
		case round.late:
			return nil, req, ctx.Err()
		case next == nil:
			return res, req, nil
		}
		req = next
	}
}

// send writes a request that has no transaction (the ACK of a 2xx).
func (p *Phone) send(req *sip.Request) {
	p.prepare(p.ctx, req)
	err := p.sending(func() error { return p.ua.TransportLayer().WriteMsg(req.Clone()) })
	if err != nil {
		p.noteSend(req, err)
	}
}

// noteSend says on the tape that a request never left, which is our own limit.
func (p *Phone) noteSend(req *sip.Request, err error) {
	if errors.Is(err, sip.ErrUDPMTUCongestion) {
		p.note(capture.PhoneLimit, "this test phone did not send "+string(req.Method)+": it was too large for a UDP packet")
	}
}

// headerValues gives a header's values as they stood on the wire.
func headerValues(m sip.Message, name string) []string {
	var list []string
	for _, h := range m.GetHeaders(name) {
		list = append(list, h.Value())
	}
	return list
}

// splitList splits a comma list of a header, not inside quotes or angle brackets.
func splitList(s string) []string {
	var list []string
	quoted, angle, from := false, false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case c == ',' && !angle:
			list = append(list, strings.TrimSpace(s[from:i]))
			from = i + 1
		}
	}
	if rest := strings.TrimSpace(s[from:]); rest != "" {
		list = append(list, rest)
	}
	return list
}
