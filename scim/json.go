package scim

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/seed-30109bde/gatehouse/filter"
)

// maxJSONDepth bounds nesting in a body. SCIM needs five levels: list, resource, extension,
// attribute, element.
const maxJSONDepth = 32

// A decoded value costs 64 bytes however short it is. So a body may hold fewValues, and beyond
// them one for every bytesPerValue bytes; {"value":"7"}, are two in fourteen. An object may have
// maxNames members.
const fewValues, bytesPerValue, maxNames = 4096, 8, 1000

type jsonKind uint8

const (
	jsonNull jsonKind = iota
	jsonBool
	jsonNumber
	jsonString
	jsonArray
	jsonObject
)

var jsonKindNames = [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}

// String names the kind as a sentence of an error does.
func (k jsonKind) String() string { return jsonKindNames[k] }

// jsonValue is a decoded JSON value that keeps what maps lose: the order of members, and numbers
// as they were written. Text is a part of the body: whoever keeps it clones it.
type jsonValue struct {
	kind jsonKind
	text string       // of a string, decoded; of a number or boolean, as written
	list []jsonMember // of an array (keys empty) or object
}

type jsonMember struct {
	key string
	jsonValue
}

// says reports whether v is anything: null, "" and [] are unassigned (RFC 7643 §2.5), and some
// encoders write an empty object so.
func (v jsonValue) says() bool {
	switch v.kind {
	case jsonNull:
		return false
	case jsonString:
		return v.text != ""
	case jsonArray:
		return len(v.list) > 0
	}
	return true
}

// field returns the member of an object with the given name in any case.
func (v jsonValue) field(name string) (jsonValue, bool) {
	for _, m := range v.list {
		if strings.EqualFold(m.key, name) {
			return m.jsonValue, true
		}
	}
	return jsonValue{}, false
}

// jsonDecoder reads one JSON text (RFC 8259), more strictly than encoding/json: invalid UTF-8,
// half a surrogate pair, NUL, a name used twice in an object and anything behind the value are
// refused, and depth, names and values are bounded. Names are the same in any case (RFC 7643 §2.1).
//
// The members of all arrays and objects are in one slice, made once: those of the ones that are
// still open before front, those of the others from back on.
type jsonDecoder struct {
	text        string
	pos         int
	all         []jsonMember
	front, back int
}

func decodeJSON(body []byte) (jsonValue, error) {
	if !utf8.Valid(body) {
		return jsonValue{}, badJSON("the body is not valid UTF-8")
	}
	n := countJSON(body)
	if n > fewValues+len(body)/bytesPerValue {
		return jsonValue{}, &Refusal{Status: 413, Detail: fmt.Sprintf("the body has %d values in %d bytes, more than any SCIM message", n, len(body))}
	}
	d := jsonDecoder{text: string(body), all: make([]jsonMember, n), back: n}
	v, err := d.value(0)
	if err != nil {
		return jsonValue{}, err
	}
	if d.space(); d.pos < len(d.text) {
		return jsonValue{}, d.fail("something follows the JSON value")
	}
	return v, nil
}

// countJSON returns how many values are inside the arrays and objects of a JSON text. Of a text
// that is no JSON it counts at least those before the mistake.
func countJSON(text []byte) int {
	n := 0
	last := byte(0) // but white space
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case ',', '[', '{':
			n++
		case ']', '}':
			if last == '[' || last == '{' {
				n--
			}
		}
		last = c
	}
	return n
}

func badJSON(rule string) error {
	return &Refusal{Status: 400, Type: "invalidSyntax", Detail: rule}
}

func (d *jsonDecoder) fail(rule string) error {
	return badJSON(fmt.Sprintf("the body is no JSON that can be read: at byte %d: %s", d.pos, rule))
}

func (d *jsonDecoder) space() {
	for d.pos < len(d.text) && strings.IndexByte(" \t\r\n", d.text[d.pos]) >= 0 {
		d.pos++
	}
}

func (d *jsonDecoder) peek() byte {
	if d.pos < len(d.text) {
		return d.text[d.pos]
	}
	return 0
}

func (d *jsonDecoder) value(depth int) (jsonValue, error) {
	d.space()
	switch c := d.peek(); {
	case c == '{':
		return d.members(jsonObject, '}', depth)
	case c == '[':
		return d.members(jsonArray, ']', depth)
	case c == '"':
		s, err := d.string()
		return jsonValue{kind: jsonString, text: s}, err
	case c == '-' || '0' <= c && c <= '9':
		return d.number()
	}
	for _, word := range [...]jsonValue{{kind: jsonBool, text: "true"}, {kind: jsonBool, text: "false"}, {kind: jsonNull, text: "null"}} {
		if strings.HasPrefix(d.text[d.pos:], word.text) {
			d.pos += len(word.text)
			return word, nil
		}
	}
	return jsonValue{}, d.fail("a JSON value is expected")
}

