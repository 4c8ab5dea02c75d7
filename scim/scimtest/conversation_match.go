package scimtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A value is a JSON value that remembers the order of its keys: names are bound in the order in
// which they were written.
type value struct {
	kind     byte   // { [ " 0 t n: object, array, string, number, boolean, null
	text     string // of a string; of a number, a boolean or null as spelled
	members  []member
	elements []value
	offset   int // where it ends in the text
}

type member struct {
	name  string
	value value
}

// get returns the member of that name.
func (v value) get(name string) (value, bool) {
	for _, m := range v.members {
		if m.name == name {
			return m.value, true
		}
	}
	return value{}, false
}

// decode reads one JSON value. An error comes with the offset at which it was found.
func decode(text string) (value, int, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	v, err := decodeValue(dec)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more after the JSON value")
		}
	}
	if err != nil {
		return v, int(dec.InputOffset()), err
	}
	return v, 0, nil
}

func decodeValue(dec *json.Decoder) (value, error) {
	t, err := dec.Token()
	if err != nil {
		return value{}, fmt.Errorf("not JSON: %w", err)
	}
	v := value{offset: int(dec.InputOffset())}
	switch t := t.(type) {
	case string:
		v.kind, v.text = '"', t
	case json.Number:
		v.kind, v.text = '0', t.String()
	case bool:
		v.kind, v.text = 't', strconv.FormatBool(t)
	case nil:
		v.kind, v.text = 'n', "null"
	case json.Delim:
		v.kind = byte(t)
		for dec.More() {
			if err := decodeElement(dec, &v); err != nil {
				return v, err
			}
		}
		if _, err := dec.Token(); err != nil { // the closing one
			return v, fmt.Errorf("not JSON: %w", err)
		}
	}
	return v, nil
}

// decodeElement reads the next element or member of v.
func decodeElement(dec *json.Decoder, v *value) error {
	if v.kind == '[' {
		e, err := decodeValue(dec)
		v.elements = append(v.elements, e)
		return err
	}
	t, err := dec.Token()
	if err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	name := t.(string) // the decoder lets nothing else be a key
	if _, twice := v.get(name); twice {
		return fmt.Errorf("the key %q is there twice", name)
	}
	e, err := decodeValue(dec)
	v.members = append(v.members, member{name, e})
	return err
}

// null returns the path of the first null in v, or "".
func (v value) null(at string) string {
	if v.kind == 'n' {
		return at
	}
	for i, e := range v.elements {
		if found := e.null(fmt.Sprintf("%s[%d]", at, i)); found != "" {
			return found
		}
	}
	for _, m := range v.members {
		if found := m.value.null(join(at, m.name)); found != "" {
			return found
		}
	}
	return ""
}

