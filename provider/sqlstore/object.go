package sqlstore

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A document in a document is a scim.Object whose values keep their types. JSON has strings,
// booleans, lists and objects; a number is an int64 without a point or an exponent, and a float64
// with one. What JSON has not is an object with one name: that of a time, of bytes, of a float that
// is no number. An object that happens to look like that is wrapped in one more.
type document scim.Object

const (
	asTime   = "$time"
	asBytes  = "$bytes"
	asFloat  = "$float"
	asObject = "$object"
)

func toDocuments(m map[string]scim.Object) map[string]document {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]document, len(m))
	for urn, o := range m {
		out[urn] = document(o)
	}
	return out
}

func ofDocuments(m map[string]document) map[string]scim.Object {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]scim.Object, len(m))
	for urn, o := range m {
		out[urn] = scim.Object(o)
	}
	return out
}

// MarshalJSON writes the object, not wrapped: it is known to be one.
func (d document) MarshalJSON() ([]byte, error) {
	m, err := plain(scim.Object(d))
	if err != nil {
		return nil, err
	}
	return json.Marshal(m)
}

// plain returns an object of values that encoding/json writes as they are to be.
func plain(o scim.Object) (map[string]any, error) {
	m := make(map[string]any, len(o))
	for name, v := range o {
		p, err := plainValue(v)
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", name, err)
		}
		m[name] = p
	}
	return m, nil
}

func plainValue(v any) (any, error) {
	switch v := v.(type) {
	case string, bool, int64:
		return v, nil
	case float64:
		return plainFloat(v), nil
	case time.Time:
		text, err := v.UTC().MarshalText() // or not, if the year has more than four digits
		return map[string]any{asTime: string(text)}, err
	case []byte:
		return map[string]any{asBytes: base64.StdEncoding.EncodeToString(v)}, nil
	case scim.Object:
		m, err := plain(v)
		if err == nil && isWrapped(m) {
			return map[string]any{asObject: m}, nil
		}
		return m, err
	case []any:
		list := make([]any, len(v))
		for i := range v {
			var err error
			if list[i], err = plainValue(v[i]); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	return nil, fmt.Errorf("a value of type %T, which a scim.Object cannot have", v)
}

func plainFloat(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return map[string]any{asFloat: strconv.FormatFloat(f, 'g', -1, 64)}
	}
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return json.Number(text)
}

// isWrapped reports whether an object could be taken for another value.
func isWrapped(m map[string]any) bool {
	if len(m) != 1 {
		return false
	}
	for _, name := range []string{asTime, asBytes, asFloat, asObject} {
		if _, ok := m[name]; ok {
			return true
		}
	}
	return false
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (d *document) UnmarshalJSON(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		return err
	}
	o, err := typed(m)
	*d = document(o)
	return err
}

func typed(m map[string]any) (scim.Object, error) {
	o := make(scim.Object, len(m))
	for name, v := range m {
		var err error
		if o[name], err = typedValue(v); err != nil {
			return nil, fmt.Errorf("attribute %q: %w", name, err)
		}
	}
	return o, nil
}

func typedValue(v any) (any, error) {
	switch v := v.(type) {
	case string, bool:
		return v, nil
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return v.Float64()
		}
		return v.Int64()
	case []any:
		for i := range v {
			var err error
			if v[i], err = typedValue(v[i]); err != nil {
				return nil, err
			}
		}
		return v, nil
	case map[string]any:
		if isWrapped(v) {
			return unwrapped(v)
		}
		return typed(v)
	}
	return nil, fmt.Errorf("%T is no value of a document", v)
}

func unwrapped(m map[string]any) (any, error) {
	if inner, ok := m[asObject].(map[string]any); ok {
		return typed(inner)
	}
	if text, ok := m[asTime].(string); ok {
		return time.Parse(time.RFC3339Nano, text)
	}
	if text, ok := m[asBytes].(string); ok {
		return base64.StdEncoding.DecodeString(text)
	}
	if text, ok := m[asFloat].(string); ok {
		return strconv.ParseFloat(text, 64)
	}
	return nil, fmt.Errorf("%v is no value of a document", m)
}
