package report

import (
	"fmt"
	"strings"

	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
)

// placesOf says where a capture was taken, the way a person would.
var placesOf = map[evidence.Place]string{
	evidence.AtPhone:  "in the phone's own network",
	evidence.AtServer: "at the server, or in its network",
	evidence.Between:  "on the way between the phone and the server",
}

// howWords says how the phone of a capture was found.
var howWords = map[string]string{
	"told":       "as you said",
	"registered": "it signs in",
	"called":     "it calls",
	"was called": "it is called",
}

// ViewWords says whose view a capture is judged from, and where it was taken; "" for
// what the test phone itself recorded, and where nothing is known.
func ViewWords(e *evidence.Evidence) string {
	if e.Have.Has(evidence.HaveLive) {
		return ""
	}
	var parts []string
	if e.Subject.Addr.IsValid() {
		text := "Judged as the phone " + e.Subject.Addr.Addr().String() + " saw it"
		if how := howWords[e.Subject.How]; how != "" {
			text += " (" + how + ")"
		}
		parts = append(parts, text+".")
	}
	if where := placesOf[e.Vantage.Place]; where != "" {
		parts = append(parts, fmt.Sprintf("The capture was taken %s: %s.", where, e.Vantage.Why))
	}
	return strings.Join(parts, " ")
}

// unseen says what the place of the capture does not tell.
func unseen(e *evidence.Evidence, d diagnosis.Diagnosis) []string {
	if !e.Vantage.Place.Away() {
		return nil
	}
	text := "Not checked: what reaches the phone behind the place where the capture was taken, and what gets lost on the way there."
	for _, f := range d.Unseen {
		text += fmt.Sprintf(" It looks as if: %q That may as well be lost before that place.", f.Title)
	}
	return []string{text + " A capture on the phone's own computer shows it."}
}

// PhoneDoc is whose view was taken.
type PhoneDoc struct {
	Addr *string `json:"addr"` // null: unknown
	How  string  `json:"how"`  // told, registered, called, was called, unknown
}

// VantageDoc is where a capture was taken.
type VantageDoc struct {
	Place string `json:"place"` // phone, server, between, unknown
	Why   string `json:"why"`
}

func phoneDoc(e *evidence.Evidence) PhoneDoc {
	d := PhoneDoc{How: e.Subject.How}
	if d.How == "" {
		d.How = "unknown"
	}
	if e.Subject.Addr.IsValid() {
		a := e.Subject.Addr.String()
		d.Addr = &a
	}
	return d
}
