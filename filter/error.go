package filter

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Code is the SCIM error type (RFC 7644 §3.12) a refused text is answered with.
type Code string

// The codes of this package.
const (
	InvalidFilter Code = "invalidFilter"
	InvalidPath   Code = "invalidPath"
)

// An Error says why a filter or path is refused. Its text is meant for whoever sent it.
type Error struct {
	Code Code
	Pos  int    // byte offset into the text
	Term string // the offending part, shortened
	Rule string // what it breaks
}

// Error names the place, the part and the rule.
func (e *Error) Error() string {
	what := "filter"
	if e.Code == InvalidPath {
		what = "path"
	}
	if e.Term == "" {
		return fmt.Sprintf("%s: at its end: %s", what, e.Rule)
	}
	return fmt.Sprintf("%s: at %d, %q: %s", what, e.Pos, e.Term, e.Rule)
}

// maxTerm bounds what an error repeats of the text, in bytes.
const maxTerm = 160

// shorten also makes s valid UTF-8, because an error travels as JSON.
func shorten(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxTerm {
		return s
	}
	i := maxTerm
	for i > 0 && !utf8.RuneStart(s[i]) {
		i--
	}
	return s[:i] + "…"
}
