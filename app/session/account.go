// Package session is the one place that joins the two halves of the program: it
// knows accounts and preferences, and adapts the test phone to wizard.Session.
package session

// Account is what a person knows of their phone account.
type Account struct {
	Name       string // as the person calls it, optional
	User       string // user name or extension
	Domain     string // host or host:port
	Login      string // authentication name where it differs from User
	Password   string // never written anywhere by this program
	CallerID   string // From user to present instead of User
	Proxy      string // outbound proxy, host or host:port
	Transport  string // "udp" (default), "tcp", "tls"
	Codecs     []string
	Encryption string // "" or "none", "sdes"
	Register   bool   // false for an allow-listed trunk
	Provider   string // name of a dictionary
}

// Address gives user@domain, the way the account is shown.
func (a Account) Address() string { return a.User + "@" + a.Domain }
