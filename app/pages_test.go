package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
	"softphonedoctor/app/words"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/report"
)

// everyPage makes each page in the state that needs most room.
func everyPage(d *desk) map[string]func() page {
	w := d.w
	practice := &liveRequest{practice: &Practice{Fault: d.back.Faults()[1]}}
	return map[string]func() page{
		"home":    func() page { return newHomePage(w) },
		"account": func() page { return newAccountPage(w, "") },
		"account with everything": func() page {
			p := newAccountPage(w, "one-way-audio")
			p.more.SetOpen(true)
			p.user.Complain("Enter the user name: often the extension or the number.")
			p.tell(signInCard(problem()))
			return p
		},
		"ready": func() page { return newReadyPage(w, "one-way-audio") },
		"live": func() page {
			p := newLivePage(w, liveRequest{Request: session.Request{Situation: "one-way-audio", Target: "2002", Account: account()}, title: "One side hears nothing"})
			return liveStill{p}
		},
		"question": func() page {
			p := newLivePage(w, liveRequest{Request: session.Request{Situation: "one-way-audio", Target: "2002", Account: account()}, title: "One side hears nothing"})
			p.ask(&asked{Question: wizard.Question{ID: "they_hear", Text: "Can the other person hear the test sound now?", Hint: "Ask the person who answered.", Options: theyHear.Options}})
			return liveStill{p}
		},
		"result":    func() page { return newResultPage(w, problem(), &liveRequest{}) },
		"healthy":   func() page { return newResultPage(w, healthy(), nil) },
		"practised": func() page { return newResultPage(w, problem(), practice) },
		"inconclusive": func() page {
			return newResultPage(w, report.New("capture", someEvidence(), diagnosis.Diagnosis{}), nil)
		},
		"practice": func() page { return newPracticePage(w) },
		"guess":    func() page { return newGuessPage(w, problem(), practice) },
		"guessed": func() page {
			g := *practice
			g.guess = &d.back.Faults()[0]
			return newResultPage(w, problem(), &g)
		},
		"open":     func() page { return newOpenPage(w, d.t.TempDir()) },
		"trouble":  func() page { return newTroublePage(w, "The test could not start", errors.New("no network")) },
		"reading":  func() page { return newReadingPage(w, "call.pcap") },
		"import":   func() page { return newImportPage(w, "") },
		"settings": func() page { return newSettingsPage(w) },
		"about":    func() page { return newAboutPage(w) },
		"crash": func() page {
			return newCrashPage(w, []string{"/home/somebody/.cache/softphone-doctor/crashes/2026-03-01-120000-1.txt"})
		},
		"cut off": func() page {
			return newCutOffPage(w, []string{"/home/somebody/.cache/softphone-doctor/traces/2026-03-01-120000.000-1.pcapng"})
		},
		"save": func() page {
			return newSavePage(w, saveRequest{name: "report.zip", about: "The report and the packets that prove it, in one file.", whole: func(string) (string, error) { return "", nil }})
		},
		"calls": func() page { return newCallsPage(w, session.Opened{Name: "day.pcap"}, problem(), callRows()) },
		"retest": func() page {
			return newResultPage(w, healthy(), &liveRequest{Request: session.Request{Account: account()}, before: problem(), change: remedyFor("sip-alg", someEvidence(), account())})
		},
		"between": func() page { return newBetweenPage(w) },
		"between watched": func() page {
			w.own = &ownWatch{w: w, at: "127.0.0.1:5066", seen: ownSeen{came: true, signIn: signInFails, call: began, trouble: "The server 198.51.100.20:5060 takes no connection."}}
			defer func() { w.own = nil }()
			return newBetweenPage(w)
		},
		"own": func() page {
			r := problem()
			r.Warnings = session.BetweenHides()
			p := newResultPage(w, r, nil)
			p.ofOwn(&fakeCheck{})
			return p
		},
		"sound": func() page { return soundStill{newSoundPage(w)} },
	}
}

// soundStill is a sound page whose devices are not opened.
type soundStill struct{ *soundPage }

func (soundStill) enter() {}

// callRows are the calls of a capture.
func callRows() []report.CallRow {
	c := someEvidence().Calls[0]
	call := report.CallDoc{ID: c.ID, Direction: c.Direction.String(), From: c.From, To: c.To}
	return []report.CallRow{{Call: call, Verdict: report.Problem, Headline: "The other side cannot hear you.", Cause: "no-audio-out-lost"},
		{Call: call, Verdict: report.Healthy, Headline: "No fault found."}}
}

// liveStill is a live page whose check does not run.
type liveStill struct{ *livePage }

func (liveStill) enter() {}
func (liveStill) leave() {}

