package wizard

import (
	"net/netip"
	"slices"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// Recent leaves of a rolling tape what counts for what just happened: everything since a
// moment, and of what was before it the messages of calls that went on until then or are
// still up, and those of the last sign-in.
func Recent(records []capture.Record, since time.Time) []capture.Record {
	if len(records) == 0 || !records[0].Time().Before(since) {
		return records
	}
	var b evidence.Builder
	for _, r := range records {
		b.Add(r)
	}
	wanted := wantedMessages(b.Evidence(), since)
	var kept []capture.Record
	follows := map[way]bool{} // whether what came next on a connection is kept
	for _, r := range slices.Backward(records) {
		p := r.Packet
		if p == nil || !r.Time().Before(since) {
			if p != nil || r.Note.Kind != capture.KindLimit || !r.Time().Before(since) {
				kept = append(kept, r)
			}
			if p != nil {
				follows[wayOf(p)] = true
			}
			continue
		}
		keep, isMessage := wanted[r.N]
		if !isMessage { // sound, or a piece of the message that ends further on
			keep = p.Net != capture.UDP && p.Net != capture.ICMP && follows[wayOf(p)]
		}
		follows[wayOf(p)] = keep
		if keep {
			kept = append(kept, r)
		}
	}
	slices.Reverse(kept)
	return kept
}

// way is a direction of a connection.
type way struct {
	net      capture.Net
	src, dst netip.AddrPort
}

func wayOf(p *capture.Packet) way { return way{p.Net, p.Src, p.Dst} }

// wantedMessages tells of each record with a message whether it is kept though it is old.
func wantedMessages(e *evidence.Evidence, since time.Time) map[int]bool {
	calls := map[string]bool{}
	for _, c := range e.Calls {
		calls[c.ID] = goesOn(c, since)
	}
	signIns := map[*evidence.Message]bool{}
	if n := len(e.Registrations); n > 0 {
		list := e.Registrations[n-1].Transactions
		for _, t := range list[max(0, len(list)-2):] { // the challenge, and what answered it
			signIns[t.Request] = true
			for _, m := range t.Responses {
				signIns[m] = true
			}
		}
	}
	wanted := map[int]bool{}
	for _, m := range e.Messages {
		keep := calls[m.CallID()] || signIns[m]
		wanted[m.N] = wanted[m.N] || keep // several may have come in one piece
		for _, c := range m.Copies {
			wanted[c.N] = wanted[c.N] || keep
		}
	}
	return wanted
}

// goesOn tells that a call was not over at a moment.
func goesOn(c *evidence.Call, since time.Time) bool {
	if c.Bye == nil && (c.Answer != nil || c.Final == nil && c.Cancel == nil) {
		return true
	}
	return !c.Ended.Before(since)
}
