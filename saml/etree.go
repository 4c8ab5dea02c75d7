package saml

import (
	"bytes"
	"slices"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// etree returns the element as goxmldsig reads it. It stands alone, because a verifier looks at no
// ancestors: the namespaces in scope are declared on it.
func (n *node) etree() *etree.Element {
	e := n.element(true)
	for at := n.parent; at != nil; at = at.parent {
		for _, d := range at.decls {
			if uri, _ := n.lookup(d.prefix); uri == d.uri && uri != "" && !declares(e, d.prefix) {
				e.Attr = append(e.Attr, declaration(d))
			}
		}
	}
	return e
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

// element returns the element with what is written on it and in it. At the apex an empty default
// namespace is not declared: there is none to be emptied.
func (n *node) element(apex bool) *etree.Element {
	e := etree.NewElement(n.local)
	e.Space = n.prefix
	e.Attr = make([]etree.Attr, 0, len(n.decls)+len(n.attrs))
	e.Child = make([]etree.Token, 0, len(n.items))
	for _, d := range n.decls {
		if !apex || d.uri != "" {
			e.Attr = append(e.Attr, declaration(d))
		}
	}
	for _, a := range n.attrs {
		e.Attr = append(e.Attr, etree.Attr{Space: a.prefix, Key: a.local, Value: a.value})
	}
	for i := range n.items {
		if it := &n.items[i]; it.node != nil {
			e.AddChild(it.node.element(false))
		} else {
			e.CreateText(it.text)
		}
	}
	return e
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

// etreeCanonical returns the canonical form that goxmldsig writes of an element without a parent,
// such as it returns from a validation.
func etreeCanonical(e *etree.Element, m c14nMethod, prefixes []string) ([]byte, error) {
	c := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(strings.Join(prefixes, " "))
	if m == c14nInclusive {
		c = dsig.MakeC14N10RecCanonicalizer()
	}
	return c.Canonicalize(e.Copy())
}

// etreeIs reports whether an element, such as goxmldsig returns from a validation, is what a
// canonical form says: written as it is, it has the very same bytes.
func etreeIs(e *etree.Element, canonical []byte) bool {
	b := bytes.NewBuffer(make([]byte, 0, len(canonical)))
	e.WriteTo(b, &etree.WriteSettings{CanonicalEndTags: true, CanonicalText: true, CanonicalAttrVal: true})
	return bytes.Equal(b.Bytes(), canonical)
}
