package practice

import (
	"encoding/csv"
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/sipmsg"
)

// sharedCauses is where the list of causes lies beside the project.
const sharedCauses = "../../../shared/knowledge/causes.csv"

func TestFaultsAreKnownCauses(t *testing.T) {
	f, err := os.Open(sharedCauses)
	if err != nil {
		if os.Getenv("CI") == "true" && dirExists("../../../shared") {
			t.Fatalf("the list of causes is missing: %v", err)
		}
		t.Skipf("the list of causes is not beside this project: %v", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	known := map[string]bool{"server-not-sip": true} // the program's own, behind the end of the list
	for _, r := range rows {
		known[r[1]] = true
	}
	for _, f := range Faults() {
		require.True(t, known[f.Cause], "%s is no known cause", f.Cause)
	}
}

func dirExists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func TestFaultTableIsSound(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Faults() {
		require.False(t, seen[f.ID()], "%s stands twice", f.ID())
		seen[f.ID()] = true
		require.NotEmpty(t, f.Title)
		require.Contains(t, []string{Registration, NoRingback, NoIncoming, OneWayAudio, CannotAnswer, Quality, CallDrops, DTMF, Everything}, f.Situation)
		tested := 0
		for _, tests := range []map[string]func(*testing.T, *PBX, *phone){registrationTests, ringbackTests, incomingTests, soundTests, callTests} {
			if tests[f.ID()] != nil {
				tested++
			}
		}
		if transportTests[f.ID()] != nil {
			tested++
		}
		require.Equal(t, 1, tested, "%s has not exactly one test", f.ID())
	}
	first := Faults()
	first[0].Answers["heard"] = "changed"
	require.Equal(t, "yes", Faults()[0].Answers["heard"], "the table can be changed from outside")
}

func runAll(t *testing.T, tests map[string]func(*testing.T, *PBX, *phone)) {
	for cause, test := range tests {
		t.Run(cause, func(t *testing.T) {
			t.Parallel()
			p, ph := begin(t, cause)
			test(t, p, ph)
		})
	}
}

func TestRegistrationFaults(t *testing.T) { runAll(t, registrationTests) }

// lastOf registers and checks the codes; it gives the last answer.
func lastOf(want ...int) func(*testing.T, *phone) *sipmsg.Message {
	return func(t *testing.T, ph *phone) *sipmsg.Message {
		answers := ph.register()
		require.Equal(t, want, codes(answers))
		return answers[len(answers)-1]
	}
}

// refusedWith is a test for a sign-in that ends with such a phrase.
func refusedWith(phrase string, want ...int) func(*testing.T, *PBX, *phone) {
	return func(t *testing.T, _ *PBX, ph *phone) {
		require.Equal(t, phrase, lastOf(want...)(t, ph).Reason)
	}
}

var registrationTests = map[string]func(*testing.T, *PBX, *phone){
	"account-credentials-wrong": func(t *testing.T, _ *PBX, ph *phone) {
		answers := ph.register()
		require.Equal(t, []int{401, 401}, codes(answers))
		first, second := answers[0].Challenges()[0], answers[1].Challenges()[0]
		require.NotEqual(t, first.Nonce, second.Nonce)
		require.False(t, second.Stale)
	},
	"account-unknown": refusedWith("Not Found", 404),
	"account-domain-wrong": func(t *testing.T, _ *PBX, ph *phone) {
		answers := ph.register()
		require.Equal(t, []int{401, 403}, codes(answers))
		require.Equal(t, "another-provider.invalid", answers[0].Challenges()[0].Realm)
		require.Equal(t, "Domain not served here", answers[1].Reason)
	},
	"account-not-allowed":         refusedWith("Forbidden", 403),
	"account-suspended-or-unpaid": refusedWith("Payment Required", 401, 402),
	"registration-interval-too-short": func(t *testing.T, _ *PBX, ph *phone) {
		short := lastOf(401, 423)(t, ph)
		enough, ok := short.MinExpires()
		require.True(t, ok)
		ph.expires = int(enough / time.Second)
		lastOf(401, 200)(t, ph)
	},
	"registration-not-stored": func(t *testing.T, _ *PBX, ph *phone) {
		require.Empty(t, lastOf(401, 200)(t, ph).Contacts())
	},
	"registration-displaced": func(t *testing.T, p *PBX, ph *phone) {
		require.Equal(t, []string{"sip:1001@192.0.2.20:5060"}, p.Bindings())
		list := lastOf(401, 200)(t, ph).Contacts()
		require.Len(t, list, 1)
		require.Equal(t, "127.0.0.1", list[0].URI.Host, "the desk phone kept its place")
	},
	"registration-too-many-devices": refusedWith("Maximum contacts exceeded", 401, 403),
	"redirected": func(t *testing.T, p *PBX, ph *phone) {
		moved := lastOf(301)(t, ph).Contacts()
		require.Len(t, moved, 1)
		require.Equal(t, "127.0.0.1", moved[0].URI.Host)
		require.NotEqual(t, ph.server.Port(), uint16(moved[0].URI.Port))
		ph.server = p.moved
		require.Equal(t, int(p.moved.Port()), moved[0].URI.Port)
		lastOf(401, 200)(t, ph)
	},
	"server-name-unknown": func(t *testing.T, p *PBX, _ *phone) {
		require.Equal(t, "no-such-provider.invalid", p.Domain())
	},
	"server-unreachable": func(t *testing.T, _ *PBX, ph *phone) {
		require.Empty(t, ph.exchange(ph.request("OPTIONS", ""), brief))
		require.Empty(t, ph.register())
	},
	"server-port-closed": func(t *testing.T, p *PBX, _ *phone) {
		requireRefused(t, p.Domain())
	},
	"registration-unanswered-or-banned": func(t *testing.T, _ *PBX, ph *phone) {
		require.Equal(t, []int{200}, codes(ph.exchange(ph.request("OPTIONS", ""), long)))
		require.Empty(t, ph.register())
	},
	"digest-unsupported": func(t *testing.T, _ *PBX, ph *phone) {
		require.Equal(t, "AKAv1-MD5", lastOf(401)(t, ph).Challenges()[0].Algorithm)
	},
	"clock-wrong": func(t *testing.T, _ *PBX, ph *phone) {
		date, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", lastOf(401, 200)(t, ph).Get("Date"))
		require.NoError(t, err)
		require.Greater(t, time.Until(date), 5*time.Hour)
	},
	"sip-alg": func(t *testing.T, _ *PBX, ph *phone) {
		m := lastOf(401, 200)(t, ph)
		require.Equal(t, algHost, m.Vias()[0].Host)
		require.Equal(t, algHost, m.Contacts()[0].URI.Host)
	},
	"request-malformed":    refusedWith("Malformed Contact header", 400),
	"provider-fault":       refusedWith("Server Internal Error", 401, 500),
	"provider-unavailable": refusedWith("Service Unavailable", 503),
	"provider-overloaded": func(t *testing.T, _ *PBX, ph *phone) {
		after, ok := lastOf(503)(t, ph).RetryAfter()
		require.True(t, ok)
		require.Equal(t, 2*time.Minute, after)
	},
	"nat-binding-changes": func(t *testing.T, _ *PBX, ph *phone) {
		answers := ph.register()
		require.Equal(t, []int{401, 200}, codes(answers))
		require.NotEqual(t, answers[0].Vias()[0].RPort, answers[1].Vias()[0].RPort)
		again := ph.register()
		require.NotEqual(t, answers[1].Vias()[0].RPort, again[1].Vias()[0].RPort)
	},
}

// requireRefused checks that the system says "connection refused".
func requireRefused(t require.TestingT, addr string) {
	c, err := net.Dial("udp4", addr)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(long)))
	_, err = c.Write([]byte("anybody?"))
	require.NoError(t, err)
	_, err = c.Read(make([]byte, 10))
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}

