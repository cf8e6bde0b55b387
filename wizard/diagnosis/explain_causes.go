package diagnosis

// Cause is one thing that can be wrong, or one way a call can end, from the list of
// causes that the whole program shares. Number and ID never change: the support code
// carries the number, reports carry the id.
type Cause struct {
	Number     int
	ID         string
	Kind       Kind // 0 for "healthy", which is a verdict and no finding
	Where      Where
	Situations []string // ids of the situations it can show itself in; "all" for everywhere

	Title string // one plain sentence: what is wrong
	Tell  string // what to tell the person who has the problem
	Proof string // what decides it, for those who look into packets
}

// The situations, by their ids on the command line.
const (
	inRegistration = "registration"
	inNoRingback   = "no-ringback"
	inNoIncoming   = "no-incoming"
	inOneWay       = "one-way-audio"
	inAnswer       = "cannot-answer"
	inQuality      = "quality"
	inDrops        = "call-drops"
	inDTMF         = "dtmf"
	inAll          = "all"
)

func in(situations ...string) []string { return situations }

// Causes gives every cause in the order of its number, with "healthy", number 0, last.
func Causes() []Cause {
	all := make([]Cause, 0, len(causesSignalling)+len(causesMedia))
	all = append(all, causesSignalling...)
	return append(all, causesMedia...)
}

// LookupCause gives the cause with this id.
func LookupCause(id string) (Cause, bool) {
	for _, table := range [][]Cause{causesSignalling, causesMedia} {
		for _, c := range table {
			if c.ID == id {
				return c, true
			}
		}
	}
	return Cause{}, false
}

// LookupCauseNumber gives the cause with this number, as a support code carries it.
func LookupCauseNumber(n int) (Cause, bool) {
	for _, table := range [][]Cause{causesSignalling, causesMedia} {
		for _, c := range table {
			if c.Number == n {
				return c, true
			}
		}
	}
	return Cause{}, false
}
