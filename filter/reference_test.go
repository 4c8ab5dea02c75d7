package filter

import (
	"encoding/json"
	"errors"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
)

// reference is a second reading of RFC 7644 §3.4.2.2, for comparison: one recursive descent over
// the raw text that evaluates plain JSON. It is slow and naive on purpose and shares nothing with
// the package but the definitions of the schemas. Where the RFC leaves room it says what the
// package promises: an ordering of strings without case is that of their folds, each character
// standing for the smallest of those that differ from it in case alone.
//
// It knows the same liberties, and no limits.
type reference struct {
	schemas []Schema
	text    string
	pos     int
	within  *Attribute // in brackets, the attribute they are about
	liberty bool
}

// judge is a filter, or a part of one, over a resource or, in brackets, over one element.
type judge func(item any) bool

var errReference = errors.New("refused")

// readFilter returns the filter, and whether it took a liberty.
func readFilter(schemas []Schema, text string) (match judge, liberty bool, err error) {
	r := &reference{schemas: schemas, text: text}
	defer r.recovered(&err)
	if strings.ContainsRune(text, 0) || strings.ToValidUTF8(text, "") != text {
		return nil, false, errReference
	}
	match = r.either()
	r.need(r.pos == len(text))
	return match, r.liberty, nil
}

// readPath returns, for a path with a value filter, the filter over one element.
func readPath(schemas []Schema, text string) (match judge, err error) {
	r := &reference{schemas: schemas, text: strings.TrimSpace(text)}
	defer r.recovered(&err)
	found := r.find(r.take(pathPattern))
	r.need(r.peek("["))
	return r.brackets(found), nil
}

func (r *reference) recovered(err *error) {
	if x := recover(); x == errReference {
		*err = errReference
	} else if x != nil {
		panic(x)
	}
}

func (r *reference) need(ok bool) {
	if !ok {
		panic(errReference)
	}
}

var (
	pathPattern   = regexp.MustCompile(`^[A-Za-z0-9$_.:/~+@%-]+`)
	namePattern   = regexp.MustCompile(`^[A-Za-z0-9$_-]+`)
	wordPattern   = regexp.MustCompile(`^[A-Za-z]*`)
	notPattern    = regexp.MustCompile(`^(?i:not) *\(`)
	opPattern     = regexp.MustCompile(`^(?i:eq|ne|co|sw|ew|gt|ge|lt|le|pr)$`)
	quotedPattern = regexp.MustCompile(`^"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"`)
	barePattern   = regexp.MustCompile(`^[^\x00-\x20()\[\]]+`)
	boolPattern   = regexp.MustCompile(`^(?:[tT][rR][uU][eE]|[fF][aA][lL][sS][eE])$`)
	numberPattern = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$`)
	timePattern   = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$`)
)

func (r *reference) peek(s string) bool { return strings.HasPrefix(r.text[r.pos:], s) }

func (r *reference) take(p *regexp.Regexp) string {
	s := p.FindString(r.text[r.pos:])
	r.pos += len(s)
	return s
}

func (r *reference) spaces() (some bool) {
	for r.peek(" ") {
		r.pos++
		some = true
	}
	return some
}

// either reads terms joined by or.
func (r *reference) either() judge {
	left := r.both()
	for r.connective("or") {
		l, right := left, r.both()
		left = func(x any) bool { a, b := l(x), right(x); return a || b }
	}
	return left
}

// both reads terms joined by and, which binds closer.
func (r *reference) both() judge {
	left := r.factor()
	for r.connective("and") {
		l, right := left, r.factor()
		left = func(x any) bool { a, b := l(x), right(x); return a && b }
	}
	return left
}

func (r *reference) connective(word string) bool {
	start := r.pos
	if r.spaces() && strings.ToLower(r.take(wordPattern)) == word && r.peek(" ") {
		return true
	}
	r.pos = start
	return false
}

func (r *reference) factor() judge {
	r.spaces()
	defer func() {
		if rest := strings.TrimLeft(r.text[r.pos:], " "); rest == "" || rest[0] == ')' || rest[0] == ']' {
			r.pos = len(r.text) - len(rest)
		}
	}()
	negated := r.take(notPattern) != ""
	if !negated && !r.peek("(") {
		return r.comparison()
	}
	if !negated {
		r.pos++
	}
	inner := r.either()
	r.need(r.peek(")"))
	r.pos++
	if negated {
		return func(x any) bool { return !inner(x) }
	}
	return inner
}

// found is an attribute, and where its values are.
type found struct {
	extension string
	attribute *Attribute
	sub       *Attribute
	element   bool // the values are the element's own
}

func (f found) definition() *Attribute {
	if f.sub != nil {
		return f.sub
	}
	return f.attribute
}

func (r *reference) comparison() judge {
	path := r.take(pathPattern)
	r.need(path != "")
	at := r.find(path)
	if r.peek("[") {
		return r.valuePath(at)
	}
	r.need(!at.attribute.Derived && (at.sub == nil || !at.sub.Derived))
	return r.operation(at)
}

