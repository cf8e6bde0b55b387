package evidence

import "softphonedoctor/sipclient/codec"

// levelOf gives what a meter found; nothing is known before its first sample.
func levelOf(m *codec.Meter) Level {
	l := m.Level()
	if l.Samples == 0 {
		return Level{}
	}
	return Level{Known: true, DBFS: l.DBFS, Peak: l.Peak, Constant: l.Constant, Clipped: l.Clipped, Samples: l.Samples}
}