func TestRingbackFaults(t *testing.T) { runAll(t, ringbackTests) }

// callEnds is a test for a call whose answers are these, the last of them with a
// header that contains text ("": not looked at).
func callEnds(header, text string, want ...int) func(*testing.T, *PBX, *phone) {
	return func(t *testing.T, p *PBX, ph *phone) {
		lastOf(401, 200)(t, ph)
		_, answers := ph.dial(p.Target(), 200)
		require.Equal(t, want, codes(answers))
		last := answers[len(answers)-1]
		if header != "" {
			require.Contains(t, last.Get(header), text)
		}
		if again := ph.next(1200 * time.Millisecond); again != nil && !again.IsRequest() {
			t.Fatalf("%d came again although it was acknowledged", again.Status)
		}
	}
}

// early is a test for what the early dialog brings: the codes, whether each
// carries a description, and the RTP packets before and after the answer.
func early(sdp string, before, after bool, want ...int) func(*testing.T, *PBX, *phone) {
	return func(t *testing.T, p *PBX, ph *phone) {
		_, answers := ph.dial(p.Target(), 200)
		ph.mu.Lock()
		answeredAt := ph.arrived[answers[len(answers)-1]]
		ph.mu.Unlock()
		require.Equal(t, want, codes(answers))
		with := ""
		for _, a := range answers {
			if audioOf(a) != nil {
				with += " " + strconv.Itoa(a.Status)
			}
		}
		require.Equal(t, sdp, with)
		count := func() (earlier, later int) {
			for _, packet := range ph.heard() {
				if packet.at.Before(answeredAt) {
					earlier++
				} else {
					later++
				}
			}
			return earlier, later
		}
		if after {
			require.Eventually(t, func() bool { _, later := count(); return later > 3 }, long, 20*time.Millisecond, "no packets after the answer")
		} else {
			time.Sleep(brief)
			_, later := count()
			require.LessOrEqual(t, later, 3, "packets after the answer")
		}
		earlier, _ := count()
		require.Equal(t, before, earlier > 3, "%d packets before the answer", earlier)
	}
}

