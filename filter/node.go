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

func (o op) String() string { return opNames[o] }

func parseOp(s string) (op, bool) {
	for i, name := range opNames {
		if strings.EqualFold(s, name) {
			return op(i), true
		}
	}
	return 0, false
}

// node is a bound expression.
type node struct {
	kind        nodeKind
	op          op   // never ne: that is a not over an eq
	one         bool // about the element at hand, inside a value filter
	ref         Ref
	want        Value
	folded      string // want.Text as the comparison needs it
	bytes       []byte // the same, where the operator is not eq and case does not matter
	left, right *node
}

// fold prepares want.Text for the comparisons to come.
func (n *node) fold() {
	n.folded = n.want.Text
	if n.ref.CaseExact() {
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
	if n.one {
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
	if n.ref.Kind() == Complex {
		return true // present: Len says so
	}
	v := res.Value(n.ref, i)
	if v.Kind == 0 || n.kind == present {
		return v.Kind != 0
	}
	switch n.want.Kind {
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
		if n.ref.CaseExact() {
			return s == n.folded
		}
		return equalFold(s, n.folded)
	}
	if n.ref.CaseExact() {
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
