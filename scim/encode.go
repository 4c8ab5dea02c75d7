package scim

import (
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/seed-30109bde/gatehouse/filter"
)

// encoder writes resources as JSON, in the order of their schemas and without reflection.
type encoder struct {
	buf  []byte
	base string // public base URL, without a slash at its end
}

// derived is what an answer shows beside the stored attributes.
type derived struct {
	groups  []Member // of a user
	members []Member // of a group
}

// timeFormat is how answers write a dateTime: RFC 3339, UTC, whole milliseconds where it has any.
const timeFormat = "2006-01-02T15:04:05.999Z07:00"

const hexDigits = "0123456789abcdef"

// appendString appends the parts as one JSON string (RFC 8259 §7). < > & and U+2028 are written
// as they are: answers are never script.
func appendString(buf []byte, parts ...string) []byte {
	buf = append(buf, '"')
	for _, s := range parts {
		buf = appendEscaped(buf, s)
	}
	return append(buf, '"')
}

func appendEscaped(buf []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 { // a host's string that is no UTF-8
				buf = append(append(buf, s[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += n
			continue
		}
		buf = append(buf, s[start:i]...)
		switch c {
		case '"', '\\':
			buf = append(buf, '\\', c)
		case '\n':
			buf = append(buf, `\n`...)
		case '\t':
			buf = append(buf, `\t`...)
		case '\r':
			buf = append(buf, `\r`...)
		default:
			buf = append(buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(buf, s[start:]...)
}

func appendValue(buf []byte, v filter.Value) []byte {
	switch v.Kind {
	case filter.Boolean:
		return strconv.AppendBool(buf, v.Bool())
	case filter.Integer:
		return strconv.AppendInt(buf, v.Int, 10)
	case filter.Decimal:
		return strconv.AppendFloat(buf, v.Float, 'g', -1, 64)
	case filter.DateTime:
		layout := timeFormat
		if v.Nanos%int32(time.Millisecond) != 0 {
			layout = time.RFC3339Nano
		}
		return append(v.Time().AppendFormat(append(buf, '"'), layout), '"')
	}
	return appendString(buf, v.Text)
}

// comma appends a comma unless a container was just opened.
func (e *encoder) comma() {
	if last := e.buf[len(e.buf)-1]; last != '{' && last != '[' {
		e.buf = append(e.buf, ',')
	}
}

// resource appends res as far as the projection shows it.
func (e *encoder) resource(rt *resourceType, res resource, p *projection, d derived) {
	e.buf = append(e.buf, '{')
	for i := range rt.schemas {
		s := &rt.schemas[i]
		mark := len(e.buf)
		if i > 0 {
			e.comma()
			e.buf = append(append(e.buf, s.key...), '{')
		}
		open := len(e.buf)
		for _, ref := range s.attrs {
			if p.shows(ref) {
				e.attribute(rt, res, ref, p, d)
			}
		}
		if i == 0 {
			continue
		}
		if len(e.buf) == open {
			e.buf = e.buf[:mark] // an extension without attributes is not there
			continue
		}
		e.buf = append(e.buf, '}')
	}
	e.buf = append(e.buf, '}')
}

// attribute appends one attribute with its name, or nothing if it has no value.
func (e *encoder) attribute(rt *resourceType, res resource, ref filter.Ref, p *projection, d derived) {
	switch {
	case ref.Derived() && ref == rt.groups:
		e.membership(rt, ref, d.groups, p, "/Groups/", "direct")
		return
	case ref == rt.members:
		e.membership(rt, ref, d.members, p, "/Users/", "User")
		return
	case ref.Derived():
		e.schemas(rt, res, ref)
		return
	}
	if !ref.Multi() && ref.Kind() != filter.Complex {
		e.value(rt, ref, res.Value(ref, 0))
		return
	}
	start, shown := len(e.buf), false
	e.comma()
	e.buf = append(e.buf, rt.info(ref).key...)
	if ref.Multi() {
		shown = e.list(rt, res, ref, p)
	} else {
		shown = e.element(rt, res, ref, 0, p)
	}
	if !shown {
		e.buf = e.buf[:start]
	}
}

// value appends a simple value with the name of its attribute, unless it is absent.
func (e *encoder) value(rt *resourceType, ref filter.Ref, v filter.Value) {
	if v.Present() {
		e.comma()
		e.buf = append(e.buf, rt.info(ref).key...)
		e.buf = appendValue(e.buf, v)
	}
}

// list appends the values of a multi-valued attribute. It reports whether there were any to show.
func (e *encoder) list(rt *resourceType, res resource, ref filter.Ref, p *projection) bool {
	shown := false
	e.buf = append(e.buf, '[')
	for i := range res.Len(ref) {
		mark := len(e.buf)
		e.comma()
		if e.element(rt, res, ref, i, p) {
			shown = true
		} else {
			e.buf = e.buf[:mark]
		}
	}
	e.buf = append(e.buf, ']')
	return shown
}

// element appends value i of ref. It reports whether the projection left anything of it.
func (e *encoder) element(rt *resourceType, res resource, ref filter.Ref, i int, p *projection) bool {
	if ref.Kind() != filter.Complex {
		v := res.Value(ref, i) // absent if a host keeps what the schema does not have
		e.buf = appendValue(e.buf, v)
		return v.Present()
	}
	e.buf = append(e.buf, '{')
	open := len(e.buf)
	for k := range ref.Subs() {
		sub := ref.Sub(k)
		switch {
		case !p.shows(sub):
		case sub.Derived():
			e.location(rt, res, sub)
		case sub.Multi():
			e.attribute(rt, res, sub, p, derived{})
		default:
			e.value(rt, sub, res.Value(sub, i))
		}
	}
	e.buf = append(e.buf, '}')
	return len(e.buf) > open+1
}

// schemas appends the URNs of the schemas the resource has attributes of: the core schema, and
// each extension that is not empty.
func (e *encoder) schemas(rt *resourceType, res resource, ref filter.Ref) {
	e.comma()
	e.buf = append(append(e.buf, rt.info(ref).key...), '[')
	for i := range rt.schemas {
		s := &rt.schemas[i]
		if i == 0 || hasAny(res, s.attrs) {
			e.comma()
			e.buf = append(e.buf, s.key[:len(s.key)-1]...)
		}
	}
	e.buf = append(e.buf, ']')
}

func hasAny(res resource, refs []filter.Ref) bool {
	for _, r := range refs {
		simple := !r.Multi() && r.Kind() != filter.Complex
		if simple && res.Value(r, 0).Present() || !simple && res.Len(r) > 0 {
			return true
		}
	}
	return false
}

// location appends meta.location, without making a string of it as location does.
func (e *encoder) location(rt *resourceType, res resource, sub filter.Ref) {
	e.comma()
	e.buf = append(e.buf, rt.info(sub).key...)
	e.buf = appendString(e.buf, e.base, rt.endpoint, "/", escapeID(res.meta().ID))
}

// location is the public URL of a resource.
func location(base string, rt *resourceType, id string) string {
	return base + rt.endpoint + "/" + escapeID(id)
}

func escapeID(id string) string { return url.PathEscape(id) }

// membership appends the members of a group or the groups of a user.
func (e *encoder) membership(rt *resourceType, ref filter.Ref, list []Member, p *projection, endpoint, typ string) {
	if len(list) == 0 {
		return
	}
	e.comma()
	e.buf = append(append(e.buf, rt.info(ref).key...), '[')
	for i := range list {
		m := &list[i]
		e.comma()
		e.buf = append(e.buf, '{')
		for k := range ref.Subs() {
			sub := ref.Sub(k)
			if !p.shows(sub) {
				continue
			}
			switch sub.Name() {
			case "value":
				e.value(rt, sub, filter.TextValue(m.Value))
			case "$ref":
				e.comma()
				e.buf = append(e.buf, rt.info(sub).key...)
				e.buf = appendString(e.buf, e.base, endpoint, escapeID(m.Value))
			case "display":
				e.value(rt, sub, filter.TextValue(m.Display))
			case "type":
				e.value(rt, sub, filter.TextValue(typ))
			}
		}
		e.buf = append(e.buf, '}')
	}
	e.buf = append(e.buf, ']')
}