func TestNothingIsClippedInTheSmallestWindow(t *testing.T) {
	for _, size := range []fyne.Size{Smallest, Usual, fyne.NewSize(1900, 1000)} {
		d := newDesk(t)
		d.w.account.status = signInWorks
		d.signedIn()
		for name, make := range everyPage(d) {
			d.w.show(make())
			d.w.win.Resize(size)
			if got := d.w.win.Canvas().Size(); got != size {
				t.Fatalf("the canvas is %v", got)
			}
			d.fits(name, size)
			if h := d.w.now.body().MinSize().Height + look.Footer(d.w.now.footer()).MinSize().Height + d.w.header.object.MinSize().Height; h > Smallest.Height {
				t.Errorf("%s: the least height is %v", name, h)
			}
		}
		d.w.show(newResultPage(d.w, problem(), &liveRequest{}))
		d.w.technical(true)
		d.w.win.Resize(size.AddWidthHeight(1, 0))
		d.w.win.Resize(size)
		d.fits("technical", size)
	}
}

func TestTheWindowCannotBeSmallerThanItsPagesNeed(t *testing.T) {
	d := newDesk(t)
	if got := d.w.win.Content().MinSize(); got != Smallest {
		t.Errorf("the least size is %v, want %v", got, Smallest)
	}
}

// home, account, the confirmation and the question must be seen whole without scrolling.
func TestImportantPagesFitWithoutScrolling(t *testing.T) {
	d := newDesk(t)
	d.signedIn()
	d.w.win.Resize(Smallest)
	pages := everyPage(d)
	for _, name := range []string{"home", "account", "ready", "live", "question"} {
		d.w.show(pages[name]())
		d.w.win.Resize(Smallest.AddWidthHeight(1, 0))
		d.w.win.Resize(Smallest)
		low := float32(0)
		walk(d.w.now.body(), func(o fyne.CanvasObject) {
			if p, ok := o.(*look.Prose); ok {
				low = max(low, d.w.app.Driver().AbsolutePositionForObject(p).Y+p.Size().Height)
			}
		})
		if limit := d.w.app.Driver().AbsolutePositionForObject(d.w.bar).Y; low > limit {
			t.Errorf("%s: the last words end at %v, the footer begins at %v", name, low, limit)
		}
	}
}

// All complaints are seen at once, in every language, in the usual and in the smallest
// window: who has to scroll does not know what there is to choose from.
func TestAllComplaintsAreSeenAtOnce(t *testing.T) {
	t.Cleanup(func() { words.Choose("en") })
	for _, l := range words.Languages() {
		d := newDesk(t)
		d.back.all = true
		words.Choose(l.Code)
		for _, size := range []fyne.Size{Usual, Smallest} {
			d.w.win.Resize(size)
			d.w.home()
			d.w.win.Resize(size.AddWidthHeight(1, 0))
			d.w.win.Resize(size)
			look.Rearrange(d.w.win.Content())
			low, limit := float32(0), d.w.app.Driver().AbsolutePositionForObject(d.w.bar).Y
			for _, c := range d.w.now.(*homePage).cards {
				low = max(low, d.w.app.Driver().AbsolutePositionForObject(c).Y+c.Size().Height)
			}
			if low > limit {
				t.Errorf("%s at %v: the last card ends at %v, the footer begins at %v", l.Code, size, low, limit)
			}
		}
	}
}

func TestEverythingIsReachedByTab(t *testing.T) {
	d := newDesk(t)
	d.signedIn()
	for name, make := range everyPage(d) {
		d.w.show(make())
		d.w.win.Canvas().Unfocus()
		want := map[fyne.CanvasObject]bool{}
		walk(d.w.win.Content(), func(o fyne.CanvasObject) {
			switch o := o.(type) {
			case *look.Button:
				if o.Enabled() {
					want[o] = true
				}
			case *look.Tile, *look.Entry, *widget.Select, *widget.Check:
				want[o] = true
			}
		})
		for range len(want) + 3 {
			d.w.win.Canvas().FocusNext()
			if f, ok := d.w.win.Canvas().Focused().(fyne.CanvasObject); ok {
				delete(want, f)
			}
		}
		for o := range want {
			label := fmt.Sprintf("%T", o)
			if a, ok := o.(fyne.Accessible); ok {
				label = a.AccessibilityLabel()
			}
			t.Errorf("%s: Tab never reaches %s", name, label)
		}
	}
}

func TestTabGoesFromAboveToBelow(t *testing.T) {
	d := newDesk(t)
	home := d.w.now.(*homePage)
	for _, want := range []fyne.Focusable{d.w.header.account.Tile, d.w.header.tech.Tile, d.w.header.settings, home.own, home.cards["no-ringback"], home.cards["one-way-audio"],
		home.cards["registration"], home.change} {
		d.w.win.Canvas().FocusNext()
		if got := d.w.win.Canvas().Focused(); got != want {
			t.Fatalf("the focus is on %T %q, want %q", got, got.(fyne.Accessible).AccessibilityLabel(), want.(fyne.Accessible).AccessibilityLabel())
		}
	}
}

