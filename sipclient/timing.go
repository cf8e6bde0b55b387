package sipclient

import (
	"time"
)

// timing holds the waits that tests shorten.
type timing struct {
	register time.Duration // silence after which Register returns
	options  time.Duration // silence after which Options returns
	probe    time.Duration // silence after which a closed port is probed for
	refresh  time.Duration // shortest time between two refreshes, however little is granted
	retry    time.Duration // first wait before a failed refresh is tried again
	ack      time.Duration // how long a 200 is repeated without an ACK
	first    time.Duration // before the first RTCP report, least interval (RFC 3550 6.2)
	report   time.Duration // between RTCP reports, likewise
	pong     time.Duration // silence after which a ping counts as unanswered (RFC 5626 4.4.1)
	rejoin   time.Duration // first wait before a lost connection is made again
	session  time.Duration // shortest session interval that is taken (RFC 4028 4)
	place    time.Duration // silence after which a call is tried at the server's next address
}

var standardTiming = timing{
	register: 8 * time.Second,
	options:  4 * time.Second,
	probe:    time.Second,
	refresh:  5 * time.Second,
	retry:    30 * time.Second,
	ack:      32 * time.Second,
	first:    2500 * time.Millisecond,
	report:   5 * time.Second,
	pong:     10 * time.Second,
	rejoin:   time.Second,
	session:  90 * time.Second,
	place:    4 * time.Second,
}
