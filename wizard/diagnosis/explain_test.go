package diagnosis

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// explained fails unless the term is known and has a title and a text.
func explained(t *testing.T, term string) Explanation {
	t.Helper()
	e, err := Explain(term)
	if err != nil {
		t.Errorf("%q: %v", term, err)
		return e
	}
	if e.Title == "" || len(e.Paragraphs) == 0 {
		t.Errorf("%q: nothing is said: %+v", term, e)
	}
	for _, p := range e.Paragraphs {
		if strings.TrimSpace(p.Text) == "" {
			t.Errorf("%q: the paragraph %q is empty", term, p.Heading)
		}
	}
	return e
}

func paragraph(e Explanation, heading string) string {
	for _, p := range e.Paragraphs {
		if p.Heading == heading {
			return p.Text
		}
	}
	return ""
}

func seeds(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(sharedPath(t, "seeds"), "*.txt"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d seeds, %v", len(files), err)
	}
	texts := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(f)] = string(b)
	}
	return texts
}

func TestEveryCodeOfTheSeedsIsExplained(t *testing.T) {
	three := regexp.MustCompile(`(?:^|[^\d.])([1-6]\d\d)(?:[^\d]|$)`)
	codes := 0
	for name, text := range seeds(t) {
		for _, line := range strings.Split(text, "\n") {
			for _, m := range three.FindAllStringSubmatch(line, -1) {
				codes++
				e := explained(t, m[1])
				if paragraph(e, "What you can do") == "" {
					t.Errorf("%s: %s has no advice for the person", name, m[1])
				}
				n, _ := strconv.Atoi(m[1])
				_, known := LookupCode(n)
				if _, payload := LookupPayloadNumber(n); !known && !payload && !strings.Contains(line, "Our content") && !strings.Contains(line, "RFC") {
					t.Logf("%s: %s is in no list: %s", name, m[1], line)
				}
			}
		}
	}
	if codes < 150 {
		t.Errorf("only %d codes were found in the seeds", codes)
	}
}

// TestTheSeedsOwnLinesAreExplained asks for the headings and lines of the seeds as a
// person would paste them.
func TestTheSeedsOwnLinesAreExplained(t *testing.T) {
	heading := regexp.MustCompile(`^[\s#*•-]*((?:SIP )?[1-6]\d\d\b.*|[1-6]xx\b.*|[vosctma]=\S.*|\d+=\S.*|\d{1,3}: \S.*|Via: .*)$`)
	count := 0
	for name, text := range seeds(t) {
		for _, line := range strings.Split(text, "\n") {
			m := heading.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			count++
			term := strings.Trim(m[1], "* ")
			if e, err := Explain(term); err != nil || len(e.Paragraphs) == 0 {
				t.Errorf("%s: %q: %v", name, term, err)
			}
		}
	}
	if count < 120 {
		t.Errorf("only %d lines were found", count)
	}
}

