package session

import (
	"context"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/report"
)

// stand begins to stand between and gives where, what judges until now, and what ends it
// with its verdict.
func stand(t *testing.T, r BetweenRequest) (at netip.AddrPort, now, end func() (*report.Report, []capture.Record, error)) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r.Heard = func(e BetweenEvent) { t.Log(e.Text) }
	b, err := StandBetween(ctx, r)
	require.NoError(t, err)
	done := make(chan struct{})
	go func() { defer close(done); b.Serve(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return b.At(), b.Judge, func() (*report.Report, []capture.Record, error) { stop(); <-done; return b.Judge() }
}

// TestBetween: a softphone whose outbound proxy we are signs in, calls and is called as
// before, and what is wrong with its account is named by the same rules.
func TestBetween(t *testing.T) {
	t.Parallel()
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
			takePlace(t)
			id := fault
			if _, known := find(id); !known {
				id = ""
			}
			p, err := StartPractice(id)
			require.NoError(t, err)
			defer p.Close()
			at, _, end := stand(t, BetweenRequest{Server: p.Account.Domain})
			softphone := p.Account
			softphone.Proxy = at.String()
			r := Request{Account: softphone, Situation: c.situation, Target: p.Target, Person: Answers(p.Answers), CallWait: 5 * time.Second}
			check, err := NewCheck(r)
			require.NoError(t, err)
			own, err := check.Run(t.Context())
			require.NoError(t, err)
			rep, records, err := end()
			require.NoError(t, err)
			cause := ""
			if root := rep.Root(); root != nil {
				cause = root.Rule.Cause
			}
			t.Logf("the phone itself says %s %q, between says %s %q", own.Verdict, causes(own), rep.Verdict, cause)
			if c.cause != "" || c.verdict != "" {
				require.Equal(t, c.cause, cause)
				require.Equal(t, c.verdict, rep.Verdict)
			}
			require.Equal(t, own.Verdict, rep.Verdict)
			holdsNoProof(t, rep, records, softphone.Password)
			// The network sees one phone, at one address, and nothing twice.
			for _, rec := range records {
				if q := rec.Packet; q != nil {
					require.False(t, q.Src == at || q.Dst == at, "the softphone's own side is on the tape")
				}
			}
		})
	}
}

// holdsNoProof saves what was seen, masked and with everything, and wants neither the
// password nor what proves it in any file.
func holdsNoProof(t *testing.T, rep *report.Report, records []capture.Record, password string) {
	t.Helper()
	secrets := []string{password}
	for _, r := range records {
		if r.Packet != nil {
			for _, m := range digestResponse.FindAllSubmatch(r.Packet.Data, -1) {
				secrets = append(secrets, string(m[1]))
			}
		}
	}
	require.Greater(t, len(secrets), 1, "nobody proved a password")
	for _, everything := range []bool{false, true} {
		packed, err := Pack(rep, records, everything)
		require.NoError(t, err)
		var preview strings.Builder
		require.NoError(t, packed.Preview(&preview))
		for _, m := range append(packed.members, member{"preview", []byte(preview.String())}) {
			for _, s := range secrets {
				require.NotContains(t, string(m.data), s, "%s, everything %t", m.name, everything)
			}
		}
	}
}

var digestResponse = regexp.MustCompile(`response="([0-9a-f]{32,})"`)

// TestBetweenNobody: a proxy that nobody used says what to do.
func TestBetweenNobody(t *testing.T) {
	p, err := StartPractice("")
	require.NoError(t, err)
	defer p.Close()
	_, _, end := stand(t, BetweenRequest{Server: p.Account.Domain})
	_, _, err = end()
	require.ErrorIs(t, err, ErrNobodyCame)
}

// TestBetweenRolls: in the background only the last moments count, and what is judged once
// can be judged again when something else has happened.
func TestBetweenRolls(t *testing.T) {
	p, err := StartPractice("")
	require.NoError(t, err)
	defer p.Close()
	const keep = 3 * time.Second
	at, now, _ := stand(t, BetweenRequest{Server: p.Account.Domain, Keep: keep})
	run := func(situation, password string) *report.Report {
		softphone := p.Account
		softphone.Proxy = at.String()
		if password != "" {
			softphone.Password = password
		}
		check, err := NewCheck(Request{Account: softphone, Situation: situation, Target: p.Target, Person: Answers(p.Answers)})
		require.NoError(t, err)
		_, err = check.Run(t.Context())
		require.NoError(t, err)
		rep, _, err := now()
		require.NoError(t, err)
		return rep
	}
	rep := run("registration", "not this one")
	require.NotNil(t, rep.Root())
	require.Equal(t, "account-credentials-wrong", rep.Root().Rule.Cause)

	time.Sleep(keep + 500*time.Millisecond)
	rep = run("one-way-audio", "")
	require.Equal(t, report.Healthy, rep.Verdict)
	require.Len(t, rep.Evidence.Calls, 1)
	require.NotNil(t, rep.Evidence.Calls[0].First, "the beginning of the call is gone")
	require.Greater(t, rep.Evidence.Calls[0].Duration(), keep, "the call has to be longer than what is kept of its sound")

	time.Sleep(keep + 500*time.Millisecond)
	_, records, err := now()
	if err == nil { // the sign-in of the call before is what is left
		for _, r := range records {
			require.True(t, r.Note != nil || sipmsg.LooksLikeSIP(r.Packet.Data))
		}
	}
}

func find(id string) (string, bool) {
	for _, f := range Practices() {
		if f.ID() == id {
			return f.ID(), true
		}
	}
	return "", false
}
