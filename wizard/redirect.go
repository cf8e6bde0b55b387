package wizard

import (
	"context"
	"strings"
)

// pending is a question that the phone asks beside the steps.
type pending struct{ answered chan struct{} }

// FollowRedirect asks the person whether a call that the server sends on may go to an
// address, and writes the answer onto the tape. Without an answer it may not. The
// phone calls it while a step waits for the call; the step then waits for the person, too.
func (s *Session) FollowRedirect(ctx context.Context, to string) bool {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	p := &pending{make(chan struct{})}
	s.mu.Lock()
	s.pending = p
	s.mu.Unlock()
	defer close(p.answered)
	q := askFollowRedirect
	q.Text = "The server sends this call on to " + whom(to) + ". Should the test phone call there?"
	return s.ask(ctx, q) == "yes"
}

// askedMeanwhile waits for the answer to a question that the phone asked since the
// last time, and tells whether there was one.
func (s *Session) askedMeanwhile(ctx context.Context) bool {
	s.mu.Lock()
	p := s.pending
	s.pending = nil
	s.mu.Unlock()
	if p == nil {
		return false
	}
	select {
	case <-p.answered:
	case <-ctx.Done():
	}
	return true
}

// whom gives an address as a person writes it: without the scheme and parameters.
func whom(uri string) string {
	for _, scheme := range []string{"sips:", "sip:", "tel:"} {
		uri = strings.TrimPrefix(uri, scheme)
	}
	uri, _, _ = strings.Cut(uri, ";")
	return uri
}
