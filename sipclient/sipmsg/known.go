package sipmsg

// known is what Parse read of a message while it checked it: the addresses and hops that
// are asked for again and again. Each holds for the line that it was read from, so that
// a message whose headers are changed shows what they say then.
type known struct {
	from, to knownAddresses
	lists    []knownAddresses // of Contact, Route and Record-Route
	vias     []knownVias
}

type knownAddresses struct {
	line string
	list []Address
}

type knownVias struct {
	line string
	list []Via
}

// maxKnown bounds how many lines are kept, and how many values of each: what floods a
// message with hops is read again each time.
const maxKnown = 16

func (k *known) addAddresses(line string, list []Address) {
	if len(list) > 0 && len(list) <= maxKnown && len(k.lists) < maxKnown {
		k.lists = append(k.lists, knownAddresses{line, list})
	}
}

func (k *known) addVias(line string, list []Via) {
	if len(list) > 0 && len(list) <= maxKnown && len(k.vias) < maxKnown {
		k.vias = append(k.vias, knownVias{line, list})
	}
}

// addressesOf gives the addresses in one line of a header, which are nobody's to change.
func (m *Message) addressesOf(line string) []Address {
	for i := range m.known.lists {
		if l := &m.known.lists[i]; l.line == line {
			return l.list[:len(l.list):len(l.list)]
		}
	}
	var list []Address
	for _, v := range split(line, ',') {
		if v != "" {
			a, _ := ParseAddress(v)
			list = append(list, a)
		}
	}
	return list
}

// viasOf gives the hops in one line of Via, which are nobody's to change.
func (m *Message) viasOf(line string) []Via {
	for i := range m.known.vias {
		if l := &m.known.vias[i]; l.line == line {
			return l.list[:len(l.list):len(l.list)]
		}
	}
	var vias []Via
	for _, s := range split(line, ',') {
		if s != "" {
			v, _ := ParseVia(s)
			vias = append(vias, v)
		}
	}
	return vias
}

// join puts lists behind each other; a single one is taken as it is.
func join[T any](list, more []T) []T {
	if list == nil {
		return more
	}
	return append(list, more...)
}
