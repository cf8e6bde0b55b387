package app

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/assets"
)

// support is the card for somebody who helps by phone: the code to read out, letter
// by letter, and the view for both.
func (p *resultPage) support() fyne.CanvasObject {
	label := tr("support.pin", "Support view: show the technical view beside this")
	p.pin = look.NewButton(label, look.Link, p.w.pin)
	rows := []fyne.CanvasObject{}
	code := p.report.SupportCode().String()
	rows = append(rows, look.Row(14, 1,
		look.Text(tr("support.code", "Support code"), look.Style{Size: look.SmallSize, Color: look.Mute, OneRow: true}),
		look.Text(code, look.Style{Size: look.FigureSize, Bold: true, Mono: true})),
		look.Text(spelled(code), look.Small))
	rows = append(rows, look.Row(8, 0, look.Text(tr("support.page", "On the phone with support? Both of you can name this page: {{.N}}.", map[string]any{"N": p.pageNumber()}), look.Small), p.pin))
	return look.SlimPanel(look.Column(4, rows...))
}

// alphabet is how letters are said on the phone everywhere (ICAO).
var alphabet = map[rune]string{'A': "Alfa", 'B': "Bravo", 'C': "Charlie", 'D': "Delta", 'E': "Echo", 'F': "Foxtrot", 'G': "Golf", 'H': "Hotel",
	'I': "India", 'J': "Juliett", 'K': "Kilo", 'L': "Lima", 'M': "Mike", 'N': "November", 'O': "Oscar", 'P': "Papa", 'Q': "Quebec", 'R': "Romeo",
	'S': "Sierra", 'T': "Tango", 'U': "Uniform", 'V': "Victor", 'W': "Whiskey", 'X': "X-ray", 'Y': "Yankee", 'Z': "Zulu"}

// spelled writes a code as it is said: "Kilo 4 Papa".
func spelled(code string) string {
	var said []string
	for _, r := range strings.ToUpper(code) {
		switch {
		case alphabet[r] != "":
			said = append(said, alphabet[r])
		case r >= '0' && r <= '9':
			said = append(said, string(r))
		}
	}
	return strings.Join(said, " · ")
}

// ticket is all that support needs in one text: program, the report with its code, and every
// message with its time, numbers, names and addresses masked. The error is a sentence.
func (p *resultPage) ticket() (string, error) {
	rep, err := p.saver.Masked(p.report)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s, %s %s, %s\n", assets.Name, assets.Version, runtime.GOOS, runtime.GOARCH, time.Now().UTC().Format(time.RFC3339))
	if p.from != nil && p.from.practice == nil && p.from.change != nil {
		fmt.Fprintf(&b, "Changed for this test: %s\n", p.from.change.Change)
	}
	b.WriteString("\n")
	if err := rep.Text(&b, 78); err != nil {
		return "", err
	}
	if e := rep.Evidence; e != nil && len(e.Messages) > 0 {
		b.WriteString("\nMessages\n")
		for _, m := range e.Messages {
			arrow := "<-"
			if m.Out {
				arrow = "->"
			}
			again := ""
			if n := len(m.Copies); n > 0 {
				again = fmt.Sprintf(" (and %d more times)", n)
			}
			fmt.Fprintf(&b, "  #%-5d %9s  %s  %s%s\n", m.N, since(e.Began, m.Time), arrow, firstWords(m), again)
		}
	}
	return b.String(), nil
}

// copy puts the ticket on the clipboard.
func (p *resultPage) copy() {
	p.copied.Enable(false)
	p.w.running.Go(func() { // masking judges the whole once more
		text, err := p.ticket()
		p.w.post(func() { p.carried(text, err) })
	})
}

// carried takes the ticket that is to be copied.
func (p *resultPage) carried(text string, err error) {
	p.copied.Enable(true)
	if p.w.now != page(p) {
		return // left meanwhile
	}
	if err != nil {
		p.w.show(newTroublePage(p.w, tr("result.copy.trouble", "The report could not be copied"), err))
		return
	}
	p.w.app.Clipboard().SetContent(text)
	p.copied.SetText(tr("result.copied", "Copied"))
	look.Rearrange(p.foot)
	if p.revert != nil {
		p.revert.Stop()
	}
	p.revert = time.AfterFunc(2*time.Second, func() {
		p.w.post(func() {
			p.copied.SetText(tr("result.copy", "Copy for support"))
			look.Rearrange(p.foot)
		})
	})
}

// keep goes to the page that saves the report and the packets that prove it.
func (p *resultPage) keep() {
	name := "softphone-doctor-" + time.Now().Format("2006-01-02-1504")
	saver, rep := p.saver, spoken(p.report)
	p.w.show(newSavePage(p.w, saveRequest{name: name + ".zip", back: func() page { return again(p.w, p) },
		about: tr("save.report", "The report and the packets that prove it, in one file. Numbers, names and addresses are masked in it unless you choose otherwise; it never holds a password."),
		write: func(path string) (string, error) { return path, saver.Save(path, rep) },
		whole: func(path string) (string, error) { return path, saver.SaveEverything(path, rep) }}))
}
