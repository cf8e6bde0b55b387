package cli

import "os"

// happenedSignals say that it just happened: here there are none.
var happenedSignals []os.Signal
