package capture

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const sdes = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"

func TestMaskKeys(t *testing.T) {
	zero := strings.Repeat("0", len(sdes))
	for in, want := range map[string]string{
		"m=audio 1 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + sdes + "|2^20|1:4\r\na=x\r\n": "m=audio 1 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + zero + "|2^20|1:4\r\na=x\r\n",
		"a=crypto:1 X inline:" + sdes + ";inline:" + sdes + "==|1:1 WSH=64\n":                                "a=crypto:1 X inline:" + zero + ";inline:" + zero + "00|1:1 WSH=64\n",
		"A=CRYPTO:1 X INLINE:" + sdes + "\r\n":                                                               "A=CRYPTO:1 X INLINE:" + zero + "\r\n",
		"a=acap:1 crypto:1 X inline:" + sdes + "\r\n":                                                        "a=acap:1 crypto:1 X inline:" + zero + "\r\n",
		"k=base64:" + sdes + "\r\na=key-mgmt:mikey " + sdes + "\r\na=ice-pwd:" + sdes + "\r\na=mid:0\r\n":    "k=base64:" + zero + "\r\na=key-mgmt:00000 " + zero + "\r\na=ice-pwd:" + zero + "\r\na=mid:0\r\n",
		"a=cryptic:1 X inline:" + sdes + "\r\n":                                                              "a=cryptic:1 X inline:" + sdes + "\r\n",
		"a=crypto:1 X\r\na=y inline:" + sdes + "\r\n":                                                        "a=crypto:1 X\r\na=y inline:" + sdes + "\r\n",
	} {
		require.Equal(t, want, string(Bare([]byte(in))))
		for i := range in { // in two pieces, wherever they are cut
			m := masker{keys: true}
			require.Equal(t, want, string(m.mask(m.mask(nil, []byte(in[:i])), []byte(in[i:]))), "cut at %d", i)
		}
		require.Equal(t, in, string(new(masker).mask(nil, []byte(in))), "a plain save keeps keys")
	}
}

// A muted file has neither words nor keys, and all else.
func TestWriteMuted(t *testing.T) {
	message := "INVITE sip:b@example.com SIP/2.0\r\nCall-ID: 1\r\nContent-Type: application/sdp\r\nContent-Length: 70\r\n\r\nv=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + sdes + "\r\n"
	words := []byte("nobody else is to hear this")
	rtp := append([]byte{0x91, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9, 9, 9, 0xbe, 0xde, 0, 1, 0x10, 7, 7, 0}, words...)
	rtcp := []byte{0x80, 201, 0, 1, 0, 0, 0, 3}
	var records []Record
	for _, p := range []Packet{{Net: UDP, Data: []byte(message)}, {Net: TLS, Data: []byte(message)}, {Net: UDP, Data: rtp}, {Net: UDP, Data: rtcp}, {Net: UDP, Data: rtp[:9]}} {
		p.Time, p.Src, p.Dst = start, alice, proxy
		records = append(records, Record{N: len(records) + 1, Packet: &p})
	}
	var plain, muted bytes.Buffer
	_, err := Write(&plain, values(records))
	require.NoError(t, err)
	_, err = WriteMuted(&muted, values(records))
	require.NoError(t, err)
	require.Equal(t, 2, bytes.Count(plain.Bytes(), []byte(sdes)))
	require.Contains(t, plain.String(), string(words))
	require.NotContains(t, muted.String(), sdes[:8])
	require.NotContains(t, muted.String(), string(words[:8]))

	var back []Record
	for r, err := range Read(&muted) {
		require.NoError(t, err)
		back = append(back, r)
	}
	require.Equal(t, LimitMuted, back[0].Note.Key)
	require.Len(t, back, len(records)+1)
	require.Equal(t, append(bytes.Clone(rtp[:24]), make([]byte, len(words))...), back[3].Packet.Data)
	require.Equal(t, rtcp, back[4].Packet.Data)
	require.Equal(t, string(words), string(rtp[24:]), "the records stay as they are")
}
