package sipclient

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// traps names, for each trap of the SIP libraries that this phone stands on, the tests
// that fail without its cure. The number is the one that comments in the code name.
var traps = [...]struct {
	what  string
	tests []string
}{
	1: {"registration crashes on a dead server, removes other phones, ignores 423 and what it was granted, repeats a refused password",
		[]string{"TestTrap01DeadRegistrar", "TestTrap01UnknownName", "TestTrap01OnlyOurContact", "TestTrap01IntervalTooBrief", "TestTrap01RefusedPassword", "TestRegisterRefreshRemove"}},
	2:  {"a message of the other side ends the program", []string{"TestTrap02Answers", "TestTrap02Requests", "TestTrap02Handler"}},
	3:  {"RTP with odd headers panics, and short datagrams end the reading", []string{"TestTrap03HostileRTP"}},
	4:  {"a payload type that was not agreed locks the sending up", []string{"TestTrap04PayloadType"}},
	5:  {"requests inside a call leave by another socket, past the proxy, with ids that others cannot read", []string{"TestTrap05OneSocket", "TestOutboundProxy"}},
	6:  {"no more RTCP after a re-INVITE", []string{"TestTrap06ReportsGoOn"}},
	7:  {"the eleventh answer drops the call", []string{"TestTrap07ManyProvisionals"}},
	8:  {"a 200 without a description gets neither ACK nor BYE", []string{"TestTrap08AnswerWithoutSDP"}},
	9:  {"a BYE right behind the ACK finds no call", []string{"TestTrap09EarlyBye"}},
	10: {"a call that was cancelled is answered; hanging up before an answer blocks", []string{"TestTrap10Cancelled", "TestTrap10HangupBeforeAnswer", "TestCancelLost", "TestCancelAndAnswerCross"}},
	11: {"every silence lasts 32 s", []string{"TestTrap11Silence", "TestCloseLeavesNothing"}},
	12: {"a re-INVITE offers something else than the call", []string{"TestTrap12Reinvite", "TestHoldAndResume", "TestKeysStayOverReinvites"}},
	13: {"large requests are not sent at all", []string{"TestTrap13LargeMessages", "TestLargeRequestOverTCP", "TestLargeRequestFallsBack"}},
	14: {"early sound is missed on 180, and of all phones that ring but the first", []string{"TestTrap14EarlyMediaOn180", "TestForks", "TestPrackForks"}},
	15: {"a closed port looks like silence", []string{"TestTrap15ClosedPort", "TestTrap15Probe"}},
	16: {"descriptions of real servers are refused or misread", []string{"TestTrap16Descriptions", "TestOffersOfServers", "TestAnswersOfServers"}},
	17: {"what arrives is counted wrongly", []string{"TestTrap17Counts", "TestSenderReports"}},
	18: {"no PRACK, no session timers, no keep-alive, no proper name service; usual methods are refused",
		[]string{"TestTrap18Methods", "TestPrack", "TestReliableRinging", "TestEarlyUpdate", "TestSessionRefresh", "TestSessionRefreshed", "TestKeepAliveUDP", "TestNameService", "TestSRVWeights"}},
	19: {"a missing ACK is noticed after 32 s, and the call stays up", []string{"TestTrap19NoAck", "TestMissingAckShowsSoon"}},
	20: {"anybody may call", []string{"TestTrap20Stranger"}},
	21: {"MD5-sess fails, and only the first challenge is looked at", []string{"TestDigest", "TestChallengeChoice"}},
	22: {"what does not parse is dropped without a trace", []string{"TestTrap22OnTheTape"}},
}

// The table is true: each test that it names exists, and each trap has one.
func TestTraps(t *testing.T) {
	have := map[string]bool{}
	for _, dir := range []string{".", "media", "names"} {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil || len(files) == 0 {
			t.Fatal("no test files in", dir, err)
		}
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Body != nil && len(f.Body.List) > 0 {
					have[f.Name.Name] = true
				}
			}
		}
	}
	if len(traps) != 23 {
		t.Errorf("%d traps, want 22", len(traps)-1)
	}
	named := map[string]bool{}
	for n, trap := range traps {
		if n == 0 {
			continue
		}
		if trap.what == "" || len(trap.tests) == 0 {
			t.Errorf("trap %d has no test", n)
		}
		for _, test := range trap.tests {
			named[test] = true
			if !have[test] {
				t.Errorf("trap %d: there is no %s", n, test)
			}
		}
	}
	for test := range have {
		if strings.HasPrefix(test, "TestTrap0") || strings.HasPrefix(test, "TestTrap1") || strings.HasPrefix(test, "TestTrap2") {
			if !named[test] {
				t.Errorf("%s is not in the table", test)
			}
		}
	}
}

// Without the cure, nobody ever learns what the stack could not read.
func TestTrap22OnTheTape(t *testing.T) {
	for _, srv := range []*peer{newPeer(t), newStreamPeer(t, nil)} {
		p := newPhone(t, srv.addr(), over(srv, nil))
		_, inv := dial(t, p, srv)
		for _, text := range []string{
			srv.answer(inv, 302, "tt", "", "Contact: nonsense here"),
			srv.answer(inv, 183, "tt", "", "Contact: sip:a@b;q=0.5, <sip:c@d>"),
			strings.Replace(srv.answer(inv, 180, "tt", ""), "CSeq: 1 INVITE", "CSeq: one INVITE", 1),
		} {
			srv.send(inv.from, text)
			eventually(t, "on the tape: "+text, func() bool {
				for _, r := range p.tape.From(0) {
					if r.Packet != nil && string(r.Packet.Data) == text {
						return true
					}
				}
				return false
			})
		}
		srv.reply(inv, 486, "tt", "")
		srv.until("ACK")
	}
}
