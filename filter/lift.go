package filter

import (
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

// expression is a filter on its way into a shape: the whole one, or that within brackets.
type expression struct {
	*lifter
	p     *parsed
	shape []byte
	start int
	end   byte // what ends it: a bracket, or 0 for the end of the text
	depth int  // levels around it
	open  int  // parentheses that are open in it
}

// filter lifts an expression that ends at the end of the text or, where end is ']', at that byte.
func (l *lifter) filter(end byte, depth int) (*parsed, error) {
	p := &parsed{code: l.code}
	p.operands, p.literals = p.operandBuf[:0], p.literalBuf[:0]
	var buf [maxShape]byte
	e := expression{lifter: l, p: p, shape: buf[:0], start: l.pos, end: end, depth: depth}
	for {
		if err := e.operandNext(); err != nil {
			return nil, err
		}
		more, err := e.connectiveNext()
		if err != nil {
			return nil, err
		}
		if !more {
			return p, e.parse()
		}
	}
}

// operandNext lifts a comparison, and the parentheses and nots before it.
func (e *expression) operandNext() error {
	for {
		e.spaces()
		switch {
		case e.byteAt(e.pos) == '(':
			if e.open++; e.depth+e.open > MaxDepth {
				return e.fail(e.pos, "more than "+strconv.Itoa(MaxDepth)+" levels of parentheses and brackets")
			}
			if e.groups++; e.groups > MaxGroups {
				return e.fail(e.pos, "more than "+strconv.Itoa(MaxGroups)+" parentheses")
			}
			e.pos++
			e.shape = append(e.shape, '(')
		case e.not():
			e.shape = append(e.shape, "not "...)
		default:
			return e.term()
		}
	}
}

// connectiveNext lifts what follows a comparison: closing parentheses, and then and or or. It
// reports whether there is one, or the expression ends.
func (e *expression) connectiveNext() (more bool, err error) {
	for e.spaces(); e.byteAt(e.pos) == ')' && e.open > 0; e.spaces() {
		e.open--
		e.pos++
		e.shape = append(e.shape, ')')
	}
	if c := e.byteAt(e.pos); e.open == 0 && (e.pos == len(e.text) && e.end == 0 || c == e.end && e.end != 0) {
		return false, nil
	}
	at := e.pos
	switch word := e.word(); {
	case e.byteAt(at-1) != ' ' && word != "":
		return false, e.fail(at, "a space is expected before it")
	case strings.EqualFold(word, "and"):
		e.shape = append(e.shape, " and "...)
	case strings.EqualFold(word, "or"):
		e.shape = append(e.shape, " or "...)
	case e.text[at:] == "" && e.open > 0:
		return false, e.fail(at, "a parenthesis is not closed")
	case e.text[at:] == "":
		return false, e.fail(at, "a bracket is not closed")
	default:
		return false, e.fail(at, "and, or, or the end is expected")
	}
	if e.byteAt(e.pos) != ' ' {
		return false, e.fail(at, "a space and an expression are expected after it")
	}
	return true, nil
}

// parse hands the shape to the parser.
func (e *expression) parse() (err error) {
	e.p.text = e.text[e.start:e.pos]
	if e.p.root, err = parseShape(e.shape); err != nil {
		return &Error{e.code, e.start, shorten(e.p.text), "it does not follow the grammar of RFC 7644 §3.4.2.2"}
	}
	return nil
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
func (e *expression) term() error {
	if e.terms++; e.terms > MaxTerms {
		return e.fail(e.pos, "more than "+strconv.Itoa(MaxTerms)+" comparisons")
	}
	o, err := e.operand(e.depth + e.open)
	if err != nil {
		return err
	}
	e.shape = append(e.shape, 'a')
	e.shape = strconv.AppendInt(e.shape, int64(len(e.p.operands)), 10)
	e.p.operands = append(e.p.operands, o)
	if o.element != nil && e.p.liberty == "" {
		e.p.liberty = o.element.liberty
	}
	before := e.pos
	e.spaces()
	at := e.pos
	op := e.word()
	if o.element != nil && o.sub == "" && !isOperator(op) {
		e.pos = before
		e.shape = append(e.shape, " pr"...)
		return nil // name[…] asks whether an element matches
	}
	if at == before || !isOperator(op) {
		return e.fail(at, "an operator is expected: eq, ne, co, sw, ew, gt, ge, lt, le or pr")
	}
	if o.element != nil && o.sub == "" {
		return e.fail(at, "a value filter is compared by one of its sub-attributes, as in emails[…].value")
	}
	e.shape = append(e.shape, ' ')
	e.shape = append(e.shape, strings.ToLower(op)...)
	if strings.EqualFold(op, "pr") {
		return nil
	}
	if e.byteAt(e.pos) != ' ' {
		return e.fail(at, "a space and a value are expected after it")
	}
	e.spaces()
	v, err := e.value()
	if err != nil {
		return err
	}
	if v.bare && e.p.liberty == "" {
		e.p.liberty = "a value without quotes"
	}
	e.shape = append(e.shape, ` "`...)
	e.shape = strconv.AppendInt(e.shape, int64(len(e.p.literals)), 10)
	e.p.literals = append(e.p.literals, v)
	e.shape = append(e.shape, '"')
	return nil
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
