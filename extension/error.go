package extension

import (
	"errors"
	"strconv"
	"unicode/utf8"
)

// ErrUnknownOrganization is what Rules.Resolve returns, or wraps, for an organization that does
// not exist or that may not be handed out. [Rules] turn it into an [*Error], which still
// matches it.
var ErrUnknownOrganization = errors.New("extension: unknown organization")

// An Error is the refusal of a value. Its text is meant for the administrator who sent it and
// contains nothing they did not send or configure; what Resolve returned is only wrapped.
type Error struct {
	Attribute string // short name: OrganizationID or UserType
	Value     string // what was received, or the default tried in its place; "" if neither
	Rule      string // what a value must be, and where useful what to do

	cause error
}

// Error names the attribute in full, the value, quoted and shortened, and the rule.
func (e *Error) Error() string {
	value := "empty"
	if e.Value != "" {
		value = quote(e.Value)
	}
	return URN + ":" + e.Attribute + " cannot be " + value + ": " + e.Rule
}

// Unwrap returns what Rules.Resolve said, if that was the reason.
func (e *Error) Unwrap() error {
	return e.cause
}

// refused reports whether err is a verdict, rather than the failure to reach one.
func refused(err error) bool {
	_, ok := errors.AsType[*Error](err)
	return ok
}

// maxQuoted bounds, in bytes, how much of a value an error repeats. Identity providers show
// errors in narrow columns, and a value that is wrong may be a whole document.
const maxQuoted = 64

// quote returns s in quotes, with an ellipsis behind them if it had to be cut.
func quote(s string) string {
	if len(s) <= maxQuoted {
		return strconv.Quote(s)
	}
	cut := maxQuoted
	// No rune is longer than UTFMax, so text that is not UTF-8 cannot send us further back.
	for cut > maxQuoted-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.Quote(s[:cut]) + "…"
}
