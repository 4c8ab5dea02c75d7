package scim

import (
	"encoding/base64"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
)

// The functions of this file answer for attributes that live in maps: those of the schemas a host
// registers, by URN and then by name. The core attributes of a resource type that has nothing
// else are under the URN "".

func (o Object) clone() Object {
	o = maps.Clone(o)
	for k, v := range o {
		o[k] = cloneAny(v)
	}
	return o
}

func cloneObjects(m map[string]Object) map[string]Object {
	m = maps.Clone(m)
	for urn, o := range m {
		m[urn] = o.clone()
	}
	return m
}

func cloneAny(v any) any {
	switch v := v.(type) {
	case Object:
		return v.clone()
	case []byte:
		return slices.Clone(v)
	case []any:
		v = slices.Clone(v)
		for i := range v {
			v[i] = cloneAny(v[i])
		}
		return v
	}
	return v
}

// holder returns the object r is kept in: that of its schema, or that of its singular parent.
func holder(m map[string]Object, r filter.Ref) Object {
	o := m[r.URN()]
	if p := r.Parent(); !p.IsZero() {
		o, _ = o[p.Name()].(Object)
	}
	return o
}

// elements returns the values of a multi-valued attribute.
func elements(m map[string]Object, r filter.Ref) []any {
	l, _ := holder(m, r)[r.Name()].([]any)
	return l
}

func inList(r filter.Ref) bool {
	p := r.Parent()
	return !p.IsZero() && p.Multi()
}

func objectLen(m map[string]Object, r filter.Ref) int {
	switch {
	case len(m) == 0:
		return 0
	case inList(r):
		return len(elements(m, r.Parent()))
	case r.Multi():
		return len(elements(m, r))
	case r.Kind() == filter.Complex:
		o, _ := m[r.URN()][r.Name()].(Object)
		return min(len(o), 1)
	case valueOf(holder(m, r)[r.Name()], r.Kind()).Present():
		return 1
	}
	return 0
}

func objectValue(m map[string]Object, r filter.Ref, i int) filter.Value {
	switch {
	case inList(r):
		o, _ := elements(m, r.Parent())[i].(Object)
		return valueOf(o[r.Name()], r.Kind())
	case r.Multi():
		return valueOf(elements(m, r)[i], r.Kind())
	}
	return valueOf(holder(m, r)[r.Name()], r.Kind())
}

// valueOf reads a dynamic value as the given kind; one of another type is absent.
func valueOf(v any, kind filter.Kind) filter.Value {
	switch v := v.(type) {
	case string:
		if v != "" && (kind == filter.String || kind == filter.Reference) {
			return filter.Value{Kind: kind, Text: v}
		}
	case bool:
		if kind == filter.Boolean {
			return filter.BoolValue(v)
		}
	case int64:
		if kind == filter.Integer {
			return filter.Value{Kind: kind, Int: v}
		}
	case float64:
		if kind == filter.Decimal && !math.IsNaN(v) && !math.IsInf(v, 0) {
			return filter.Value{Kind: kind, Float: v}
		}
	case time.Time:
		if kind == filter.DateTime {
			return filter.TimeValue(v)
		}
	case []byte:
		if kind == filter.Binary && len(v) > 0 {
			return filter.Value{Kind: kind, Text: base64.StdEncoding.EncodeToString(v)}
		}
	}
	return filter.Value{}
}

// anyOf is the reverse of valueOf.
func anyOf(v filter.Value) any {
	switch v.Kind {
	case filter.String, filter.Reference:
		return v.Text
	case filter.Boolean:
		return v.Bool()
	case filter.Integer:
		return v.Int
	case filter.Decimal:
		return v.Float
	case filter.DateTime:
		return v.Time()
	case filter.Binary:
		b, _ := base64.StdEncoding.DecodeString(v.Text)
		return b
	}
	return nil
}

func setObject(m *map[string]Object, r filter.Ref, i int, v filter.Value) {
	switch {
	case inList(r):
		list := elements(*m, r.Parent())
		o, _ := list[i].(Object)
		if o == nil { // a host kept something else there
			o = Object{}
			list[i] = o
		}
		put(o, r.Name(), v)
	case r.Multi():
		elements(*m, r)[i] = anyOf(v)
	case !v.Present() && holder(*m, r) == nil:
	default:
		put(makeHolder(m, r), r.Name(), v)
		prune(*m, r)
	}
}

// put sets or removes one name of an object.
func put(o Object, name string, v filter.Value) {
	if v.Present() {
		o[name] = anyOf(v)
		return
	}
	delete(o, name)
}

// makeHolder is holder, made where it is missing.
func makeHolder(m *map[string]Object, r filter.Ref) Object {
	if *m == nil {
		*m = map[string]Object{}
	}
	o := (*m)[r.URN()]
	if o == nil {
		o = Object{}
		(*m)[r.URN()] = o
	}
	p := r.Parent()
	if p.IsZero() {
		return o
	}
	inner, _ := o[p.Name()].(Object)
	if inner == nil {
		inner = Object{}
		o[p.Name()] = inner
	}
	return inner
}

// prune removes what is empty around r: an absent attribute leaves nothing behind.
func prune(m map[string]Object, r filter.Ref) {
	o := m[r.URN()]
	if p := r.Parent(); !p.IsZero() {
		if inner, ok := o[p.Name()].(Object); ok && len(inner) == 0 {
			delete(o, p.Name())
		}
	}
	if len(o) == 0 {
		delete(m, r.URN())
	}
}

func growObject(m *map[string]Object, r filter.Ref) {
	var e any
	if r.Kind() == filter.Complex {
		e = Object{}
	}
	o := makeHolder(m, r)
	l, _ := o[r.Name()].([]any)
	o[r.Name()] = append(l, e)
}

func cutObject(m map[string]Object, r filter.Ref, i int) {
	o := holder(m, r)
	l := slices.Delete(elements(m, r), i, i+1)
	o[r.Name()] = l
	if len(l) == 0 {
		delete(o, r.Name())
		prune(m, r)
	}
}
