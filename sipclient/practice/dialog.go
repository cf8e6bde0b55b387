package practice

// onInDialog takes a request inside a dialog (RFC 3261 12.2.2).
func (p *PBX) onInDialog(tx *transaction) {
	c := p.find(tx.request.CallID())
	if c == nil {
		tx.respond(reply{code: 481, phrase: "Call/Transaction Does Not Exist"}, nil)
		return
	}
	switch tx.request.Method {
	case "BYE":
		tx.respond(reply{code: 200, phrase: "OK"}, nil)
		if c.tx != nil {
			c.tx.settle() // whoever hangs up has heard our answer
		}
		c.over()
	case "INVITE", "UPDATE":
		c.onChange(tx)
	case "INFO", "OPTIONS", "PRACK":
		tx.respond(reply{code: 200, phrase: "OK"}, nil)
	default:
		tx.respond(reply{code: 405, phrase: "Method Not Allowed", headers: []string{"Allow: " + allowed}}, nil)
	}
}

// onChange takes a re-INVITE or UPDATE of the phone: new target, and a new
// session description where there is one (RFC 3264 8).
func (c *call) onChange(tx *transaction) {
	c.retarget(tx.request)
	offer := audioOf(tx.request)
	switch {
	case offer != nil && c.media.change(offer) == nil:
		c.media.refuse(refusalsFor(tx.request))
		tx.respond(reply{code: 200, phrase: "OK"}, c.media.describe(answering(offer.Direction)))
	case offer != nil:
		tx.respond(reply{code: 488, phrase: "Not Acceptable Here"}, nil)
	case tx.request.Method == "INVITE": // a late offer: ours goes out in the 200
		tx.respond(reply{code: 200, phrase: "OK"}, c.media.describe(""))
	default:
		tx.respond(reply{code: 200, phrase: "OK"}, nil)
	}
}

// onCancel ends a call that was not answered yet (RFC 3261 9.2).
func (p *PBX) onCancel(tx *transaction) {
	p.mu.Lock()
	invite := p.txs[transactionKey(tx.via, "INVITE")]
	p.mu.Unlock()
	switch {
	case p.fault.call.silent: // ignored like the INVITE
		return
	case invite == nil:
		tx.respond(reply{code: 481, phrase: "Call/Transaction Does Not Exist"}, nil)
		return
	}
	tx.respond(reply{code: 200, phrase: "OK"}, nil)
	if !invite.respond(reply{code: 487, phrase: "Request Terminated"}, nil) {
		return // too late: there is a final answer already
	}
	if c := p.find(invite.request.CallID()); c != nil {
		c.over()
	}
}

// find gives the call with this Call-ID, nil without one.
func (p *PBX) find(id string) *call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[id]
}
