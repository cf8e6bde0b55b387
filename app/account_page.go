package app

import (
	"context"
	"errors"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
)

// accountPage asks for the account, checks it where asked to, and goes on to the
// check that the person came for.
type accountPage struct {
	w    *Window
	next string // the check to go on to, "" for home
	view *fyne.Container
	foot fyne.CanvasObject

	user, domain, password *look.Field
	login, proxy, caller   *look.Field
	more                   *look.Fold
	side                   *fyne.Container // notice, and what the sign-in check found
	use, check             *look.Button
	signIn                 *run // the check of the sign-in under way, nil: none
	gone                   context.Context
	left                   context.CancelFunc
	lookedUp               string // the server that the hint is about
	remember               *widget.Check
}

func newAccountPage(w *Window, next string) *accountPage {
	p := &accountPage{w: w, next: next}
	p.gone, p.left = context.WithCancel(context.Background())
	a := w.account.Account
	field := func(label, hint, example, value string, secret bool) *look.Field {
		f := look.NewField(label, hint, example, secret)
		f.Entry.SetText(value)
		f.Entry.OnChanged = func(string) { p.complain(f, "") }
		f.Entry.OnSubmitted = func(string) { p.accept() }
		return f
	}
	p.user = field(tr("account.user", "User name or extension"), "", tr("account.user.example", "for example 2001"), a.User, false)
	p.domain = field(tr("account.domain", "Server or domain"), "", tr("account.domain.example", "for example pbx.example.net"), a.Domain, false)
	p.domain.Entry.OnLeave = p.lookUp
	p.password = field(tr("account.password", "Password"),
		tr("account.password.hint", "Never in a report."), "", a.Password, true)
	p.remember = widget.NewCheck(tr("account.remember", "Remember it in this computer's password store"), nil)
	p.remember.SetChecked(w.app.Preferences().Bool(keepSecret))
	p.login = field(tr("account.login", "Login name"), tr("account.login.hint", "Only where it differs from the user name."), "", a.Login, false)
	p.proxy = field(tr("account.proxy", "Proxy"), tr("account.proxy.hint", "Only where your provider names one beside the server."), "", a.Proxy, false)
	p.caller = field(tr("account.caller", "Number to show to others"), tr("account.caller.hint", "Only where your provider wants it set."), "", a.CallerID, false)
	p.more = look.NewFold(tr("account.more", "More settings: login name, proxy, number to show"),
		look.Column(14, p.login.Container, p.proxy.Container, p.caller.Container), func() { look.Rearrange(p.view) })
	p.more.SetOpen(a.Login+a.Proxy+a.CallerID != "")

	bring := look.Panel(look.Column(6, look.Text(tr("account.bring", "Or bring it along"), look.Title),
		look.Text(tr("account.bring.about", "From Linphone, MicroSIP, Zoiper or baresip, a provisioning file, or a picture of a QR code."), look.Small),
		look.Inset(0, 6, 0, 0, look.Row(0, 1, look.NewButton(tr("account.import", "Import…"), look.Secondary, func() { w.show(newImportPage(w, next)) }), look.Gap(0, 0)))))
	p.side = look.Column(16, bring, displaceNotice())
	lead := tr("account.lead", "The same details as in your softphone.")
	if next != "" {
		lead = tr("account.lead-next", "The test needs the same details as your softphone.")
	}
	form := look.Column(14, p.user.Container, p.domain.Container, look.Column(2, p.password.Container, look.Inset(-8, 0, 0, 0, look.Narrow(p.remember))), p.more.Container)
	p.view = look.Scrolled(look.Inset(0, 30, 0, 20, look.Column(0,
		look.Text(tr("account.title", "Your phone account"), look.Heading),
		look.Inset(0, 4, 0, 20, look.Text(lead, look.Lead)),
		look.Grid(2, 300, 40, form, p.side))))

	label := tr("account.use", "Use this account")
	if next != "" {
		label = tr("account.go-on", "Go on")
	}
	p.use = look.NewButton(label, look.Primary, p.accept)
	p.check = look.NewButton(tr("account.check", "Check the sign-in"), look.Secondary, p.checkSignIn)
	practise := look.NewButton(tr("home.practise-short", "Practise"), look.Link, func() { w.show(newPracticePage(w)) })
	p.foot = look.Row(12, 1, practise, look.Gap(0, 0), look.NewButton(tr("cancel", "Cancel"), look.Secondary, p.back), p.check, p.use)
	return p
}

func (p *accountPage) body() fyne.CanvasObject   { return p.view }
func (p *accountPage) footer() fyne.CanvasObject { return p.foot }
func (p *accountPage) back()                     { p.w.home() }

// enter sets the focus on the first field that is still empty.
func (p *accountPage) enter() {
	for _, f := range []*look.Field{p.user, p.domain, p.password} {
		if f.Entry.Text == "" {
			p.w.focus(f.Entry)
			return
		}
	}
}

