package saml

import (
	"crypto"
	"encoding/base64"
	"strings"
)

// A signature is a ds:Signature in its place, read and not yet believed.
type signature struct {
	element, parent, info *node
	method                sigMethod
	infoC14N              c14nUse // of SignedInfo
	refC14N               c14nUse // of the parent
	digest                crypto.Hash
	digestValue, value    []byte
	hints                 []string // certificates of KeyInfo, base64 without white space
}

// c14nUse is a canonicalisation as a signature asks for it.
type c14nUse struct {
	method   c14nMethod
	prefixes []string
}

// sigMethod is a signature algorithm.
type sigMethod struct {
	uri  string
	rsa  bool // else ECDSA
	hash crypto.Hash
}

const (
	algRSASHA1     = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
	algRSASHA256   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	algRSASHA384   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
	algRSASHA512   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
	algECDSASHA1   = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"
	algECDSASHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
	algECDSASHA384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
	algECDSASHA512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"

	algSHA1   = "http://www.w3.org/2000/09/xmldsig#sha1"
	algSHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
	algSHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
	algSHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"

	algEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	algExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
	algInclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
)

var sigMethods = []sigMethod{
	{algRSASHA256, true, crypto.SHA256}, {algRSASHA384, true, crypto.SHA384}, {algRSASHA512, true, crypto.SHA512},
	{algECDSASHA256, false, crypto.SHA256}, {algECDSASHA384, false, crypto.SHA384}, {algECDSASHA512, false, crypto.SHA512},
	{algRSASHA1, true, crypto.SHA1}, {algECDSASHA1, false, crypto.SHA1},
}

var digests = map[string]crypto.Hash{algSHA256: crypto.SHA256, algSHA384: crypto.SHA384, algSHA512: crypto.SHA512, algSHA1: crypto.SHA1}

// gateSignature reads the signature of an element, or returns nil if it has none. It takes one form:
// one reference, to the element itself, of the element without its signature.
func gateSignature(parent *node) (*signature, error) {
	element := parent.child(nsSignature, "Signature")
	if element == nil {
		return nil, nil
	}
	parts, err := sequence(element, signatureChildren, 2)
	if err != nil {
		return nil, err
	}
	s := &signature{element: element, parent: parent, info: parts[0]}
	info, err := sequence(s.info, signedInfoChildren, 3)
	if err != nil {
		return nil, err
	}
	if s.infoC14N, err = readC14N(info[0]); err != nil {
		return nil, err
	}
	if s.method, err = readMethod(info[1]); err != nil {
		return nil, err
	}
	if err := s.readReference(info[2]); err != nil {
		return nil, err
	}
	if s.value, err = base64Text(parts[1]); err != nil {
		return nil, err
	}
	if len(parts) > 2 {
		s.hints = certificatesOf(parts[2])
	}
	return s, nil
}

// sequence returns the children of an element of XML Signature, which are the ones named, in this
// order and at least so many.
func sequence(n *node, names []string, least int) ([]*node, error) {
	parts := make([]*node, 0, len(names))
	for i := range n.items {
		c := n.items[i].node
		switch {
		case c == nil && strings.TrimSpace(n.items[i].text) == "":
		case c == nil:
			return nil, wrong(StructureText, "no text in "+n.local, n.items[i].text)
		case len(parts) == len(names) || !c.is(nsSignature, names[len(parts)]):
			return nil, wrong(StructureSignature, strings.Join(names, ", ")+" in "+n.local, c.local)
		default:
			parts = append(parts, c)
		}
	}
	if len(parts) < least {
		return nil, wrong(StructureSignature, names[len(parts)]+" in "+n.local, "none")
	}
	return parts, nil
}