var ringbackTests = map[string]func(*testing.T, *PBX, *phone){
	"caller-id-refused": func(t *testing.T, p *PBX, ph *phone) {
		_, answers := ph.dial(p.Target(), 200)
		require.Equal(t, []int{100, 403}, codes(answers))
		require.Equal(t, "Caller ID not allowed", answers[1].Reason)
	},
	"no-credit-or-barred":          callEnds("Reason", "cause=21", 100, 403),
	"number-unknown":               callEnds("", "", 100, 404),
	"number-changed":               callEnds("", "", 100, 410),
	"number-format-wrong":          callEnds("", "", 100, 484),
	"callee-busy":                  callEnds("Reason", "cause=17", 100, 486),
	"callee-not-registered":        callEnds("", "", 100, 480),
	"callee-no-answer":             callEnds("", "", 100, 180, 480),
	"callee-declined":              callEnds("", "", 100, 180, 603),
	"call-blocked-as-spam":         callEnds("Call-Info", "jwscard", 100, 608),
	"anonymous-refused":            callEnds("", "", 100, 433),
	"codec-mismatch":               callEnds("Warning", "305", 100, 488),
	"encryption-mismatch":          callEnds("Warning", "302", 100, 488),
	"extension-unsupported":        callEnds("Unsupported", "timer", 100, 420),
	"session-timer-too-small":      callEnds("Min-SE", "1800", 422),
	"routing-loop":                 callEnds("", "", 100, 482),
	"downstream-timeout":           callEnds("", "", 100, 408),
	"call-refused":                 callEnds("", "", 100, 406),
	"identity-rejected":            callEnds("", "", 100, 428),
	"provider-address-not-allowed": callEnds("Warning", "allow list", 503),
	"invite-unanswered": func(t *testing.T, p *PBX, ph *phone) {
		lastOf(401, 200)(t, ph)
		require.Equal(t, []int{200}, codes(ph.exchange(ph.request("OPTIONS", ""), long)))
		_, answers := ph.dial(p.Target(), 200)
		require.Empty(t, answers)
	},
	"provider-silent-after-trying": func(t *testing.T, p *PBX, ph *phone) {
		invite, answers := ph.dial(p.Target(), 100)
		require.Equal(t, []int{100}, codes(answers))
		require.Nil(t, ph.next(brief))
		requireCancelled(t, ph, invite)
	},
	"caller-cancelled": func(t *testing.T, p *PBX, ph *phone) {
		invite, answers := ph.dial(p.Target(), 180)
		require.Equal(t, []int{100, 180}, codes(answers))
		require.Nil(t, ph.next(brief+ms))
		requireCancelled(t, ph, invite)
	},
	"ringback-early-media-missing":    early(" 183 200", false, true, 100, 183, 200),
	"ringback-early-media-silent":     early(" 183 200", true, true, 100, 183, 200),
	"ringback-early-media-blocked":    early(" 183 200", false, false, 100, 183, 200),
	"ringback-180-after-183-ignored":  early(" 183 200", false, true, 100, 183, 180, 200),
	"ringback-not-played-locally":     early(" 200", false, true, 100, 180, 200),
	"no-progress-signalled":           early(" 200", false, true, 100, 200),
	"hung-up-by-media-gateway":        hungUp(800*time.Millisecond, long),
	"hung-up-by-media-gateway--drops": hungUp(1300*time.Millisecond, long),
}

// hungUp is a test for a call that a gateway ends so long after its answer.
func hungUp(least, most time.Duration) func(*testing.T, *PBX, *phone) {
	return func(t *testing.T, p *PBX, ph *phone) {
		_, answers := ph.dial(p.Target(), 200)
		require.Equal(t, []int{100, 180, 200}, codes(answers))
		began := time.Now()
		bye := ph.next(most)
		require.NotNil(t, bye)
		require.GreaterOrEqual(t, time.Since(began), least)
		require.Equal(t, "BYE", bye.Method)
		require.Equal(t, 88, bye.Reasons()[0].Cause)
		ph.send(sipmsg.NewResponse(bye, 200, ""))
	}
}

// requireCancelled gives a call up and checks the two answers that follow.
func requireCancelled(t *testing.T, ph *phone, invite *sipmsg.Message) {
	t.Helper()
	ph.send(hopByHop("CANCEL", invite, invite.Get("To")))
	var got []string
	for len(got) < 2 {
		m := ph.next(long)
		require.NotNil(t, m, "only %v came after CANCEL", got)
		got = append(got, strconv.Itoa(m.Status)+" "+m.Get("CSeq"))
		if m.Status == 487 {
			ph.ack(invite, m)
		}
	}
	n, _, _ := invite.CSeq()
	require.ElementsMatch(t, []string{"200 " + strconv.Itoa(int(n)) + " CANCEL", "487 " + strconv.Itoa(int(n)) + " INVITE"}, got)
}
