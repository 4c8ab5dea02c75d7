package saml

import (
	"slices"
)

// A c14nMethod is a canonicalisation method, without comments.
type c14nMethod uint8

const (
	c14nExclusive c14nMethod = iota // Exclusive XML Canonicalization 1.0
	c14nInclusive                   // Canonical XML 1.0
)

// canonicalize appends the canonical form of an element and what it holds. The ancestors of n are
// those of its document, and not in the subset. prefixes is the PrefixList of the exclusive method,
// in which "#default" stands for the default namespace. without, if it is not nil, is the Signature
// that the enveloped-signature transform leaves out.
func canonicalize(dst []byte, n *node, m c14nMethod, prefixes []string, without *node) []byte {
	if dst == nil {
		dst = make([]byte, 0, n.length(without)+c14nInherited)
	}
	w := c14nWriter{dst: dst, method: m, prefixes: prefixes, without: without}
	w.rendered, w.order = make([]decl, 0, maxDecls), make([]*attr, 0, 8)
	w.element(n, true)
	return w.dst
}

// c14nInherited is room for what the canonical form has of the ancestors, and for what is escaped, as a
// rule.
const c14nInherited = 256

// length is how long the element is with end tags of its own, but for what is escaped in it.
func (n *node) length(without *node) int {
	size := 2*(len(n.prefix)+len(n.local)) + len("<:></:>")
	for i := range n.attrs {
		a := &n.attrs[i]
		size += len(a.prefix) + len(a.local) + len(a.value) + len(` :=""`)
	}
	for i := range n.decls {
		size += len(n.decls[i].prefix) + len(n.decls[i].uri) + len(` xmlns:=""`)
	}
	for i := range n.items {
		switch it := &n.items[i]; {
		case it.node == nil:
			size += len(it.text)
		case it.node != without:
			size += it.node.length(without)
		}
	}
	return size
}

// A c14nWriter appends to dst. It recurses no deeper than maxDepth.
type c14nWriter struct {
	dst      []byte
	method   c14nMethod
	prefixes []string
	without  *node
	rendered []decl  // namespace declarations in force in what was written, innermost last
	order    []*attr // of the tag that is being written
}

func (w *c14nWriter) element(n *node, apex bool) {
	mark := len(w.rendered)
	w.dst = appendName(append(w.dst, '<'), n.prefix, n.local)
	w.namespaces(n, apex)
	w.attributes(n, apex)
	w.dst = append(w.dst, '>')
	for i := range n.items {
		switch it := &n.items[i]; {
		case it.node == nil:
			w.dst = escape(w.dst, it.text, c14nText)
		case it.node != w.without:
			w.element(it.node, false)
		}
	}
	w.dst = append(appendName(append(w.dst, "</"...), n.prefix, n.local), '>')
	w.rendered = w.rendered[:mark]
}

func appendName(dst []byte, prefix, local string) []byte {
	if prefix != "" {
		dst = append(append(dst, prefix...), ':')
	}
	return append(dst, local...)
}

// namespaces writes the namespace declarations of a tag, by prefix.
func (w *c14nWriter) namespaces(n *node, apex bool) {
	mark := len(w.rendered)
	if w.method == c14nExclusive {
		w.need(mark, n.prefix, n.space)
		for i := range n.attrs {
			if a := &n.attrs[i]; a.prefix != "" {
				w.need(mark, a.prefix, a.space)
			}
		}
	}
	if w.method == c14nInclusive || len(w.prefixes) > 0 {
		w.inclusive(mark, n, apex)
	}
	for _, d := range w.rendered[mark:] {
		w.dst = append(w.dst, " xmlns"...)
		if d.prefix != "" {
			w.dst = append(append(w.dst, ':'), d.prefix...)
		}
		w.dst = append(append(append(w.dst, `="`...), d.uri...), '"') // see isAbsolute: nothing to escape
	}
}

// inclusive adds the declarations that are written whether they are used or not: what an element
// declares and, at the apex, what is in scope.
func (w *c14nWriter) inclusive(mark int, n *node, apex bool) {
	for at := n; at != nil; at = at.parent {
		for _, d := range at.decls {
			if w.method == c14nInclusive || w.listed(d.prefix) {
				uri, _ := n.lookup(d.prefix)
				w.need(mark, d.prefix, uri)
			}
		}
		if !apex {
			return
		}
	}
}

func (w *c14nWriter) listed(prefix string) bool {
	if prefix == "" {
		prefix = "#default"
	}
	return slices.Contains(w.prefixes, prefix)
}

// need adds a declaration to those of the tag, if it is not in force already. Those of the tag begin
// at mark, and are kept in order.
func (w *c14nWriter) need(mark int, prefix, uri string) {
	if prefix == "xml" || w.uri(prefix) == uri {
		return
	}
	at := len(w.rendered)
	for at > mark && w.rendered[at-1].prefix > prefix {
		at--
	}
	w.rendered = slices.Insert(w.rendered, at, decl{prefix, uri})
}

// uri returns what a prefix is bound to in what was written, "" for nothing.
func (w *c14nWriter) uri(prefix string) string {
	for i := len(w.rendered) - 1; i >= 0; i-- {
		if d := &w.rendered[i]; d.prefix == prefix {
			return d.uri
		}
	}
	return ""
}

// attributes writes the attributes of a tag, by namespace and name.
func (w *c14nWriter) attributes(n *node, apex bool) {
	w.order = w.order[:0]
	for i := range n.attrs {
		w.insert(&n.attrs[i])
	}
	if apex && w.method == c14nInclusive {
		for _, a := range n.inherited() {
			w.insert(a)
		}
	}
	for _, a := range w.order {
		w.dst = appendName(append(w.dst, ' '), a.prefix, a.local)
		w.dst = append(escape(append(w.dst, `="`...), a.value, c14nValue), '"')
	}
}

func (w *c14nWriter) insert(a *attr) {
	at := len(w.order)
	for at > 0 && less(a, w.order[at-1]) {
		at--
	}
	w.order = slices.Insert(w.order, at, a)
}

// less is the order of attributes (Canonical XML 1.0 §2.2).
func less(a, b *attr) bool {
	return a.space < b.space || a.space == b.space && a.local < b.local
}

// lookup returns what a prefix is bound to at an element.
func (n *node) lookup(prefix string) (uri string, ok bool) {
	for ; n != nil; n = n.parent {
		for _, d := range n.decls {
			if d.prefix == prefix {
				return d.uri, true
			}
		}
	}
	return "", false
}

// inherited returns the attributes xml:… of the ancestors that hold for an element (Canonical XML
// 1.0 §2.4).
func (n *node) inherited() []*attr {
	var out []*attr
	known := func(local string) bool {
		same := func(a *attr) bool { return a.local == local }
		return slices.ContainsFunc(out, same) ||
			slices.ContainsFunc(n.attrs, func(a attr) bool { return a.space == nsXML && same(&a) })
	}
	for at := n.parent; at != nil; at = at.parent {
		for i := range at.attrs {
			if a := &at.attrs[i]; a.space == nsXML && !known(a.local) {
				out = append(out, a)
			}
		}
	}
	return out
}
