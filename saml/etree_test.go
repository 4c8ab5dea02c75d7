package saml

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// TestValidated has goxmldsig validate what identity providers signed: the element it returns is the
// one that is canonical here.
func TestValidated(t *testing.T) {
	validated := 0
	for name, data := range realFiles(t) {
		every(mustParse(t, string(data), xmlLimits{}), func(n *node) {
			signature := n.child(nsSignature, "Signature")
			if signature == nil || strings.Contains(name, "authnrequest") {
				return
			}
			validated++
			e, err := validator(t, find(signature, "X509Certificate")).Validate(n.etree())
			if err != nil {
				t.Errorf("%s: %s: %v", name, n.local, err)
				return
			}
			canonical := canonicalize(nil, n, c14nExclusive, prefixList(signature), signature)
			again, err := etreeCanonical(e, c14nExclusive, prefixList(signature))
			if err != nil || string(again) != string(canonical) || !etreeIs(e, canonical) {
				t.Errorf("%s: %s: %v\n%s, want\n%s", name, n.local, err, again, canonical)
			}
			if e.CreateAttr("ID", "_other"); etreeIs(e, canonical) {
				t.Errorf("%s: another ID makes no difference", name)
			}
		})
	}
	if validated < 10 {
		t.Errorf("%d signatures", validated)
	}
}

// prefixList is the PrefixList of the last transform.
func prefixList(signature *node) []string {
	if n := find(find(signature, "Reference"), "InclusiveNamespaces"); n != nil {
		list, _ := n.attr("PrefixList")
		return strings.Fields(list)
	}
	return nil
}

// validator believes a certificate, at a time when it is valid.
func validator(t *testing.T, n *node) *dsig.ValidationContext {
	t.Helper()
	text, _ := n.text()
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	v := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{certificate}})
	v.Clock = dsig.NewFakeClockAt(certificate.NotBefore.Add(time.Hour))
	return v
}

// TestEtreeContext looks at what an element is given that stands below others.
func TestEtreeContext(t *testing.T) {
	root := mustParse(t, `<p:a xmlns:p="u:p" xmlns:q="u:q" xmlns="u:d" xml:lang="de"><b xmlns="" xml:space="default"><p:c xmlns:q="u:r"/></b>`+
		`<d xmlns:p="u:p"/><e q:r=""/></p:a>`, xmlLimits{metadata: true})
	for local, want := range map[string][4]string{
		"a": {`xmlns:p xmlns:q xmlns xml:lang`, `xmlns:p xmlns:q xmlns xml:lang`, `xmlns:p xmlns:q xmlns xml:lang`, `xmlns:p xmlns:q xmlns xml:lang`},
		"b": {`xml:space xmlns:p xmlns:q`, `xml:space xmlns:p xmlns:q xml:lang`, `xml:space xmlns:p`, `xml:space xmlns:p xmlns:q`},
		"c": {`xmlns:q xmlns:p`, `xmlns:q xmlns:p xml:space xml:lang`, `xmlns:q xmlns:p`, `xmlns:q xmlns:p`},
		"d": {`xmlns:p xmlns:q xmlns`, `xmlns:p xmlns:q xmlns xml:lang`, `xmlns:p xmlns`, `xmlns:p xmlns:q xmlns`},
		"e": {`q:r xmlns:p xmlns:q xmlns`, `q:r xmlns:p xmlns:q xmlns xml:lang`, `q:r xmlns:q xmlns`, `q:r xmlns:q xmlns`},
	} {
		n := find(root, local)
		plain, inclusive := n.etree(), n.etreeInclusive()
		for i, prefixes := range [][]string{nil, {"q"}} {
			if got := attrNames(n.etreeExclusive(prefixes)); got != want[2+i] {
				t.Errorf("%s, exclusive with %q: %s, want %s", local, prefixes, got, want[2+i])
			}
		}
		if got := attrNames(plain); got != want[0] || plain.Parent() != nil {
			t.Errorf("%s: %s, want %s", local, got, want[0])
		}
		if got := attrNames(inclusive); got != want[1] || inclusive.Parent() != nil {
			t.Errorf("%s: %s, want %s", local, got, want[1])
		}
	}
}

func attrNames(e *etree.Element) string {
	var names []string
	for _, a := range e.Attr {
		names = append(names, a.FullKey())
	}
	return strings.Join(names, " ")
}

// etreeCanonical returns the canonical form that goxmldsig writes of an element without a parent,
// such as it returns from a validation.
func etreeCanonical(e *etree.Element, m c14nMethod, prefixes []string) ([]byte, error) {
	c := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(strings.Join(prefixes, " "))
	if m == c14nInclusive {
		c = dsig.MakeC14N10RecCanonicalizer()
	}
	return c.Canonicalize(e.Copy())
}

// etreeIs reports whether an element, such as goxmldsig returns from a validation, is what a
// canonical form says: written as it is, it has the very same bytes.
func etreeIs(e *etree.Element, canonical []byte) bool {
	b := bytes.NewBuffer(make([]byte, 0, len(canonical)))
	e.WriteTo(b, &etree.WriteSettings{CanonicalEndTags: true, CanonicalText: true, CanonicalAttrVal: true})
	return bytes.Equal(b.Bytes(), canonical)
}
