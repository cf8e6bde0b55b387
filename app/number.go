package app

import (
	"errors"
	"strings"

	"softphonedoctor/app/session"
)

// numberComplaint says what is wrong with a number to call, "" when nothing is.
func numberComplaint(number string) string {
	err := session.CheckNumber(number)
	switch {
	case err == nil:
		return ""
	case strings.TrimSpace(number) == "":
		return tr("number.missing", "Enter the number to call, for example a colleague's or a test number of your provider.")
	case errors.Is(err, session.ErrEmergency):
		return tr("number.emergency", "This is an emergency number. A test never calls one.")
	case errors.Is(err, session.ErrPremium):
		return tr("number.premium", "Calls to this number cost extra. A test never calls one.")
	}
	return tr("number.odd", "Enter only the number or the address, without anything around it.")
}
