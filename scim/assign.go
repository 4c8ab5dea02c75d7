package scim

import "github.com/seed-30109bde/gatehouse/filter"

// The functions of this file change and compare resources through references alone.

// clearAttribute unsets an attribute of any form.
func clearAttribute(res resource, ref filter.Ref) {
	switch {
	case ref.Multi():
		for n := res.Len(ref); n > 0; n-- {
			res.cut(ref, n-1)
		}
	case ref.Kind() == filter.Complex:
		for i := range ref.Subs() {
			clearAttribute(res, ref.Sub(i))
		}
	default:
		res.set(ref, 0, filter.Value{})
	}
}

// assign gives an attribute the value v, in the form reader returns; nil unsets it.
func assign(res resource, ref filter.Ref, v any) {
	clearAttribute(res, ref)
	if v == nil {
		return
	}
	if !ref.Multi() {
		setElement(res, ref, 0, v)
		return
	}
	for _, e := range v.([]any) {
		res.grow(ref)
		setElement(res, ref, res.Len(ref)-1, e)
	}
}

// setElement sets element i of ref, of a complex attribute those parts v has.
func setElement(res resource, ref filter.Ref, i int, v any) {
	parts, ok := v.(map[string]any)
	if !ok {
		res.set(ref, i, valueFrom(ref.Kind(), v))
		return
	}
	for k := range ref.Subs() {
		sub := ref.Sub(k)
		switch part := parts[sub.Name()]; {
		case part == nil:
		case sub.Multi():
			assign(res, sub, part)
		default:
			res.set(sub, i, valueFrom(sub.Kind(), part))
		}
	}
}

// copyAttribute makes ref in dst what it is in src.
func copyAttribute(dst, src resource, ref filter.Ref) {
	clearAttribute(dst, ref)
	for i := range src.Len(ref) {
		if ref.Multi() {
			dst.grow(ref)
		}
		if ref.Kind() != filter.Complex {
			dst.set(ref, i, src.Value(ref, i))
			continue
		}
		for k := range ref.Subs() {
			switch sub := ref.Sub(k); {
			case sub.Multi():
				copyAttribute(dst, src, sub)
			case src.Len(sub) > i:
				dst.set(sub, i, src.Value(sub, i))
			}
		}
	}
}

// sameAttribute reports whether ref has the same value in a and b.
func sameAttribute(a, b filter.Resource, ref filter.Ref) bool {
	n := a.Len(ref)
	if n != b.Len(ref) {
		return false
	}
	for i := range n {
		if !sameElement(a, i, b, i, ref) {
			return false
		}
	}
	return true
}

// sameElement reports whether element i of ref in a is element j in b.
func sameElement(a filter.Resource, i int, b filter.Resource, j int, ref filter.Ref) bool {
	if ref.Kind() != filter.Complex {
		return a.Value(ref, i) == b.Value(ref, j)
	}
	for k := range ref.Subs() {
		sub := ref.Sub(k)
		switch {
		case sub.Derived():
		case sub.Multi() || !ref.Multi():
			if !sameAttribute(a, b, sub) {
				return false
			}
		case a.Value(sub, i) != b.Value(sub, j):
			return false
		}
	}
	return true
}

// same reports whether no attribute that a client can write differs, but for members.
func (rt *resourceType) same(a, b filter.Resource) bool {
	for i := range rt.schemas {
		for _, ref := range rt.schemas[i].attrs {
			if rt.info(ref).mutability != "readOnly" && ref != rt.members && !sameAttribute(a, b, ref) {
				return false
			}
		}
	}
	return true
}

// lacks returns the first required attribute the resource lacks. What was missing before, if that
// is given, is no fault of the request: the host may have come to require it later.
func (rt *resourceType) lacks(res, before resource) (filter.Ref, bool) {
	for i := range rt.attrs {
		a := &rt.attrs[i]
		if rt.misses(res, a) && (before == nil || !rt.misses(before, a)) {
			return a.ref, true
		}
	}
	return filter.Ref{}, false
}

// misses reports whether the resource lacks an attribute that is required. No extension is, so its
// attributes are required only where it has any.
func (rt *resourceType) misses(res resource, a *attribute) bool {
	parent := a.ref.Parent()
	switch {
	case !a.def.Required() || a.mutability == "readOnly" || a.ref.Derived():
		return false
	case a.ref.URN() != "" && !hasAny(res, rt.schemas[rt.schemaOf(a.ref)].attrs):
		return false
	case parent.IsZero():
		return res.Len(a.ref) == 0
	}
	for k := range res.Len(parent) {
		if !a.ref.Multi() && !valueAt(res, a.ref, k).Present() {
			return true
		}
	}
	return false
}

// altered returns the first immutable attribute, or part of a singular one, that had a value and
// now has another (RFC 7643 §7).
func (rt *resourceType) altered(before, after resource) (filter.Ref, bool) {
	for i := range rt.attrs {
		ref := rt.attrs[i].ref
		if rt.attrs[i].mutability == "immutable" && !ref.Derived() && !inList(ref) &&
			before.Len(ref) > 0 && !sameAttribute(before, after, ref) {
			return ref, true
		}
	}
	return filter.Ref{}, false
}

// valueAt returns part ref of element i of its parent, singular or not.
func valueAt(res filter.Resource, ref filter.Ref, i int) filter.Value {
	if i < res.Len(ref) {
		return res.Value(ref, i)
	}
	return filter.Value{}
}

// onlyPrimary makes element i the only primary one of ref.
func onlyPrimary(res resource, ref filter.Ref, i int) {
	primary, ok := ref.Part("primary")
	if !ok || primary.Kind() != filter.Boolean || !res.Value(primary, i).Bool() {
		return
	}
	for k := range res.Len(ref) {
		if k != i && res.Value(primary, k).Bool() {
			res.set(primary, k, filter.BoolValue(false))
		}
	}
}
