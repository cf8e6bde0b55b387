package diagnosis

import "strconv"

// Code is what the program knows about one SIP response code. The texts of the
// three contexts and of User are for people who never heard of SIP; Admin and
// Provider may name headers and parameters.
type Code struct {
	Number  int
	Name    string // the usual reason phrase; servers may write another
	RFC     string // where it is defined, or where it comes from when it is private
	Failure bool   // the request did not get what it asked for; true also for a busy line, false for 1xx and 2xx

	// Register, Invite and MidCall: the meaning when the code answers a sign-in, the
	// start of a call, or something sent while a call is up.
	Register, Invite, MidCall string

	// What each can do; "" only where that group truly cannot act.
	User, Admin, Provider string

	// Fallback is set by LookupCode on a row that stands for a whole class,
	// because the code itself is in no list (RFC 3261 8.1.3.2).
	Fallback bool
}

// codeTables are the rows of codes_*.go, one literal per code.
var codeTables = [][]Code{codes1xx3xx, codes40x41x, codes42x43x, codes46x49x, codes5xx6xx}

// codeIndex finds a row by its number.
var codeIndex = indexCodes(codeTables)

func indexCodes(tables [][]Code) map[int]Code {
	m := make(map[int]Code, 96)
	for _, t := range tables {
		for _, c := range t {
			m[c.Number] = c
		}
	}
	return m
}

// LookupCode gives the row of a response code. An unlisted code from 100 to 699 is
// read as the x00 of its class, as RFC 3261 8.1.3.2 demands of every phone: the
// row then says so, and known is false. Outside 100-699 the row is empty but for
// its number.
func LookupCode(n int) (c Code, known bool) {
	if c, ok := codeIndex[n]; ok {
		return c, true
	}
	if n < 100 || n > 699 {
		return Code{Number: n}, false
	}
	c = classCodes[n/100]
	c.Number, c.Fallback = n, true
	c.Name = "Unlisted code of class " + strconv.Itoa(n/100) + "xx"
	return c, false
}

// Codes gives every listed code in rising order.
func Codes() []Code {
	var all []Code
	for _, t := range codeTables {
		all = append(all, t...)
	}
	return all
}
