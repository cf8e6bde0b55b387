package report

import "softphonedoctor/wizard/diagnosis"

var placeWords = map[diagnosis.Where]string{
	diagnosis.SoundDevice:    "in the microphone or speaker",
	diagnosis.ThisComputer:   "on this computer",
	diagnosis.LocalNetwork:   "in your network or router",
	diagnosis.Internet:       "on the internet connection",
	diagnosis.Provider:       "at the provider",
	diagnosis.OtherNetwork:   "in another network",
	diagnosis.OtherSide:      "at the other side",
	diagnosis.Account:        "in the account settings",
	diagnosis.OtherSoftphone: "in your usual softphone",
	diagnosis.Nowhere:        "nowhere",
}

// PlaceWords says a place the way a person would: "in your network or router".
func PlaceWords(w diagnosis.Where) string {
	if s, ok := placeWords[w]; ok {
		return s
	}
	return string(w)
}

var situationWords = map[string]string{
	"registration":  "signing in",
	"no-ringback":   "calling out",
	"one-way-audio": "sound in both directions",
	"no-incoming":   "being called",
	"cannot-answer": "answering a call",
	"quality":       "sound quality",
	"call-drops":    "dropped calls",
	"dtmf":          "keypad tones",
	"everything":    "everything",
	"capture":       "a capture file",
	Network:         "the way to the server",
}

// SituationWords names what was checked; an unknown id stands for itself.
func SituationWords(id string) string {
	if s, ok := situationWords[id]; ok {
		return s
	}
	if id == "" {
		return "a capture file"
	}
	return id
}
