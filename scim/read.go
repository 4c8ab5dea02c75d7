package scim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
)

// reader turns what clients send into values of the schema's types. Unless strict it takes what
// real identity providers bend: booleans and one-element arrays for single values, objects and
// strings where a list or an object is due. null, [] and "" are unassigned (RFC 7643 §2.5), which
// it returns as nil; other values are those elimity's validation expects: string, bool,
// json.Number, map[string]any, []any.
type reader struct {
	rt     *resourceType
	strict bool
	// keepNil keeps the parts of an object that are unassigned, as nil: PATCH unsets them.
	keepNil bool
}

// attribute reads the value of an attribute.
func (rd *reader) attribute(ref filter.Ref, v jsonValue) (any, error) {
	if v.kind == jsonNull {
		return nil, nil
	}
	if ref.Multi() {
		return rd.multi(ref, v)
	}
	if v.kind == jsonArray && !rd.strict {
		switch len(v.list) {
		case 0:
			return nil, nil
		case 1:
			v = v.list[0].jsonValue
		}
	}
	return rd.element(ref, v)
}

func (rd *reader) multi(ref filter.Ref, v jsonValue) (any, error) {
	list := v.list
	if v.kind != jsonArray {
		if rd.strict {
			return nil, invalidValue("%s: %s received, an array is expected", ref, v.show())
		}
		list = []jsonMember{{jsonValue: v}}
	}
	if len(list) > maxValues {
		return nil, tooMany(ref, len(list))
	}
	out := make([]any, 0, len(list))
	primary := false
	for _, item := range list {
		e, err := rd.element(ref, item.jsonValue)
		if err != nil {
			return nil, err
		}
		if e == nil || rd.hollow(ref, e, len(item.list)) {
			continue
		}
		if o, ok := e.(map[string]any); ok && o["primary"] == true {
			if primary && rd.strict {
				return nil, invalidValue("%s: more than one value is primary", ref)
			}
			if primary {
				o["primary"] = false
			}
			primary = true
		}
		out = append(out, e)
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// maxValues bounds the values of one attribute; members are kept elsewhere and without bound.
// Operations look at all values of an attribute, and a PATCH may have many operations.
const maxValues = 1000

func tooMany(ref filter.Ref, n int) error {
	return &Refusal{Status: 413, Type: "tooMany", Detail: fmt.Sprintf("%s: %d values; an attribute has at most %d", ref, n, maxValues)}
}

// hollow reports whether an element says nothing but of what type it is, and that another of the
// parts it was sent with is unassigned: some clients send one for each type they know, with null
// for its value.
func (rd *reader) hollow(ref filter.Ref, e any, sent int) bool {
	o, ok := e.(map[string]any)
	if !ok || rd.strict {
		return false
	}
	for name, part := range o {
		sub, _ := ref.Part(name)
		switch {
		case part == nil:
			continue
		case sub.Kind() != filter.Boolean && name != "type":
			return false
		}
		sent--
	}
	return sent > 0
}

func (rd *reader) element(ref filter.Ref, v jsonValue) (any, error) {
	if ref.Kind() == filter.Complex {
		return rd.complex(ref, v)
	}
	return rd.simple(ref, v)
}

func (rd *reader) complex(ref filter.Ref, v jsonValue) (any, error) {
	switch {
	case v.kind == jsonNull:
		return nil, nil
	case v.kind == jsonObject:
		return rd.object(ref, v)
	case rd.strict || ref.Default().IsZero() || v.kind == jsonArray:
		return nil, invalidValue("%s: %s received, an object is expected", ref, v.show())
	}
	value, err := rd.simple(ref.Default(), v) // "manager": "…"
	if value == nil || err != nil {
		return nil, err
	}
	return map[string]any{ref.Default().Name(): value}, nil
}

func (rd *reader) object(ref filter.Ref, v jsonValue) (any, error) {
	out := make(map[string]any, len(v.list))
	for _, m := range v.list {
		sub, ok := rd.part(ref, m.key)
		if !ok {
			if rd.strict {
				return nil, invalidSyntax("%s: it has no sub-attribute %q", ref, shorten(m.key))
			}
			continue
		}
		if rd.rt.info(sub).mutability == "readOnly" {
			continue
		}
		value, err := rd.attribute(sub, m.jsonValue)
		if err != nil {
			return nil, err
		}
		if out[sub.Name()] != nil && value != nil {
			return nil, invalidSyntax("%s: it is given twice, in two spellings", sub)
		}
		if value != nil || rd.keepNil && out[sub.Name()] == nil {
			out[sub.Name()] = value
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	for k := range ref.Subs() {
		if sub := ref.Sub(k); !rd.keepNil && out[sub.Name()] == nil && rd.rt.info(sub).def.Required() && rd.rt.info(sub).mutability != "readOnly" {
			return nil, invalidValue("%s is required", sub)
		}
	}
	return out, nil
}

// part finds a sub-attribute. Entra ID's AppRoleAssignmentsComplex writes displayName for display.
func (rd *reader) part(ref filter.Ref, name string) (filter.Ref, bool) {
	sub, ok := ref.Part(name)
	if !ok && !rd.strict && strings.EqualFold(name, "displayName") {
		return ref.Part("display")
	}
	return sub, ok
}

// simple reads a value of a simple type.
func (rd *reader) simple(ref filter.Ref, v jsonValue) (any, error) {
	if v.kind == jsonNull {
		return nil, nil
	}
	switch kind := ref.Kind(); kind {
	case filter.String, filter.Reference:
		if v.kind == jsonNumber && rd.rt.info(ref).numberAsText && isInteger(v.text) {
			return v.text, nil
		}
		if limit := rd.rt.info(ref).maxText(); len(v.text) > limit {
			return nil, invalidValue("%s: a text of %d bytes received, at most %d are kept", ref, len(v.text), limit)
		}
		if v.kind == jsonString && rd.rt.info(ref).emptyKeeps && strings.TrimSpace(v.text) == "" {
			return nil, nil // as empty as "": an expression over a blank attribute yields it
		}
		if v.kind == jsonString {
			return textOrNil(v.text), nil
		}
	case filter.Boolean:
		if !v.says() && !rd.strict {
			return nil, nil
		}
		if b, ok := rd.boolean(v); ok {
			return b, nil
		}
	case filter.Integer:
		if v.kind == jsonNumber && isInteger(v.text) {
			return json.Number(v.text), nil
		}
	case filter.Decimal:
		if f, err := strconv.ParseFloat(v.text, 64); v.kind == jsonNumber && err == nil && !math.IsInf(f, 0) {
			return json.Number(v.text), nil
		}
	default:
		if v.kind == jsonString && v.text == "" {
			return nil, nil
		}
		if s, ok := rd.encoded(kind, v); ok {
			return s, nil
		}
	}
	return nil, invalidValue("%s: %s received, %s is expected", ref, v.show(), expected[ref.Kind()])
}

// encoded reads a dateTime or binary, and returns the one text it is kept as.
func (rd *reader) encoded(kind filter.Kind, v jsonValue) (string, bool) {
	if v.kind != jsonString {
		return "", false
	}
	if kind == filter.DateTime {
		t, zoned, ok := filter.ParseTime(v.text)
		return t.Format(time.RFC3339Nano), ok && (zoned || !rd.strict)
	}
	b, err := base64.StdEncoding.Strict().DecodeString(v.text)
	return base64.StdEncoding.EncodeToString(b), err == nil
}

var expected = [...]string{
	filter.String: "a string", filter.Boolean: "true or false", filter.Integer: "a whole number within 64 bits",
	filter.Decimal: "a number", filter.DateTime: "a time such as 2026-01-31T09:30:00Z", filter.Binary: "base64 text",
	filter.Reference: "a string", filter.Complex: "an object",
}

// boolean reads true and false, and "True" and "False" as Entra ID sends them.
func (rd *reader) boolean(v jsonValue) (value, ok bool) {
	switch {
	case v.kind != jsonBool && (v.kind != jsonString || rd.strict):
		return false, false
	case strings.ToLower(v.text) == "true": // EqualFold takes ſ for s
		return true, true
	}
	return false, strings.ToLower(v.text) == "false"
}

func isInteger(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	return err == nil
}

func textOrNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// valueFrom makes a stored value of a simple one that reader and elimity's validation let pass.
// Text is cloned: it must not keep the whole body alive.
func valueFrom(kind filter.Kind, v any) filter.Value {
	switch v := v.(type) {
	case string:
		if kind == filter.DateTime {
			t, _, _ := filter.ParseTime(v)
			return filter.TimeValue(t)
		}
		return filter.Value{Kind: kind, Text: strings.Clone(v)}
	case bool:
		return filter.BoolValue(v)
	case int64:
		return filter.Value{Kind: kind, Int: v}
	case float64:
		return filter.Value{Kind: kind, Float: v}
	case json.Number:
		if kind == filter.Integer {
			i, _ := v.Int64()
			return filter.Value{Kind: kind, Int: i}
		}
		f, _ := v.Float64()
		return filter.Value{Kind: kind, Float: f}
	}
	return filter.Value{}
}
