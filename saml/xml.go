package saml

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits on the documents that are read. The deepest SAML messages have 10 levels, the richest
// elements 8 attributes and the root of a federation's metadata 14 namespace declarations.
const (
	maxDepth    = 32     // elements inside each other; all that walks a tree may recurse
	maxElements = 20_000 // a response with 15,000 groups has 15,100
	maxAttrs    = 32     // of an element, each is compared with each
	maxDecls    = 16     // namespace declarations of an element
	maxScope    = 64     // namespace declarations in scope, what a prefix is looked up in

	// A document has at most this many declarations for each of its elements so far, and a few more:
	// some libraries declare two on every attribute value, none declares sixteen.
	declsPerElement = 4
	declsMore       = 256
)

// An xmlLimits says what parseXML accepts beside the constants above. The zero value is for a
// message.
type xmlLimits struct {
	elements int // 0 = maxElements

	// metadata accepts what is found in metadata, which people edit: a byte order mark, and comments,
	// which are dropped. It also drops the rules that serve two verifiers of one signature, see
	// xmlParser.agreement.
	metadata bool

	// within is the element that the document, which was decrypted, stands in: its namespaces are in
	// scope, and it becomes the parent of the root.
	within *node
}

// An xmlError says which rule a document does not keep, and where. The code is XMLMalformed for what
// no parser should read, XMLForbidden for what is not wanted, XMLLimits for what is too much, and
// StructureReference for an ID that is there twice, because then it is unclear what a reference means.
type xmlError struct {
	code   Code
	offset int    // in bytes
	rule   string // what was found, in a few words and none of the document's
}

// Error is for the log.
func (e *xmlError) Error() string {
	return fmt.Sprintf("saml: %s at byte %d: %s", e.code, e.offset, e.rule)
}

// parseXML reads a document of XML 1.0 with namespaces, and returns its root. It is stricter than
// XML: what it accepts has one meaning for every reader. Strings of the tree share one copy of the
// document. Any error is an *xmlError.
func parseXML(data []byte, l xmlLimits) (*node, error) { return parseXMLText(string(data), l) }

// parseXMLText is parseXML of a text, of which the strings of the tree are parts.
func parseXMLText(text string, l xmlLimits) (*node, error) {
	if l.elements == 0 {
		l.elements = maxElements
	}
	p := newXMLParser(text, l)
	if !p.document() {
		return nil, p.err
	}
	return p.root, nil
}

// An xmlParser reads a document in one pass. Its methods return false once err is set.
type xmlParser struct {
	s      string
	pos    int
	err    *xmlError
	limits xmlLimits

	root, open *node
	depth      int // of open; 0 outside the root
	elements   int
	declared   int
	stack      [maxDepth + 1]xmlOpen
	pending    []item // what the open elements hold so far, outermost first
	scope      []binding
	ids        map[string]struct{}

	from int    // a text or value: what follows has not been copied to buf
	buf  []byte // and this has, because it differs from the document
	kept bool   // and whether something has

	attrs []attr // of the tag that is being read
	decls []decl

	nodeSlab slab[node]
	itemSlab slab[item]
	attrSlab slab[attr]
	declSlab slab[decl]
}

// An xmlOpen is what is remembered of an open element besides its node.
type xmlOpen struct {
	name  string // as written
	items int    // where in pending its items begin
	xml   xmlSet // the xml: attributes of it and of its ancestors
}

// newXMLParser reserves about as much as the document needs, but not more than one that is soon
// refused should cost.
func newXMLParser(s string, l xmlLimits) *xmlParser {
	p := &xmlParser{s: s, limits: l}
	elements := min(strings.Count(s, "<")*5/8+2, maxSlab/2)
	p.nodeSlab.size, p.itemSlab.size = elements, elements*3/2
	p.attrSlab.size, p.declSlab.size = elements*3/4, elements/4+2
	p.pending = make([]item, 0, 32)
	p.attrs, p.decls = make([]attr, 0, 8), make([]decl, 0, 4)
	p.inherit(l.within)
	return p
}

// fail refuses the document.
func (p *xmlParser) fail(code Code, rule string) bool {
	p.err = &xmlError{code: code, offset: p.pos, rule: rule}
	return false
}

// document reads everything.
func (p *xmlParser) document() bool {
	if !p.encoding() || !p.declaration() {
		return false
	}
	for p.pos < len(p.s) {
		if !p.next() {
			return false
		}
	}
	if p.root == nil || p.depth > 0 {
		return p.fail(XMLMalformed, "document ends too early")
	}
	return true
}

