package session

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

// secrets stand in a call that is refused, in every place where a person's own may stand.
var secrets = []string{"+4930123456", "4915112345678", "anna", "berg", "secretcorp", "192.168.77.23", "203.0.113.77", "s3cret-word", "signal=7", "6629fae49393a05397450978507c4ef1",
	"WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz", "geheimnis", "annas-laptop"}

func refusedCall(t *testing.T, reason string) []capture.Record {
	t.Helper()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	phone, server := netip.MustParseAddrPort("192.168.77.23:5060"), netip.MustParseAddrPort("203.0.113.77:5060")
	var records []capture.Record
	add := func(out bool, text string) {
		at = at.Add(30 * time.Millisecond)
		p := &capture.Packet{Time: at, Net: capture.UDP, Src: phone, Dst: server, Data: []byte(strings.ReplaceAll(text, "\n", "\r\n"))}
		if !out {
			p.Src, p.Dst = p.Dst, p.Src
		}
		records = append(records, capture.Record{N: len(records) + 1, Packet: p})
	}
	head := func(branch, cseq, to string) string {
		return "Via: SIP/2.0/UDP 192.168.77.23:5060;branch=z9hG4bK" + branch + ";rport\nFrom: \"Anna Berg\" <sip:+4930123456@pbx.secretcorp.example>;tag=a\nTo: <sip:4915112345678@pbx.secretcorp.example>" + to +
			"\nCall-ID: one@annas-laptop\nCSeq: " + cseq + "\n"
	}
	sdp := "v=0\no=anna 1 1 IN IP4 192.168.77.23\ns=Geheimnis\nc=IN IP4 192.168.77.23\nt=0 0\nm=audio 4000 RTP/SAVP 8\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\n"
	invite := func(branch, cseq, auth string) string {
		return "INVITE sip:4915112345678@pbx.secretcorp.example SIP/2.0\n" + head(branch, cseq, "") + "Max-Forwards: 70\nContact: <sip:anna@192.168.77.23:5060>\n" + auth + "Subject: Geheimnis of Anna\nContent-Type: application/sdp\n\n" + sdp
	}
	add(true, invite("1", "1 INVITE", ""))
	add(false, "SIP/2.0 407 Proxy Authentication Required\n"+head("1", "1 INVITE", ";tag=b")+"Proxy-Authenticate: Digest realm=\"secretcorp.example\", nonce=\"n1\"\nContent-Length: 0\n\n")
	add(true, "ACK sip:4915112345678@pbx.secretcorp.example SIP/2.0\n"+head("1", "1 ACK", ";tag=b")+"Max-Forwards: 70\nContent-Length: 0\n\n")
	add(true, invite("2", "2 INVITE", "Proxy-Authorization: Digest username=\"anna\", realm=\"secretcorp.example\", nonce=\"n1\", uri=\"sip:4915112345678@pbx.secretcorp.example\", response=\"6629fae49393a05397450978507c4ef1\"\n"))
	add(false, "SIP/2.0 403 "+reason+"\n"+head("2", "2 INVITE", ";tag=c")+"X-Customer: Anna Berg 4915112345678 s3cret-word\nServer: Kamailio 5.7 at secretcorp\nContent-Length: 0\n\n")
	add(true, "ACK sip:4915112345678@pbx.secretcorp.example SIP/2.0\n"+head("2", "2 ACK", ";tag=c")+"Max-Forwards: 70\nContent-Length: 0\n\n")
	add(true, "MESSAGE sip:anna@pbx.secretcorp.example SIP/2.0\n"+head("3", "3 MESSAGE", "")+"Max-Forwards: 70\nContent-Type: text/plain\n\nGeheimnis: Anna Berg, 4915112345678, s3cret-word")
	add(true, "INFO sip:4915112345678;isub=s3cret-word;phone-context=secretcorp.example@203.0.113.77;transport=udp;x=annas-laptop?Subject=Geheimnis&Route=%3Csip:192.168.77.23%3E SIP/2.0\n"+
		strings.Replace(head("4-anna", "4 INFO", ""), ";rport", ";rport=5060;received=203.0.113.77;maddr=192.168.77.23;alias=annas-laptop;i=secretcorp", 1)+
		"Max-Forwards: 70\nContent-Type: application/dtmf-relay\n\nSignal=7\nDuration=160\nX=s3cret-word\n")
	return records
}

