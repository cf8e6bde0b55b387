package evidence

import "softphonedoctor/sipclient/capture"

// Builder folds records into evidence. The zero value is ready to use. It is not
// safe for concurrent use.
type Builder struct{}

// Add takes the next record. It never fails: what cannot be read becomes Odd.
func (b *Builder) Add(r capture.Record) {}

// Evidence gives what is known so far. It may be called at any time and again;
// the result is a snapshot that later Adds do not change.
func (b *Builder) Evidence() *Evidence { return &Evidence{} }
