package session

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/report"
)

// stand begins to stand between and gives where, and what ends it with its verdict.
func stand(t *testing.T, server string) (netip.AddrPort, func() (*report.Report, *capture.Tape, error)) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	at := make(chan netip.AddrPort, 1)
	type result struct {
		rep  *report.Report
		tape *capture.Tape
		err  error
	}
	done := make(chan result, 1)
	go func() {
		rep, tape, err := Between(ctx, BetweenRequest{Server: server, Ready: func(a netip.AddrPort) { at <- a },
			Heard: func(_ time.Time, text string) { t.Log(text) }})
		done <- result{rep, tape, err}
	}()
	select {
	case a := <-at:
		return a, func() (*report.Report, *capture.Tape, error) { stop(); r := <-done; return r.rep, r.tape, r.err }
	case r := <-done:
		stop()
		require.NoError(t, r.err)
	}
	return netip.AddrPort{}, nil
}

// TestBetween: a softphone whose outbound proxy we are signs in, calls and is called as
// before, and what is wrong with its account is named by the same rules.
func TestBetween(t *testing.T) {
	for fault, c := range map[string]struct {
		situation, cause string
		verdict          report.Verdict
	}{
		"healthy":                   {situation: "one-way-audio", verdict: report.Healthy},
		"account-credentials-wrong": {situation: "registration", cause: "account-credentials-wrong", verdict: report.Problem},
		"audio-in-silent":           {situation: "one-way-audio", cause: "audio-in-silent", verdict: report.Problem},
		"loss-in":                   {situation: "quality", cause: "loss-in", verdict: report.Problem},
		"callee-busy":               {situation: "no-ringback"},
		"ack-missing":               {situation: "cannot-answer", cause: "ack-missing", verdict: report.Problem},
	} {
		t.Run(fault, func(t *testing.T) {
			id := fault
			if _, known := find(id); !known {
				id = ""
			}
			p, err := StartPractice(id)
			require.NoError(t, err)
			defer p.Close()
			at, end := stand(t, p.Account.Domain)
			softphone := p.Account
			softphone.Proxy = at.String()
			r := Request{Account: softphone, Situation: c.situation, Target: p.Target, Person: Answers(p.Answers), CallWait: 5 * time.Second}
			check, err := NewCheck(r)
			require.NoError(t, err)
			own, err := check.Run(t.Context())
			require.NoError(t, err)
			rep, tape, err := end()
			require.NoError(t, err)
			cause := ""
			if root := rep.Root(); root != nil {
				cause = root.Rule.Cause
			}
			t.Logf("the phone itself says %s, between says %s %q", own.Verdict, rep.Verdict, cause)
			if c.cause != "" || c.verdict != "" {
				require.Equal(t, c.cause, cause)
				require.Equal(t, c.verdict, rep.Verdict)
			}
			require.Equal(t, own.Verdict, rep.Verdict)
			// The network sees one phone, at one address, and nothing twice.
			for _, rec := range tape.From(0) {
				if q := rec.Packet; q != nil {
					require.False(t, q.Src == at || q.Dst == at, "the softphone's own side is on the tape")
				}
			}
		})
	}
}

// TestBetweenNobody: a proxy that nobody used says what to do.
func TestBetweenNobody(t *testing.T) {
	p, err := StartPractice("")
	require.NoError(t, err)
	defer p.Close()
	_, end := stand(t, p.Account.Domain)
	_, _, err = end()
	require.ErrorIs(t, err, errNobodyCame)
}

func find(id string) (string, bool) {
	for _, f := range Practices() {
		if f.ID() == id {
			return f.ID(), true
		}
	}
	return "", false
}
