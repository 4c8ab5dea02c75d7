package filter

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parsed is a filter after one pass over its bytes. Attribute paths, values and value filters are
// lifted out into tables; what remains is the shape, in which a0, a1, … stand for the operands
// and "0", "1", … for the values:
//
//	emails[type eq "work"].value eq "x" and active pr   →   a0 eq "0" and a1 pr
//
// Only shapes reach the parser behind us. They are short, free of client text and few.
type parsed struct {
	text     string
	code     Code
	root     *expr
	operands []operand
	literals []literal
	liberty  string

	operandBuf [2]operand // most filters have one or two terms: no further allocation
	literalBuf [2]literal
}

// operand is the left side of a comparison.
type operand struct {
	path    string  // attribute path, up to "[" if there is a value filter
	pos     int     // of path in the text
	element *parsed // the value filter, or nil
	sub     string  // sub-attribute behind the value filter, or ""
	subPos  int     // of sub in the text
}

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

// lifter makes the pass. It accepts exactly the sequences of the grammar, so that it can name the
// place of a mistake; how they bind is left to the parser.
type lifter struct {
	text         string
	code         Code
	pos          int
	terms        int
	groups       int
	valueFilters int
}

// Parse reads a filter (RFC 7644 §3.4.2.2). Its error is an [*Error].
func Parse(text string) (Filter, error) {
	l := lifter{text: text, code: InvalidFilter}
	if err := l.checkText(); err != nil {
		return Filter{}, err
	}
	p, err := l.filter(0, 0)
	if err != nil {
		return Filter{}, err
	}
	return Filter{p}, nil
}

func (l *lifter) checkText() error {
	switch {
	case len(l.text) > MaxLength:
		return &Error{l.code, 0, shorten(l.text), "it is longer than " + strconv.Itoa(MaxLength) + " bytes"}
	case !utf8.ValidString(l.text):
		return l.fail(invalidUTF8(l.text), "it is not valid UTF-8")
	case strings.IndexByte(l.text, 0) >= 0:
		return &Error{l.code, strings.IndexByte(l.text, 0), "\x00", "it contains a NUL"}
	}
	return nil
}

// invalidUTF8 returns the place of the first byte that is not part of a character.
func invalidUTF8(s string) int {
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return i
		}
	}
	return len(s)
}

func (l *lifter) fail(pos int, rule string) error {
	return &Error{l.code, pos, shorten(l.rest(pos)), rule}
}

// rest returns the text from pos to the end of the word there.
func (l *lifter) rest(pos int) string {
	end := pos
	for end < len(l.text) && l.text[end] != ' ' {
		end++
	}
	if end == pos && pos < len(l.text) {
		return l.text[pos:]
	}
	return l.text[pos:end]
}

// filter lifts an expression that ends at the end of the text or, where end is ']', at that byte.
func (l *lifter) filter(end byte, depth int) (*parsed, error) {
	p := &parsed{code: l.code}
	p.operands, p.literals = p.operandBuf[:0], p.literalBuf[:0]
	var buf [maxShape]byte
	shape := buf[:0]
	start, open := l.pos, 0
	for operandNext := true; ; {
		l.spaces()
		if operandNext {
			switch {
			case l.byteAt(l.pos) == '(':
				if open++; depth+open > MaxDepth {
					return nil, l.fail(l.pos, "more than "+strconv.Itoa(MaxDepth)+" levels of parentheses and brackets")
				}
				if l.groups++; l.groups > MaxGroups {
					return nil, l.fail(l.pos, "more than "+strconv.Itoa(MaxGroups)+" parentheses")
				}
				l.pos++
				shape = append(shape, '(')
			case l.not():
				shape = append(shape, "not "...)
			default:
				var err error
				if shape, err = l.term(p, shape, depth+open); err != nil {
					return nil, err
				}
				operandNext = false
			}
			continue
		}
		c := l.byteAt(l.pos)
		switch {
		case c == ')' && open > 0:
			open--
			l.pos++
			shape = append(shape, ')')
		case open == 0 && (l.pos == len(l.text) && end == 0 || c == end && end != 0):
			p.text = l.text[start:l.pos]
			var err error
			p.root, err = parseShape(shape)
			if err != nil {
				return nil, &Error{l.code, start, shorten(p.text), "it does not follow the grammar of RFC 7644 §3.4.2.2"}
			}
			return p, nil
		default:
			at := l.pos
			switch word := l.word(); {
			case l.byteAt(at-1) != ' ' && word != "":
				return nil, l.fail(at, "a space is expected before it")
			case strings.EqualFold(word, "and"):
				shape = append(shape, " and "...)
			case strings.EqualFold(word, "or"):
				shape = append(shape, " or "...)
			case l.text[at:] == "" && open > 0:
				return nil, l.fail(at, "a parenthesis is not closed")
			case l.text[at:] == "":
				return nil, l.fail(at, "a bracket is not closed")
			default:
				return nil, l.fail(at, "and, or, or the end is expected")
			}
			if l.byteAt(l.pos) != ' ' {
				return nil, l.fail(at, "a space and an expression are expected after it")
			}
			operandNext = true
		}
	}
}

