package saml

import (
	"fmt"

	"github.com/beevik/etree"
)

// nodeOf returns an element of etree, whose namespaces are all declared in it, as a tree of our own.
func nodeOf(e *etree.Element) (*node, error) {
	r := etreeReader{scope: append(make([]decl, 0, maxDecls), decl{"xml", nsXML}), pending: make([]item, 0, 32)}
	elements := min(countElements(e), maxSlab)
	r.nodes.size, r.items.size, r.attrSlab.size, r.declSlab.size = elements, 2*elements, elements, 4
	return r.read(e, nil)
}

func countElements(e *etree.Element) int {
	n := 1
	for _, token := range e.Child {
		if c, ok := token.(*etree.Element); ok {
			n += countElements(c)
		}
	}
	return n
}

// An etreeReader makes nodes. It recurses as deep as the tree, which was a document of at most
// maxDepth before.
type etreeReader struct {
	scope    []decl // namespace declarations, innermost last
	pending  []item // what the open elements hold so far, outermost first
	attrs    []attr // of the element that is being read
	nodes    slab[node]
	items    slab[item]
	attrSlab slab[attr]
	declSlab slab[decl]
}

func (r *etreeReader) read(e *etree.Element, parent *node) (*node, error) {
	n := r.nodes.one()
	n.prefix, n.local, n.parent = e.Space, e.Tag, parent
	outer, first := len(r.scope), len(r.pending)
	r.declare(e)
	n.decls = r.declSlab.take(r.scope[outer:])
	var ok bool
	if n.space, ok = r.lookup(e.Space); !ok && e.Space != "" {
		return nil, disagreement(fmt.Errorf("the prefix %q has no namespace", e.Space))
	}
	if err := r.attributes(n, e); err != nil {
		return nil, err
	}
	for _, token := range e.Child {
		switch t := token.(type) {
		case *etree.Element:
			c, err := r.read(t, n)
			if err != nil {
				return nil, err
			}
			r.pending = append(r.pending, item{node: c})
		case *etree.CharData:
			r.pending = append(r.pending, item{text: t.Data})
		default:
			return nil, disagreement(fmt.Errorf("a %T in the verified element", token))
		}
	}
	n.items = r.items.take(r.pending[first:])
	r.scope, r.pending = r.scope[:outer], r.pending[:first]
	return n, nil
}

// declare puts into scope what an element declares.
func (r *etreeReader) declare(e *etree.Element) {
	for i := range e.Attr {
		switch a := &e.Attr[i]; {
		case a.Space == "xmlns":
			r.scope = append(r.scope, decl{a.Key, a.Value})
		case a.Space == "" && a.Key == "xmlns":
			r.scope = append(r.scope, decl{"", a.Value})
		}
	}
}

// lookup returns what a prefix is bound to.
func (r *etreeReader) lookup(prefix string) (uri string, ok bool) {
	for i := len(r.scope) - 1; i >= 0; i-- {
		if d := &r.scope[i]; d.prefix == prefix {
			return d.uri, true
		}
	}
	return "", false
}

func (r *etreeReader) attributes(n *node, e *etree.Element) error {
	r.attrs = r.attrs[:0]
	for i := range e.Attr {
		a := &e.Attr[i]
		if a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns" {
			continue
		}
		space, ok := "", true
		if a.Space != "" {
			space, ok = r.lookup(a.Space)
		}
		if !ok {
			return disagreement(fmt.Errorf("the prefix %q has no namespace", a.Space))
		}
		r.attrs = append(r.attrs, attr{a.Space, a.Key, space, a.Value})
	}
	n.attrs = r.attrSlab.take(r.attrs)
	return nil
}
