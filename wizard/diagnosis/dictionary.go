package diagnosis

// Dictionary knows a provider's own meanings of codes. The zero value knows none.
// (Provider files are a later issue; rules already ask it.)
type Dictionary struct {
	Provider string // "" : no provider known
}
