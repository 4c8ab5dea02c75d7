package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold returns the form of s under which two strings are equal exactly when [strings.EqualFold]
// says so. It is the one case fold of this module: unique and indexed columns hold it, and
// comparisons without case are made on it, byte by byte. It does not normalise: é as one rune and
// as e with a combining accent stay different.
func Fold(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; 'a' <= c && c <= 'z' || c >= utf8.RuneSelf {
			return string(appendFold(make([]byte, 0, len(s)+utf8.UTFMax), s))
		}
	}
	return s
}

// appendFold appends Fold(s) to dst.
func appendFold(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z':
			dst = append(dst, c-('a'-'A'))
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			for _, r := range s[i:] {
				dst = utf8.AppendRune(dst, foldRune(r))
			}
			return dst
		}
	}
	return dst
}

// foldRune returns the smallest rune of r's case orbit; for ASCII letters that is the capital.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'a' <= r && r <= 'z' {
			return r - ('a' - 'A')
		}
		return r
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return least
}

// equalFold reports whether Fold(s) == folded, without making Fold(s).
func equalFold(s, folded string) bool {
	i := 0
	for ; i < len(s) && i < len(folded); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			return strings.EqualFold(s[i:], folded[i:])
		}
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != folded[i] {
			return false
		}
	}
	return i == len(s) && i == len(folded)
}

// inlineFold is the length up to which a value is folded on the stack. User names, addresses and
// titles are shorter; a longer value costs one allocation per comparison.
const inlineFold = 256
