package saml

import (
	"cmp"
	"strings"
)

// Namespaces that belong to XML.
const (
	nsXML   = "http://www.w3.org/XML/1998/namespace"
	nsXMLNS = "http://www.w3.org/2000/xmlns/"
)

// A binding is a namespace declaration in scope.
type binding struct {
	prefix, uri string
	// lone is set when the default namespace is emptied by a child of an element that is not itself
	// in the default namespace.
	lone bool
}

// inherit puts into scope what is in scope at an element of another document.
func (p *xmlParser) inherit(n *node) {
	p.scope = append(make([]binding, 0, 16), binding{prefix: "xml", uri: nsXML})
	var path []*node
	for ; n != nil; n = n.parent {
		path = append(path, n)
	}
	for i := len(path) - 1; i >= 0; i-- {
		for _, d := range path[i].decls {
			p.scope = append(p.scope, binding{d.prefix, d.uri, lone(path[i], d)})
		}
		for _, a := range path[i].attrs {
			p.stack[0].xml |= xmlAttr(a)
		}
	}
}

// lookup returns the innermost binding of a prefix, nil for none.
func (p *xmlParser) lookup(prefix string) *binding {
	for i := len(p.scope) - 1; i >= 0; i-- {
		if b := &p.scope[i]; b.prefix == prefix {
			return b
		}
	}
	return nil
}

// declare notes a namespace declaration of the tag that is being read (Namespaces in XML 1.0 §3).
func (p *xmlParser) declare(prefix, uri string) bool {
	p.declared++
	switch {
	case len(p.decls) == maxDecls || p.declared > declsPerElement*p.elements+declsMore:
		return p.fail(XMLLimits, "too many namespace declarations")
	case prefix == "xml" || prefix == "xmlns" || uri == nsXML || uri == nsXMLNS:
		return p.fail(XMLForbidden, "declaration of a namespace that belongs to XML")
	case prefix != "" && uri == "":
		return p.fail(XMLMalformed, "prefix bound to no namespace")
	case uri != "" && !isAbsolute(uri):
		return p.fail(XMLForbidden, "namespace that is not an absolute URI")
	}
	for i := range p.decls {
		if p.decls[i].prefix == prefix {
			return p.fail(XMLMalformed, "namespace declaration that is there twice")
		}
	}
	p.decls = append(p.decls, decl{prefix, uri})
	return true
}

// isAbsolute reports whether a URI has a scheme and only characters of RFC 3986. Relative ones have
// no canonical form (Canonical XML 1.0 §1.3). Brackets, &, users and strange ports are refused, so that
// every reader agrees.
func isAbsolute(uri string) bool {
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok || scheme == "" || !isLetter(scheme[0]) {
		return false
	}
	for _, c := range []byte(scheme) {
		if !isLetter(c) && !isDigit(c) && !strings.ContainsRune("+-.", rune(c)) {
			return false
		}
	}
	if authority, ok := strings.CutPrefix(rest, "//"); ok && !isAuthority(authority) {
		return false
	}
	for i, c := range []byte(rest) {
		switch {
		case isLetter(c), isDigit(c), strings.IndexByte("-._~:/?@!$'()*+,;=", c) >= 0:
		case c == '%' && i+2 < len(rest) && isHex(rest[i+1]) && isHex(rest[i+2]):
		case c == '#' && strings.IndexByte(rest[:i], '#') < 0:
		default:
			return false
		}
	}
	return true
}

