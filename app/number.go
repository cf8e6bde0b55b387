package app

import "strings"

// emergencyNumbers are the best known ones: enough for a kind sentence beside
// the field. The test phone itself holds the whole list and has the last word.
var emergencyNumbers = []string{
	"112", "911", "999", "000", "110", "111", "113", "118", "119", "15", "17", "18", "100", "101", "102", "108",
	"122", "133", "144", "190", "192", "193", "0112", "0110", "0911", "9911", "9112", "9999",
}

// numberComplaint says what is wrong with a number to call, "" when nothing is.
func numberComplaint(number string) string {
	number = strings.TrimSpace(number)
	plain := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -./()", r) {
			return -1
		}
		return r
	}, number)
	if number == "" {
		return tr("number.missing", "Enter the number to call, for example a colleague's or a test number of your provider.")
	}
	for _, e := range emergencyNumbers {
		if plain == e || plain == "+"+e {
			return tr("number.emergency", "This is an emergency number. A test never calls one.")
		}
	}
	if strings.ContainsAny(number, "<>\"\t\r\n") {
		return tr("number.odd", "Enter only the number or the address, without anything around it.")
	}
	return ""
}
