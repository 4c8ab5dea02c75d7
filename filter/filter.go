package filter

import "iter"

// A Filter is a filter that was read, but whose attributes nobody has looked up yet. Make one
// with [Parse]; [Filter.Bind] makes it answer.
type Filter struct{ p *parsed }

// String returns the text the filter was read from.
func (f Filter) String() string {
	if f.p == nil {
		return ""
	}
	return f.p.text
}

// A Resource is anything a filter can judge, such as a user.
type Resource interface {
	// Len returns how many values the attribute r has: 0 if it is absent, at most 1 if it is
	// singular. Of a sub-attribute of a multi-valued attribute it is the Len of that attribute.
	Len(r Ref) int
	// Value returns value i of the attribute r, 0 <= i < Len(r), or the zero Value if this
	// element has none. A singular attribute is asked for its value 0 without asking for Len
	// first, and answers with the zero Value if it is absent. A complex attribute has no value of
	// its own.
	Value(r Ref, i int) Value
}

// A Bound is a filter whose attributes and operators were checked against a [Registry]. Make one
// with [Filter.Bind], [Path.Bind] or [Equal]. It never changes and may be used concurrently. A nil
// *Bound matches everything.
type Bound struct {
	registry *Registry
	root     *node
	text     string
	liberty  string
}

// String returns the text the filter was read from.
func (b *Bound) String() string {
	if b == nil {
		return ""
	}
	return b.text
}

// Liberty names one thing in the filter that is not in RFC 7644 and was tolerated, or is "".
// Spaces more than the grammar has are no liberty.
func (b *Bound) Liberty() string {
	if b == nil {
		return ""
	}
	return b.liberty
}

// Equal returns the filter "r eq text" for an attribute of type string or reference: the
// library's own look-ups. Of any other type it matches nothing.
func Equal(g *Registry, r Ref, text string) *Bound {
	n := newTerm(compare, r, false)
	n.want = Value{Kind: r.Kind(), Text: text}
	n.fold()
	if r.Kind() != String && r.Kind() != Reference {
		n.kind = never
	}
	return &Bound{registry: g, root: n, text: r.String() + " eq …"}
}

// Equalities yields the comparisons by eq that hold for every resource the filter matches: the
// whole filter, or a term of an and, also inside the brackets of a value path. A store answers
// such a filter from an index on one of them ([Ref.Key] makes the key), and then asks Match.
func (b *Bound) Equalities() iter.Seq2[Ref, Value] {
	return func(yield func(Ref, Value) bool) {
		if b != nil {
			b.root.equalities(yield)
		}
	}
}

// Point reports whether the filter is one comparison by eq, or a conjunction with one, and
// returns the first: the attribute and the key of the value.
func (b *Bound) Point() (r Ref, key string, ok bool) {
	for r, v := range b.Equalities() {
		return r, r.Key(v), true
	}
	return Ref{}, "", false
}

func (n *node) equalities(yield func(Ref, Value) bool) bool {
	switch n.kind {
	case compare:
		if n.op == eq {
			return yield(n.ref, n.want)
		}
	case and:
		return n.left.equalities(yield) && n.right.equalities(yield)
	case element:
		return n.left.equalities(yield)
	}
	return true
}

// Match reports whether the resource satisfies the filter.
func (b *Bound) Match(res Resource) bool { return b == nil || b.root.eval(res, -1) }

// MatchElement reports whether element i of the multi-valued attribute a value filter was bound
// to satisfies it. It is for filters made by [Path.Bind], for which Match is not.
func (b *Bound) MatchElement(res Resource, i int) bool { return b == nil || b.root.eval(res, i) }

// Registry returns the registry the filter is bound to, nil for a nil *Bound.
func (b *Bound) Registry() *Registry {
	if b == nil {
		return nil
	}
	return b.registry
}
