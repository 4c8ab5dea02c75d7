package filter

import (
	"cmp"
	"strings"
)

// Bind checks the filter against a registry: every attribute must be in it, and every operator
// and value must suit its attribute. The error is an [*Error].
func (f Filter) Bind(g *Registry) (*Bound, error) {
	if f.p == nil {
		return nil, &Error{InvalidFilter, 0, "", "an attribute is expected"}
	}
	b := binder{registry: g, parsed: f.p, liberty: f.p.liberty}
	root, err := b.bind(f.p.root)
	if err != nil {
		return nil, err
	}
	return &Bound{registry: g, root: root, text: f.p.text, liberty: b.liberty}, nil
}

// binder turns a parsed expression into nodes.
type binder struct {
	registry *Registry
	parsed   *parsed
	within   Ref // the attribute whose value filter this is, else zero
	liberty  string
}

func (b *binder) took(liberty string) {
	if b.liberty == "" {
		b.liberty = liberty
	}
}

func (b *binder) fail(pos int, term, rule string) error {
	return &Error{b.parsed.code, pos, shorten(term), rule}
}

func (b *binder) bind(e *expr) (*node, error) {
	switch e.kind {
	case and, or:
		left, err := b.bind(e.left)
		if err != nil {
			return nil, err
		}
		right, err := b.bind(e.right)
		if err != nil {
			return nil, err
		}
		return &node{kind: e.kind, left: left, right: right}, nil
	case not:
		inner, err := b.bind(e.left)
		if err != nil {
			return nil, err
		}
		return &node{kind: not, left: inner}, nil
	}
	o := &b.parsed.operands[e.operand]
	if o.element != nil {
		return b.bindElement(e, o)
	}
	ref, err := b.find(o)
	if err != nil {
		return nil, err
	}
	return b.bindTerm(e, o, ref)
}

// find looks the operand's path up, inside a value filter among the parts of its attribute.
func (b *binder) find(o *operand) (Ref, error) {
	if b.within.IsZero() {
		ref, liberty, ok := b.registry.Find(o.path)
		if !ok {
			return Ref{}, b.unknown(o)
		}
		if liberty != "" {
			b.took(liberty)
		}
		return b.searchable(o, ref, ref.Derived())
	}
	if b.within.Kind() != Complex && strings.EqualFold(o.path, "value") {
		return b.within, nil // a list of simple values: value is the element itself
	}
	if ref, ok := b.within.Part(o.path); ok {
		return b.searchable(o, ref, ref.a.Derived) // whether a path may name within is not asked here
	}
	return Ref{}, b.fail(o.pos, o.path, "the attribute "+b.within.String()+" has no such sub-attribute")
}

func (b *binder) searchable(o *operand, ref Ref, derived bool) (Ref, error) {
	if derived {
		return Ref{}, b.fail(o.pos, o.path, "the attribute is made for each answer and cannot be searched")
	}
	return ref, nil
}

func (b *binder) unknown(o *operand) error {
	if b.parsed.code == InvalidPath {
		return b.fail(o.pos, o.path, "no schema here has such an attribute")
	}
	return b.fail(o.pos, o.path, "no schema here has such an attribute, so nothing can be searched by it")
}

// bindElement binds name[…], name[…].sub pr and name[…].sub op value: one element must satisfy
// both the value filter and the comparison.
func (b *binder) bindElement(e *expr, o *operand) (*node, error) {
	ref, err := b.find(o)
	if err != nil {
		return nil, err
	}
	inner, err := b.inside(ref, o)
	if err != nil {
		return nil, err
	}
	if o.sub != "" {
		part := operand{path: o.sub, pos: o.subPos}
		within := binder{registry: b.registry, parsed: b.parsed, within: ref}
		sub, err := within.find(&part)
		if err != nil {
			return nil, err
		}
		term, err := within.bindTerm(e, &part, sub)
		if err != nil {
			return nil, err
		}
		b.took(within.liberty)
		inner = &node{kind: and, left: inner, right: term}
	}
	return &node{kind: element, ref: ref, left: inner}, nil
}

