package evidence

import (
	"fmt"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"

	"github.com/stretchr/testify/require"
)

// info sends an INFO with its answer.
func (c *secureCall) info(back bool, kind, body string, answer int) {
	c.cseq++
	from, to, tags := c.caller, c.callee, [2]string{"one", "other"}
	if back {
		from, to, tags = to, from, [2]string{"other", "one"}
	}
	head := fmt.Sprintf("Via: SIP/2.0/UDP h;branch=z9hG4bKi%d%v\r\nFrom: <sip:a@example.net>;tag=%s\r\nTo: <sip:b@example.net>;tag=%s\r\nCall-ID: secure\r\nCSeq: %d INFO\r\n", c.cseq, back, tags[0], tags[1], c.cseq)
	c.raw(from, to, []byte("INFO sip:x@example.net SIP/2.0\r\n"+head+fmt.Sprintf("Content-Type: %s\r\nContent-Length: %d\r\n\r\n%s", kind, len(body), body)))
	c.raw(to, from, []byte(fmt.Sprintf("SIP/2.0 %d Words\r\n%sContent-Length: 0\r\n\r\n", answer, head)))
}

// plainCall is an answered call without encryption; events: both know telephone-event.
func plainCall(t testing.TB, events bool) *secureCall {
	c := newSecureCall(t)
	a, b := sdpOf(secureA, "RTP/AVP"), sdpOf(secureB, "RTP/AVP")
	if !events {
		b = fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio %d RTP/AVP 0 8\r\n", secureB.Addr(), secureB.Port())
	}
	c.invite(false, a, b, "")
	return c
}

func TestKeysByEveryWay(t *testing.T) {
	c := plainCall(t, true)
	out, in := c.voice(secureA, secureB, "", 0), c.voice(secureB, secureA, "", 0)
	in.ssrc = 8
	out.talk(3)
	in.talk(3)
	first := c.n + 1
	for _, code := range []byte{1, 1, 10} {
		for i := range 3 {
			out.c.raw(out.from, out.to, out.packet(101, []byte{code, 10, 0, byte(i+1) * 50}))
		}
		out.ts += 1600
	}
	in.c.raw(in.from, in.to, in.packet(101, []byte{7, 0x8a, 1, 0}))
	c.info(false, "application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", 200)
	c.info(false, "application/dtmf-relay", "Signal= 11\r\nDuration= 160\r\n", 415)
	c.info(true, "application/dtmf", "9", 200)
	c.info(true, "application/broadsoft", "event flashhook", 200)
	c.info(true, "application/dtmf-relay", "Signal=16\r\n", 200)
	call := c.call()
	require.Equal(t, &KeyPresses{Direction: Out, Method: KeysByEvents, Keys: "11*", FirstN: first}, call.KeysBy(Out, KeysByEvents))
	require.Equal(t, "7", call.KeysBy(In, KeysByEvents).Keys)
	info := call.KeysBy(Out, KeysByInfo)
	require.Equal(t, "5#", info.Keys)
	require.Equal(t, 1, info.Refused)
	require.Greater(t, info.RefusedN, info.FirstN)
	require.Equal(t, "9", call.KeysBy(In, KeysByInfo).Keys)
	require.Nil(t, call.KeysBy(Out, KeysInBand))
	require.Len(t, call.Keys, 4)
	require.True(t, c.b.Evidence().Have.Has(HaveDTMF))
}

// tones sends the tones of keys as sound.
func (v *voice) tones(keys string) {
	source := codec.DTMF(keys, -12, 90*time.Millisecond, 70*time.Millisecond)
	for range 8 * len(keys) {
		samples := make([]int16, 160)
		source.Frame(samples)
		v.c.raw(v.from, v.to, v.packet(0, codec.EncodeMuLaw(nil, samples)))
		v.ts += 160
	}
}

func TestKeysInTheSound(t *testing.T) {
	for name, c := range map[string]struct {
		events bool
		note   string
		want   bool
	}{
		"no other way":            {false, "", true},
		"there is a better way":   {true, "", false},
		"keys are the complaint":  {true, "dtmf", true},
		"another complaint is it": {true, "quality", false},
	} {
		t.Run(name, func(t *testing.T) {
			k := newSecureCall(t)
			k.b.Add(capture.Record{N: 0, Note: &capture.Note{Time: k.at, Kind: capture.KindSituation, Key: c.note}})
			answer := sdpOf(secureB, "RTP/AVP")
			if !c.events {
				answer = fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\n", secureB.Addr(), secureB.Port())
			}
			k.invite(false, sdpOf(secureA, "RTP/AVP"), answer, "")
			v := k.voice(secureA, secureB, "", 0)
			v.talk(20)
			v.tones("149#0")
			v.talk(20)
			got := k.call().KeysBy(Out, KeysInBand)
			if !c.want {
				require.Nil(t, got)
				return
			}
			require.NotNil(t, got)
			require.Equal(t, "149#0", got.Keys)
			require.NotZero(t, got.FirstN)
		})
	}
}

// TestKeysInWideSound: the tones are heard through each codec, also after a change.
func TestKeysInWideSound(t *testing.T) {
	for _, format := range []string{"PCMU", "PCMA", "G722"} {
		t.Run(format, func(t *testing.T) {
			e, rate, ok := codec.NewEncoder(format)
			require.True(t, ok)
			up, err := codec.NewResampler(codec.SampleRate, rate)
			require.NoError(t, err)
			s, o := &stream{format: "PCMU"}, new(opener)
			s.hear(&packet{n: 1}, codec.EncodeMuLaw(nil, make([]int16, 160)), o)
			s.format = format
			source, frame := codec.DTMF("159*0#D", -13, 100*time.Millisecond, 100*time.Millisecond), make([]int16, 160)
			for n := range 80 {
				source.Frame(frame)
				s.hear(&packet{n: n + 2}, e.Encode(nil, up.Resample(nil, frame)), o)
			}
			require.Equal(t, "159*0#D", s.tones.Keys())
			require.Greater(t, s.tonesN, 1)
		})
	}
	s := &stream{format: "G729"}
	s.hear(&packet{n: 1}, make([]byte, 20), new(opener))
	require.Nil(t, s.tones)
}
