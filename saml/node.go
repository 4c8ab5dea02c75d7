package saml

import "iter"

// A node is an element of a document as the strict parser has read it: with the names and the
// namespaces that any other parser would see.
type node struct {
	prefix, local string // as written
	space         string // the namespace its prefix is bound to, "" for none
	attrs         []attr // in the order of the document, without namespace declarations
	decls         []decl // namespace declarations, in the order of the document
	items         []item // elements and texts
	parent        *node
}

// An attr is an attribute. Its value is normalised as XML 1.0 §3.3.3 has it.
type attr struct {
	prefix, local, space, value string
}

// A decl binds a prefix, "" for the default, to a namespace; an empty URI unbinds the default.
type decl struct {
	prefix, uri string
}

// An item is an element, or a text between two of them.
type item struct {
	node *node // nil for a text
	text string
}

// is reports whether the element has a name in a namespace.
func (n *node) is(space, local string) bool { return n.local == local && n.space == space }

// attr returns the value of an attribute without a namespace.
func (n *node) attr(local string) (value string, ok bool) {
	for i := range n.attrs {
		if a := &n.attrs[i]; a.local == local && a.space == "" {
			return a.value, true
		}
	}
	return "", false
}

// children yields the child elements.
func (n *node) children() iter.Seq[*node] {
	return func(yield func(*node) bool) {
		for i := range n.items {
			if c := n.items[i].node; c != nil && !yield(c) {
				return
			}
		}
	}
}

// elements returns the child elements.
func (n *node) elements() []*node {
	var out []*node
	for i := range n.items {
		if c := n.items[i].node; c != nil {
			out = append(out, c)
		}
	}
	return out
}

// child returns the first child element of a name.
func (n *node) child(space, local string) *node {
	for i := range n.items {
		if c := n.items[i].node; c != nil && c.is(space, local) {
			return c
		}
	}
	return nil
}

// text returns the text of an element that has no child elements; ok is false if it has some.
func (n *node) text() (text string, ok bool) {
	for i := range n.items {
		if n.items[i].node != nil {
			return "", false
		}
		text += n.items[i].text
	}
	return text, true
}
