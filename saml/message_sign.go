package saml

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // for the option that accepts it
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"net/url"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// A signatureMethod is an algorithm that messages are signed with (RFC 9231 §2.3).
type signatureMethod struct {
	uri      string
	ecdsa    bool // else RSA PKCS #1 v1.5
	hash     crypto.Hash
	insecure bool // only with AllowSHA1Insecure
}

// signatureMethods are those that are accepted.
var signatureMethods = []signatureMethod{
	{uri: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", hash: crypto.SHA256},
	{uri: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", hash: crypto.SHA384},
	{uri: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", hash: crypto.SHA512},
	{uri: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", hash: crypto.SHA256, ecdsa: true},
	{uri: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", hash: crypto.SHA384, ecdsa: true},
	{uri: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", hash: crypto.SHA512, ecdsa: true},
	{uri: "http://www.w3.org/2000/09/xmldsig#rsa-sha1", hash: crypto.SHA1, insecure: true},
	{uri: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1", hash: crypto.SHA1, ecdsa: true, insecure: true},
}

// methodCalled returns the method with a name.
func methodCalled(uri string) (signatureMethod, bool) {
	for _, m := range signatureMethods {
		if m.uri == uri {
			return m, true
		}
	}
	return signatureMethod{}, false
}

// methodFor returns what a key of ours signs with: a hash as strong as its curve, and SHA-256 for
// RSA, which all take.
func methodFor(public crypto.PublicKey) signatureMethod {
	want := signatureMethod{hash: crypto.SHA256}
	if k, ok := public.(*ecdsa.PublicKey); ok {
		want.ecdsa = true
		switch size := k.Curve.Params().BitSize; {
		case size > 384:
			want.hash = crypto.SHA512
		case size > 256:
			want.hash = crypto.SHA384
		}
	}
	for _, m := range signatureMethods {
		if m.ecdsa == want.ecdsa && m.hash == want.hash {
			want = m
		}
	}
	return want
}

// An xmlSigner signs as XML Signature has it: an ECDSA signature is r and s side by side, each as
// long as the order of the curve (RFC 9231 §2.3.6), not the ASN.1 that a crypto.Signer returns.
type xmlSigner struct{ crypto.Signer }

// Sign is that of the signer, in the form of XML Signature.
func (s xmlSigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	signature, err := s.Signer.Sign(random, digest, opts)
	k, ok := s.Public().(*ecdsa.PublicKey)
	if err != nil || !ok {
		return signature, err
	}
	var rs struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(signature, &rs); err != nil || len(rest) > 0 || rs.R.Sign() <= 0 || rs.S.Sign() <= 0 {
		return nil, errors.New("saml: Config.Sign returned no signature")
	}
	size := (k.Curve.Params().BitSize + 7) / 8
	if rs.R.BitLen() > size*8 || rs.S.BitLen() > size*8 {
		return nil, errors.New("saml: Config.Sign returned a signature of another curve")
	}
	out := make([]byte, 2*size)
	rs.R.FillBytes(out[:size])
	rs.S.FillBytes(out[size:])
	return out, nil
}

// sign returns a signature of ours over some bytes.
func (sp *ServiceProvider) sign(data []byte, m signatureMethod) ([]byte, error) {
	h := m.hash.New()
	h.Write(data)
	return xmlSigner{sp.config.Sign}.Sign(rand.Reader, h.Sum(nil), m.hash)
}

// signQuery adds a signature to a query: over the octets that are sent, in the order SAMLRequest or
// SAMLResponse, RelayState, SigAlg (SAML bindings §3.4.4.1).
func (sp *ServiceProvider) signQuery(query string) (string, error) {
	m := methodFor(sp.config.Sign.Public())
	query += "&" + paramSigAlg + "=" + url.QueryEscape(m.uri)
	signature, err := sp.sign([]byte(query), m)
	if err != nil {
		return "", err
	}
	return query + "&" + paramSignature + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature)), nil
}

// signDocument adds a signature to the root of a document, enveloped and with exclusive C14N: behind
// the Issuer of a message (SAML core §3.2.1), or before all in metadata (SAML metadata §2.3.2).
func (sp *ServiceProvider) signDocument(root *etree.Element) ([]byte, error) {
	c, err := dsig.NewSigningContext(xmlSigner{sp.config.Sign}, [][]byte{sp.config.SignCertificate})
	if err != nil {
		return nil, err
	}
	c.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := c.SetSignatureMethod(methodFor(sp.config.Sign.Public()).uri); err != nil {
		return nil, err
	}
	signature, err := c.ConstructSignature(root, true)
	if err != nil {
		return nil, err
	}
	at := 0
	if first, ok := firstElement(root); ok && first.Tag == "Issuer" {
		at = first.Index() + 1
	}
	root.InsertChildAt(at, signature)
	return writeElement(root), nil
}

func firstElement(e *etree.Element) (*etree.Element, bool) {
	if children := e.ChildElements(); len(children) > 0 {
		return children[0], true
	}
	return nil, false
}

// writeElement returns the bytes of an element, written so that they read as what was signed.
func writeElement(e *etree.Element) []byte {
	var b bytes.Buffer
	e.WriteTo(&b, &etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true})
	return b.Bytes()
}

// hasSignatureOf reports whether a signature over some bytes is of a key. That of ECDSA may be r and
// s side by side, or ASN.1, which some send.
func hasSignatureOf(key crypto.PublicKey, m signatureMethod, data, signature []byte) bool {
	h := m.hash.New()
	h.Write(data)
	digest := h.Sum(nil)
	switch k := key.(type) {
	case *rsa.PublicKey:
		return !m.ecdsa && rsa.VerifyPKCS1v15(k, m.hash, digest, signature) == nil
	case *ecdsa.PublicKey:
		return m.ecdsa && (ecdsa.VerifyASN1(k, digest, signature) || ecdsa.VerifyASN1(k, digest, inASN1(k, signature)))
	}
	return false
}

// inASN1 returns a signature of r and s side by side as ASN.1; nil if it is none.
func inASN1(k *ecdsa.PublicKey, signature []byte) []byte {
	size := (k.Curve.Params().BitSize + 7) / 8
	if len(signature) != 2*size {
		return nil
	}
	r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
	out, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		return nil
	}
	return out
}
