package sipclient

import (
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
)

// What the stack is given at most, in messages. It keeps a request that came by UDP
// for 32 s, whatever became of it (RFC 3261 17.2), and begins a goroutine for each
// message: without a bound a flood would take all memory. No server of one phone
// comes near these figures; what is beyond them is on the tape like everything else.
const (
	requestBurst, requestRate = 600, 120  // at once, and each second
	answerBurst, answerRate   = 1000, 500 // an answer is soon forgotten
	// oneShare is the size of a message that counts as one; a larger one counts as
	// the packets that it fills.
	oneShare = 1500
)

// valve lets messages through at a bounded rate.
type valve struct {
	burst, rate float64

	mu   sync.Mutex
	used float64 // of the burst
	at   time.Time
}

// pass tells whether a message of a size may go through now.
func (v *valve) pass(size int, now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if gone := now.Sub(v.at).Seconds(); gone > 0 {
		v.used = max(0, v.used-gone*v.rate)
		v.at = now
	}
	cost := float64(1 + size/oneShare)
	if v.used+cost > v.burst {
		return false
	}
	v.used += cost
	return true
}

// noteFlood says once that messages were left out.
func (p *Phone) noteFlood() {
	p.noteOnce(capture.PhoneLimit, "this test phone could not handle all SIP messages: more arrived than it takes", 0)
}
