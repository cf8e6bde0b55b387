package sipclient

import (
	"context"
	"errors"

	"softphonedoctor/sipclient/media"
)

// ErrNoEvents: the other side did not agree to keys as events (RFC 4733).
var ErrNoEvents = media.ErrNoEvents

// SendDigits sends keys (0 to 9, *, #, A to D) as events of RFC 4733, and returns when
// the last one is out. ErrNoEvents says that the other side did not agree to them,
// media.ErrQuiet that no sound flows from us, on hold for example. Each key sounds for
// 100 ms, with 100 ms between two; our own sound pauses meanwhile.
func (c *Call) SendDigits(ctx context.Context, digits string) error {
	return c.sendDigits(ctx, digits, false)
}

// SendTones sends keys as sound, in the codec of the call.
func (c *Call) SendTones(ctx context.Context, digits string) error {
	return c.sendDigits(ctx, digits, true)
}

func (c *Call) sendDigits(ctx context.Context, digits string, asSound bool) error {
	m := c.line()
	if c.State() != Answered || m == nil {
		return errors.New("the call is not up: digits can be sent once it is answered")
	}
	return m.SendDigits(ctx, digits, asSound)
}
