package report_test

import (
	"bytes"
	"image"
	_ "image/png"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

func pageOf(t *testing.T, rep *report.Report, records []capture.Record) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, rep.HTML(&b, slices.Values(records)))
	return b.String()
}

// outside is anything that a browser would fetch, or run.
var outside = regexp.MustCompile(`(?i)<script|<link|<img|<iframe|@import|url\(|src\s*=|\son[a-z]+\s*=`)

// Every capture makes a page that is well formed, needs nothing from outside, and shows
// the verdict, each message and each record that the verdict cites.
func TestPages(t *testing.T) {
	charts := 0
	documents(t, func(name string, rep *report.Report, records []capture.Record) {
		text := pageOf(t, rep, records)
		tree, err := html.Parse(strings.NewReader(text))
		require.NoError(t, err, name)
		require.Contains(t, words(tree), strings.Join(strings.Fields(rep.Headline()), " "), name)
		body := text[strings.Index(text, "</style>"):]
		// Quoted messages may hold anything, but escaped: no tag of theirs is one of ours.
		for n := range tree.Descendants() {
			if n.Type == html.ElementNode {
				require.NotContains(t, []string{"script", "img", "link", "iframe", "object"}, n.Data, name)
				for _, a := range n.Attr {
					require.False(t, strings.HasPrefix(a.Key, "on"), name)
					require.False(t, a.Key == "href" && !strings.HasPrefix(a.Val, "#"), name)
				}
			}
		}
		for _, m := range rep.Evidence.Messages[:min(len(rep.Evidence.Messages), 50)] {
			if len(rep.Evidence.Messages) <= 300 {
				require.Contains(t, body, `id="m`+strconv.Itoa(m.N)+`"`, name)
			}
		}
		require.NotContains(t, text, "ZgotmplZ", name)
		charts += strings.Count(body, "<figure>")
	})
	require.Greater(t, charts, 20)
	style, err := os.ReadFile("page.css")
	require.NoError(t, err)
	require.NotRegexp(t, outside, string(style))
}

// words gives the text of a page, blanks as one.
func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// What strangers write into messages stays text.
func TestPageIsNoWayIn(t *testing.T) {
	evil := `</pre></text><script>alert(1)</script><img src=x onerror=y>`
	records := []capture.Record{
		{N: 1, Packet: packet(0, true, "INVITE sip:2002@pbx.example.net SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.23:5060;branch=z9hG4bKa\nFrom: \""+evil+"\" <sip:2001@pbx.example.net>;tag=a\nTo: <sip:2002@pbx.example.net>\nCall-ID: x"+evil+"\nCSeq: 1 INVITE\nMax-Forwards: 70\nContact: <sip:2001@192.168.1.23:5060>\nContent-Length: 0\n\n")},
		{N: 2, Packet: packet(50, false, "SIP/2.0 503 "+evil+"\nVia: SIP/2.0/UDP 192.168.1.23:5060;branch=z9hG4bKa\nFrom: <sip:2001@pbx.example.net>;tag=a\nTo: <sip:2002@pbx.example.net>;tag=b\nCall-ID: x"+evil+"\nCSeq: 1 INVITE\nContent-Length: 0\n\n")},
	}
	var b evidence.Builder
	for _, r := range records {
		b.Add(r)
	}
	e := b.Evidence()
	text := pageOf(t, report.New("no-ringback", e, diagnosis.Of(e, diagnosis.Dictionary{})), records)
	require.Contains(t, text, "&lt;script&gt;")
	require.NotContains(t, text, "<script")
	require.NotContains(t, text, "<img")
}

func packet(ms int, out bool, text string) *capture.Packet {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(ms) * time.Millisecond)
	p := &capture.Packet{Time: at, Net: capture.UDP, Src: netip.MustParseAddrPort("192.168.1.23:5060"), Dst: netip.MustParseAddrPort("198.51.100.20:5060"), Data: []byte(strings.ReplaceAll(text, "\n", "\r\n"))}
	if !out {
		p.Src, p.Dst = p.Dst, p.Src
	}
	return p
}

// A real browser shows the page in both themes and prints it.
func TestPageInBrowser(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is not installed")
		}
		t.Skip("chromium is not installed")
	}
	dir := t.TempDir()
	var rep *report.Report
	documents(t, func(name string, r *report.Report, records []capture.Record) {
		if r.Verdict == report.Problem && len(r.Evidence.Messages) > 5 && rep == nil {
			rep = r
			require.NoError(t, os.WriteFile(filepath.Join(dir, "page.html"), []byte(pageOf(t, r, records)), 0o600))
		}
	})
	require.NotNil(t, rep)
	run := func(args ...string) []byte {
		args = append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir=" + filepath.Join(dir, "profile"), "--window-size=1040,900"}, args...)
		out, err := exec.Command(chromium, append(args, "file://"+filepath.Join(dir, "page.html"))...).Output()
		require.NoError(t, err)
		return out
	}
	corner := func(name, scheme string) [3]uint32 {
		file := filepath.Join(dir, name)
		run("--blink-settings=preferredColorScheme="+scheme, "--screenshot="+file)
		f, err := os.Open(file)
		require.NoError(t, err)
		defer f.Close()
		img, _, err := image.Decode(f)
		require.NoError(t, err)
		r, g, b, _ := img.At(4, 880).RGBA()
		return [3]uint32{r >> 8, g >> 8, b >> 8}
	}
	require.Equal(t, [3]uint32{0xf6, 0xf7, 0xf9}, corner("light.png", "1"))
	require.Equal(t, [3]uint32{0x14, 0x18, 0x1f}, corner("dark.png", "0"))

	tree, err := html.Parse(bytes.NewReader(run("--dump-dom")))
	require.NoError(t, err)
	require.Contains(t, words(tree), strings.Join(strings.Fields(rep.Headline()), " "))

	pdf := filepath.Join(dir, "page.pdf")
	run("--no-pdf-header-footer", "--print-to-pdf="+pdf)
	text, err := exec.Command("pdftotext", pdf, "-").Output()
	require.NoError(t, err, "pdftotext is of poppler-utils")
	require.Contains(t, strings.Join(strings.Fields(string(text)), " "), strings.Join(strings.Fields(rep.Headline()), " "))
}
