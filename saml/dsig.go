package saml

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// again has goxmldsig verify what was verified here, with the one key that matched, and returns the
// element that it believes. The two have to agree on every byte: claims are read from that element,
// and from nothing else.
func (v *verified) again() (*node, error) {
	cert := v.key.certificate
	ctx := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
	// Whether the certificate is still good is judged apart, by the dates and the option.
	ctx.Clock = dsig.NewFakeClockAt(cert.NotBefore.Add(cert.NotAfter.Sub(cert.NotBefore) / 2))
	believed, err := ctx.Validate(v.forDsig())
	if err != nil {
		return nil, disagreement(err)
	}
	canonical, err := etreeCanonical(believed, v.refC14N.method, v.refC14N.prefixes)
	if err != nil {
		return nil, disagreement(err)
	}
	if !bytes.Equal(canonical, v.canonical) {
		return nil, disagreement(fmt.Errorf("%d canonical bytes here, %d there, or others", len(v.canonical), len(canonical)))
	}
	return nodeOf(believed)
}

func disagreement(cause error) error {
	return wrong(VerifierDisagreement, "two verifiers that agree", cause.Error())
}

// forDsig returns a copy of the signed element, without KeyInfo, and with its signature in the one
// form goxmldsig reads. None of that is signed.
func (v *verified) forDsig() *etree.Element {
	element := v.parent.etree()
	if v.refC14N.method == c14nInclusive {
		element = v.parent.etreeInclusive()
	}
	for _, child := range element.ChildElements() {
		if child.Tag != "Signature" || child.NamespaceURI() != nsSignature {
			continue
		}
		for _, part := range child.ChildElements() {
			switch part.Tag {
			case "KeyInfo":
				child.RemoveChild(part)
			case "SignatureValue":
				part.SetText(base64.StdEncoding.EncodeToString(v.plainValue()))
			}
		}
	}
	return element
}

func (v *verified) plainValue() []byte {
	if key, ok := v.key.public.(*ecdsa.PublicKey); ok {
		if der, ok := ecdsaDER(key, v.value); ok {
			return der
		}
	}
	return v.value
}

// nodeOf returns an element of etree, whose namespaces are all declared in it, as a tree of our own.
func nodeOf(e *etree.Element) (*node, error) {
	return nodeWithin(e, nil, map[string]string{"xml": nsXML})
}

func nodeWithin(e *etree.Element, parent *node, scope map[string]string) (*node, error) {
	n := &node{prefix: e.Space, local: e.Tag, parent: parent}
	scope = n.declare(e, scope)
	var ok bool
	if n.space, ok = scope[e.Space]; !ok && e.Space != "" {
		return nil, disagreement(fmt.Errorf("the prefix %q has no namespace", e.Space))
	}
	for _, a := range e.Attr {
		if a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns" {
			continue
		}
		space, ok := "", true
		if a.Space != "" {
			space, ok = scope[a.Space]
		}
		if !ok {
			return nil, disagreement(fmt.Errorf("the prefix %q has no namespace", a.Space))
		}
		n.attrs = append(n.attrs, attr{a.Space, a.Key, space, a.Value})
	}
	for _, token := range e.Child {
		switch t := token.(type) {
		case *etree.Element:
			c, err := nodeWithin(t, n, scope)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item{node: c})
		case *etree.CharData:
			n.items = append(n.items, item{text: t.Data})
		default:
			return nil, disagreement(fmt.Errorf("a %T in the verified element", token))
		}
	}
	return n, nil
}

// declare notes the namespaces an element declares, and returns those in scope within it.
func (n *node) declare(e *etree.Element, scope map[string]string) map[string]string {
	for _, a := range e.Attr {
		prefix := a.Key
		switch {
		case a.Space == "" && a.Key == "xmlns":
			prefix = ""
		case a.Space != "xmlns":
			continue
		}
		if len(n.decls) == 0 {
			inner := make(map[string]string, len(scope)+1)
			for p, uri := range scope {
				inner[p] = uri
			}
			scope = inner
		}
		n.decls = append(n.decls, decl{prefix, a.Value})
		scope[prefix] = a.Value
	}
	return scope
}
