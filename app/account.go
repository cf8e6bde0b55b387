package app

import (
	"strings"

	"softphonedoctor/app/session"
)

// The names of what is kept between two starts. The password is not among them.
const (
	keepUser   = "account.user"
	keepDomain = "account.domain"
	keepLogin  = "account.login"
	keepProxy  = "account.proxy"
	keepCaller = "account.caller_id"
	keepNumber = "account.number"
	keepSecret = "account.remember" // the password is in the system's store
	keepFolder = "open.folder"
)

func (w *Window) loadAccount() {
	p := w.app.Preferences()
	w.account.User = p.String(keepUser)
	w.account.Domain = p.String(keepDomain)
	w.account.Login = p.String(keepLogin)
	w.account.Proxy = p.String(keepProxy)
	w.account.CallerID = p.String(keepCaller)
	w.account.number = p.String(keepNumber)
	if p.Bool(keepSecret) && w.account.User != "" {
		w.recall()
	}
}

// recall fetches the password from the system's store, which may ask the person and
// take its time: the window does not wait for it.
func (w *Window) recall() {
	name := w.account.Address()
	w.running.Go(func() {
		password, err := w.back.Recall(name)
		w.post(func() {
			if err == nil && w.account.Password == "" && w.account.Address() == name {
				w.account.Password = password
			}
		})
	})
}

// remember keeps the account and its password in the system's store, or takes it out
// again. told (may be nil) hears, as a sentence, what did not work.
func (w *Window) remember(yes bool, told func(string)) {
	w.app.Preferences().SetBool(keepSecret, yes)
	a, origin := w.account.Account, w.account.origin
	a.Name = a.Address()
	w.running.Go(func() {
		err := w.back.Forget(a.Name)
		if yes {
			err = w.back.Remember(a, origin)
		}
		w.post(func() {
			if err != nil {
				w.app.Preferences().SetBool(keepSecret, false)
				if told != nil {
					told(sentence(err))
				}
			}
		})
	})
}

// keepAccount remembers an account for this run, and all but its password for
// the next one.
func (w *Window) keepAccount(a session.Account) {
	if w.account.Account.User != a.User || w.account.Domain != a.Domain || w.account.Password != a.Password ||
		w.account.Login != a.Login || w.account.Proxy != a.Proxy {
		w.account.status = notTried
	}
	w.account.Account = a
	p := w.app.Preferences()
	p.SetString(keepUser, a.User)
	p.SetString(keepDomain, a.Domain)
	p.SetString(keepLogin, a.Login)
	p.SetString(keepProxy, a.Proxy)
	p.SetString(keepCaller, a.CallerID)
	w.header.refresh()
}

func (w *Window) keepNumber(number string) {
	w.account.number = number
	w.app.Preferences().SetString(keepNumber, number)
}

// tidyUser takes apart what people paste into the user field: "sip:2001@host".
// domain is "" when there was none.
func tidyUser(s string) (user, domain string) {
	s = strings.TrimSpace(s)
	s = strings.Trim(s, "<>")
	for _, scheme := range []string{"sips:", "sip:"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			s = s[len(scheme):]
		}
	}
	user, domain, _ = strings.Cut(s, "@")
	return user, tidyDomain(domain)
}

// tidyDomain takes off what people paste with a server's name.
func tidyDomain(s string) string {
	s = strings.TrimSpace(s)
	for _, scheme := range []string{"https://", "http://", "sips:", "sip:"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			s = s[len(scheme):]
		}
	}
	return strings.TrimRight(s, "/")
}
