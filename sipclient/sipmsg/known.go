package sipmsg

// known is what Parse read of a message while it checked it: the addresses and hops that
// are asked for again and again. Each holds for the line that it was read from, so that
// a message whose headers are changed shows what they say then.
type known struct {
	from, to lineOf[Address]
	lists    linesOf[Address] // of Contact, Route and Record-Route
	vias     linesOf[Via]
}

// lineOf is one line of a header, and what it says.
type lineOf[T any] struct {
	line string
	list []T
}

type linesOf[T any] []lineOf[T]

// maxKnown bounds how many lines are kept, and how many values of each: what floods a
// message with hops is read again each time.
const maxKnown = 16

func (k *linesOf[T]) add(line string, list []T) {
	if len(list) > 0 && len(list) <= maxKnown && len(*k) < maxKnown {
		*k = append(*k, lineOf[T]{line, list})
	}
}

// of gives what a line says, which is nobody's to change. Lines that are not kept are read.
func (k linesOf[T]) of(line string, read func(string) (T, error)) []T {
	for i := range k {
		if l := &k[i]; l.line == line {
			return l.list[:len(l.list):len(l.list)]
		}
	}
	var list []T
	for _, s := range split(line, ',') {
		if s != "" {
			v, _ := read(s)
			list = append(list, v)
		}
	}
	return list
}

// join puts lists behind each other; a single one is taken as it is.
func join[T any](list, more []T) []T {
	if list == nil {
		return more
	}
	return append(list, more...)
}
