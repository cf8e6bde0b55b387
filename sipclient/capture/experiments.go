package capture

// Keys of KindExperiment notes: what is tried from there on until the next one. Text
// says what was changed, or what somebody was asked to do.
const (
	// ExperimentSize: OPTIONS of growing size. Text is "padded to N bytes".
	ExperimentSize = "size"
	// ExperimentTransport: the same over another transport. Text is "transport tcp".
	ExperimentTransport = "transport"
	// ExperimentHops: OPTIONS that may pass through so many servers, the one that
	// answers included. Text is "through at most N".
	ExperimentHops = "hops"
	// ExperimentAgain: the same call after one change. Text is "transport tcp",
	// "encryption srtp", "codecs PCMU G722" or "keep-alive 15s".
	ExperimentAgain = "again"
	// ExperimentOutside: somebody calls from outside, a mobile phone for example.
	ExperimentOutside = "from-outside"
	// ExperimentInside: somebody calls from the same telephone system.
	ExperimentInside = "from-inside"
	// ExperimentCaller: somebody calls, from wherever.
	ExperimentCaller = "any-caller"
	// ExperimentEcho: the provider's echo service in place of the person. Text is its number.
	ExperimentEcho = "echo-number"
)