// inside binds the value filter of o, which is about the elements of ref.
func (b *binder) inside(ref Ref, o *operand) (*node, error) {
	if ref.Kind() != Complex && !ref.Multi() {
		return nil, b.fail(o.pos, o.path, "the attribute has no parts that a value filter could be about")
	}
	within := binder{registry: b.registry, parsed: o.element, within: ref, liberty: o.element.liberty}
	n, err := within.bind(o.element.root)
	b.took(within.liberty)
	return n, err
}

// bindTerm binds one comparison or pr.
func (b *binder) bindTerm(e *expr, o *operand, ref Ref) (*node, error) {
	if e.kind == present {
		return newTerm(present, ref, b.one()), nil
	}
	lit := &b.parsed.literals[e.literal]
	if lit.kind == nullLiteral {
		return b.bindNull(e, o, ref)
	}
	if ref.Kind() == Complex {
		if ref.Default().IsZero() {
			return nil, b.fail(o.pos, o.path, "the attribute has sub-attributes and no value of its own; compare one of them")
		}
		ref = ref.Default()
		if _, err := b.searchable(o, ref, ref.Derived()); err != nil {
			return nil, err
		}
	}
	n := newTerm(compare, ref, b.one())
	if e.op != ne {
		n.op = e.op
	}
	if err := b.bindValue(n, o, lit); err != nil {
		return nil, err
	}
	if e.op == ne {
		return &node{kind: not, left: n}, nil
	}
	return n, nil
}

// one reports whether a comparison here is about the element at hand. The parts of a singular
// attribute have no element: each is there or not, or is a list of its own.
func (b *binder) one() bool { return !b.within.IsZero() && b.within.Multi() }

// bindNull reads eq null as absent and ne null as present.
func (b *binder) bindNull(e *expr, o *operand, ref Ref) (*node, error) {
	n := newTerm(present, ref, b.one())
	switch e.op {
	case eq:
		return &node{kind: not, left: n}, nil
	case ne:
		return n, nil
	}
	return nil, b.fail(o.pos, o.path, "null has no order and no parts: only eq and ne can ask for it")
}

// suits is the operator table: what can be asked of a type (RFC 7644 §3.4.2.2, Table 3).
func suits(k Kind, o op) bool {
	switch k {
	case String, Reference:
		return true
	case Boolean, Binary:
		return o == eq
	}
	return o != co && o != sw && o != ew
}

// bindValue converts the literal to the attribute's type.
func (b *binder) bindValue(n *node, o *operand, lit *literal) error {
	kind := n.ref.Kind()
	if !suits(kind, n.op) {
		return b.fail(o.pos, o.path, n.op.String()+" cannot be asked of an attribute of type "+kind.String())
	}
	n.want.Kind = kind
	switch kind {
	case Boolean:
		return b.bindBoolean(n, lit)
	case Integer:
		if lit.kind != numberLiteral || !n.bindInteger(lit.text) {
			return b.mismatch(lit, kind)
		}
	case Decimal:
		if lit.kind != numberLiteral || !n.bindDecimal(lit.text) {
			return b.mismatch(lit, kind)
		}
	case DateTime:
		t, zoned, ok := ParseTime(lit.text)
		if lit.kind != textLiteral || !ok {
			return b.mismatch(lit, kind)
		}
		if !zoned {
			b.took("a time without zone")
		}
		n.want.Int, n.want.Nanos = t.Unix(), int32(t.Nanosecond())
	default:
		if lit.kind != textLiteral {
			b.took("a value without quotes")
		}
		n.want.Text = lit.text
		n.fold()
	}
	return nil
}

func (b *binder) mismatch(lit *literal, kind Kind) error {
	term := cmp.Or(lit.text, `""`) // an empty Term would say "at its end"
	return b.fail(lit.pos, term, "the attribute is of type "+kind.String()+", and this is none")
}

func (b *binder) bindBoolean(n *node, lit *literal) error {
	switch strings.ToLower(lit.text) {
	case "true":
		n.want.Int = 1
	case "false":
	default:
		return b.mismatch(lit, Boolean)
	}
	if lit.kind == textLiteral {
		b.took("a boolean in quotes")
	}
	return nil
}
