package samltest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	_ "crypto/sha1" // registers the hashes that signatures name
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// Identifiers of XML Signature.
const (
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	enveloped   = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	exclusive   = "http://www.w3.org/2001/10/xml-exc-c14n#"
)

// A signature says how an element is signed. The zero values of all but key are what an identity
// provider of today does: RSA or ECDSA with SHA-256, exclusive canonicalization and the certificate.
type signature struct {
	key      Key
	hash     crypto.Hash
	method   string // the identifier of the algorithm, if not that of key and hash
	c14n     string
	uri      string // of the Reference, with emptyURI for an empty one
	keyInfo  string // XML, with noKeyInfo for none
	rawECDSA bool   // r and s as XML Signature has them, instead of as ASN.1

	prefix      string                         // of the elements instead of ds:, with defaultPrefix for none
	sign        func(signedInfo []byte) []byte // instead of with key
	signedValue func(base64 string) string     // how the SignatureValue is laid out
}

// What stands for nothing where nothing stands for the usual.
const (
	emptyURI      = "empty"
	noKeyInfo     = "none"
	defaultPrefix = "default"
)

// over returns the Signature of an element.
func (s signature) over(e element) string {
	s = s.withDefaults(e)
	info := s.signedInfo(s.digest(e.String()))
	value := base64.StdEncoding.EncodeToString(s.sign([]byte(info)))
	if s.signedValue != nil {
		value = s.signedValue(value)
	}
	p := s.prefix
	// SignedInfo was signed as it stands alone; within Signature the declaration is its parent's.
	info = "<" + p + "SignedInfo>" + info[len("<"+p+"SignedInfo"+s.declaration()+">"):]
	return "<" + p + "Signature" + s.declaration() + ">" + info +
		"<" + p + "SignatureValue>" + value + "</" + p + "SignatureValue>" + s.keyInfo + "</" + p + "Signature>"
}

func (s signature) withDefaults(e element) signature {
	if s.hash == 0 {
		s.hash = crypto.SHA256
	}
	if s.method == "" {
		s.method = methodOf(s.key, s.hash)
	}
	if s.c14n == "" {
		s.c14n = exclusive
	}
	switch s.uri {
	case "":
		s.uri = "#" + e.id
	case emptyURI:
		s.uri = ""
	}
	switch s.keyInfo {
	case "":
		s.keyInfo = x509Data(s.key.Certificate)
		if s.prefix == defaultPrefix {
			s.keyInfo = strings.NewReplacer("<ds:", "<", "</ds:", "</", " xmlns:ds=", " xmlns=").Replace(s.keyInfo)
		}
	case noKeyInfo:
		s.keyInfo = ""
	}
	switch s.prefix {
	case "":
		s.prefix = "ds:"
	case defaultPrefix:
		s.prefix = ""
	}
	if s.sign == nil {
		s.sign = s.signWithKey
	}
	return s
}

// declaration returns that of the namespace of XML Signature.
func (s signature) declaration() string {
	if s.prefix == "" {
		return ` xmlns="` + nsSignature + `"`
	}
	return ` xmlns:` + s.prefix[:len(s.prefix)-1] + `="` + nsSignature + `"`
}

// signedInfo returns SignedInfo in canonical form.
func (s signature) signedInfo(digest string) string {
	p := s.prefix
	algorithm := func(name, id string) string {
		return "<" + p + name + attribute("Algorithm", id) + "></" + p + name + ">"
	}
	return "<" + p + "SignedInfo" + s.declaration() + ">" +
		algorithm("CanonicalizationMethod", s.c14n) + algorithm("SignatureMethod", s.method) +
		"<" + p + `Reference URI="` + s.uri + `"><` + p + "Transforms>" +
		algorithm("Transform", enveloped) + algorithm("Transform", s.c14n) + "</" + p + "Transforms>" +
		algorithm("DigestMethod", digestMethods[s.hash]) +
		"<" + p + "DigestValue>" + digest + "</" + p + "DigestValue></" + p + "Reference></" + p + "SignedInfo>"
}

// digest returns that of an element, which must declare its namespaces itself.
func (s signature) digest(element string) string {
	h := s.hash.New()
	h.Write(canonical(element, s.c14n))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// canonical returns an element by exclusive canonicalization.
func canonical(element, algorithm string) []byte {
	doc := etree.NewDocument()
	err := doc.ReadFromString(element)
	c := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if algorithm != exclusive {
		c = dsig.MakeC14N10ExclusiveWithCommentsCanonicalizerWithPrefixList("")
	}
	var out []byte
	if err == nil {
		out, err = c.Canonicalize(doc.Root())
	}
	if err != nil {
		panic(fmt.Sprintf("samltest: signing what is not XML: %v", err)) // all documents are ours
	}
	return out
}

// signWithKey signs the same way each time: RSA with PKCS #1 v1.5, ECDSA as RFC 6979 has it.
func (s signature) signWithKey(message []byte) []byte {
	h := s.hash.New()
	h.Write(message)
	value, err := s.key.Private.Sign(nil, h.Sum(nil), s.hash)
	if err != nil {
		panic(fmt.Sprintf("samltest: signing: %v", err))
	}
	if public, ok := s.key.Private.Public().(*ecdsa.PublicKey); ok && s.rawECDSA {
		return rawECDSA(value, (public.Curve.Params().BitSize+7)/8)
	}
	return value
}

// rawECDSA returns a signature as XML Signature 1.1 §6.4.3 has it: r and s, one after the other.
func rawECDSA(der []byte, size int) []byte {
	var v struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &v); err != nil {
		panic(fmt.Sprintf("samltest: signing: %v", err))
	}
	return append(v.R.FillBytes(make([]byte, size)), v.S.FillBytes(make([]byte, size))...)
}

// x509Data returns a KeyInfo with certificates.
func x509Data(certificates ...*x509.Certificate) string {
	var b bytes.Buffer
	for _, c := range certificates {
		b.WriteString("<ds:X509Certificate>" + base64.StdEncoding.EncodeToString(c.Raw) + "</ds:X509Certificate>")
	}
	return `<ds:KeyInfo xmlns:ds="` + nsSignature + `"><ds:X509Data>` + b.String() + "</ds:X509Data></ds:KeyInfo>"
}

var digestMethods = map[crypto.Hash]string{
	crypto.SHA1:   "http://www.w3.org/2000/09/xmldsig#sha1",
	crypto.SHA256: "http://www.w3.org/2001/04/xmlenc#sha256",
	crypto.SHA384: "http://www.w3.org/2001/04/xmldsig-more#sha384",
	crypto.SHA512: "http://www.w3.org/2001/04/xmlenc#sha512",
}

// methodOf returns the identifier of signatures of a key with a hash.
func methodOf(key Key, hash crypto.Hash) string {
	kind := "rsa"
	if _, ok := key.Private.Public().(*ecdsa.PublicKey); ok {
		kind = "ecdsa"
	}
	if kind == "rsa" && hash == crypto.SHA1 {
		return "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
	}
	sizes := map[crypto.Hash]string{crypto.SHA1: "1", crypto.SHA256: "256", crypto.SHA384: "384", crypto.SHA512: "512"}
	return "http://www.w3.org/2001/04/xmldsig-more#" + kind + "-sha" + sizes[hash]
}
