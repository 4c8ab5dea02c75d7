package saml

import (
	"strings"
	"unicode/utf8"
)

// What a byte is for the parser: bits of xmlBytes.
const (
	nameFirst = 1 << iota // may begin a name
	nameRest              // may be in a name
	textStop              // does not stand for itself in a text
	valueStop             // does not stand for itself in the value of an attribute
	charStop              // may be, or begin, a character that XML does not have
)

// xmlBytes is read only.
var xmlBytes = func() (t [256]byte) {
	for c := range t {
		switch b := byte(c); {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b == '_':
			t[c] = nameFirst | nameRest
		case b >= '0' && b <= '9', b == '-', b == '.':
			t[c] = nameRest
		case b == '<', b == '&', b == '\r':
			t[c] = textStop | valueStop
		case b == '>':
			t[c] = textStop
		case b == '"', b == '\'', b == '\t', b == '\n':
			t[c] = valueStop
		case b < ' ', b == 0xEF: // 0xEF begins U+FFFE and U+FFFF
			t[c] = textStop | valueStop | charStop
		}
	}
	return t
}()

// run passes over bytes that are nothing special.
func (p *xmlParser) run(special byte) {
	s, i := p.s, p.pos
	for i+4 <= len(s) && (xmlBytes[s[i]]|xmlBytes[s[i+1]]|xmlBytes[s[i+2]]|xmlBytes[s[i+3]])&special == 0 {
		i += 4
	}
	for i < len(s) && xmlBytes[s[i]]&special == 0 {
		i++
	}
	p.pos = i
}

// begin begins a text or value at pos.
func (p *xmlParser) begin() {
	p.from, p.buf, p.kept = p.pos, p.buf[:0], false
}

// replace puts something in the place of the next n bytes.
func (p *xmlParser) replace(n int, by string) {
	p.buf = append(append(p.buf, p.s[p.from:p.pos]...), by...)
	p.pos += n
	p.from, p.kept = p.pos, true
}

// end returns the text or value up to pos.
func (p *xmlParser) end() string {
	if !p.kept {
		return p.s[p.from:p.pos]
	}
	return string(append(p.buf, p.s[p.from:p.pos]...))
}

// text reads a text inside an element, with the comments in it.
func (p *xmlParser) text() bool {
	p.begin()
	for {
		p.run(textStop)
		if p.pos == len(p.s) {
			return p.fail(XMLMalformed, "document ends in a text")
		}
		ok := true
		switch p.s[p.pos] {
		case '<':
			if !p.atComment() {
				if text := p.end(); text != "" {
					p.pending = append(p.pending, item{text: text})
				}
				return true
			}
			p.replace(0, "")
			ok = p.comment()
			p.from = p.pos
		case '>':
			if strings.HasSuffix(p.s[:p.pos], "]]") {
				return p.fail(XMLMalformed, "]]> in a text")
			}
			p.pos++
		case '\r': // XML 1.0 §2.11
			p.replace(p.lineEnd(), "\n")
		case '&':
			ok = p.reference()
		default:
			ok = p.char()
		}
		if !ok {
			return false
		}
	}
}

// value reads the value of an attribute, in its quotes, and normalises it (XML 1.0 §3.3.3).
func (p *xmlParser) value() (string, bool) {
	if p.pos == len(p.s) || p.s[p.pos] != '"' && p.s[p.pos] != '\'' {
		return "", p.fail(XMLMalformed, "attribute without quotes")
	}
	quote := p.s[p.pos]
	p.pos++
	p.begin()
	for {
		p.run(valueStop)
		if p.pos == len(p.s) {
			return "", p.fail(XMLMalformed, "document ends in an attribute")
		}
		ok := true
		switch c := p.s[p.pos]; c {
		case '"', '\'':
			if c == quote {
				value := p.end()
				p.pos++
				return value, true
			}
			p.pos++
		case '<':
			return "", p.fail(XMLMalformed, "< in an attribute")
		case '\t', '\n', '\r':
			p.replace(p.lineEnd(), " ")
		case '&':
			ok = p.reference()
		default:
			ok = p.char()
		}
		if !ok {
			return "", false
		}
	}
}

// lineEnd is the length of the white space at pos that counts as one: a carriage return and a line
// feed do.
func (p *xmlParser) lineEnd() int {
	if strings.HasPrefix(p.s[p.pos:], "\r\n") {
		return 2
	}
	return 1
}

// char passes over a character that might not be one of XML (§2.2).
func (p *xmlParser) char() bool {
	r, size := utf8.DecodeRuneInString(p.s[p.pos:])
	if !isChar(r) {
		return p.fail(XMLMalformed, "character that XML does not have")
	}
	p.pos += size
	return true
}

// isChar is Char of XML 1.0 §2.2.
func isChar(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	case r <= 0xD7FF:
		return true
	case r <= 0xFFFD:
		return r >= 0xE000
	}
	return r >= 0x10000 && r <= utf8.MaxRune
}

// reference reads a reference to a character or to one of the five entities (XML 1.0 §4.1, §4.6).
func (p *xmlParser) reference() bool {
	rest := p.s[p.pos:]
	end := strings.IndexByte(rest[:min(len(rest), maxReference)], ';')
	if end < 0 {
		return p.fail(XMLMalformed, "& that begins no reference")
	}
	by := ""
	switch name := rest[1:end]; name {
	case "lt":
		by = "<"
	case "gt":
		by = ">"
	case "amp":
		by = "&"
	case "quot":
		by = `"`
	case "apos":
		by = "'"
	default:
		r := charReference(name)
		if !isChar(r) {
			return p.fail(XMLMalformed, "reference to no character")
		}
		by = string(r)
	}
	p.replace(end+1, by)
	return true
}

// maxReference is the length of the longest reference, which has room for leading zeros.
const maxReference = 16

// charReference returns the character that #… means, 0 for none.
func charReference(name string) (r rune) {
	digits, decimal := strings.CutPrefix(name, "#")
	if !decimal {
		return 0
	}
	digits, hex := strings.CutPrefix(digits, "x")
	for _, c := range []byte(digits) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case hex && c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case hex && c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0
		}
		base := rune(10)
		if hex {
			base = 16
		}
		if r = r*base + rune(c); r > utf8.MaxRune {
			return 0
		}
	}
	return r
}

// atComment reports whether a comment comes next, and comments are accepted.
func (p *xmlParser) atComment() bool {
	return p.limits.metadata && strings.HasPrefix(p.s[p.pos:], "<!--")
}

// comment passes over a comment (XML 1.0 §2.5).
func (p *xmlParser) comment() bool {
	p.pos += len("<!--")
	end := strings.Index(p.s[p.pos:], "--")
	if end < 0 || !strings.HasPrefix(p.s[p.pos+end:], "-->") {
		return p.fail(XMLMalformed, "comment without an end, or with -- in it")
	}
	end += p.pos
	for p.run(charStop); p.pos < end; p.run(charStop) {
		if !p.char() {
			return false
		}
	}
	p.pos = end + len("-->")
	return true
}
