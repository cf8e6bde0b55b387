package practice

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

// transaction is a request and our answers to it (RFC 3261 17.2). It stays in
// the table so that a repeated request gets the same bytes again.
type transaction struct {
	pbx     *PBX
	from    peer
	request *sipmsg.Message
	via     sipmsg.Via // the topmost one
	began   time.Time
	nat     int // the port that a moving NAT gave this request, 0: the true one

	acked   chan struct{}
	ackOnce sync.Once

	mu    sync.Mutex
	last  []byte
	final int // code of the final answer, 0 while there is none
}

// maxTransactions bounds the table; beyond it, finished ones that nobody can
// repeat any more give way.
const maxTransactions = 2000

// transaction finds the request's transaction, or begins one (fresh).
func (p *PBX) transaction(from peer, m *sipmsg.Message) (tx *transaction, fresh bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var via sipmsg.Via
	if vias := m.Vias(); len(vias) > 0 {
		via = vias[0]
	}
	key := transactionKey(via, m.Method)
	if tx = p.txs[key]; tx != nil {
		return tx, false
	}
	if len(p.txs) >= maxTransactions {
		for k, old := range p.txs {
			if time.Since(old.began) > patience {
				delete(p.txs, k)
			}
		}
	}
	tx = &transaction{
		pbx: p, from: from, request: m, via: via, began: time.Now(),
		acked: make(chan struct{}),
	}
	if p.fault.natMoves && m.Method == "REGISTER" {
		p.nats++
		tx.nat = 1024 + (int(from.addr.Port())+137*p.nats)%60000
	}
	p.txs[key] = tx
	return tx, true
}

// transactionKey tells requests apart as RFC 3261 17.2.3 says.
func transactionKey(v sipmsg.Via, method string) string {
	return fmt.Sprintf("%s %s %d %s", v.Branch, v.Host, v.Port, method)
}

// again repeats the last answer for a repeated request.
func (tx *transaction) again() {
	tx.mu.Lock()
	last := tx.last
	tx.mu.Unlock()
	if last != nil {
		tx.reply(last)
	}
}

// reply sends bytes to where the Via of the request wants them (RFC 3581 4,
// RFC 3261 18.2.2).
func (tx *transaction) reply(data []byte) {
	to := tx.from
	if to.line == nil && !tx.via.HasRPort {
		port := tx.via.Port
		if port == 0 {
			port = 5060
		}
		to.addr = netip.AddrPortFrom(to.addr.Addr(), uint16(port))
	}
	to.send(data)
}

// respond sends an answer. A final answer to INVITE is repeated until its ACK
// comes (RFC 3261 13.3.1.4 and 17.2.1). A second final answer is not sent; ok
// is false then.
func (tx *transaction) respond(r reply, body []byte) (ok bool) {
	data := tx.build(r, body).Bytes()
	tx.mu.Lock()
	if tx.final != 0 {
		tx.mu.Unlock()
		return false
	}
	tx.last = data
	if r.code >= 200 {
		tx.final = r.code
	}
	tx.mu.Unlock()
	tx.reply(data)
	// A connection loses no refusal, but a 2xx is the answer of the far end.
	if r.code >= 200 && tx.request.Method == "INVITE" && (tx.from.line == nil || r.code < 300) {
		tx.pbx.spawn(func() { tx.repeat(data) })
	}
	return true
}

// repeat resends a final answer at T1, 2 T1 ... T2 until it is acknowledged.
func (tx *transaction) repeat(data []byte) {
	end := time.NewTimer(patience)
	defer end.Stop()
	for wait := t1; ; wait = min(2*wait, t2) {
		next := time.NewTimer(wait)
		select {
		case <-next.C:
			tx.reply(data)
			continue
		case <-tx.acked:
		case <-end.C:
		case <-tx.pbx.ctx.Done():
		}
		next.Stop()
		return
	}
}

// settle ends the repeating of the final answer.
func (tx *transaction) settle() { tx.ackOnce.Do(func() { close(tx.acked) }) }

// onAck ends the repeating of the answer that the ACK is for. It is found by
// Call-ID and CSeq, which serves the ACK of a 2xx (its own branch) as well as
// that of a refusal.
func (p *PBX) onAck(m *sipmsg.Message) {
	number, _, _ := m.CSeq()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, tx := range p.txs {
		if tx.request.Method != "INVITE" || tx.request.CallID() != m.CallID() {
			continue
		}
		if n, _, _ := tx.request.CSeq(); n == number {
			tx.settle()
		}
	}
	if c := p.calls[m.CallID()]; c != nil {
		if answer := audioOf(m); answer != nil {
			_ = c.media.change(answer) // the answer to a late offer (RFC 3261 13.2.2.4); without one we stay silent
		}
	}
}
