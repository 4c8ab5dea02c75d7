package saml

import "strings"

// startTag reads a start tag or the tag of an empty element (XML 1.0 §3.1).
func (p *xmlParser) startTag() bool {
	if p.depth == 0 && p.root != nil {
		return p.fail(XMLMalformed, "second root element")
	}
	if p.depth == maxDepth {
		return p.fail(XMLLimits, "elements too deep inside each other")
	}
	if p.elements++; p.elements > p.limits.elements {
		return p.fail(XMLLimits, "too many elements")
	}
	p.pos++
	n, start := p.nodeSlab.one(), p.pos
	var ok bool
	if n.prefix, n.local, ok = p.name(); !ok {
		return false
	}
	name := p.s[start:p.pos]
	empty, ok := p.attributes()
	if !ok || !p.enter(n, name) || !p.resolve(n) {
		return false
	}
	if empty {
		p.leave()
	}
	return true
}

// attributes reads a tag from the name of the element to its end.
func (p *xmlParser) attributes() (empty, ok bool) {
	p.attrs, p.decls = p.attrs[:0], p.decls[:0]
	for {
		space := p.space()
		switch rest := p.s[p.pos:]; {
		case strings.HasPrefix(rest, ">"):
			p.pos++
			return false, true
		case strings.HasPrefix(rest, "/>"):
			p.pos += 2
			return true, true
		case !space:
			return false, p.fail(XMLMalformed, "tag without an end")
		}
		if !p.attribute() {
			return false, false
		}
	}
}

// attribute reads an attribute or a namespace declaration.
func (p *xmlParser) attribute() bool {
	prefix, local, ok := p.name()
	if !ok {
		return false
	}
	p.space()
	if !strings.HasPrefix(p.s[p.pos:], "=") {
		return p.fail(XMLMalformed, "attribute without a value")
	}
	p.pos++
	p.space()
	value, ok := p.value()
	switch {
	case !ok:
		return false
	case prefix == "xmlns":
		return p.declare(local, value)
	case prefix == "" && local == "xmlns":
		return p.declare("", value)
	case len(p.attrs) == maxAttrs:
		return p.fail(XMLLimits, "too many attributes")
	}
	p.attrs = append(p.attrs, attr{prefix: prefix, local: local, value: value})
	return true
}

// enter makes n the open element.
func (p *xmlParser) enter(n *node, name string) bool {
	n.parent = p.open
	if p.depth == 0 {
		p.root, n.parent = n, p.limits.within
	} else {
		p.pending = append(p.pending, item{node: n})
	}
	n.attrs = p.attrSlab.take(p.attrs)
	n.decls = p.declSlab.take(p.decls)
	p.depth++
	p.open = n
	p.stack[p.depth] = xmlOpen{name: name, items: len(p.pending), xml: p.stack[p.depth-1].xml}
	return p.extend(n)
}

// leave closes the open element.
func (p *xmlParser) leave() {
	n, items := p.open, p.stack[p.depth].items
	n.items = p.itemSlab.take(p.pending[items:])
	p.pending = p.pending[:items]
	p.scope = p.scope[:len(p.scope)-len(n.decls)]
	p.open = n.parent
	p.depth--
}

// endTag reads an end tag.
func (p *xmlParser) endTag() bool {
	if p.depth == 0 {
		return p.fail(XMLMalformed, "end tag without a start tag")
	}
	name := p.stack[p.depth].name
	rest, ok := strings.CutPrefix(p.s[p.pos+2:], name)
	p.pos = len(p.s) - len(rest)
	p.space()
	if !ok || !strings.HasPrefix(p.s[p.pos:], ">") {
		return p.fail(XMLMalformed, "end tag that is not of the open element")
	}
	p.pos++
	p.leave()
	return true
}
