package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

func TestACaptureIsExamined(t *testing.T) {
	d := newDesk(t)
	file := filepath.Join(t.TempDir(), "call.pcap")
	if err := os.WriteFile(file, []byte("bytes"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.back.examine = func(r io.Reader) (*report.Report, error) {
		if b, err := io.ReadAll(r); string(b) != "bytes" || err != nil {
			return nil, fmt.Errorf("read %q, %v", b, err)
		}
		return problem(), nil
	}
	d.w.show(newOpenPage(d.w, filepath.Dir(file)))
	d.mustSay("call.pcap")
	open := d.w.now.(*openPage)
	test.Tap(open.files[1])
	d.until("the result stands", func() bool { return onPage[*resultPage](d) })
	d.mustSay("Open another capture…")

	d.back.examine = func(io.Reader) (*report.Report, error) { return nil, errors.New("this is no capture") }
	d.w.OpenFile(file)
	d.until("the trouble is told", func() bool { return onPage[*troublePage](d) })
	d.mustSay("This is no capture.")

	d.w.OpenFile(filepath.Join(t.TempDir(), "missing.pcap"))
	d.mustSay("missing.pcap cannot be opened")
	d.w.show(newOpenPage(d.w, t.TempDir()))
	open = d.w.now.(*openPage)
	open.path.Entry.SetText("/no/such/place")
	open.enterPath()
	d.mustSay("There is no such file or folder.")
}

func TestACaptureThatIsLeftIsForgotten(t *testing.T) {
	d := newDesk(t)
	file := filepath.Join(t.TempDir(), "big.pcap")
	if err := os.WriteFile(file, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	wait, ended := make(chan struct{}), make(chan error, 1)
	d.back.examine = func(r io.Reader) (*report.Report, error) {
		<-wait
		_, err := io.ReadAll(r)
		ended <- err
		return nil, err
	}
	d.w.OpenFile(file)
	d.mustSay("Reading the capture")
	d.key(fyne.KeyEscape)
	close(wait)
	if err := <-ended; err == nil {
		t.Error("reading went on")
	}
	(<-d.queue)()
	if !onPage[*homePage](d) {
		t.Errorf("the page is %T", d.w.now)
	}
}

func TestTechnicalView(t *testing.T) {
	d := newDesk(t)
	d.w.technical(true)
	d.mustSay("Nothing has been sent or received yet.")
	d.key(fyne.KeyEscape)
	if d.w.tech != nil {
		t.Error("Escape leaves the technical view")
	}
	d.w.show(newResultPage(d.w, problem(), nil))
	d.w.technical(true)
	if !strings.Contains(d.w.tech.text.Text, "200 OK") {
		t.Errorf("the cited message is not the one shown: %q", d.w.tech.text.Text)
	}
	d.w.tech.list.Select(0)
	if !strings.Contains(d.w.tech.text.Text, "REGISTER sip:pbx.example.net") {
		t.Errorf("the first message is %q", d.w.tech.text.Text)
	}
	d.w.tech.copy()
	for _, text := range []string{d.w.tech.text.Text, d.w.app.Clipboard().Content()} {
		if strings.Contains(text, "0123456789abcdef") || !strings.Contains(text, "uri=") {
			t.Errorf("the proof of the password must be blanked, the rest stay: %s", text)
		}
	}
	d.mustSay("Audio streams", "409")
}

// TestTheTellingRowIsInSight: a ladder that is longer than the page shows the row that it
// chose, and what led to it above.
func TestTheTellingRowIsInSight(t *testing.T) {
	d := newDesk(t)
	r := problem()
	for range 4 {
		r.Evidence.Messages = append(r.Evidence.Messages, r.Evidence.Messages...)
	}
	d.w.show(newResultPage(d.w, r, nil))
	d.w.technical(true)
	list := d.w.tech.list
	if !strings.Contains(d.w.tech.text.Text, "200 OK") || list.chosen == 0 {
		t.Fatalf("row %d is chosen: %q", list.chosen, d.w.tech.text.Text)
	}
	height := list.CreateItem().MinSize().Height
	row := float32(list.chosen) * (height + list.Theme().Size(theme.SizeNamePadding))
	if at := list.GetScrollOffset(); at > row || row+height > at+list.Size().Height {
		t.Errorf("row %d lies at %v, and %v from %v on is shown", list.chosen, row, list.Size().Height, at)
	}
	list.ScrollToBottom()
	if list.GetScrollOffset() == 0 {
		t.Error("the ladder has room for all of it: this shows nothing")
	}
}

func TestAQuestionComesBeforeTheTechnicalView(t *testing.T) {
	d := newDesk(t)
	got := make(chan wizard.Answer, 1)
	d.back.script = asking(got)
	d.w.show(newLivePage(d.w, liveRequest{Request: session.Request{Situation: "registration", Account: account()}}))
	d.w.technical(true)
	d.until("the question stands", func() bool { return d.says("Can they hear you?") })
	if d.w.tech != nil {
		t.Error("the technical view hides the question")
	}
	d.w.technical(true) // switched on again by hand: the check is not left
	d.w.technical(false)
	test.Tap(d.w.now.(*livePage).question.choices[0])
	if a := <-got; a != "yes" {
		t.Errorf("the answer was %q", a)
	}
	d.until("the result stands", func() bool { return onPage[*resultPage](d) })
}

func TestDisplayError(t *testing.T) {
	for _, k := range []string{"DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"} {
		t.Setenv(k, "")
	}
	if err := DisplayError(); err != nil && !strings.Contains(err.Error(), "command line") {
		t.Errorf("the sentence must name the command line: %v", err)
	}
}
