package probe

import (
	"context"
	"time"

	"softphonedoctor/sipclient/capture"
)

// patienceTCP lets a lost segment be sent again twice.
const patienceTCP = 2 * time.Second

// stepsTCP lie below and around what one segment holds.
var stepsTCP = []int{600, 800, 1000, 1200, 1300, 1400, 1500}

// climbTCP measures how long requests may be over TCP: where routers cannot pass long
// packets on and do not say so, a connection stands and stalls (RFC 2923 2.1).
func climbTCP(ctx context.Context, b *Bench) {
	d, err := b.visit(ctx, capture.ProbeTCP)
	if err != nil || d.Err != nil {
		b.NotChecked(capture.ProbeSizeTCP, "no short request was answered over TCP")
		return
	}
	c := &climb{small: len(d.Reply.Sent), grow: len(d.Reply.Raw) - len(b.padded(d.From, capture.TCP, 0, true))}
	c.ask = func(ctx context.Context, size int, echo bool) (Reply, error) {
		limited, stop := context.WithTimeout(ctx, patienceTCP)
		defer stop()
		conn, err := b.dialTCP(limited, d.Server)
		if err != nil {
			return Reply{}, err
		}
		defer conn.Close()
		return askStream(limited, conn, b.padded(streamEnd(conn), capture.TCP, size, echo))
	}
	c.all(ctx, true, topSize)
	if yes, _ := c.arrived(topSize); !yes {
		c.all(ctx, false, append(between(stepsTCP, c.small, topSize), topSize)...)
	}
	c.say(b, capture.ProbeSizeTCP, d.Server, 0)
}