// isAuthority reports whether a URI goes on, after //, with a host and perhaps a port.
func isAuthority(rest string) bool {
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	host, port, ok := strings.Cut(rest, ":")
	for _, c := range []byte(port) {
		if !isDigit(c) {
			return false
		}
	}
	return !strings.Contains(host, "@") && ok == (port != "") && len(port) <= len("65535")
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isHex(c byte) bool    { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// extend puts into scope what an element declares.
func (p *xmlParser) extend(n *node) bool {
	if len(p.scope)+len(n.decls) > maxScope {
		return p.fail(XMLLimits, "too many namespaces in scope")
	}
	for _, d := range n.decls {
		p.scope = append(p.scope, binding{d.prefix, d.uri, lone(n, d)})
	}
	return true
}

// lone says what binding.lone is for a declaration of an element.
func lone(n *node, d decl) bool {
	return d == decl{} && (n.parent == nil || n.parent.prefix != "" || n.parent.space == "")
}

// resolve gives the names of an element and of its attributes their namespaces.
func (p *xmlParser) resolve(n *node) bool {
	if n.prefix == "" && n.local == "xmlns" {
		return p.fail(XMLForbidden, "element named xmlns")
	}
	if b := p.lookup(n.prefix); b != nil {
		n.space = b.uri
		if n.prefix == "" && n.space == "" && b.lone && !p.limits.metadata {
			return p.fail(XMLForbidden, `xmlns="" outside the default namespace`)
		}
	} else if n.prefix != "" {
		return p.fail(XMLMalformed, "prefix that is not declared")
	}
	prefixed := false
	for i := range n.attrs {
		a := &n.attrs[i]
		if a.prefix == "" {
			continue
		}
		b := p.lookup(a.prefix)
		if b == nil {
			return p.fail(XMLMalformed, "prefix that is not declared")
		}
		a.space, prefixed = b.uri, true
	}
	return p.distinct(n) && (!prefixed || p.reserved(n) && p.agreement(n)) && p.identifier(n)
}

// distinct checks that no attribute is there twice. Those with the same prefix have the same
// namespace, so names as written need no check of their own.
func (p *xmlParser) distinct(n *node) bool {
	for i := range n.attrs {
		for j := range i {
			if a, b := &n.attrs[i], &n.attrs[j]; a.local == b.local && a.space == b.space {
				return p.fail(XMLMalformed, "attribute that is there twice")
			}
		}
	}
	return true
}

// identifier checks that no two elements have the same ID, see xmlError.
func (p *xmlParser) identifier(n *node) bool {
	id, ok := n.attr("ID")
	if !ok {
		return true
	}
	if p.ids == nil {
		p.ids = make(map[string]struct{})
	}
	before := len(p.ids)
	if p.ids[id] = struct{}{}; len(p.ids) == before {
		return p.fail(StructureReference, "ID that is there twice")
	}
	return true
}

// An xmlSet is a set of attributes of the namespace of xml.
type xmlSet uint8

// xmlNames are the attributes that may be in an xmlSet; each is the bit of its index. Read only.
var xmlNames = [...]string{"base", "lang", "space"}

// xmlAttr is the set of one attribute, empty for one of another namespace or name.
func xmlAttr(a attr) xmlSet {
	for i, name := range xmlNames {
		if a.prefix == "xml" && a.local == name {
			return 1 << i
		}
	}
	return 0
}

// reserved checks the attributes of the namespace of xml: xml:id is a second kind of ID to some
// readers and none to others.
func (p *xmlParser) reserved(n *node) bool {
	for _, a := range n.attrs {
		set := xmlAttr(a)
		if a.prefix == "xml" && set == 0 {
			return p.fail(XMLForbidden, "xml: attribute other than lang, space and base")
		}
		p.stack[p.depth].xml |= set
	}
	return true
}

// agreement checks that attributes with prefixes are in the same order by namespace and name, as
// canonical XML has them (§2.3), as by name alone. The others are refused, so that every verifier
// agrees on the canonical form. So is, in resolve, an element without a namespace where xmlns=""
// stands outside the default namespace. Attributes that an apex inherits count.
func (p *xmlParser) agreement(n *node) bool {
	if p.limits.metadata {
		return true
	}
	for i := range n.attrs {
		a := &n.attrs[i]
		if a.prefix == "" {
			continue
		}
		for j := range i {
			if b := &n.attrs[j]; b.prefix != "" && !sameOrder(a, b.space, b.local) {
				return p.fail(XMLForbidden, "attributes of two namespaces out of order")
			}
		}
		for j, name := range xmlNames {
			if p.stack[p.depth].xml&(1<<j) != 0 && !sameOrder(a, nsXML, name) {
				return p.fail(XMLForbidden, "attributes of two namespaces out of order")
			}
		}
	}
	return true
}

// sameOrder reports whether the name of an attribute compares with another as its namespace does.
func sameOrder(a *attr, space, local string) bool {
	return a.space == space || cmp.Compare(a.space, space) == cmp.Compare(a.local, local)
}
