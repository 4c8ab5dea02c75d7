package filter

import (
	"encoding/json"
	"strconv"
	"strings"
)

type literalKind uint8

const (
	textLiteral literalKind = iota
	numberLiteral
	trueLiteral
	falseLiteral
	nullLiteral
)

type literal struct {
	kind literalKind
	text string // decoded string, or the number as it stands
	pos  int
	bare bool // written without quotes, and neither number, true, false nor null
}

// value lifts the right side of a comparison.
func (l *lifter) value() (literal, error) {
	v := literal{pos: l.pos}
	if l.byteAt(l.pos) == '"' {
		return l.quoted()
	}
	for c := l.byteAt(l.pos); c > ' ' && c != ')' && c != ']' && c != '(' && c != '['; c = l.byteAt(l.pos) {
		if c == '"' || c == '\\' {
			return v, l.fail(v.pos, "a quote inside a value that does not begin with one")
		}
		l.pos++
	}
	v.text = l.text[v.pos:l.pos]
	switch word := strings.ToLower(v.text); { // not EqualFold, which takes ſ for s
	case word == "":
		return v, l.fail(v.pos, "a value is expected")
	case word == "true":
		v.kind = trueLiteral
	case word == "false":
		v.kind = falseLiteral
	case word == "null":
		v.kind = nullLiteral
	case isNumber(v.text):
		v.kind = numberLiteral
		if len(v.text) > MaxNumber {
			return v, l.fail(v.pos, "a number of more than "+strconv.Itoa(MaxNumber)+" characters")
		}
	default:
		v.bare = true
	}
	return v, nil
}

// quoted lifts a JSON string (RFC 8259 §7).
func (l *lifter) quoted() (literal, error) {
	v := literal{pos: l.pos}
	escaped := false
	for i := l.pos + 1; i < len(l.text); i++ {
		switch c := l.text[i]; {
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			return v, l.fail(v.pos, "a control character in a string must be escaped")
		case c == '"':
			v.text, l.pos = l.text[v.pos+1:i], i+1
			if !escaped {
				return v, nil
			}
			var ok bool
			if v.text, ok = unescape(l.text[v.pos:l.pos]); !ok {
				return v, l.fail(v.pos, "an escape in the string is not one of RFC 8259 §7, or makes a NUL or half a character")
			}
			return v, nil
		}
	}
	return v, l.fail(v.pos, "the string is not closed")
}

// unescape decodes a JSON string with its quotes. It refuses what would not come back the same:
// lone surrogates, and NUL, which no store keeps.
func unescape(quoted string) (string, bool) {
	var s string
	if json.Unmarshal([]byte(quoted), &s) != nil || strings.IndexByte(s, 0) >= 0 {
		return "", false
	}
	// encoding/json writes U+FFFD for a lone surrogate. One that was meant is in the text as it
	// is, or as \ufffd; in \\ufffd there is none.
	escapes := strings.ToLower(strings.ReplaceAll(quoted, `\\`, ""))
	meant := strings.Count(quoted, "\uFFFD") + strings.Count(escapes, `\ufffd`)
	return s, strings.Count(s, "\uFFFD") <= meant
}

// isNumber reports whether s is a JSON number.
func isNumber(s string) bool {
	if c := s[0]; c != '-' && (c < '0' || c > '9') {
		return false
	}
	return json.Valid([]byte(s))
}