// not reads the word not if a parenthesis follows.
func (l *lifter) not() bool {
	start := l.pos
	if strings.EqualFold(l.word(), "not") {
		l.spaces()
		if l.byteAt(l.pos) == '(' {
			return true
		}
	}
	l.pos = start
	return false
}

// term lifts one comparison, "path pr", or a value path without comparison.
func (l *lifter) term(p *parsed, shape []byte, depth int) ([]byte, error) {
	if l.terms++; l.terms > MaxTerms {
		return nil, l.fail(l.pos, "more than "+strconv.Itoa(MaxTerms)+" comparisons")
	}
	o, err := l.operand(depth)
	if err != nil {
		return nil, err
	}
	shape = append(shape, 'a')
	shape = strconv.AppendInt(shape, int64(len(p.operands)), 10)
	p.operands = append(p.operands, o)
	if o.element != nil && p.liberty == "" {
		p.liberty = o.element.liberty
	}
	before := l.pos
	l.spaces()
	at := l.pos
	op := l.word()
	if o.element != nil && o.sub == "" && !isOperator(op) {
		l.pos = before
		return append(shape, " pr"...), nil // name[…] asks whether an element matches
	}
	if at == before || !isOperator(op) {
		return nil, l.fail(at, "an operator is expected: eq, ne, co, sw, ew, gt, ge, lt, le or pr")
	}
	if o.element != nil && o.sub == "" {
		return nil, l.fail(at, "a value filter is compared by one of its sub-attributes, as in emails[…].value")
	}
	shape = append(shape, ' ')
	shape = append(shape, strings.ToLower(op)...)
	if strings.EqualFold(op, "pr") {
		return shape, nil
	}
	if l.byteAt(l.pos) != ' ' {
		return nil, l.fail(at, "a space and a value are expected after it")
	}
	l.spaces()
	v, err := l.value()
	if err != nil {
		return nil, err
	}
	if v.bare && p.liberty == "" {
		p.liberty = "a value without quotes"
	}
	shape = append(shape, ` "`...)
	shape = strconv.AppendInt(shape, int64(len(p.literals)), 10)
	p.literals = append(p.literals, v)
	return append(shape, '"'), nil
}

// operand lifts an attribute path with an optional value filter and sub-attribute.
func (l *lifter) operand(depth int) (operand, error) {
	o := operand{pos: l.pos}
	for isPathByte(l.byteAt(l.pos)) {
		l.pos++
	}
	o.path = l.text[o.pos:l.pos]
	if o.path == "" {
		return o, l.fail(l.pos, "an attribute is expected")
	}
	if l.byteAt(l.pos) != '[' {
		return o, nil
	}
	if l.valueFilters++; l.valueFilters > MaxValueFilters {
		return o, l.fail(o.pos, "more than "+strconv.Itoa(MaxValueFilters)+" value filters")
	}
	if depth >= MaxDepth {
		return o, l.fail(o.pos, "more than "+strconv.Itoa(MaxDepth)+" levels of parentheses and brackets")
	}
	if err := l.element(&o, depth+1); err != nil {
		return o, err
	}
	if l.byteAt(l.pos) == '.' {
		o.subPos = l.pos + 1
		for l.pos++; isNameByte(l.byteAt(l.pos)); {
			l.pos++
		}
		if o.sub = l.text[o.subPos:l.pos]; o.sub == "" {
			return o, l.fail(o.subPos-1, "a sub-attribute is expected after the dot")
		}
	}
	return o, nil
}

// element lifts the brackets of o. What is wrong in there is an invalidFilter, also in a path
// (RFC 7644 §3.12, Table 9).
func (l *lifter) element(o *operand, depth int) (err error) {
	outer := l.code
	l.code = InvalidFilter
	l.pos++ // [
	if o.element, err = l.filter(']', depth); err != nil {
		return err
	}
	l.pos++ // ]
	l.code = outer
	return nil
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

func (l *lifter) spaces() {
	for l.byteAt(l.pos) == ' ' {
		l.pos++
	}
}

// word reads letters.
func (l *lifter) word() string {
	start := l.pos
	for c := l.byteAt(l.pos) | 0x20; 'a' <= c && c <= 'z'; c = l.byteAt(l.pos) | 0x20 {
		l.pos++
	}
	return l.text[start:l.pos]
}

// byteAt returns the byte at i, or 0 past the end: the text holds no NUL.
func (l *lifter) byteAt(i int) byte {
	if i < len(l.text) {
		return l.text[i]
	}
	return 0
}

func isNameByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '$'
}

// isPathByte also takes the bytes of a URN (RFC 8141 §2).
func isPathByte(c byte) bool {
	return isNameByte(c) || c == '.' || c == ':' || c == '/' || c == '~' || c == '+' || c == '@' || c == '%'
}

func isOperator(word string) bool {
	_, ok := parseOp(word)
	return ok || strings.EqualFold(word, "pr")
}

// isNumber reports whether s is a JSON number.
func isNumber(s string) bool {
	if c := s[0]; c != '-' && (c < '0' || c > '9') {
		return false
	}
	return json.Valid([]byte(s))
}
