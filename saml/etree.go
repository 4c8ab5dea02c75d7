package saml

import (
	"slices"

	"github.com/beevik/etree"
)

// etree returns the element as goxmldsig reads it. It stands alone, because a verifier looks at no
// ancestors: the namespaces in scope are declared on it.
func (n *node) etree() *etree.Element {
	e := n.alone()
	n.inherit(e, func(string) bool { return true })
	return e
}

// etreeExclusive is etree for a signature all of whose methods are exclusive: there, a namespace that
// no name in the element has, and that is not in a PrefixList, makes no difference.
func (n *node) etreeExclusive(prefixes []string) *etree.Element {
	e := n.alone()
	n.inherit(e, func(prefix string) bool { return slices.Contains(prefixes, prefix) || n.uses(prefix) })
	return e
}

// inherit declares the namespaces of the ancestors on a copy of the element.
func (n *node) inherit(e *etree.Element, wanted func(prefix string) bool) {
	for at := n.parent; at != nil; at = at.parent {
		for _, d := range at.decls {
			if uri, _ := n.lookup(d.prefix); uri == d.uri && uri != "" && !declares(e, d.prefix) && wanted(d.prefix) {
				e.Attr = append(e.Attr, declaration(d))
			}
		}
	}
}

// uses reports whether a name in the element has a prefix, "" for none.
func (n *node) uses(prefix string) bool {
	if n.prefix == prefix {
		return true
	}
	for i := range n.attrs {
		if prefix != "" && n.attrs[i].prefix == prefix {
			return true
		}
	}
	for c := range n.children() {
		if c.uses(prefix) {
			return true
		}
	}
	return false
}

// etreeInclusive is etree for a signature whose Reference has the inclusive method: there, the
// attributes xml:… of the ancestors are part of what is signed.
func (n *node) etreeInclusive() *etree.Element {
	e := n.etree()
	for _, a := range n.inherited() {
		e.Attr = append(e.Attr, etree.Attr{Space: a.prefix, Key: a.local, Value: a.value})
	}
	return e
}

// alone returns the element with what is written on it and in it. An empty default namespace is not
// declared on it: there is none to be emptied.
func (n *node) alone() *etree.Element {
	elements := min(n.count(), maxSlab)
	var w etreeWriter
	w.elements.size, w.attrs.size, w.tokens.size, w.texts.size = elements, elements, 2*elements, elements/2+1
	e := etree.NewElement(n.local)
	w.write(e, n)
	e.Attr = slices.DeleteFunc(e.Attr, func(a etree.Attr) bool { return a == declaration(decl{}) })
	return e
}

// count returns the number of elements, of which this is one.
func (n *node) count() int {
	all := 1
	for i := range n.items {
		if c := n.items[i].node; c != nil {
			all += c.count()
		}
	}
	return all
}

// An etreeWriter makes elements of etree.
type etreeWriter struct {
	elements slab[etree.Element]
	texts    slab[etree.CharData]
	attrs    slab[etree.Attr]
	tokens   slab[etree.Token]
}

// write makes e the same as n.
func (w *etreeWriter) write(e *etree.Element, n *node) {
	e.Space, e.Tag = n.prefix, n.local
	e.Attr, e.Child = w.attrs.room(len(n.decls)+len(n.attrs)), w.tokens.room(len(n.items))
	for _, d := range n.decls {
		e.Attr = append(e.Attr, declaration(d))
	}
	for _, a := range n.attrs {
		e.Attr = append(e.Attr, etree.Attr{Space: a.prefix, Key: a.local, Value: a.value})
	}
	for i := range n.items {
		if it := &n.items[i]; it.node != nil {
			c := w.elements.one()
			w.write(c, it.node)
			e.AddChild(c)
		} else {
			t := w.texts.one()
			t.Data = it.text
			e.AddChild(t)
		}
	}
}

func declaration(d decl) etree.Attr {
	if d.prefix == "" {
		return etree.Attr{Key: "xmlns", Value: d.uri}
	}
	return etree.Attr{Space: "xmlns", Key: d.prefix, Value: d.uri}
}

// declares reports whether a namespace declaration for a prefix is on an element.
func declares(e *etree.Element, prefix string) bool {
	return slices.ContainsFunc(e.Attr, func(a etree.Attr) bool {
		want := declaration(decl{prefix: prefix})
		return a.Space == want.Space && a.Key == want.Key
	})
}
