package saml

import (
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf8"
)

// fifthEdition is NameStartChar of the fifth edition of XML 1.0, §2.3, without the colon; and what
// NameChar adds.
var fifthEdition = [2][][2]rune{
	{{'A', 'Z'}, {'_', '_'}, {'a', 'z'}, {0xC0, 0xD6}, {0xD8, 0xF6}, {0xF8, 0x2FF}, {0x370, 0x37D}, {0x37F, 0x1FFF},
		{0x200C, 0x200D}, {0x2070, 0x218F}, {0x2C00, 0x2FEF}, {0x3001, 0xD7FF}, {0xF900, 0xFDCF}, {0xFDF0, 0xFFFD},
		{0x10000, 0xEFFFF}},
	{{'-', '.'}, {'0', '9'}, {0xB7, 0xB7}, {0x300, 0x36F}, {0x203F, 0x2040}},
}

func inFifthEdition(r rune, rest bool) bool {
	for i, ranges := range fifthEdition {
		for _, b := range ranges {
			if r >= b[0] && r <= b[1] && (i == 0 || rest) {
				return true
			}
		}
	}
	return false
}

// readsAsName reports whether encoding/xml, which follows earlier editions, reads a text as a name.
func readsAsName(name string) bool {
	token, err := xml.NewDecoder(strings.NewReader("<" + name + "/>")).Token()
	start, ok := token.(xml.StartElement)
	return err == nil && ok && start.Name.Local == name
}

// TestNames tries every character as the first of a name and as a later one.
func TestNames(t *testing.T) {
	accepted := 0
	for r := rune(1); r <= utf8.MaxRune; r++ {
		for rest, before := range map[bool]string{false: "", true: "a"} {
			if !utf8.ValidRune(r) || r == ':' {
				continue
			}
			p := xmlParser{s: before + string(r) + "/"}
			name, ok := p.ncname()
			if ok = ok && name == before+string(r); !ok {
				if r < utf8.RuneSelf && inFifthEdition(r, rest) {
					t.Errorf("%q is refused", name)
				}
				continue
			}
			if accepted++; !inFifthEdition(r, rest) || !readsAsName(name) {
				t.Errorf("%q is accepted", name)
			}
		}
	}
	if accepted < 60_000 {
		t.Errorf("%d accepted", accepted)
	}
}
