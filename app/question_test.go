package app

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
	"softphonedoctor/app/words"
	"softphonedoctor/wizard"
)

// allQuestions reads the questions of a check from their source.
func allQuestions(t *testing.T) (list []wizard.Question) {
	t.Helper()
	src, err := os.ReadFile("../wizard/questions.go")
	if err != nil {
		t.Fatal(err)
	}
	field := regexp.MustCompile(`(ID|Text|Hint|Value):\s+"?((?:[^"\\]|\\.)*)"?,`)
	option := regexp.MustCompile(`\{Value: "?([^",]+)"?, Text: "([^"]+)"\}`)
	for line := range strings.Lines(string(src)) {
		if o := option.FindStringSubmatch(line); o != nil {
			q := &list[len(list)-1]
			q.Options = append(q.Options, wizard.Option{Value: o[1], Text: o[2]})
		} else if f := field.FindStringSubmatch(line); f != nil {
			switch f[1] {
			case "ID":
				list = append(list, wizard.Question{ID: f[2]})
			case "Text":
				list[len(list)-1].Text = f[2]
			case "Hint":
				list[len(list)-1].Hint = f[2]
			}
		}
	}
	return list
}

// All answers to a question are seen at once, in every language, in the smallest window:
// who has to scroll does not know what there is to choose from.
func TestAllAnswersAreSeenAtOnce(t *testing.T) {
	t.Cleanup(func() { words.Choose("en") })
	questions := allQuestions(t)
	if len(questions) != len(questionNumbers) {
		t.Fatalf("%d questions were read, %d have a number", len(questions), len(questionNumbers))
	}
	for _, l := range words.Languages() {
		d := newDesk(t)
		words.Choose(l.Code)
		for _, q := range questions {
			p := newLivePage(d.w, liveRequest{Request: session.Request{Situation: "quality", Target: "2002", Account: account()}, title: q.Text})
			if q.ID != "symptom" && q.ID != "drops_after" { // which come first
				p.state.instruction = "Now ask the other person to say three digits of their choice, and then to type the same ones."
				p.lead.SetText(words.Of(p.state.instruction))
			}
			p.ask(&asked{Question: q})
			d.w.show(liveStill{p})
			d.w.win.Resize(Smallest.AddWidthHeight(1, 0))
			d.w.win.Resize(Smallest)
			look.Rearrange(d.w.win.Content())
			low, limit := float32(0), d.w.app.Driver().AbsolutePositionForObject(d.w.bar).Y
			for _, c := range p.question.choices {
				low = max(low, d.w.app.Driver().AbsolutePositionForObject(c).Y+c.Size().Height)
			}
			if low > limit {
				t.Errorf("%s: the answers to %s end at %v, the footer begins at %v", l.Code, q.ID, low, limit)
			}
		}
	}
}
