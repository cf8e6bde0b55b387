package app

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// A capture with several calls is a list; each is judged alone, and the way back leads
// to the list.
func TestListOfCalls(t *testing.T) {
	d := newDesk(t)
	d.w.show(newCallsPage(d.w, session.Opened{Name: "day.pcap"}, problem(), callRows()))
	p := d.w.now.(*callsPage)
	d.mustSay("2 calls in this capture", "Problem found", "All well")
	d.key(fyne.KeyDown)
	d.key(fyne.KeyReturn)
	if !onPage[*resultPage](d) {
		t.Fatalf("Enter leads to %T", d.w.now)
	}
	d.key(fyne.KeyEscape)
	if !onPage[*callsPage](d) {
		t.Fatalf("Escape leads to %T", d.w.now)
	}
	d.w.now.(*callsPage).list.Select(0)
	if !onPage[*resultPage](d) {
		t.Fatalf("a press leads to %T", d.w.now)
	}
	d.w.show(p)
	test.Tap(p.all)
	d.mustSay("Problem found")
}

// Saving makes the file, tells where, and asks before it replaces another one.
func TestSaving(t *testing.T) {
	d := newDesk(t)
	dir := t.TempDir()
	d.signedIn()
	check, err := d.back.NewCheck(session.Request{Situation: "one-way-audio"})
	if err != nil {
		t.Fatal(err)
	}
	d.w.show(newResultPage(d.w, problem(), &liveRequest{Request: session.Request{Account: account()}, check: check}))
	test.Tap(d.w.now.(*resultPage).save)
	p := d.w.now.(*savePage)
	path := filepath.Join(dir, "report.zip")
	p.path.Entry.SetText(dir)
	p.do()
	d.mustSay("This is a folder")
	p.path.Entry.SetText(path)
	p.do()
	d.mustSay("Saved: " + path)
	if b, err := os.ReadFile(path); err != nil || string(b) != "one-way-audio" {
		t.Errorf("saved %q, %v", b, err)
	}
	p.mask.Choose(1)
	p.do()
	if b, err := os.ReadFile(path); err != nil || string(b) != "everything" {
		t.Errorf("saved %q, %v", b, err)
	}
	p.mask.Choose(0)
	other := filepath.Join(dir, "other.zip")
	if err := os.WriteFile(other, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.path.Entry.SetText(other)
	p.do()
	d.mustSay("There is a file of this name already.")
	if b, _ := os.ReadFile(other); string(b) != "mine" {
		t.Error("another file was replaced without asking")
	}
	p.do()
	if b, _ := os.ReadFile(other); string(b) != "one-way-audio" {
		t.Error("the second press replaces it")
	}
	p.path.Entry.SetText(filepath.Join(dir, "no", "such", "folder", "x"))
	p.do()
	if p.path.Complaint() == "" {
		t.Error("what cannot be saved is told")
	}
	d.key(fyne.KeyEscape)
	if !onPage[*resultPage](d) {
		t.Errorf("Escape leads to %T", d.w.now)
	}

	d.w.technical(true)
	test.Tap(d.w.tech.saves)
	p = d.w.now.(*savePage)
	p.path.Entry.SetText(filepath.Join(dir, "call.pcapng"))
	p.do()
	if b, err := os.ReadFile(filepath.Join(dir, "call.pcapng")); err != nil || string(b) != "packets" {
		t.Errorf("saved %q, %v", b, err)
	}
}

// A crash leaves a file that the next start offers; a program that ended well leaves none.
func TestCrashIsOffered(t *testing.T) {
	dir := t.TempDir()
	end := watchCrash(dir)
	if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 1 {
		t.Fatalf("files: %v", files)
	}
	if got := crashes(dir); len(got) != 0 {
		t.Errorf("a running program is no crash: %v", got)
	}
	end()
	if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
	old := filepath.Join(dir, "2020-01-01-000000-1.txt")
	if err := os.WriteFile(old, []byte(crashHead()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(old, time.Now(), time.Now().Add(-48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	crashed := filepath.Join(dir, "2026-01-01-000000-2.txt")
	if err := os.WriteFile(crashed, []byte(crashHead()+"panic: something that should not be\n\ngoroutine 1 [running]:\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	found := crashes(dir)
	if len(found) != 1 || found[0] != crashed {
		t.Fatalf("found %v", found)
	}
	d := newDesk(t)
	d.w.show(newCrashPage(d.w, found))
	d.mustNotSay("goroutine 1")
	p := d.w.now.(*crashPage)
	test.Tap(p.show)
	d.mustSay("something that should not be")
	d.key(fyne.KeyReturn)
	if !onPage[*homePage](d) || len(crashes(dir)) != 0 {
		t.Error("it is offered once")
	}
}

// The ladder shows what was sent again, pauses, and streams, in the order of time.
func TestLadderRows(t *testing.T) {
	e := someEvidence()
	ask := e.Messages[0]
	ask.Copies = []evidence.Copy{{N: 5, Time: ask.Time.Add(500 * time.Millisecond)}, {N: 6, Time: ask.Time.Add(4500 * time.Millisecond)}}
	e.Streams[0].First = ask.Time.Add(6 * time.Second)
	var got []look.RungKind
	for _, r := range ladderRows(e, map[int]bool{2: true}) {
		got = append(got, r.kind)
	}
	want := []look.RungKind{look.RungMessage, look.RungMessage, look.RungCopy, look.RungGap, look.RungCopy, look.RungStream}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

// A message is explained where it stands: every Via and every line of the description.
func TestMessagesAreExplainedInPlace(t *testing.T) {
	d := newDesk(t)
	d.w.show(newResultPage(d.w, problem(), nil))
	d.w.technical(true)
	d.mustSay("Via: SIP/2.0/UDP 192.0.2.7:5060", "The address to which this answer goes back")
	d.w.tech.mode.Choose(modeOffer)
	d.w.tech.showMessage()
	d.mustSay("No description of the sound was seen")
	c := d.w.tech.shown.Calls[0]
	c.Offer = &evidence.Media{Local: true, Addr: "192.0.2.7", Port: 4000, Proto: "RTP/AVP", Direction: "sendrecv", Codecs: []evidence.Codec{{PayloadType: 8, Name: "PCMA"}, {PayloadType: 0, Name: "PCMU"}}}
	c.Agreed = &evidence.Media{Addr: "198.51.100.20", Port: 5000, Proto: "RTP/AVP", Direction: "inactive", Codecs: []evidence.Codec{{PayloadType: 0, Name: "PCMU"}}}
	d.w.tech.showMessage()
	d.mustSay("Offer", "Answer", "198.51.100.20 port 5000", "≠ inactive", "Both sides know: PCMU.")
	d.w.tech.copyOne()
	if got := d.w.app.Clipboard().Content(); !strings.Contains(got, "#2") || !strings.Contains(got, "200 OK") {
		t.Errorf("copied %q", got)
	}
}

// What a test left that was cut off is offered once, and can be examined.
func TestACutOffTestIsOffered(t *testing.T) {
	d := newDesk(t)
	path := filepath.Join(t.TempDir(), "2026-03-01-120000.000-1.pcapng")
	if err := os.WriteFile(path, []byte("trace"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.back.examine = func(r io.Reader) (*report.Report, error) {
		if b, err := io.ReadAll(r); string(b) != "trace" || err != nil {
			t.Errorf("read %q, %v", b, err)
		}
		return problem(), nil
	}
	d.w.show(newCutOffPage(d.w, []string{path}))
	d.mustSay("A test was cut off last time")
	d.key(fyne.KeyReturn)
	d.until("the result stands", func() bool { return onPage[*resultPage](d) })
	if _, err := os.Stat(path); err == nil {
		t.Error("the trace is still there")
	}
}
