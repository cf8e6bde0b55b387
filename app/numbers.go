package app

import "slices"

// Each page has a short number that stands in the header, so that two people on the
// phone can tell that they look at the same. A number never changes its page; a page
// that goes leaves its number unused.

func (*homePage) pageNumber() int      { return 1 }
func (*accountPage) pageNumber() int   { return 2 }
func (*soundPage) pageNumber() int     { return 3 }
func (*readyPage) pageNumber() int     { return 4 }
func (*livePage) pageNumber() int      { return 5 } // its steps are 5.1, 5.2 ...
func (*resultPage) pageNumber() int    { return 6 }
func (*technicalPage) pageNumber() int { return 7 }
func (*openPage) pageNumber() int      { return 8 }
func (*readingPage) pageNumber() int   { return 9 }
func (*callsPage) pageNumber() int     { return 10 }
func (*practicePage) pageNumber() int  { return 11 }
func (*guessPage) pageNumber() int     { return 12 }
func (*savePage) pageNumber() int      { return 13 }
func (*settingsPage) pageNumber() int  { return 14 }
func (*aboutPage) pageNumber() int     { return 15 }
func (*troublePage) pageNumber() int   { return 16 }
func (*crashPage) pageNumber() int     { return 17 }
func (*importPage) pageNumber() int    { return 18 }
func (*cutOffPage) pageNumber() int    { return 19 }
func (*betweenPage) pageNumber() int   { return 20 }

// pageNames names the pages for the list on the about page, in the order of their numbers.
func pageNames() []string {
	return []string{
		tr("page.1", "Start"), tr("page.2", "Account"), tr("page.3", "Microphone and speaker"),
		tr("page.4", "Before the test"), tr("page.5", "Test"), tr("page.6", "Result"),
		tr("page.7", "Technical view"), tr("page.8", "Open a capture"), tr("page.9", "Reading"),
		tr("page.10", "List of calls"), tr("page.11", "Practice"), tr("page.12", "Guess"),
		tr("page.13", "Save"), tr("page.14", "Settings"), tr("page.15", "About"),
		tr("page.16", "Trouble"), tr("page.17", "After a crash"),
		tr("page.18", "Bring an account along"), tr("page.19", "A test that was cut off"),
		tr("page.20", "Check my own softphone"),
	}
}

// questionNumbers gives each question its number, for the same reason: question 3 is
// "they_hear" on every screen. New ones are added at the end.
var questionNumbers = []string{"heard_ringing", "heard", "they_hear", "caller_hears", "internal_rings", "answer", "symptom",
	"drops_after", "call_me", "usual_fails", "speak", "talk", "tone", "third_party", "lifetime", "digits", "sign_in_anyway", "follow_redirect", "code", "spoken", "said",
	"full_use", "line_in_use"}

// questionNumber is a question's number, 0 for one that has none yet.
func questionNumber(id string) int { return slices.Index(questionNumbers, id) + 1 }
