package practice

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"softphonedoctor/sipclient/sipmsg"
)

func TestRepeatedRequestGetsTheSameAnswer(t *testing.T) {
	_, ph := begin(t, Healthy)
	m := ph.request("REGISTER", ph.pbx.User())
	first := ph.exchange(m, long)
	second := ph.exchange(m, long)
	require.Equal(t, []int{401}, codes(first))
	require.Equal(t, first[0].Bytes(), second[0].Bytes())
}

// requireRepeats checks that an answer comes again at T1 and 2 T1 until its ACK,
// and then no more.
func requireRepeats(t *testing.T, ph *phone, invite, answer *sipmsg.Message) {
	t.Helper()
	began := time.Now()
	for _, at := range []time.Duration{t1, 3 * t1} {
		again := ph.next(long)
		require.NotNil(t, again)
		require.Equal(t, answer.Bytes(), again.Bytes())
		require.GreaterOrEqual(t, time.Since(began), at-100*time.Millisecond)
	}
	ph.ack(invite, answer)
	require.Nil(t, ph.next(4*t1+200*time.Millisecond), "it goes on after the ACK")
}

func TestChallengeIsRepeatedUntilAck(t *testing.T) {
	t.Parallel()
	p, ph := begin(t, Healthy)
	invite := ph.request("INVITE", p.Target())
	invite.SetBody("application/sdp", ph.offer())
	answers := ph.exchange(invite, long)
	require.Equal(t, []int{407}, codes(answers))
	requireRepeats(t, ph, invite, answers[0])
}

func TestAnswerIsRepeatedUntilAck(t *testing.T) {
	t.Parallel()
	p, ph := begin(t, Healthy)
	invite := ph.request("INVITE", p.Target())
	answers := ph.exchange(invite, long)
	ph.ack(invite, answers[0])
	invite = ph.request("INVITE", p.Target())
	invite.SetBody("application/sdp", ph.offer())
	ph.sign(invite, answers[0])
	answers = ph.exchange(invite, long)
	require.Equal(t, []int{100, 180, 200}, codes(answers))
	requireRepeats(t, ph, invite, answers[2])
}

func TestLateOfferGetsSound(t *testing.T) {
	t.Parallel()
	p, ph := begin(t, Healthy)
	invite := ph.request("INVITE", p.Target())
	answers := ph.exchange(invite, long)
	ph.ack(invite, answers[0])
	invite = ph.request("INVITE", p.Target())
	ph.sign(invite, answers[0])
	answers = ph.exchange(invite, long)
	require.Equal(t, []int{100, 180, 200}, codes(answers))
	require.Len(t, audioOf(answers[2]).Codecs, 3)
	ack := ph.inside("ACK", answers[2])
	n, _, _ := invite.CSeq()
	ack.Set("CSeq", strconv.Itoa(int(n))+" ACK")
	ack.SetBody("application/sdp", ph.offer())
	ph.send(ack)
	require.Eventually(t, func() bool { return len(ph.heard()) > 10 }, long, 10*time.Millisecond)
}

func TestUnknownDialogsAndMethods(t *testing.T) {
	_, ph := begin(t, Healthy)
	bye := ph.request("BYE", "3000")
	bye.Set("To", bye.Get("To")+";tag=gone")
	require.Equal(t, []int{481}, codes(ph.exchange(bye, long)))
	require.Equal(t, []int{481}, codes(ph.exchange(ph.request("CANCEL", "3000"), long)))
	refused := ph.exchange(ph.request("SUBSCRIBE", "3000"), long)
	require.Equal(t, []int{405}, codes(refused))
	require.NotEmpty(t, refused[0].Allow())
}

func TestNoCommonFormat(t *testing.T) {
	p, ph := begin(t, Healthy)
	invite := ph.request("INVITE", p.Target())
	answers := ph.exchange(invite, long)
	ph.ack(invite, answers[0])
	invite = ph.request("INVITE", p.Target())
	ph.sign(invite, answers[0])
	invite.SetBody("application/sdp", sipmsg.BuildAudio(sipmsg.AudioSpec{Addr: "127.0.0.1", Port: 4000,
		Codecs: []sipmsg.Codec{{PayloadType: 18, Name: "G729", ClockRate: 8000}}}))
	answers = ph.exchange(invite, long)
	require.Equal(t, []int{488}, codes(answers))
	require.Equal(t, 305, answers[0].Warnings()[0].Code)
	ph.ack(invite, answers[0])
}

func TestOtherMediaAreRefusedInTheirPlace(t *testing.T) {
	p, ph := begin(t, Healthy)
	invite := ph.request("INVITE", p.Target())
	answers := ph.exchange(invite, long)
	ph.ack(invite, answers[0])
	invite = ph.request("INVITE", p.Target())
	ph.sign(invite, answers[0])
	invite.SetBody("application/sdp", []byte("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"+
		"m=image 4000 udptl t38\r\nm=audio 4002 RTP/AVP 0\r\nm=video 4004 RTP/AVP 96 97\r\n"))
	answers = ph.exchange(invite, long)
	require.Equal(t, []int{100, 180, 200}, codes(answers))
	ph.ack(invite, answers[2])
	d, err := sipmsg.ParseSDP(answers[2].Body)
	require.NoError(t, err)
	var lines []string
	for _, m := range d.Media {
		lines = append(lines, fmt.Sprint(m.Type, " ", m.Port != 0))
	}
	require.Equal(t, []string{"image false", "audio true", "video false"}, lines)
	require.Equal(t, []int{200}, codes(ph.exchange(ph.inside("BYE", answers[2]), long)))
}

