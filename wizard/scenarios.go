package wizard

// Scenarios lists all scenarios in the order in which they are offered. Adding
// one is adding a literal here; its steps are ordinary Go in steps_*.go.
func Scenarios() []Scenario {
	return []Scenario{
		{
			ID: "no-ringback", Complaint: "I call, but hear no ringing", Calls: true,
			Steps: []Step{signIn, dial, ringing, briefSound, usualPhone},
		},
		{
			ID: "one-way-audio", Complaint: "One side hears nothing", Calls: true,
			Steps: []Step{signIn, dial, pickUp, soundBothWays, lostSound, otherWay, spokenCode, ears, ownSound, usualPhone},
		},
		{
			ID: "no-incoming", Complaint: "Nobody can call me", Awaits: true,
			Steps: []Step{signIn, otherDevices, outsideCall, insideCall, incomingOtherWay, wayIn, routerMemory},
		},
		{
			ID: "cannot-answer", Complaint: "I can't pick up", Awaits: true,
			Steps: []Step{signIn, anyCall, letAnswer, confirmed, soundBothWays, ears, ownSound, usualPhone},
		},
		{
			ID: "quality", Complaint: "The sound is bad", Calls: true,
			Steps: []Step{symptom, signIn, dial, pickUp, longSound, lossyWay, spokenCode, ears, againstEcho, ownSound, lineInUse, usualPhone},
		},
		{
			ID: "call-drops", Complaint: "Calls break off", Calls: true,
			Steps: []Step{whenDropped, signIn, dial, pickUp, keepUp, routerMemory, usualPhone},
		},
		{
			ID: "dtmf", Complaint: "Pressed keys do nothing", Calls: true,
			Steps: []Step{signIn, dial, pickUp, pressKeys, hearKeys, usualPhone},
		},
		{
			ID: "registration", Complaint: "My phone does not sign in",
			Steps: []Step{signIn, signInAgain, usualPhone},
		},
		{
			ID: "everything", Complaint: "I'm not sure: check everything", Calls: true,
			Steps: []Step{signIn, theNetwork, signInAgain, dial, ringAndPickUp, soundBothWays, pressKeys, spokenCode, ears, ownSound, briefIncoming, usualPhone},
		},
	}
}

// ScenarioByID finds a scenario.
func ScenarioByID(id string) (Scenario, bool) {
	for _, sc := range Scenarios() {
		if sc.ID == id {
			return sc, true
		}
	}
	return Scenario{}, false
}
