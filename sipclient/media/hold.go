package media

import "strings"

// SetHeld notes whether we hold the other side, and tells whether we did.
func (m *Line) SetHeld(hold bool) (was bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	was, m.held = m.held, hold
	return was
}

// direct names our direction in a description of ours: what it says, less what a
// hold of ours leaves out.
func direct(body []byte, held, offer bool) []byte {
	lines := strings.Split(string(body), "\r\n")
	for i, line := range lines {
		switch {
		case !strings.HasPrefix(line, "a="):
		case offer && directions[line[2:]]:
			lines[i] = "a=sendrecv" // whatever the last answer came to
			if held {
				lines[i] = "a=sendonly"
			}
		case held && line == "a=sendrecv":
			lines[i] = "a=sendonly"
		case held && line == "a=recvonly":
			lines[i] = "a=inactive"
		}
	}
	return []byte(strings.Join(lines, "\r\n"))
}

var directions = map[string]bool{"sendrecv": true, "sendonly": true, "recvonly": true, "inactive": true}
