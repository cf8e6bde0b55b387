package wizard

// Scenarios lists all scenarios in the order in which they are offered. Adding
// one is adding a literal here; its steps are ordinary Go in steps_*.go.
func Scenarios() []Scenario {
	return []Scenario{
		{
			ID: "no-ringback", Complaint: "I call, but hear no ringing", Calls: true,
			Steps: []Step{signIn, dial, ringing, briefSound},
		},
		{
			ID: "one-way-audio", Complaint: "One side hears nothing", Calls: true,
			Steps: []Step{signIn, dial, pickUp, soundBothWays, ears},
		},
		{
			ID: "registration", Complaint: "My phone does not sign in",
			Steps: []Step{signIn, signInAgain},
		},
		{
			ID: "everything", Complaint: "I'm not sure: check everything", Calls: true,
			Steps: []Step{signIn, signInAgain, dial, ringAndPickUp, soundBothWays, ears},
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

// The questions, in one place because their ids and values are the answer keys
// of the command line.
var (
	// Its Text is made of what the server lists.
	askSignInAnyway = Question{
		ID: "sign_in_anyway",
		Options: []Option{
			{Value: "yes", Text: "Yes, sign in"},
			{Value: "no", Text: "No, leave the other phone alone"},
		},
	}
	askHeardRinging = Question{
		ID:   "heard_ringing",
		Text: "When you call this number with your usual phone, do you hear it ringing?",
		Hint: "The test phone gets the ringing signal right now.",
		Options: []Option{
			{Value: "yes", Text: "Yes, I hear ringing"},
			{Value: "no", Text: "No, it stays silent"},
			{Value: "unsure", Text: "I don't know"},
		},
	}
	askHeard = Question{
		ID:   "heard",
		Text: "In your calls, can you hear the other person?",
		Hint: "Think of the calls that made you start this check.",
		Options: []Option{
			{Value: "yes", Text: "Yes, I hear them"},
			{Value: "no", Text: "No, I hear nothing"},
			{Value: "unsure", Text: "I don't know"},
		},
	}
	askTheyHear = Question{
		ID:   "they_hear",
		Text: "Can the other person hear the test sound now?",
		Hint: "The test phone is sending a soft tone. Ask the person who answered.",
		Options: []Option{
			{Value: "yes", Text: "Yes, they hear it"},
			{Value: "no", Text: "No, they hear nothing"},
			{Value: "unsure", Text: "I don't know"},
		},
	}
)
