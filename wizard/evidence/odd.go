package evidence

import "time"

// maxOdd bounds the list of odd packets: a capture of a whole network holds
// millions that are no business of a phone.
const maxOdd = 1000

// oddities collects what could not be understood, once for each flow and reason.
type oddities struct {
	list  []*Odd
	known map[oddKey]*Odd
	over  int
}

type oddKey struct {
	flow
	text string
}

func (o *oddities) add(p *packet, text string) { o.note(p.n, p.at, p.flow, text) }

func (o *oddities) note(n int, at time.Time, f flow, text string) {
	key := oddKey{f, text}
	if odd := o.known[key]; odd != nil {
		odd.Count++
		return
	}
	if len(o.list) >= maxOdd {
		o.over++
		return
	}
	if o.known == nil {
		o.known = make(map[oddKey]*Odd)
	}
	odd := &Odd{N: n, Time: at, From: f.from, To: f.to, Text: text, Count: 1}
	o.known[key] = odd
	o.list = append(o.list, odd)
}
