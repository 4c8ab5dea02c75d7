package saml

import "unicode/utf8"

// name reads a qualified name (Namespaces in XML 1.0 §4).
func (p *xmlParser) name() (prefix, local string, ok bool) {
	first, ok := p.ncname()
	if !ok {
		return "", "", false
	}
	if p.pos == len(p.s) || p.s[p.pos] != ':' {
		return "", first, true
	}
	p.pos++
	local, ok = p.ncname()
	return first, local, ok
}

// ncname reads a name without a colon.
func (p *xmlParser) ncname() (string, bool) {
	start, want := p.pos, byte(nameFirst)
	for p.pos < len(p.s) {
		size := p.nameSize(want)
		if size == 0 {
			break
		}
		i := p.pos + size
		for i < len(p.s) && xmlBytes[p.s[i]]&nameRest != 0 { // as a rule to the end
			i++
		}
		p.pos, want = i, nameRest
	}
	if p.pos == start {
		return "", p.fail(XMLMalformed, "no name where one should be")
	}
	return p.s[start:p.pos], true
}

// nameSize returns the length of the character at pos, 0 for one that is not wanted in a name.
func (p *xmlParser) nameSize(want byte) int {
	if c := p.s[p.pos]; c < utf8.RuneSelf {
		if xmlBytes[c]&want == 0 {
			return 0
		}
		return 1
	}
	r, size := utf8.DecodeRuneInString(p.s[p.pos:])
	if !isNameRune(r, want) {
		return 0
	}
	return size
}

// isNameRune reports whether a character beyond ASCII may begin a name, or be in it. The editions of
// XML 1.0 differ in this, and readers follow different ones; these alphabets are names in all.
func isNameRune(r rune, want byte) bool {
	in := func(ranges [][2]rune) bool {
		for _, b := range ranges {
			if r >= b[0] && r <= b[1] {
				return true
			}
		}
		return false
	}
	return in(nameLetters[:]) || want == nameRest && in(nameMarks[:])
}

// Characters of names beyond ASCII; both are read only.
var (
	nameLetters = [...][2]rune{
		{0xC0, 0xD6}, {0xD8, 0xF6}, {0xF8, 0x131}, {0x134, 0x13E}, {0x141, 0x148}, {0x14A, 0x17E}, // Latin
		{0x388, 0x38A}, {0x38E, 0x3A1}, {0x3A3, 0x3CE}, // Greek
		{0x401, 0x40C}, {0x40E, 0x44F}, {0x451, 0x45C}, {0x45E, 0x481}, // Cyrillic
		{0x5D0, 0x5EA}, {0x621, 0x63A}, {0x641, 0x64A}, // Hebrew, Arabic
		{0x905, 0x939}, {0xE01, 0xE2E}, // Devanagari, Thai
		{0x3041, 0x3094}, {0x30A1, 0x30FA}, {0x4E00, 0x9FA5}, {0xAC00, 0xD7A3}, // Japanese, Chinese, Korean
	}
	nameMarks = [...][2]rune{{0xB7, 0xB7}, {0x300, 0x345}, {0x30FC, 0x30FE}}
)
