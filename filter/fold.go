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
	for ; i+8 <= len(s) && i+8 <= len(folded); i += 8 {
		x := load8(s[i : i+8])
		if x&highBits != 0 {
			break
		}
		if upper8(x) != load8(folded[i:i+8]) {
			return false
		}
	}
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

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// load8 returns eight bytes as one number.
func load8(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// upper8 folds eight ASCII bytes at once. No byte carries into the next: each sum is below 256.
func upper8(x uint64) uint64 {
	fromA := x + (0x80-'a')*lowBits   // high bit set where the byte is >= 'a'
	beyondZ := x + (0x7F-'z')*lowBits // high bit set where the byte is > 'z'
	lower := fromA & ^beyondZ & highBits
	return x - lower>>2 // 0x80>>2 is 'a'-'A'
}

// inlineFold is the length up to which a value is folded on the stack. User names, addresses and
// titles are shorter; a longer value costs one allocation per comparison.
const inlineFold = 256