func TestHealthySaysWhatWasCheckedAndWhatNext(t *testing.T) {
	d := newDesk(t)
	d.w.show(newResultPage(d.w, healthy(), &liveRequest{Request: session.Request{Account: account()}}))
	d.mustSay("All well", "If it happens again", "Run the same test while it happens", "What was checked",
		"The server accepted the sign-in.", "The call was answered.", "Sound arrived here; 0.2 % of it was lost.", "Ruled out", "Test again")
	d.mustNotSay("Problem found", "What to do")
}

func TestFoldedPartsOpen(t *testing.T) {
	d := newDesk(t)
	d.w.show(newResultPage(d.w, problem(), &liveRequest{Request: session.Request{Account: account()}}))
	d.mustNotSay("Open the firewall.", "This would prove it wrong")
	for _, f := range d.w.now.(*resultPage).folds {
		test.Tap(f.Header)
	}
	d.mustSay("Open the firewall.", "Look at the relay.", "This would prove it wrong: the other side reports",
		"User name, login name or password is wrong.")
}

func TestRemediesForOthersStandOpenWhereThePersonCanDoNothing(t *testing.T) {
	d := newDesk(t)
	r := problem()
	r.Diagnosis.Findings[0].Fix = r.Diagnosis.Findings[0].Fix[1:]
	d.w.show(newResultPage(d.w, r, nil))
	d.mustSay("Open the firewall.")
}

func TestCopyForSupportIsPlainTextWithoutAPassword(t *testing.T) {
	d := newDesk(t)
	d.signedIn()
	d.w.show(newResultPage(d.w, problem(), &liveRequest{Request: session.Request{Account: account()}, check: &fakeCheck{}}))
	test.Tap(d.w.now.(*resultPage).copied)
	d.until("the report is copied", func() bool { return d.w.app.Clipboard().Content() != "" })
	text := d.w.app.Clipboard().Content()
	if !strings.Contains(text, "no-audio-out-lost") || !strings.Contains(text, "Restart the router") {
		t.Errorf("copied:\n%s", text)
	}
	if strings.Contains(text, "not-in-any-report") {
		t.Error("the password was copied")
	}
	d.mustSay("Copied")
}

func TestTestingAgainGoesThroughTheConfirmation(t *testing.T) {
	d := newDesk(t)
	d.signedIn()
	d.w.show(newResultPage(d.w, problem(), &liveRequest{Request: session.Request{Situation: "one-way-audio", Account: account()}}))
	d.key(fyne.KeyReturn)
	if !onPage[*readyPage](d) || len(d.back.requests()) != 0 {
		t.Errorf("the page is %T", d.w.now)
	}
}

func TestPractice(t *testing.T) {
	d := newDesk(t)
	d.w.show(newPracticePage(d.w))
	p := d.w.now.(*practicePage)
	p.search.Entry.SetText("no-such-fault")
	d.mustSay("No fault has these words.")
	p.search.Entry.SetText("")
	if p.none.Visible() {
		t.Error("nothing is said to be found where everything is shown")
	}
	d.mustSay("Everything works", "The other side is busy", "The password is wrong")
	test.Type(p.search.Entry, "BUSY other")
	d.mustSay("The other side is busy")
	d.mustNotSay("The password is wrong", "Everything works")
	test.Tap(p.tiles["callee-busy"])
	d.until("the result stands", func() bool { return onPage[*resultPage](d) })
	d.mustSay("Switched on was: The other side is busy", "says something else", "Practise another fault")
	if d.back.stopped != 1 {
		t.Errorf("the PBX was stopped %d times", d.back.stopped)
	}
	if d.w.account.User != "" || d.w.account.status != notTried {
		t.Error("practice changed the person's own account")
	}
}

// A surprise keeps its name to itself until the person has said what it may be.
func TestASurpriseIsGuessed(t *testing.T) {
	d := newDesk(t)
	d.w.show(newPracticePage(d.w))
	test.Tap(d.w.now.(*practicePage).surprise)
	d.until("the guess stands", func() bool { return onPage[*guessPage](d) })
	g := d.w.now.(*guessPage)
	if n := len(g.tiles); n < 2 || n > guesses {
		t.Errorf("%d faults to choose from", n)
	}
	wrong := slices.IndexFunc(d.back.Faults(), func(f Fault) bool { return f.Cause != g.from.practice.Cause })
	right := g.from.practice.Title
	f := d.back.Faults()[wrong]
	g.say(&f)
	d.mustSay("You said: "+f.Title, "Switched on was: "+strings.TrimRight(right, "."))
}

func TestChoicesHoldTheRightFaultOnce(t *testing.T) {
	var all []Fault
	for i := range 20 {
		all = append(all, Fault{Cause: fmt.Sprint("c", i), Situation: []string{"a", "b"}[i%2]})
	}
	list := choices(all, all[3])
	seen := map[string]int{}
	for _, f := range list {
		seen[f.Cause]++
		if f.Situation != "b" {
			t.Error("another situation although there are enough of the same:", f)
		}
	}
	if len(list) != guesses || len(seen) != guesses || seen["c3"] != 1 {
		t.Error(list)
	}
}