func TestPhoneHoldsAndResumes(t *testing.T) {
	t.Parallel()
	p, ph := begin(t, Healthy)
	_, answers := ph.dial(p.Target(), 200)
	answer := answers[len(answers)-1]
	require.Eventually(t, func() bool { return len(ph.heard()) > 3 }, long, 10*time.Millisecond)
	change := func(direction, want string) {
		m := ph.inside("INVITE", answer)
		m.SetBody("application/sdp", append(ph.offer(), "a="+direction+"\r\n"...))
		got := ph.exchange(m, long)
		require.Equal(t, []int{200}, codes(got))
		ph.ack(m, got[0])
		require.Equal(t, want, audioOf(got[0]).Direction)
	}
	change("sendonly", "recvonly")
	time.Sleep(100 * time.Millisecond) // what was under way
	held := len(ph.heard())
	time.Sleep(300 * time.Millisecond)
	require.Len(t, ph.heard(), held, "sound goes on while on hold")
	change("sendrecv", "sendrecv")
	require.Eventually(t, func() bool { return len(ph.heard()) > held+3 }, long, 10*time.Millisecond)
}

func TestGarbageDoesNoHarm(t *testing.T) {
	_, ph := begin(t, Healthy)
	for _, data := range []string{
		"", "\r\n\r\n", "\x00\x01\x02", "INVITE", "INVITE sip:3000@127.0.0.1 SIP/2.0\r\n\r\n",
		"REGISTER sip:x SIP/2.0\r\nVia: \r\nContact: <<<;;=\r\nAuthorization: Digest nonce=\"\r\n\r\n",
		"ACK sip:x SIP/2.0\r\nCall-ID: 1\r\n\r\n", "SIP/2.0 200 OK\r\n\r\n", "SIP/2.0 999999999999 ?\r\n\r\n",
		"BYE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=1\r\nTo: <sip:a@b>;tag=1\r\n\r\n",
		"CANCEL sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:99999;branch=1\r\n\r\n",
	} {
		_, err := ph.sip.WriteToUDPAddrPort([]byte(data), ph.server)
		require.NoError(t, err)
	}
	ph.callID = "after-the-garbage"
	require.Equal(t, []int{401, 200}, codes(ph.register()))
}

// answerCalls plays a phone that picks up: 180, 200 and, for BYE, 200. It
// returns when it has answered a BYE, and gives the methods that came.
func (ph *phone) answerCalls(refuse int) (methods []string) {
	for {
		m := ph.next(10 * time.Second)
		if m == nil {
			return methods
		}
		if !m.IsRequest() {
			continue
		}
		methods = append(methods, m.Method)
		answer := func(code int, sdp bool) {
			r := sipmsg.NewResponse(m, code, "")
			r.Add("Contact", ph.contact())
			if sdp {
				r.SetBody("application/sdp", ph.offer())
			}
			ph.send(r)
		}
		switch m.Method {
		case "INVITE":
			answer(180, false)
			switch {
			case refuse == 0:
				answer(200, true)
			case refuse > 0:
				answer(refuse, false)
			}
		case "CANCEL":
			answer(200, false)
			r := sipmsg.NewResponse(m, 487, "")
			n, _, _ := m.CSeq()
			r.Set("CSeq", strconv.Itoa(int(n))+" INVITE")
			ph.send(r)
		case "BYE":
			answer(200, false)
			return methods
		case "ACK":
			if refuse != 0 {
				return methods
			}
		}
	}
}

func TestCallsThePhone(t *testing.T) {
	for name, c := range map[string]struct {
		refuse  int
		methods []string
		problem string
	}{
		"answered":  {0, []string{"INVITE", "ACK", "BYE"}, ""},
		"busy":      {486, []string{"INVITE", "ACK"}, "486 Busy Here"},
		"cancelled": {-1, []string{"INVITE", "CANCEL", "ACK"}, context.DeadlineExceeded.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, ph := begin(t, Healthy)
			require.Equal(t, []int{401, 200}, codes(ph.register()))
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
			defer cancel()
			var methods []string
			var done sync.WaitGroup
			done.Go(func() { methods = ph.answerCalls(c.refuse) })
			err := p.CallPhone(ctx)
			done.Wait()
			require.Equal(t, c.methods, methods)
			if c.problem != "" {
				require.ErrorContains(t, err, c.problem)
				return
			}
			require.NoError(t, err)
			require.NotEmpty(t, ph.told(), "RTCP of the PBX")
		})
	}
}

func TestCallsNobodyWithoutRegistration(t *testing.T) {
	p, _ := begin(t, Healthy)
	require.ErrorContains(t, p.CallPhone(t.Context()), "sign in first")
	require.NoError(t, p.Close())
	require.ErrorContains(t, p.CallPhone(t.Context()), "closed")
}

func TestCloseInMidCallLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	for _, f := range Faults() {
		p, err := Start(f)
		require.NoError(t, err)
		require.NoError(t, p.Close())
		require.NoError(t, p.Close(), "closing twice")
	}
	t.Run("call", func(t *testing.T) {
		p, ph := begin(t, "loss-in")
		_, answers := ph.dial(p.Target(), 200)
		require.Equal(t, []int{100, 180, 200}, codes(answers))
		require.Eventually(t, func() bool { return len(ph.heard()) > 3 }, long, 10*time.Millisecond)
		ph.callID = token(6)
		_, second := ph.dial(p.Target(), 180) // still ringing at the end
		require.Equal(t, []int{100, 180}, codes(second))
		ph.register()
		go func() { _ = p.CallPhone(context.Background()) }()
		require.NotNil(t, ph.next(long))
		require.NoError(t, p.Close())
	})
	goleak.VerifyNone(t, before)
}