// next reads a tag, a comment, or the text up to one.
func (p *xmlParser) next() bool {
	switch rest := p.s[p.pos:]; {
	case rest[0] != '<' || p.atComment():
		if p.depth == 0 {
			return p.outside()
		}
		return p.text()
	case strings.HasPrefix(rest, "</"):
		return p.endTag()
	case strings.HasPrefix(rest, "<!--"):
		if p.open != nil && p.open.space == nsSignature { // it changes what is signed for some readers, and not for others
			return p.fail(StructureSignature, "comment in a signature")
		}
		return p.fail(XMLForbidden, "comment")
	case strings.HasPrefix(rest, "<![CDATA["):
		return p.fail(XMLForbidden, "CDATA section")
	case strings.HasPrefix(rest, "<!DOCTYPE"):
		return p.fail(XMLForbidden, "document type declaration")
	case strings.HasPrefix(rest, "<?"):
		return p.fail(XMLForbidden, "processing instruction")
	}
	return p.startTag()
}

// outside reads what stands before or after the root.
func (p *xmlParser) outside() bool {
	if p.atComment() {
		return p.comment()
	}
	if !p.space() {
		return p.fail(XMLMalformed, "text outside the root element")
	}
	return true
}

// encoding checks that the bytes are UTF-8.
func (p *xmlParser) encoding() bool {
	if !utf8.ValidString(p.s) {
		for i, r := range p.s {
			if r == utf8.RuneError && !strings.HasPrefix(p.s[i:], "\uFFFD") {
				p.pos = i
				break
			}
		}
		return p.fail(XMLMalformed, "bytes that are not UTF-8")
	}
	if strings.HasPrefix(p.s, "\uFEFF") {
		if !p.limits.metadata {
			return p.fail(XMLForbidden, "byte order mark")
		}
		p.pos = len("\uFEFF")
	}
	return true
}

// declaration reads the XML declaration, if there is one (XML 1.0 §2.8).
func (p *xmlParser) declaration() bool {
	rest := p.s[p.pos:]
	if !strings.HasPrefix(rest, "<?xml") || len(rest) == 5 || !isSpace(rest[5]) {
		return true
	}
	p.pos += len("<?xml")
	if version, ok := p.pseudo("version"); ok && version != "1.0" {
		return p.fail(XMLForbidden, "version other than 1.0")
	} else if !ok {
		return p.fail(XMLMalformed, "XML declaration without a version")
	}
	if encoding, ok := p.pseudo("encoding"); ok && !strings.EqualFold(encoding, "UTF-8") {
		return p.fail(XMLForbidden, "encoding other than UTF-8")
	}
	if alone, ok := p.pseudo("standalone"); ok && alone != "yes" && alone != "no" {
		return p.fail(XMLMalformed, "standalone that is neither yes nor no")
	}
	p.space()
	if !strings.HasPrefix(p.s[p.pos:], "?>") {
		return p.fail(XMLMalformed, "XML declaration")
	}
	p.pos += len("?>")
	return true
}

// pseudo reads white space and a part of the XML declaration, if that is what comes next.
func (p *xmlParser) pseudo(name string) (value string, ok bool) {
	start := p.pos
	if p.space() && strings.HasPrefix(p.s[p.pos:], name) {
		p.pos += len(name)
		p.space()
		if rest := p.s[p.pos:]; rest != "" && rest[0] == '=' {
			p.pos++
			p.space()
			if value, ok = p.quoted(); ok {
				return value, true
			}
		}
	}
	p.pos = start
	return "", false
}

// quoted reads what stands between two quotes.
func (p *xmlParser) quoted() (string, bool) {
	rest := p.s[p.pos:]
	if rest == "" || rest[0] != '"' && rest[0] != '\'' {
		return "", false
	}
	end := strings.IndexByte(rest[1:], rest[0])
	if end < 0 {
		return "", false
	}
	p.pos += end + 2
	return rest[1 : end+1], true
}

// space reads white space, and reports whether there was some.
func (p *xmlParser) space() bool {
	start := p.pos
	for p.pos < len(p.s) && isSpace(p.s[p.pos]) {
		p.pos++
	}
	return p.pos > start
}

// isSpace is S of XML 1.0 §2.3.
func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }
