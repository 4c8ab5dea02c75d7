package scim

import (
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
)

// list applies an operation to a multi-valued attribute as a whole.
func (p *patcher) list(o operation, ref filter.Ref) error {
	if o.op == "remove" {
		return p.removeValues(o, ref)
	}
	v, err := p.value(o, ref)
	if err != nil {
		return err
	}
	if v == nil && p.rt.info(ref).emptyKeeps {
		return nil
	}
	if o.op == "replace" || v == nil {
		if v != nil || o.op == "replace" {
			assign(p.res, ref, v)
		}
		return nil
	}
	for _, e := range v.([]any) {
		if err := p.addValue(ref, e); err != nil {
			return err
		}
	}
	return nil
}

// addValue adds one value: an attribute is a set, so a value it has is not added again.
func (p *patcher) addValue(ref filter.Ref, e any) error {
	i := p.find(ref, e)
	if i < 0 {
		var err error
		if i, err = p.grow(ref); err != nil {
			return err
		}
		setElement(p.res, ref, i, e)
	} else if parts, ok := e.(map[string]any); ok {
		if err := p.merge(ref, i, parts); err != nil {
			return err
		}
	}
	onlyPrimary(p.res, ref, i)
	return nil
}

// grow appends an empty element and returns its place.
func (p *patcher) grow(ref filter.Ref) (int, error) {
	n := p.res.Len(ref)
	if n >= maxValues {
		return 0, tooMany(ref, n+1)
	}
	p.res.grow(ref)
	return n, nil
}

// part is one part of an element, or an element without parts.
type part struct {
	ref   filter.Ref
	value filter.Value
}

// find returns the element that e already is: of the same value and, where both have one, type.
// Without a value it is one that has all of its parts.
func (p *patcher) find(ref filter.Ref, e any) int {
	want := identity(ref, e)
	if len(want) == 0 {
		return -1
	}
	for i := range p.res.Len(ref) {
		if p.has(i, want) {
			return i
		}
	}
	return -1
}

// identity returns the parts by which e is recognized.
func identity(ref filter.Ref, e any) []part {
	parts, ok := e.(map[string]any)
	if !ok {
		return []part{{ref, valueFrom(ref.Kind(), e)}}
	}
	valued := !ref.Default().IsZero() && parts["value"] != nil
	var all []part
	for k := range ref.Subs() {
		sub := ref.Sub(k)
		v := parts[sub.Name()]
		if v == nil || sub.Multi() || valued && sub.Name() != "value" && sub.Name() != "type" {
			continue
		}
		all = append(all, part{sub, valueFrom(sub.Kind(), v)})
	}
	return all
}

// has reports whether element i has each of the given parts.
func (p *patcher) has(i int, want []part) bool {
	for _, w := range want {
		got := p.res.Value(w.ref, i)
		same := got == w.value
		if got.Kind == filter.String && !w.ref.CaseExact() {
			same = strings.EqualFold(got.Text, w.value.Text)
		}
		if !same {
			return false
		}
	}
	return true
}

// removeValues removes all values, or where the client lists some, as JumpCloud and Entra ID do
// beside the RFC, only those.
func (p *patcher) removeValues(o operation, ref filter.Ref) error {
	if !o.given || o.value.kind == jsonNull || p.strict {
		clearAttribute(p.res, ref)
		return nil
	}
	v, err := p.value(operation{op: "add", value: o.value}, ref)
	if err != nil || v == nil {
		return err
	}
	for _, e := range v.([]any) {
		for i := p.find(ref, e); i >= 0; i = p.find(ref, e) {
			p.res.cut(ref, i)
		}
	}
	return nil
}

// filtered applies an operation to the elements a value filter selects.
func (p *patcher) filtered(o operation, t filter.Target) error {
	if !t.Ref.Multi() {
		return p.filteredOne(o, t)
	}
	part := t.Ref
	if !t.Sub.IsZero() {
		part = t.Sub
	}
	v, err := p.elementValue(o, part)
	if err != nil {
		return err
	}
	var at []int
	for i := range p.res.Len(t.Ref) {
		if t.Filter.MatchElement(p.res, i) {
			at = append(at, i)
		}
	}
	if v == nil {
		p.unset(t, at)
		return nil
	}
	built := len(at) == 0
	if built {
		i, err := p.build(t)
		if err != nil {
			return err
		}
		at = []int{i}
	}
	for _, i := range at {
		if err := p.setPart(part, i, v); err != nil {
			return err
		}
		if built && !t.Filter.MatchElement(p.res, i) { // sent again, it would build another one
			return noTarget("no value of %s satisfies the value filter, nor would one with this value", t.Ref)
		}
		onlyPrimary(p.res, t.Ref, i)
	}
	return nil
}

// filteredOne applies an operation to a singular complex attribute if it satisfies the filter.
func (p *patcher) filteredOne(o operation, t filter.Target) error {
	if p.res.Len(t.Ref) == 0 || !t.Filter.MatchElement(p.res, 0) {
		if o.op == "remove" {
			return nil
		}
		return noTarget("the attribute %s does not satisfy the value filter", t.Ref)
	}
	if t.Sub.IsZero() {
		return p.complexOne(o, t.Ref)
	}
	return p.simpleOne(o, t.Sub)
}

// elementValue reads the value for one element of a multi-valued attribute, or for a part of it.
func (p *patcher) elementValue(o operation, part filter.Ref) (any, error) {
	if o.op == "remove" {
		return nil, nil
	}
	if !part.Multi() {
		return p.value(o, part)
	}
	v, err := p.value(o, part)
	if list, ok := v.([]any); ok && err == nil {
		if len(list) > 1 {
			return nil, invalidValue("%s: %d values received for a path that names one", part, len(list))
		}
		return list[0], nil
	}
	return v, err
}

func (p *patcher) setPart(part filter.Ref, i int, v any) error {
	if parts, ok := v.(map[string]any); ok {
		return p.merge(part, i, parts)
	}
	return p.setOne(part, i, v)
}

// build makes the element a value filter describes by its eq terms, when none matches: that is how
// Entra ID adds a first work address or role.
func (p *patcher) build(t filter.Target) (int, error) {
	i := -1
	for ref, v := range t.Filter.Equalities() {
		if i < 0 {
			var err error
			if i, err = p.grow(t.Ref); err != nil {
				return -1, err
			}
		}
		v, err := p.term(ref, v)
		if err != nil {
			return -1, err
		}
		p.res.set(ref, i, v)
	}
	if i < 0 || p.strict {
		if i >= 0 {
			p.res.cut(t.Ref, i)
		}
		return -1, noTarget("no value of %s satisfies the value filter", t.Ref)
	}
	return i, nil
}

// term returns the value of an eq term for an element that is built from it. A text is read like any
// other that is written: a filter may ask for what the attribute cannot have.
func (p *patcher) term(ref filter.Ref, v filter.Value) (filter.Value, error) {
	switch v.Kind {
	case filter.String, filter.Reference, filter.Binary:
	default:
		return v, nil
	}
	text, err := p.simple(ref, jsonValue{kind: jsonString, text: v.Text})
	if err == nil {
		err = p.judge(ref, text)
	}
	return valueFrom(ref.Kind(), text), err
}

// unset removes the elements at the given places or, of a target with a part, that part; an
// element with nothing but the terms of the filter goes with it.
func (p *patcher) unset(t filter.Target, at []int) {
	for k := len(at) - 1; k >= 0; k-- {
		if !t.Sub.IsZero() {
			p.res.set(t.Sub, at[k], filter.Value{})
			if t.Sub != t.Ref.Default() && p.says(t, at[k]) {
				continue
			}
		}
		p.res.cut(t.Ref, at[k])
	}
}

// says reports whether element i has a part beyond flags and the terms of the filter.
func (p *patcher) says(t filter.Target, i int) bool {
	for k := range t.Ref.Subs() {
		sub := t.Ref.Sub(k)
		if sub.Kind() == filter.Boolean || !p.res.Value(sub, i).Present() {
			continue
		}
		named := false
		for ref := range t.Filter.Equalities() {
			named = named || ref == sub
		}
		if !named {
			return true
		}
	}
	return false
}

// everyElement applies an operation to one part of all elements: emails.value names them all.
func (p *patcher) everyElement(o operation, ref, part filter.Ref) error {
	v, err := p.value(o, part)
	if err != nil {
		return err
	}
	if v == nil {
		all := make([]int, p.res.Len(ref))
		for i := range all {
			all[i] = i
		}
		p.unset(filter.Target{Ref: ref, Sub: part}, all)
		return nil
	}
	if p.res.Len(ref) == 0 {
		p.res.grow(ref)
	}
	for i := range p.res.Len(ref) {
		if err := p.setOne(part, i, v); err != nil {
			return err
		}
	}
	onlyPrimary(p.res, ref, 0)
	return nil
}