func (s *signature) readReference(n *node) error {
	id, _ := s.parent.attr("ID")
	if uri, _ := n.attr("URI"); uri != "#"+id {
		return wrong(StructureReference, "a Reference to #"+id, uri)
	}
	parts, err := sequence(n, referenceChildren, 3)
	if err != nil {
		return err
	}
	if err := s.readTransforms(parts[0]); err != nil {
		return err
	}
	name, _ := parts[1].attr("Algorithm")
	digest, ok := digests[name]
	if !ok {
		return wrong(SignatureAlgorithm, "a digest by SHA-256, SHA-384 or SHA-512", name)
	}
	if len(parts[1].elements()) > 0 {
		return wrong(StructureSignature, "no parameters of DigestMethod", "some")
	}
	s.digest = digest
	s.digestValue, err = base64Text(parts[2])
	return err
}

// readTransforms takes the enveloped signature, and one canonicalisation behind it. Without one it
// is the inclusive one (XML Signature §4.4.3.2).
func (s *signature) readTransforms(n *node) error {
	list := n.elements()
	if len(list) < 1 || len(list) > 2 {
		return wrong(StructureSignature, "one or two Transforms", "others")
	}
	for _, t := range list {
		if !t.is(nsSignature, "Transform") {
			return wrong(StructureSignature, "Transform in Transforms", t.local)
		}
	}
	if alg, _ := list[0].attr("Algorithm"); alg != algEnveloped || len(list[0].elements()) > 0 {
		return wrong(StructureSignature, "the transform of an enveloped signature first", alg)
	}
	s.refC14N = c14nUse{method: c14nInclusive}
	if len(list) == 1 {
		return nil
	}
	if alg, _ := list[1].attr("Algorithm"); !strings.Contains(alg, "c14n") {
		return wrong(StructureSignature, "a canonicalisation as the second transform", alg)
	}
	var err error
	s.refC14N, err = readC14N(list[1])
	return err
}

// readC14N reads a CanonicalizationMethod or a Transform.
func readC14N(n *node) (c14nUse, error) {
	alg, _ := n.attr("Algorithm")
	children := n.elements()
	switch {
	case alg == algInclusive && len(children) == 0:
		return c14nUse{method: c14nInclusive}, nil
	case alg == algExclusive && len(children) == 0:
		return c14nUse{method: c14nExclusive}, nil
	case alg == algExclusive && len(children) == 1 && children[0].is(algExclusive, "InclusiveNamespaces"):
		list, _ := children[0].attr("PrefixList")
		return c14nUse{c14nExclusive, strings.Fields(list)}, nil
	case alg == algExclusive || alg == algInclusive:
		return c14nUse{}, wrong(StructureSignature, "InclusiveNamespaces, or nothing, in "+n.local, children[0].local)
	}
	return c14nUse{}, wrong(SignatureAlgorithm, "canonicalisation without comments, exclusive or inclusive", alg)
}

func readMethod(n *node) (sigMethod, error) {
	alg, _ := n.attr("Algorithm")
	for _, m := range sigMethods {
		if m.uri == alg && len(n.elements()) == 0 {
			return m, nil
		}
	}
	return sigMethod{}, wrong(SignatureAlgorithm, "a signature by RSA or ECDSA with SHA-256, SHA-384 or SHA-512", alg)
}

// base64Text decodes the text of an element, which may be indented.
func base64Text(n *node) ([]byte, error) {
	text, ok := n.text()
	if !ok {
		return nil, wrong(StructureText, "text alone in "+n.local, "elements")
	}
	data, err := base64.StdEncoding.DecodeString(withoutSpace(text))
	if err != nil || len(data) == 0 {
		return nil, wrong(StructureText, "base64 in "+n.local, text)
	}
	return data, nil
}

// withoutSpace removes the white space of XML.
func withoutSpace(s string) string {
	for _, space := range [...]string{" ", "\t", "\r", "\n"} {
		s = strings.ReplaceAll(s, space, "") // which looks for one first, and finds none as a rule
	}
	return s
}

// certificatesOf returns the certificates a KeyInfo names. They say which of the trusted keys to
// try first, and nothing else.
func certificatesOf(keyInfo *node) (list []string) {
	for data := range keyInfo.children() {
		if !data.is(nsSignature, "X509Data") {
			continue
		}
		for c := range data.children() {
			if text, ok := c.text(); ok && c.is(nsSignature, "X509Certificate") {
				list = append(list, withoutSpace(text))
			}
		}
	}
	return list
}
