package app

import (
	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
)

// troublePage says that the program itself could not do its work. What is wrong
// with a phone line is never shown here: that is a result.
type troublePage struct {
	w    *Window
	view fyne.CanvasObject
	foot fyne.CanvasObject
	home *look.Button
}

func newTroublePage(w *Window, title string, err error) *troublePage {
	p := &troublePage{w: w}
	p.view = look.Scrolled(look.Inset(0, 30, 0, 20, look.Column(14,
		look.Text(title, look.Heading), look.Panel(look.Text(sentence(err), look.Body)))))
	p.home = look.NewButton(tr("result.home", "Back to start"), look.Primary, p.back)
	p.foot = look.Row(12, 0, look.Gap(0, 0), p.home)
	return p
}

func (p *troublePage) body() fyne.CanvasObject   { return p.view }
func (p *troublePage) footer() fyne.CanvasObject { return p.foot }
func (p *troublePage) enter()                    {}
func (p *troublePage) primary() *look.Button     { return p.home }
func (p *troublePage) leave()                    {}
func (p *troublePage) back()                     { p.w.home() }
