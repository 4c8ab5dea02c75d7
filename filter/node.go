package filter

import (
	"bytes"
	"cmp"
	"strings"
)

type nodeKind uint8

const (
	and nodeKind = iota
	or
	not
	compare // ref op want
	present // ref pr
	element // left holds for one element of ref
	never   // no value can satisfy it, such as an integer eq 1.5
)

type op uint8

const (
	eq op = iota
	ne
	co
	sw
	ew
	gt
	ge
	lt
	le
)

var opNames = [...]string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"}

// String returns the operator as RFC 7644 writes it.
func (o op) String() string { return opNames[o] }

func parseOp(s string) (op, bool) {
	for i, name := range opNames {
		if strings.EqualFold(s, name) {
			return op(i), true
		}
	}
	return 0, false
}

// node is a bound expression. What a match needs of the attribute is copied into it.
type node struct {
	kind        nodeKind
	op          op // never ne: that is a not over an eq
	reach       reach
	typ         Kind
	exact       bool
	ref         Ref
	want        Value
	folded      string // want.Text as the comparison needs it
	bytes       []byte // the same, where the operator is not eq and case does not matter
	left, right *node
}

// reach says which values of its attribute a comparison is about.
type reach uint8

const (
	each reach = iota // any of them
	only              // the one a singular attribute has
	here              // that of the element at hand, inside a value filter
)

// newTerm returns a comparison, or with kind present the question whether there is a value.
// inside says that it stands in a value filter about the elements of a multi-valued attribute.
func newTerm(kind nodeKind, ref Ref, inside bool) *node {
	n := &node{kind: kind, ref: ref, typ: ref.Kind(), exact: ref.CaseExact()}
	parent := ref.Parent()
	switch {
	case inside:
		n.reach = here
	case !ref.Multi() && n.typ != Complex && (parent.IsZero() || !parent.Multi()):
		n.reach = only
	}
	return n
}

// fold prepares want.Text for the comparisons to come.
func (n *node) fold() {
	n.folded = n.want.Text
	if n.exact {
		return
	}
	n.folded = Fold(n.folded)
	if n.op != eq {
		n.bytes = []byte(n.folded)
	}
}

// eval judges res, or with i >= 0 the element i of the multi-valued attribute that the enclosing
// value filter is about.
func (n *node) eval(res Resource, i int) bool {
	switch n.kind {
	case and:
		return n.left.eval(res, i) && n.right.eval(res, i)
	case or:
		return n.left.eval(res, i) || n.right.eval(res, i)
	case not:
		return !n.left.eval(res, i)
	case element:
		for i := range res.Len(n.ref) {
			if n.left.eval(res, i) {
				return true
			}
		}
		return false
	case never:
		return false
	}
	switch n.reach {
	case only:
		return n.test(res, 0)
	case here:
		return n.test(res, i)
	}
	for i := range res.Len(n.ref) {
		if n.test(res, i) {
			return true
		}
	}
	return false
}

// test judges one value.
func (n *node) test(res Resource, i int) bool {
	if n.typ == Complex {
		return true // present: Len says so
	}
	v := res.Value(n.ref, i)
	if v.Kind == 0 || n.kind == present {
		return v.Kind != 0
	}
	switch n.typ {
	case Boolean:
		return v.Int == n.want.Int
	case Integer:
		return n.op.holds(cmp.Compare(v.Int, n.want.Int))
	case Decimal:
		return n.op.holds(cmp.Compare(v.Float, n.want.Float))
	case DateTime:
		return n.op.holds(compareTime(v, n.want))
	}
	return n.testText(v.Text)
}

// holds reports whether a comparison with the outcome c (-1, 0 or 1) satisfies o.
func (o op) holds(c int) bool {
	switch o {
	case eq:
		return c == 0
	case gt:
		return c > 0
	case ge:
		return c >= 0
	case lt:
		return c < 0
	}
	return c <= 0
}

func (n *node) testText(s string) bool {
	if n.op == eq {
		if n.exact {
			return s == n.folded
		}
		return equalFold(s, n.folded)
	}
	if n.exact {
		return testExact(n.op, s, n.folded)
	}
	var buf [inlineFold]byte
	got := appendFold(buf[:0], s)
	switch n.op {
	case co:
		return bytes.Contains(got, n.bytes)
	case sw:
		return bytes.HasPrefix(got, n.bytes)
	case ew:
		return bytes.HasSuffix(got, n.bytes)
	}
	return n.op.holds(bytes.Compare(got, n.bytes))
}

func testExact(o op, s, want string) bool {
	switch o {
	case co:
		return strings.Contains(s, want)
	case sw:
		return strings.HasPrefix(s, want)
	case ew:
		return strings.HasSuffix(s, want)
	}
	return o.holds(strings.Compare(s, want))
}
