package sipclient

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

const (
	// keyTime is how long a key counts as pressed, in the words of INFO.
	keyTime = 160 * time.Millisecond
	// keyAnswer bounds the wait for the answer to one key.
	keyAnswer = 4 * time.Second
)

// SendInfoDTMF presses keys (0-9, *, #, A-D) by one INFO each, the next when the last
// is answered. An error says what kept a key from being taken: the call goes on, unless
// the other side no longer knows it.
func (c *Call) SendInfoDTMF(ctx context.Context, digits string) error {
	digits = strings.ToUpper(digits)
	if digits == "" || strings.Trim(digits, "0123456789*#ABCD") != "" {
		return fmt.Errorf("%q holds something that is no key of a telephone: use 0 to 9, *, #, A to D", digits)
	}
	d := c.established()
	if c.State() != Answered || d == nil {
		return errors.New("the call is not up: keys can be pressed once it is answered")
	}
	for i, key := range digits {
		if i > 0 {
			select {
			case <-time.After(keyTime):
			case <-ctx.Done():
				return ctx.Err()
			case <-c.over:
				return errNotAnswered
			}
		}
		if err := c.infoKey(ctx, d, string(key)); err != nil {
			return err
		}
	}
	return nil
}

// infoKey sends one key and gives what became of it.
func (c *Call) infoKey(ctx context.Context, d *dialog, key string) error {
	p := c.phone
	ctx, stop := context.WithTimeout(ctx, keyAnswer)
	defer stop()
	defer context.AfterFunc(p.leaving, stop)()
	info := p.inDialog(d, sip.INFO)
	info.AppendHeader(sip.NewHeader("Content-Type", "application/dtmf-relay"))
	info.SetBody(fmt.Appendf(nil, "Signal=%s\r\nDuration=%d\r\n", key, keyTime.Milliseconds()))
	res, last, err := p.converse(ctx, info)
	d.used(last)
	switch {
	case err != nil:
		return fmt.Errorf("the key %s was not answered: %w", key, err)
	case res.StatusCode == 481, res.StatusCode == 408:
		c.hangOnce.Do(func() { close(c.hang) }) // the other side has lost the call (RFC 3261 12.2.1.2)
	}
	if !res.IsSuccess() {
		return fmt.Errorf("the other side refused the key %s with %d %s", key, res.StatusCode, res.Reason)
	}
	return nil
}
