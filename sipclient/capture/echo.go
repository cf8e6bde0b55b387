package capture

import (
	"bytes"
	"iter"
	"slices"
)

// echoes remembers the secrets that were masked, because some servers repeat
// what they were sent: in a reason phrase, a Warning, a body.
type echoes struct{ secrets [][]byte }

const (
	echoShortest = 16  // a digest response is 32 or 64 characters long
	echoMost     = 256 // a limit for hostile captures; the oldest give way
)

// hide learns what masking changed in a packet, and overwrites in it whatever
// was masked before. written is changed in place; it is as long as data.
func (e *echoes) hide(data, written []byte) {
	for _, s := range e.secrets {
		for at := 0; ; {
			i := bytes.Index(written[at:], s)
			if i < 0 {
				break
			}
			at += i
			for range s {
				written[at] = '0'
				at++
			}
		}
	}
	for i := 0; i < len(data); i++ {
		if written[i] == data[i] {
			continue
		}
		from, to := i, i
		for from > 0 && written[from-1] == '0' {
			from--
		}
		for to < len(written) && written[to] == '0' {
			to++
		}
		e.learn(data[from:to])
		i = to
	}
}

// Proofs gives what Write overwrites in records and a server may repeat anywhere: digest
// responses and the like, the latest of them.
func Proofs(records iter.Seq[Record]) [][]byte {
	o := writer{masks: map[way]*masker{}}
	for r := range records {
		if r.Packet != nil {
			o.masked(r.Packet)
		}
	}
	return o.echoes.secrets
}

func (e *echoes) learn(secret []byte) {
	if len(secret) < echoShortest || slices.ContainsFunc(e.secrets, func(s []byte) bool { return bytes.Equal(s, secret) }) {
		return
	}
	if len(e.secrets) == echoMost {
		e.secrets = e.secrets[1:]
	}
	e.secrets = append(e.secrets, bytes.Clone(secret))
}