func (p *accountPage) primary() *look.Button { return p.use }

func (p *accountPage) leave() {
	p.left()
	if p.signIn != nil {
		p.signIn.abandon()
		p.signIn = nil
	}
}

// lookUp asks, when the server's field is left, whether there is such a server at all:
// a slip of the pen shows before anything is tried.
func (p *accountPage) lookUp() {
	domain := tidyDomain(p.domain.Entry.Text)
	if domain == "" || domain == p.lookedUp || p.gone.Err() != nil {
		return
	}
	p.lookedUp = domain
	p.hint(tr("account.looking", "Looking for this server…"))
	p.w.running.Go(func() {
		said, ways := p.w.back.LookUp(p.gone, domain)
		p.w.post(func() {
			if p.gone.Err() != nil || tidyDomain(p.domain.Entry.Text) != domain {
				return
			}
			p.hint(serverWords(said, ways))
		})
	})
}

// serverWords is the hint about a server, and which ways to it are announced.
func serverWords(said session.ServerName, ways []string) string {
	switch said {
	case session.NameFound:
		if len(ways) > 0 {
			list := strings.Join(append([]string{tr("account.best", "{{.Way}} (the best)", map[string]any{"Way": ways[0]})}, ways[1:]...), ", ")
			return tr("account.found-ways", "✓ This server exists. It announces: {{.Ways}}.", map[string]any{"Ways": list})
		}
		return tr("account.found", "✓ This server exists.")
	case session.NameUnknown:
		return tr("account.not-found", "✗ No server of this name was found. Check the spelling.")
	case session.NameSlow:
		return tr("account.slow", "The name service of this network is slow, or not sure about this server.")
	}
	return ""
}

func (p *accountPage) hint(text string) {
	p.domain.Hint(text)
	look.Rearrange(p.view)
}

func (p *accountPage) complain(f *look.Field, text string) {
	if f.Complaint() != text {
		f.Complain(text)
		look.Rearrange(p.view)
	}
}

// entered reads the form; ok is false when something is wrong, which then stands
// beside its field.
func (p *accountPage) entered() (a session.Account, ok bool) {
	a = p.w.account.Account
	user, domain := tidyUser(p.user.Entry.Text)
	if domain != "" && strings.TrimSpace(p.domain.Entry.Text) == "" {
		p.domain.Entry.SetText(domain)
	}
	a.User, a.Domain = user, tidyDomain(p.domain.Entry.Text)
	a.Password = p.password.Entry.Text
	a.Login = strings.TrimSpace(p.login.Entry.Text)
	a.Proxy = tidyDomain(p.proxy.Entry.Text)
	a.CallerID = strings.TrimSpace(p.caller.Entry.Text)
	err := a.Check()
	if err == nil {
		return a, true
	}
	p.showFault(err)
	return a, false
}

// showFault puts an error beside the field it is about, else beside the form.
func (p *accountPage) showFault(err error) {
	fields := map[string]*look.Field{"user": p.user, "domain": p.domain, "password": p.password,
		"login": p.login, "proxy": p.proxy, "caller_id": p.caller}
	var fault *session.Field
	if errors.As(err, &fault) && fields[fault.Name] != nil {
		f := fields[fault.Name]
		if f == p.login || f == p.proxy || f == p.caller {
			p.more.SetOpen(true)
		}
		f.Complain(fieldWords(fault))
		look.Rearrange(p.view)
		p.w.focus(f.Entry)
		return
	}
	p.tell(look.Notice("warning", sentence(err), look.ToneBad))
}

// fieldWords says what is wrong with a field as this form would; the account
// file's own words ("set register = false") do not belong here.
func fieldWords(f *session.Field) string {
	switch f.Name {
	case "password":
		if strings.Contains(f.Text, "empty") {
			return tr("account.password.empty", "Enter the password of the phone account.")
		}
	case "user":
		if strings.Contains(f.Text, "missing") {
			return tr("account.user.empty", "Enter the user name: often the extension or the number.")
		}
	case "domain":
		if strings.Contains(f.Text, "missing") {
			return tr("account.domain.empty", "Enter the server, for example pbx.example.net.")
		}
	}
	return sentence(f)
}

// accept keeps the account and goes on.
func (p *accountPage) accept() {
	a, ok := p.entered()
	if !ok {
		return
	}
	p.w.keepAccount(a)
	if p.remember.Checked != p.w.app.Preferences().Bool(keepSecret) || p.remember.Checked {
		p.w.remember(p.remember.Checked, nil)
	}
	if p.next != "" {
		p.w.show(newReadyPage(p.w, p.next))
		return
	}
	p.w.home()
}

// tell shows something above the notices at the right.
func (p *accountPage) tell(o fyne.CanvasObject) {
	p.side.Objects = append([]fyne.CanvasObject{o}, p.side.Objects[len(p.side.Objects)-2:]...)
	p.side.Refresh()
	look.Rearrange(p.view)
}
