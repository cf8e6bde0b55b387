package app

import "softphonedoctor/wizard"

// complaint is how the home page speaks of a check.
type complaint struct {
	id, icon, title, about string
}

// complaints are the cards of the home page in their order.
func complaints() []complaint {
	return []complaint{
		{"no-ringback", "call-out", tr("home.no-ringback", "I call, but hear no ringing"),
			tr("home.no-ringback.about", "Silence after dialling, or the call ends before anyone answers.")},
		{"no-incoming", "call-in", tr("home.no-incoming", "Nobody can call me"),
			tr("home.no-incoming.about", "Callers get voicemail or an error; my phone never rings.")},
		{"one-way-audio", "silent", tr("home.one-way-audio", "One side hears nothing"),
			tr("home.one-way-audio.about", "The call connects, but I can't hear them or they can't hear me.")},
		{"cannot-answer", "call-refused", tr("home.cannot-answer", "It rings, but I can't answer"),
			tr("home.cannot-answer.about", "Calls arrive, and drop or fail when I pick up.")},
		{"quality", "pulse", tr("home.quality", "The sound is bad"),
			tr("home.quality.about", "Echo, delay, gaps, a robot voice or distortion.")},
		{"call-drops", "clock", tr("home.call-drops", "Calls break off"),
			tr("home.call-drops.about", "At once, after half a minute, or always after the same time.")},
		{"dtmf", "keypad", tr("home.dtmf", "Pressed keys do nothing"),
			tr("home.dtmf.about", "Menus, conference codes or voicemail do not react to the keys.")},
		{"registration", "key", tr("home.registration", "My phone does not sign in"),
			tr("home.registration.about", "It says offline, not connected, or keeps asking for the password.")},
		{"everything", "everything", tr("home.everything", "I'm not sure: check everything"),
			tr("home.everything.about", "The account, a call, its sound and keys, and a call to you.")},
	}
}

// complaintOf finds the words for a check; an unknown id stands for itself.
func complaintOf(id string, scenarios []wizard.Scenario) complaint {
	for _, c := range complaints() {
		if c.id == id {
			return c
		}
	}
	for _, s := range scenarios {
		if s.ID == id {
			return complaint{id: id, icon: "pulse", title: s.Complaint}
		}
	}
	return complaint{id: id, icon: "pulse", title: id}
}

func (w *Window) scenario(id string) (wizard.Scenario, bool) {
	for _, s := range w.back.Scenarios() {
		if s.ID == id {
			return s, true
		}
	}
	return wizard.Scenario{}, false
}