func TestTermsInTheirSpellings(t *testing.T) {
	for _, c := range []struct{ term, title string }{
		{"488", "488 Not Acceptable Here"},
		{"SIP 488", "488 Not Acceptable Here"},
		{"486 Busy Here", "486 Busy Here"},
		{"SIP/2.0 486 Busy Here", "486 Busy Here"},
		{"  busy here ", "486 Busy Here"},
		{"403 Denied", "403 Forbidden"},
		{"SIP 500 — Internal Server Error", "500 Server Internal Error"},
		{"302 | Moved Temporarily", "302 Moved Temporarily"},
		{"error 503", "503 Service Unavailable"},
		{"499", "499 Unlisted code of class 4xx"},
		{"4xx", "4xx: not like this"},
		{"6xx—Global Failure Responses", "6xx: no, everywhere"},
		{"q850:17", "Q.850 cause 17: User busy"},
		{"Q.850;cause=17", "Q.850 cause 17: User busy"},
		{"q.850 17", "Q.850 cause 17: User busy"},
		{"warning:304", "Warning 304: Media type not available"},
		{"Warning 399", "Warning 399: Miscellaneous warning"},
		{"pt:18", "Payload type 18: G729"},
		{"payload type 8", "Payload type 8: PCMA"},
		{"pt:opus", "opus"},
		{"18=G729", "Payload type 18: G729"},
		{"101=rtp-nte payload", "Payload type 101: dynamic"},
		{"101: telephone-event, often used for RFC 2833 DTMF.", "Payload type 101: dynamic"},
		{"ack-missing", "The other side never learns that you answered."},
		{"cause:68", "The other side never learns that you answered."},
		{"healthy", "No fault was found."},
		{"no-ringback", "You call, hear no ringing, and nobody answers"},
		{"No Ringback Tone, Call Is Not Recived", "You call, hear no ringing, and nobody answers"},
		{"Incoming Call Recived, but Cannot Be Answered", "A call comes in but cannot be answered"},
		{"No Incoming Calls", "No calls come in"},
		{"One-Way Audio During Calls (No Sound)", "Only one side hears the other, or nobody hears anything"},
		{"Call Quality Issues (Distortion, Echo, Delay)", "The sound is bad: distorted, choppy, with echo or delay"},
		{"5060", "port"},
		{"100rel", "100rel"},
		{"RFC 2833", "telephone-event"},
		{"RFC 5626", "RFC 5626"},
		{"m=audio", "m=audio"},
		{"a=rtpmap", "a=rtpmap"},
		{"c=", "c= (connection)"},
		{"Via headers", "Via"},
		{"re-INVITE", "INVITE"},
	} {
		if e := explained(t, c.term); e.Title != c.title {
			t.Errorf("%q is explained as %q, want %q", c.term, e.Title, c.title)
		}
	}
}

func TestTheGlossaryHoldsTheWordsOfTheSeeds(t *testing.T) {
	for _, term := range strings.Split("SIP,SDP,RTP,Via,Contact,From,To,Call-ID,REGISTER,INVITE,ACK,BYE,CANCEL,OPTIONS,digest,digest authentication,auth ID,username,password,realm,domain,proxy,forking proxy,UAC,UAS,user agent,user agent client,PCMU,PCMA,G.711,G.729,telephone-event,RFC 2833,rtp-nte,DTMF,DTMF method,NAT,SIP ALG,firewall,trunk,SIP trunk,dial plan,dialing pattern,caller ID,early media,ringback,jitter,packet loss,MOS,response codes,1xx,2xx,3xx,4xx,5xx,6xx,m=audio,m=video,a=rtpmap,a=ptime,a=fmtp,a=sendrecv,c=,o=,s=,t=,v=,b=,RTP/AVP,RTP port,codec,codec list,payload,payload type,PBX,softphone,registration,registrar,gateway,Request-URI,Max-Forwards,Retry-After,Session-Expires,Supported,Accept header,MD5,account credit,balance,allowed list,portal,SIP trace,SDP offer and answer,signaling,provisional,final response,transaction,dialog,MIME body,VoIP,echo,distortion,delay,DNS,clock,timeout,overload,maintenance,method,header field,transport type,branch,rport,received,STUN,TLS,UDP,TCP,keep-alive,private address,server,client,permission,call forwarding,loop,retransmission,one-way,hold", ",") {
		explained(t, term)
	}
	for _, name := range termNames() {
		explained(t, name)
	}
}

func TestGlossaryIsPlainAndWithoutDoubles(t *testing.T) {
	seen := map[string]string{}
	for _, words := range glossary {
		for _, w := range words {
			sentence(t, w.term, w.plain)
			if w.more != "" {
				sentence(t, w.term, w.more)
			}
			names := append([]string{strings.ToLower(w.term)}, w.also...)
			for _, n := range names {
				if n != normal(n) {
					t.Errorf("%s: %q can never be found, because it is asked as %q", w.term, n, normal(n))
				}
				if other, twice := seen[n]; twice && other != w.term {
					t.Errorf("%q stands at %s and at %s", n, other, w.term)
				}
				seen[n] = w.term
			}
		}
	}
	for _, h := range headers {
		sentence(t, h.name, h.plain)
	}
	for _, a := range sdpAttributes {
		sentence(t, a.name, a.plain)
	}
	for _, k := range sdpKinds {
		sentence(t, k.name, k.plain)
	}
}