func causes(r *report.Report) []string {
	var list []string
	for _, f := range r.Diagnosis.Findings {
		list = append(list, f.Rule.Cause+" "+f.Certainty.String()+" "+string(f.Place()))
	}
	return list
}

// No file that leaves this computer, and not its preview, holds what is a person's own;
// and what is opened again says what was said before.
func TestPack(t *testing.T) {
	for _, reason := range []string{"Caller ID +4930123456 of Anna Berg not allowed", "Account of Berg at secretcorp has no credit, s3cret-word", "Forbidden", "Forbidden, 6629fae49393a05397450978507c4ef1"} {
		records := refusedCall(t, reason)
		var file bytes.Buffer
		_, err := capture.Write(&file, slices.Values(records))
		require.NoError(t, err)
		rep, err := Examine(&file, wizard.Subject{})
		require.NoError(t, err)
		require.Equal(t, report.Problem, rep.Verdict)
		rep.Interrupt("The test was stopped before its end: what it had seen until then stands here.")

		packed, err := Pack(rep, records, false)
		require.NoError(t, err)
		require.Equal(t, causes(rep), causes(packed.Report))
		require.Equal(t, rep.Headline(), packed.Report.Headline())
		require.Contains(t, packed.Report.Warnings, rep.Warnings[len(rep.Warnings)-1])
		var preview strings.Builder
		require.NoError(t, packed.Preview(&preview))
		path := filepath.Join(t.TempDir(), "r.zip")
		require.NoError(t, packed.Save(path))
		z, err := zip.OpenReader(path)
		require.NoError(t, err)
		var figures strings.Builder
		require.NoError(t, packed.Report.OpenMetrics(&figures, "office"))
		require.NoError(t, rep.OpenMetrics(&figures, "office")) // figures name nobody, masked or not
		texts := map[string]string{"the preview": preview.String(), "the support code": packed.Report.SupportCode().String(), "its own support code": rep.SupportCode().String(), "figures": figures.String()}
		for _, m := range z.File {
			r, err := m.Open()
			require.NoError(t, err)
			b, err := io.ReadAll(r)
			require.NoError(t, err)
			texts[m.Name] = string(b)
		}
		require.NoError(t, z.Close())
		opened := Opened{Name: "day.pcapng", Open: func() (io.ReadCloser, error) {
			var again bytes.Buffer
			_, err := capture.Write(&again, slices.Values(records))
			return io.NopCloser(&again), err
		}}
		masked, err := opened.Masked(rep)
		require.NoError(t, err)
		require.Equal(t, causes(rep), causes(masked))
		var ticket strings.Builder
		require.NoError(t, masked.Text(&ticket, 78))
		for _, m := range masked.Evidence.Messages {
			ticket.WriteString(report.MessageText(m))
		}
		texts["the text for support"] = ticket.String()
		require.Len(t, texts, 9)
		for name, text := range texts {
			for _, s := range secrets {
				require.NotContains(t, strings.ToLower(text), strings.ToLower(s), "%s holds %s", name, s)
			}
		}
		var doc report.Document
		require.NoError(t, json.Unmarshal([]byte(texts["report.json"]), &doc))
		again, err := ExamineFile(path, wizard.Subject{})
		require.NoError(t, err)
		require.Equal(t, causes(rep), causes(again))
		require.Contains(t, texts["report.html"], "masked")

		// And once more, out of the saved report.
		rep2, records2, err := ReadFile(path, wizard.Subject{})
		require.NoError(t, err)
		packed, err = Pack(rep2, records2, false)
		require.NoError(t, err)
		require.Equal(t, causes(rep), causes(packed.Report))

		// Everything, by choice: all but the proof of the password.
		packed, err = Pack(rep, records, true)
		require.NoError(t, err)
		path = filepath.Join(t.TempDir(), "all.zip")
		require.NoError(t, packed.Save(path))
		preview.Reset()
		require.NoError(t, packed.Preview(&preview))
		require.Contains(t, preview.String(), "+4930123456")
		require.NotContains(t, preview.String(), "6629fae49393a05397450978507c4ef1")
		for _, m := range packed.members { // not where a server repeats it, either
			require.NotContains(t, string(m.data), "6629fae49393a05397450978507c4ef1", m.name)
		}
		again, err = ExamineFile(path, wizard.Subject{})
		require.NoError(t, err)
		require.Equal(t, causes(rep), causes(again))
	}
}