// String shows v in a failure: in full if it is simple, else by its kind.
func (v value) String() string {
	switch v.kind {
	case '{':
		return "an object"
	case '[':
		return fmt.Sprintf("an array of %d", len(v.elements))
	case '"':
		return strconv.Quote(v.text)
	}
	return v.text
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

// A matcher compares what was received with what was expected, collects the differences and
// binds names on its way.
type matcher struct {
	bound       map[string]string
	differences []string
}

func (m *matcher) differ(at, format string, args ...any) {
	if at == "" {
		at = "the body"
	}
	m.differences = append(m.differences, at+": "+fmt.Sprintf(format, args...))
}

// match compares got, which stands at the given path, with want.
func (m *matcher) match(at string, want, got value) {
	if want.kind == '"' {
		if verb, _, _ := mark(want.text); verb == "any" {
			if got.kind == 'n' {
				m.differ(at, "is null")
			}
			return
		}
	}
	switch {
	case want.kind != got.kind:
		m.differ(at, "is %s, want %s", got, want)
	case want.kind == '{':
		m.object(at, want, got)
	case want.kind == '[':
		m.array(at, want, got)
	case want.kind == '"':
		m.text(at, want.text, got.text)
	case want.text != got.text: // numbers, too, are compared as they are spelled
		m.differ(at, "is %s, want %s", got, want)
	}
}

func (m *matcher) object(at string, want, got value) {
	for _, w := range want.members {
		g, ok := got.get(w.name)
		absent := w.value.kind == '"' && w.value.text == "<absent>"
		switch {
		case absent && ok:
			m.differ(join(at, w.name), "is there, with %s, and should not be", g)
		case absent:
		case !ok:
			m.differ(join(at, w.name), "is missing, want %s", w.value)
		default:
			m.match(join(at, w.name), w.value, g)
		}
	}
}

func (m *matcher) array(at string, want, got value) {
	wants, how := want.elements, ""
	if len(wants) > 0 && order(wants[0].text) {
		wants, how = wants[1:], wants[0].text
	}
	if how != "<at least>" && len(wants) != len(got.elements) {
		m.differ(at, "has %d elements, want %d", len(got.elements), len(wants))
		return
	}
	if how == "" {
		for i, w := range wants {
			m.match(fmt.Sprintf("%s[%d]", at, i), w, got.elements[i])
		}
		return
	}
	used := make([]bool, len(got.elements))
	for i, w := range wants {
		if !m.among(w, got.elements, used) {
			m.differ(at, "has no element like the expected one with index %d", i)
		}
	}
}

// among looks for the first element not yet used that want matches, and binds names only there.
func (m *matcher) among(want value, elements []value, used []bool) bool {
	for i, e := range elements {
		if used[i] {
			continue
		}
		try := matcher{bound: maps.Clone(m.bound)}
		if try.match("", want, e); len(try.differences) == 0 {
			m.bound, used[i] = try.bound, true
			return true
		}
	}
	return false
}

// text compares strings. The mark <absent> is the business of those who know what is there.
func (m *matcher) text(at, want, got string) {
	verb, argument, _ := mark(want)
	argument = substitute(argument, m.bound, nil)
	switch verb {
	case "":
		m.template(at, want, got)
	case "time":
		if when, err := time.Parse(time.RFC3339Nano, got); err != nil || !strings.HasSuffix(got, "Z") || when.IsZero() {
			m.differ(at, "is %q, want an RFC 3339 time in UTC", got)
		}
	case "contains":
		if !strings.Contains(got, argument) {
			m.differ(at, "is %q, want something that contains %q", got, argument)
		}
	case "not":
		if got == argument {
			m.differ(at, "is %q, want anything else", got)
		}
	}
}

// template compares a string that may have names in it and binds those that are not bound.
func (m *matcher) template(at, want, got string) {
	var pattern strings.Builder
	pattern.WriteString(`\A(?s:`)
	var unbound []string
	rest := 0
	for _, loc := range placeholder.FindAllStringSubmatchIndex(want, -1) {
		pattern.WriteString(regexp.QuoteMeta(want[rest:loc[0]]))
		name := want[loc[2]:loc[3]]
		if known, ok := m.bound[name]; ok {
			pattern.WriteString(regexp.QuoteMeta(known))
		} else {
			pattern.WriteString("(.+?)")
			unbound = append(unbound, name)
		}
		rest = loc[1]
	}
	pattern.WriteString(regexp.QuoteMeta(want[rest:]))
	pattern.WriteString(`)\z`)
	found := regexp.MustCompile(pattern.String()).FindStringSubmatch(got)
	if found == nil {
		m.differ(at, "is %q, want %q", got, substitute(want, m.bound, nil))
		return
	}
	for i, name := range unbound {
		if known, ok := m.bound[name]; ok && known != found[i+1] {
			m.differ(at, "is %q, in which {{%s}} has two values", got, name)
			return
		}
		m.bound[name] = found[i+1]
	}
}

// substitute replaces the names in text that are bound, through escape unless it is nil.
func substitute(text string, bound map[string]string, escape func(string) string) string {
	return placeholder.ReplaceAllStringFunc(text, func(p string) string {
		v, ok := bound[p[2:len(p)-2]]
		if !ok {
			return p
		}
		if escape != nil {
			return escape(v)
		}
		return v
	})
}

// escapeJSON returns text as it stands inside a JSON string.
func escapeJSON(text string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		return text // a string always encodes
	}
	quoted := strings.TrimSpace(b.String())
	return quoted[1 : len(quoted)-1]
}