func TestListsHoldEverything(t *testing.T) {
	all := func(term string) string {
		var b strings.Builder
		for _, p := range explained(t, term).Paragraphs {
			b.WriteString("\n" + p.Text)
		}
		return b.String()
	}
	codes := all("codes")
	for _, c := range Codes() {
		if !strings.Contains(codes, "\n"+strconv.Itoa(c.Number)+" "+c.Name+": ") {
			t.Errorf("the list of codes lacks %d", c.Number)
		}
	}
	q850 := all("q850")
	for _, q := range Q850Causes() {
		if !strings.Contains(q850, "\n"+strconv.Itoa(q.Number)+" "+q.Name+": ") {
			t.Errorf("the list of causes of the telephone network lacks %d", q.Number)
		}
	}
	warnings := all("warning")
	for _, w := range WarningCodes() {
		if !strings.Contains(warnings, "\n"+strconv.Itoa(w.Number)+" ") {
			t.Errorf("the list of warnings lacks %d", w.Number)
		}
	}
	pts := all("pt")
	for _, p := range PayloadTypes() {
		if !strings.Contains(pts, p.Name+": ") {
			t.Errorf("the list of payload types lacks %s", p.Name)
		}
	}
	causes := all("causes")
	for _, c := range Causes() {
		if !strings.Contains(causes, "\n"+c.ID+": ") {
			t.Errorf("the list of causes lacks %s", c.ID)
		}
		if e := explained(t, c.ID); e.Title != c.Title {
			t.Errorf("%s is explained as %q", c.ID, e.Title)
		}
	}
	if !strings.Contains(all("situations"), "cannot-answer") || !strings.Contains(all("terms"), "jitter") {
		t.Error("situations or terms are not listed")
	}
}

func TestSituationsNameTheirCheckAndCauses(t *testing.T) {
	for _, id := range []string{"no-ringback", "no-incoming", "one-way-audio", "cannot-answer", "quality", "call-drops", "registration", "dtmf"} {
		e := explained(t, id)
		if !strings.Contains(paragraph(e, "The check to run"), "check "+id) {
			t.Errorf("%s: the check is not named", id)
		}
		for _, c := range Causes() {
			for _, s := range c.Situations {
				if s == id && !strings.Contains("\n"+paragraph(e, "What the check can find"), "\n"+c.ID+": ") {
					t.Errorf("%s lacks %s", id, c.ID)
				}
			}
		}
		for _, p := range e.Paragraphs {
			if h := p.Heading; h == "What it is" || h == "What usually causes it" {
				sentence(t, id+" "+h, p.Text)
				noJargon(t, id+" "+h, p.Text)
			}
		}
	}
}

func TestUnknownTermsGetTheNearest(t *testing.T) {
	for term, want := range map[string]string{
		"jiter":         `"jitter"`,
		"regster":       `"REGISTER"`,
		"no-ringbak":    `"no-ringback"`,
		"ack-mising":    `"ack-missing"`,
		"telefon-event": `"telephone-event"`,
		"Bussy Here":    `"Busy Here"`,
		"18":            `"pt:18"`,
		"999":           "100 to 699",
		"7xx":           "1xx to 6xx",
		"q850:200":      "1 to 127",
		"warning:200":   "300 to 399",
		"pt:200":        "0 to 127",
		"pt:foo":        `"pt" lists`,
		"cause:4000":    `"causes" lists`,
		"":              "q850:N",
		"xyzzy plugh":   "q850:N",
		"\x00\x01":      "nothing was asked",
		"q851:17":       "q850:N",
	} {
		_, err := Explain(term)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want a hint on %s", term, err, want)
		}
	}
	if _, err := Explain(strings.Repeat("long ", 100000)); err == nil || len(err.Error()) > 600 {
		t.Errorf("a long term is quoted at length: %v", err)
	}
}

func FuzzExplain(f *testing.F) {
	for _, s := range []string{"488", "SIP 486 Busy Here", "q850:17", "warning:305", "pt:101", "m=audio 25268 RTP/AVP 18 0 8 101", "Via: SIP/2.0/UDP 10.11.228.67:5060", "jiter", "4xx", "a=", "=", ":", "SIP/2.0 ", "cause:", "q850:99999999999999999999", "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := Explain(s)
		switch {
		case err != nil && err.Error() == "":
			t.Error("an error without words")
		case err == nil && (e.Title == "" || len(e.Paragraphs) == 0):
			t.Errorf("%q: nothing is said", s)
		}
	})
}
