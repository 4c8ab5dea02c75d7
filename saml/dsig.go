package saml

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"slices"

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
	n, err := nodeOf(believed)
	if err != nil {
		return nil, err
	}
	canonical := canonicalize(make([]byte, 0, len(v.canonical)), n, v.refC14N.method, v.refC14N.prefixes, nil)
	if !bytes.Equal(canonical, v.canonical) {
		return nil, disagreement(fmt.Errorf("%d canonical bytes here, %d there, or others", len(v.canonical), len(canonical)))
	}
	return n, nil
}

func disagreement(cause error) error {
	return wrong(VerifierDisagreement, "two verifiers that agree", cause.Error())
}

// forDsig returns a copy of the signed element, without KeyInfo, and with its signature in the one
// form goxmldsig reads. None of that is signed.
func (v *verified) forDsig() *etree.Element {
	var element *etree.Element
	switch c14nInclusive {
	case v.refC14N.method:
		element = v.parent.etreeInclusive()
	case v.infoC14N.method:
		element = v.parent.etree()
	default:
		element = v.parent.etreeExclusive(slices.Concat(v.refC14N.prefixes, v.infoC14N.prefixes))
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