func (r *reference) valuePath(at found) judge {
	r.need(!at.attribute.Derived && (at.sub == nil || !at.sub.Derived))
	inner := r.brackets(at)
	outer := r.within
	if r.peek(".") {
		r.pos++
		r.within = at.definition()
		sub := r.find(r.take(namePattern))
		r.need(!sub.definition().Derived)
		match := r.operation(sub)
		both := inner
		inner = func(x any) bool { return both(x) && match(x) }
	} else {
		start := r.pos
		r.spaces()
		r.need(!opPattern.MatchString(r.take(wordPattern)))
		r.pos = start
	}
	r.within = outer
	return func(x any) bool {
		for _, e := range at.values(x) {
			if inner(e) {
				return true
			}
		}
		return false
	}
}

func (r *reference) brackets(at found) judge {
	def := at.definition()
	r.need(def.Kind == Complex || def.Multi)
	outer := r.within
	r.within = def
	r.pos++
	inner := r.either()
	r.need(r.peek("]"))
	r.pos++
	r.within = outer
	return inner
}

func (r *reference) find(path string) found {
	if r.within != nil {
		if r.within.Kind != Complex {
			r.need(strings.EqualFold(path, "value"))
			return found{attribute: &Attribute{Kind: r.within.Kind, CaseExact: r.within.CaseExact}, element: true}
		}
		a := named(r.within.Sub, path)
		r.need(a != nil && !a.Derived)
		return found{attribute: a}
	}
	for i, s := range r.schemas {
		if rest, ok := cutFold(path, s.URN+":"); ok {
			if f, ok := s.find(rest, i > 0); ok {
				return f
			}
		}
	}
	if f, ok := r.schemas[0].find(path, false); ok {
		return f
	}
	r.liberty = true
	var all []found
	for _, s := range r.schemas[1:] {
		if f, ok := s.find(path, true); ok {
			all = append(all, f)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	for i, s := range r.schemas {
		if rest, ok := cutFold(path, s.URN+"."); ok {
			if f, ok := s.find(rest, i > 0); ok {
				return f
			}
		}
	}
	panic(errReference)
}

func cutFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}

func (s Schema) find(path string, extension bool) (f found, ok bool) {
	name, sub, dotted := strings.Cut(path, ".")
	f.attribute = named(s.Attributes, name)
	if extension {
		f.extension = s.URN
	}
	if f.attribute == nil {
		return f, false
	}
	if dotted {
		f.sub = named(f.attribute.Sub, sub)
	}
	return f, !dotted || f.sub != nil
}

func named(list []Attribute, name string) *Attribute {
	for i := range list {
		if strings.EqualFold(list[i].Name, name) {
			return &list[i]
		}
	}
	return nil
}

// values returns what the attribute has in x, lists taken apart, null left out.
func (f found) values(x any) []any {
	if f.element {
		return []any{x}
	}
	m, _ := x.(map[string]any)
	if f.extension != "" {
		m, _ = m[f.extension].(map[string]any)
	}
	values := flat(m[f.attribute.Name])
	if f.sub == nil {
		return values
	}
	var parts []any
	for _, v := range values {
		parts = append(parts, flat(v.(map[string]any)[f.sub.Name])...)
	}
	return parts
}

func flat(x any) []any {
	switch x := x.(type) {
	case nil:
		return nil
	case []any:
		return x
	}
	return []any{x}
}

// operation reads operator and value, and compares the values of at.
func (r *reference) operation(at found) judge {
	r.need(r.spaces())
	op := strings.ToLower(r.take(wordPattern))
	r.need(opPattern.MatchString(op))
	if op == "pr" {
		return at.some(isPresent)
	}
	r.need(r.spaces())
	v := r.value()
	if v.null {
		r.need(op == "eq" || op == "ne")
		has := at.some(isPresent)
		return func(x any) bool { return has(x) == (op == "ne") }
	}
	def := at.definition()
	if def.Kind == Complex {
		value := named(def.Sub, "value")
		r.need(value != nil && !value.Derived)
		if at.sub = value; at.element || r.within != nil {
			panic("complex within complex")
		}
		def = value
	}
	test := r.test(def, op, v)
	match := at.some(func(x any) bool { return isPresent(x) && test(x) })
	if op == "ne" {
		return func(x any) bool { return !match(x) }
	}
	return match
}

func (f found) some(test func(any) bool) judge {
	return func(x any) bool {
		for _, v := range f.values(x) {
			if test(v) {
				return true
			}
		}
		return false
	}
}

func isPresent(x any) bool { return x != nil && x != "" }

// refValue is the right side of a comparison.
type refValue struct {
	text         string
	quoted, null bool
	number       bool
}

func (r *reference) value() refValue {
	if r.peek(`"`) {
		s := r.take(quotedPattern)
		r.need(s != "")
		return refValue{text: r.decode(s[1 : len(s)-1]), quoted: true}
	}
	s := r.take(barePattern)
	r.need(s != "" && !strings.ContainsAny(s, `"\`))
	v := refValue{text: s, number: numberPattern.MatchString(s), null: strings.ToLower(s) == "null"}
	r.need(!v.number || len(s) <= 40)
	if !v.number && !v.null && !boolPattern.MatchString(s) {
		r.liberty = true
	}
	return v
}

// decode reads the escapes of a string whose form is right.
func (r *reference) decode(s string) string {
	var units []uint16 // as JSON counts
	for s != "" {
		switch {
		case s[0] != '\\':
			c := []rune(s)[0]
			units = utf16.AppendRune(units, c)
			s = s[len(string(c)):]
		case s[1] == 'u':
			n, _ := strconv.ParseUint(s[2:6], 16, 16)
			units = append(units, uint16(n))
			s = s[6:]
		default:
			units = append(units, uint16(map[byte]rune{'"': '"', '\\': '\\', '/': '/', 'b': 8, 'f': 12, 'n': 10, 'r': 13, 't': 9}[s[1]]))
			s = s[2:]
		}
	}
	for i := 0; i < len(units); i++ {
		r.need(units[i] != 0)
		if utf16.IsSurrogate(rune(units[i])) {
			r.need(i+1 < len(units) && utf16.DecodeRune(rune(units[i]), rune(units[i+1])) != '\uFFFD')
			i++
		}
	}
	return string(utf16.Decode(units))
}

// test returns the comparison by op, eq standing for ne too.
func (r *reference) test(def *Attribute, op string, v refValue) func(any) bool {
	part := op == "co" || op == "sw" || op == "ew"
	equal := op == "eq" || op == "ne"
	switch def.Kind {
	case Boolean:
		return r.testBool(equal, v)
	case Integer, Decimal:
		r.need(!part && v.number)
		return r.testNumber(def.Kind, op, v.text)
	case DateTime:
		r.need(!part && !v.number && (v.quoted || !boolPattern.MatchString(v.text)))
		want := r.time(v.text)
		return func(x any) bool {
			got, err := time.Parse(time.RFC3339, x.(string))
			return err == nil && ordered(op, got.Compare(want))
		}
	case Binary:
		r.need(equal)
	}
	if !v.quoted {
		r.liberty = true
	}
	exact := def.CaseExact || def.Kind == Binary
	return func(x any) bool { return testString(op, x.(string), v.text, exact) }
}

func (r *reference) testBool(equal bool, v refValue) func(any) bool {
	want := strings.ToLower(v.text) == "true"
	r.need(equal && !v.number && (want || strings.ToLower(v.text) == "false"))
	if v.quoted {
		r.liberty = true
	}
	return func(x any) bool { return x == want }
}

func (r *reference) testNumber(k Kind, op, text string) func(any) bool {
	if k == Decimal {
		want, err := strconv.ParseFloat(text, 64)
		r.need(err == nil)
		return func(x any) bool {
			got, _ := x.(json.Number).Float64()
			return ordered(op, big.NewFloat(got).Cmp(big.NewFloat(want)))
		}
	}
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		e, err := strconv.ParseInt(text[i+1:], 10, 64)
		r.need(err == nil && -308 <= e && e <= 308)
	}
	want, _ := new(big.Rat).SetString(text)
	return func(x any) bool {
		got, _ := new(big.Rat).SetString(x.(json.Number).String())
		return ordered(op, got.Cmp(want))
	}
}

func (r *reference) time(s string) time.Time {
	if timePattern.MatchString(s + "Z") {
		s += "Z"
		r.liberty = true
	}
	r.need(timePattern.MatchString(s))
	t, err := time.Parse(time.RFC3339, s)
	r.need(err == nil)
	return t
}

func ordered(op string, c int) bool {
	switch op {
	case "gt":
		return c > 0
	case "ge":
		return c >= 0
	case "lt":
		return c < 0
	case "le":
		return c <= 0
	}
	return c == 0
}

func testString(op, got, want string, exact bool) bool {
	equal := strings.EqualFold
	if exact {
		equal = func(a, b string) bool { return a == b }
	}
	g, n := []rune(got), len([]rune(want))
	switch op {
	case "eq", "ne":
		return equal(got, want)
	case "sw":
		return n <= len(g) && equal(string(g[:n]), want)
	case "ew":
		return n <= len(g) && equal(string(g[len(g)-n:]), want)
	case "co":
		for i := 0; i+n <= len(g); i++ {
			if equal(string(g[i:i+n]), want) {
				return true
			}
		}
		return false
	}
	if exact {
		return ordered(op, strings.Compare(got, want))
	}
	return ordered(op, strings.Compare(strings.Map(smallest, got), strings.Map(smallest, want)))
}

// smallest returns the smallest character that differs from r in case alone.
func smallest(r rune) rune {
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		if f < r {
			return smallest(f)
		}
	}
	return r
}
