package saml

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// verifyEnveloped verifies the signature that an element, the root of a message or a part of
// metadata, has as its child, and returns the key that it is of. All of the element is signed then.
// Its verdicts are SignatureMissing, StructureSignature, StructureReference, SignatureAlgorithm and
// SignatureInvalid.
func verifyEnveloped(n *node, keys []Key, sha1 bool) (Key, error) {
	signature, err := envelopedSignature(n)
	if err != nil {
		return Key{}, err
	}
	form, err := readEnveloped(n, signature, sha1)
	if err != nil {
		return Key{}, err
	}
	e := n.etree()
	if form.inclusive {
		e = n.etreeInclusive()
	}
	for _, k := range keys {
		if form.validates(n, signature, e, k) {
			return k, nil
		}
	}
	return Key{}, refuse(SignatureInvalid, "a signature of a key of the identity provider", "another one")
}

// envelopedSignature returns the one Signature of an element.
func envelopedSignature(n *node) (*node, error) {
	var found []*node
	for _, c := range n.elements() {
		if c.is(nsSignature, "Signature") {
			found = append(found, c)
		}
	}
	switch len(found) {
	case 0:
		return nil, refuse(SignatureMissing, "a Signature in "+n.local, "none")
	case 1:
		return found[0], nil
	}
	return nil, refuse(StructureSignature, "one Signature in "+n.local, "several")
}

// An enveloped is the form of a signature.
type enveloped struct {
	method    signatureMethod
	value     *node
	inclusive bool     // the C14N of the Reference
	prefixes  []string // and its PrefixList
}

// Identifiers of transforms (XML Signature §6.6, Exclusive XML Canonicalization §1).
const (
	uriEnveloped    = nsSignature + "enveloped-signature"
	nsExclusive     = "http://www.w3.org/2001/10/xml-exc-c14n#"
	uriInclusiveC14 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
)

// signatureDigests are the digests that a Reference may have; true = only with SHA-1 allowed.
var signatureDigests = map[string]bool{
	nsEncrypt + "sha256":                            false,
	"http://www.w3.org/2001/04/xmldsig-more#sha384": false,
	nsEncrypt + "sha512":                            false,
	nsSignature + "sha1":                            true,
}

// readEnveloped wants a signature in the one form that SAML has (SAML core §5.4).
func readEnveloped(n, signature *node, sha1 bool) (enveloped, error) {
	broken := func(what string) (enveloped, error) {
		return enveloped{}, refuse(StructureSignature, "a Signature as SAML core §5.4 has it", what)
	}
	parts := signature.elements()
	if len(parts) != 2 && len(parts) != 3 || !parts[0].is(nsSignature, "SignedInfo") ||
		!parts[1].is(nsSignature, "SignatureValue") || len(parts) == 3 && !parts[2].is(nsSignature, "KeyInfo") {
		return broken("other parts than SignedInfo, SignatureValue and KeyInfo")
	}
	info := parts[0].elements()
	if len(info) != 3 || !info[0].is(nsSignature, "CanonicalizationMethod") ||
		!info[1].is(nsSignature, "SignatureMethod") || !info[2].is(nsSignature, "Reference") {
		return broken("a SignedInfo with other parts")
	}
	reference := info[2].elements()
	if len(reference) != 3 || !reference[0].is(nsSignature, "Transforms") ||
		!reference[1].is(nsSignature, "DigestMethod") || !reference[2].is(nsSignature, "DigestValue") {
		return broken("a Reference with other parts")
	}
	id, _ := n.attr("ID")
	if uri, _ := info[2].attr("URI"); id == "" || uri != "#"+id {
		return enveloped{}, refuse(StructureReference, "a Reference to the element that is signed", uri)
	}
	f := enveloped{value: parts[1]}
	if err := f.readMethods(info[0], info[1], reference[1], sha1); err != nil {
		return enveloped{}, err
	}
	return f, f.readTransforms(reference[0])
}

func (f *enveloped) readMethods(canonical, method, digest *node, sha1 bool) error {
	m, ok := methodCalled(algorithmOf(method))
	if !ok || m.insecure && !sha1 {
		return refuse(SignatureAlgorithm, "RSA or ECDSA with SHA-256, SHA-384 or SHA-512", algorithmOf(method))
	}
	f.method = m
	if weak, ok := signatureDigests[algorithmOf(digest)]; !ok || weak && !sha1 {
		return refuse(SignatureAlgorithm, "SHA-256, SHA-384 or SHA-512", algorithmOf(digest))
	}
	if a := algorithmOf(canonical); a != nsExclusive && a != uriInclusiveC14 {
		return refuse(SignatureAlgorithm, "exclusive or inclusive C14N", a)
	}
	return nil
}

func (f *enveloped) readTransforms(transforms *node) error {
	list := transforms.elements()
	if len(list) == 0 || len(list) > 2 || algorithmOf(list[0]) != uriEnveloped {
		return refuse(StructureSignature, "the transforms enveloped-signature and C14N", "others")
	}
	f.inclusive = true // what holds without a transform (XML Signature §4.4.3.2)
	if len(list) == 1 {
		return nil
	}
	switch a := algorithmOf(list[1]); a {
	case uriInclusiveC14:
	case nsExclusive:
		f.inclusive = false
		if p := list[1].child(nsExclusive, "InclusiveNamespaces"); p != nil {
			prefixes, _ := p.attr("PrefixList")
			f.prefixes = strings.Fields(prefixes)
		}
	default:
		return refuse(SignatureAlgorithm, "exclusive or inclusive C14N", a)
	}
	return nil
}

// algorithmOf returns the Algorithm of a method or transform.
func algorithmOf(n *node) string {
	a, _ := n.attr("Algorithm")
	return a
}

// validates asks goxmldsig, and holds that what it has verified is the element, byte by byte.
func (f enveloped) validates(n, signature *node, e *etree.Element, k Key) bool {
	certificate, err := x509.ParseCertificate(k.Certificate)
	if err != nil {
		return false
	}
	alone := e.Copy()
	f.prepare(alone, certificate)
	c := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{certificate}})
	c.Clock = dsig.NewFakeClockAt(certificate.NotBefore) // the dates are for the caller to judge
	validated, err := c.Validate(alone)
	if err != nil {
		return false
	}
	method := c14nExclusive
	if f.inclusive {
		method = c14nInclusive
	}
	return etreeIs(validated, canonicalize(nil, n, method, f.prefixes, signature))
}

// prepare takes the KeyInfo away, so that the one key counts, and turns r and s into the ASN.1 that
// goxmldsig reads.
func (f enveloped) prepare(e *etree.Element, certificate *x509.Certificate) {
	i := slices.IndexFunc(e.ChildElements(), func(c *etree.Element) bool {
		return c.Tag == "Signature" && c.NamespaceURI() == nsSignature
	})
	for _, part := range e.ChildElements()[i].ChildElements() {
		if part.Tag == "KeyInfo" {
			part.Parent().RemoveChild(part)
		}
		if part.Tag == "SignatureValue" {
			part.SetText(f.valueFor(certificate))
		}
	}
}

func (f enveloped) valueFor(certificate *x509.Certificate) string {
	text, _ := f.value.text()
	value, err := decodeSpaced(text)
	if err != nil {
		return text
	}
	if k, ok := certificate.PublicKey.(*ecdsa.PublicKey); ok {
		if asn1 := inASN1(k, value); asn1 != nil {
			value = asn1
		}
	}
	return base64.StdEncoding.EncodeToString(value)
}
