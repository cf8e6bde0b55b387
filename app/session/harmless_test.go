package session

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/report"
)

// sentRequests gives the requests of a method that a check has sent, without repetitions.
func sentRequests(c *Check, method string) []*sipmsg.Message {
	var list []*sipmsg.Message
	seen := map[string]bool{}
	for _, r := range c.tape.From(0) {
		if r.Packet == nil || r.Packet.Net != capture.UDP {
			continue
		}
		m, err := sipmsg.Parse(r.Packet.Data)
		if err == nil && m.Method == method && strings.HasPrefix(m.Get("User-Agent"), "SoftphoneDoctor") && !seen[m.Branch()] {
			seen[m.Branch()] = true
			list = append(list, m)
		}
	}
	return list
}

// loaded writes an account file and reads it as the program does.
func loaded(t *testing.T, text string, args ...any) Account {
	t.Helper()
	path := filepath.Join(t.TempDir(), "account.toml")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, text, args...), 0o600))
	a, err := LoadAccount(path)
	require.NoError(t, err)
	return a
}

func run(t *testing.T, r Request) (*Check, *report.Report) {
	t.Helper()
	c, err := NewCheck(r)
	require.NoError(t, err)
	rep, err := c.Run(t.Context())
	require.NoError(t, err)
	return c, rep
}

// From the account file to the wire: calls show caller_id, and the sign-in does not.
func TestCallerIDFromFileToWire(t *testing.T) {
	t.Parallel()
	pbx, _ := startPBX(t, healthyPBX(t))
	a := loaded(t, "user = %q\ndomain = %q\npassword = %q\ncaller_id = \"+493012345\"\n", pbx.User(), pbx.Domain(), pbx.Password())
	c, rep := run(t, Request{Account: a, Situation: "no-ringback", Target: pbx.Target(), Person: Answers{"heard_ringing": "yes"}})
	require.Equal(t, report.Healthy, rep.Verdict, rep.Headline())
	invites := sentRequests(c, "INVITE")
	require.NotEmpty(t, invites)
	for _, m := range invites {
		require.Equal(t, "+493012345", m.FromAddr().URI.User)
	}
	require.Contains(t, invites[len(invites)-1].Get("Proxy-Authorization"), `username="1001"`)
	for _, m := range sentRequests(c, "REGISTER") {
		require.Equal(t, "1001", m.FromAddr().URI.User)
		require.Equal(t, "1001", m.ToAddr().URI.User)
	}
}

// register = false: a line without sign-in and without a password. No REGISTER ever
// leaves, not even a question, and nothing is noted for a crash.
func TestTrunkFromFileToWire(t *testing.T) {
	t.Parallel()
	pbx, _ := startPBX(t, healthyPBX(t).AsTrunk().WithDevices(1))
	folder := filepath.Join(t.TempDir(), "journal")
	a := loaded(t, "user = %q\ndomain = %q\nregister = false\n", pbx.User(), pbx.Domain())
	require.Empty(t, a.Password)
	c, rep := run(t, Request{Account: a, Situation: "no-ringback", Target: pbx.Target(), Journal: folder, Person: Answers{"heard_ringing": "yes"}})
	require.Equal(t, report.Healthy, rep.Verdict, rep.Headline())
	require.Empty(t, sentRequests(c, "REGISTER"))
	require.Len(t, sentRequests(c, "INVITE"), 1)
	require.NoDirExists(t, folder)
	require.Len(t, pbx.Bindings(), 1)
}

// With one other phone signed in and nobody to ask, as in a script: the call is made,
// the sign-in is not, and the other phone's place is not touched.
func TestScriptLeavesTheOtherPhoneAlone(t *testing.T) {
	t.Parallel()
	pbx, account := startPBX(t, healthyPBX(t).WithDevices(1))
	desk := pbx.Bindings()
	c, rep := run(t, Request{Account: account, Situation: "no-ringback", Target: pbx.Target(), Person: Answers{"heard_ringing": "yes"}})
	require.Equal(t, report.Healthy, rep.Verdict, rep.Headline())
	require.Contains(t, strings.Join(rep.Warnings, " "), "Not checked: the sign-in.")
	for _, m := range sentRequests(c, "REGISTER") {
		require.Empty(t, m.All("Contact"))
	}
	require.NotEmpty(t, sentRequests(c, "INVITE"))
	require.Equal(t, desk, pbx.Bindings())

	c, rep = run(t, Request{Account: account, Situation: "everything", Target: pbx.Target(), Person: Answers{"sign_in_anyway": "yes", "heard_ringing": "yes", "heard": "yes", "they_hear": "yes"}})
	require.Equal(t, report.Healthy, rep.Verdict, rep.Headline())
	require.Empty(t, rep.Warnings)
	require.NotEmpty(t, sentRequests(c, "REGISTER"))
	require.Equal(t, desk, pbx.Bindings())
}

// The person repeats a check with the same wrong password: in all it is sent three
// times, and the verdict stays the same when it is sent no more.
func TestRepeatedChecksSendAWrongPasswordThreeTimes(t *testing.T) {
	t.Parallel()
	p, err := StartPractice("account-credentials-wrong")
	require.NoError(t, err)
	t.Cleanup(p.Close)
	sent := 0
	for i := range 5 {
		situation, target := "registration", ""
		if i%2 == 1 {
			situation, target = "everything", p.Target
		}
		c, rep := run(t, Request{Account: p.Account, Situation: situation, Target: target})
		require.Equal(t, report.Problem, rep.Verdict, i)
		require.Equal(t, "account-credentials-wrong", rep.Root().Rule.Cause, i)
		for _, method := range []string{"REGISTER", "INVITE"} {
			for _, m := range sentRequests(c, method) {
				if m.Get("Authorization")+m.Get("Proxy-Authorization") != "" {
					sent++
				}
			}
		}
		require.Equal(t, min(i+1, 3), sent, "one try each time, and three in all")
	}
	other := p.Account
	other.Password += "-corrected"
	c, _ := run(t, Request{Account: other, Situation: "registration"})
	require.NotEmpty(t, sentRequests(c, "REGISTER")[len(sentRequests(c, "REGISTER"))-1].Get("Authorization"), "another password has its own tries")
}
