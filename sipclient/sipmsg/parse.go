package sipmsg

// Get returns the first value of a header (any case, compact form allowed), "" if absent.
func (m *Message) Get(name string) string { return "" }