// members reads an array or object up to its closing byte.
func (d *jsonDecoder) members(kind jsonKind, end byte, depth int) (jsonValue, error) {
	v := jsonValue{kind: kind}
	if depth == maxJSONDepth {
		return v, d.fail(fmt.Sprintf("more than %d levels of nesting", maxJSONDepth))
	}
	d.pos++
	first := d.front
	for d.space(); d.peek() != end; d.space() {
		if d.front > first {
			if d.peek() != ',' {
				return v, d.fail(fmt.Sprintf("a comma or %q is expected", end))
			}
			d.pos++
		}
		var m jsonMember
		var err error
		if kind == jsonObject {
			if m.key, err = d.key(); err != nil {
				return v, err
			}
		}
		if m.jsonValue, err = d.value(depth + 1); err != nil {
			return v, err
		}
		d.all[d.front] = m
		d.front++
	}
	d.pos++
	v.list = d.close(first)
	if kind == jsonObject {
		return v, d.unique(v.list)
	}
	return v, nil
}

// close moves the members from first on to where they stay.
func (d *jsonDecoder) close(first int) []jsonMember {
	n := d.front - first
	end := d.back
	copy(d.all[end-n:end], d.all[first:d.front])
	d.front, d.back = first, end-n
	return d.all[d.back:end:end]
}

func (d *jsonDecoder) key() (string, error) {
	if d.space(); d.peek() != '"' {
		return "", d.fail("a name in quotes is expected")
	}
	key, err := d.string()
	if err != nil {
		return "", err
	}
	if d.space(); d.peek() != ':' {
		return "", d.fail("a colon is expected")
	}
	d.pos++
	return key, nil
}

// fewMembers is up to how many members an object is searched for duplicates pair by pair.
const fewMembers = 16

func (d *jsonDecoder) unique(list []jsonMember) error {
	if len(list) > maxNames {
		return d.fail(fmt.Sprintf("an object with %d names, more than %d", len(list), maxNames))
	}
	if len(list) > fewMembers {
		seen := make(map[string]bool, len(list))
		for _, m := range list {
			name := filter.Fold(m.key)
			if seen[name] {
				return d.fail(fmt.Sprintf("the name %q is used twice in an object", shorten(m.key)))
			}
			seen[name] = true
		}
		return nil
	}
	for i, m := range list {
		for _, earlier := range list[:i] {
			if strings.EqualFold(m.key, earlier.key) {
				return d.fail(fmt.Sprintf("the name %q is used twice in an object", shorten(m.key)))
			}
		}
	}
	return nil
}

// string reads a string; without escapes it is a part of the text.
func (d *jsonDecoder) string() (string, error) {
	start := d.pos + 1
	for i := start; i < len(d.text); i++ {
		switch c := d.text[i]; {
		case c == '"':
			d.pos = i + 1
			return d.text[start:i], nil
		case c < ' ':
			d.pos = i
			return "", d.fail("a control character in a string must be escaped")
		case c == '\\':
			return d.escaped(start, i)
		}
	}
	return "", d.fail("the string is not closed")
}

// escaped goes on at the first escape of a string.
func (d *jsonDecoder) escaped(start, i int) (string, error) {
	buf := append(make([]byte, 0, 2*(i-start)+16), d.text[start:i]...)
	for i < len(d.text) {
		c := d.text[i]
		d.pos = i
		switch {
		case c == '"':
			d.pos++
			return string(buf), nil
		case c < ' ':
			return "", d.fail("a control character in a string must be escaped")
		case c != '\\':
			buf = append(buf, c)
			i++
			continue
		}
		r, n := unescapeRune(d.text[i:])
		if n == 0 {
			return "", d.fail("the escape is not one of RFC 8259, or is half a character")
		}
		if r == 0 {
			return "", d.fail("a string contains a NUL")
		}
		buf = utf8.AppendRune(buf, r)
		i += n
	}
	return "", d.fail("the string is not closed")
}

// unescapeRune reads the escape s begins with and its length, 0 if it is none.
func unescapeRune(s string) (rune, int) {
	if len(s) < 2 {
		return 0, 0
	}
	if i := strings.IndexByte(`"\/bfnrt`, s[1]); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), 2
	}
	r, ok := hexRune(s)
	switch {
	case !ok || 0xDC00 <= r && r < 0xE000:
		return 0, 0
	case r < 0xD800 || 0xE000 <= r:
		return r, 6
	}
	low, ok := hexRune(s[6:])
	if !ok || low < 0xDC00 || 0xE000 <= low {
		return 0, 0
	}
	return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, 12
}

// hexRune reads \u and its four digits.
func hexRune(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[2:6]) {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

func (d *jsonDecoder) number() (jsonValue, error) {
	start := d.pos
	for d.pos < len(d.text) && strings.IndexByte("+-.0123456789eE", d.text[d.pos]) >= 0 {
		d.pos++
	}
	text := d.text[start:d.pos]
	if !json.Valid([]byte(text)) {
		d.pos = start
		return jsonValue{}, d.fail("this is no number")
	}
	return jsonValue{kind: jsonNumber, text: text}, nil
}

// maxShown bounds how much of a received value or path an error repeats, in bytes. The URN of an
// extension alone takes 80.
const maxShown = 160

func shorten(s string) string {
	if len(s) <= maxShown {
		return s
	}
	i := maxShown
	for i > 0 && !utf8.RuneStart(s[i]) { // what is no UTF-8 may have no such byte
		i--
	}
	return s[:i] + "…"
}

// show renders a value for an error.
func (v jsonValue) show() string {
	switch v.kind {
	case jsonString:
		return fmt.Sprintf("%q", shorten(v.text))
	case jsonNumber, jsonBool:
		return shorten(v.text)
	}
	return v.kind.String()
}
