package saml

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// An envelopedForm is a form of signature that identity providers have.
type envelopedForm struct {
	canonicalizer dsig.Canonicalizer
	change        func(signature *etree.Element)
}

// signedAs signs the root of a document in some form.
func signedAs(t testing.TB, document string, f envelopedForm, key crypto.Signer) string {
	t.Helper()
	d := etree.NewDocument()
	if err := d.ReadFromString(document); err != nil {
		t.Fatal(err)
	}
	c, err := dsig.NewSigningContext(key, [][]byte{testCertificate()})
	if err != nil {
		t.Fatal(err)
	}
	c.Canonicalizer = f.canonicalizer
	signature, err := c.ConstructSignature(d.Root(), true)
	if err != nil {
		t.Fatal(err)
	}
	if f.change != nil {
		f.change(signature)
	}
	d.Root().AddChild(signature)
	return string(writeElement(d.Root()))
}

func TestVerifyEnvelopedForms(t *testing.T) {
	document := `<a xmlns="urn:a" xmlns:unused="urn:b" ID="_1"><b xmlns:c="urn:c" c:d="e&#xA;">  text &amp; more</b></a>`
	key, err := readKey(testCertificate())
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]envelopedForm{
		"exclusive":             {canonicalizer: dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")},
		"exclusive with a list": {canonicalizer: dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("unused")},
		"inclusive":             {canonicalizer: dsig.MakeC14N10RecCanonicalizer()},
		"without a KeyInfo": {canonicalizer: dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(""), change: func(s *etree.Element) {
			s.RemoveChild(s.FindElement("KeyInfo"))
		}},
		"a value in lines": {canonicalizer: dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(""), change: func(s *etree.Element) {
			v := s.FindElement("SignatureValue")
			v.SetText("\n  " + v.Text()[:60] + "\n  " + v.Text()[60:] + "\n")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			signed := signedAs(t, document, f, rsaTestKeys()[0])
			if name == "exclusive with a list" {
				signed = withPrefixList(t, document, "unused")
			}
			got, err := verifyEnveloped(mustParse(t, signed, xmlLimits{}), []Key{{Certificate: certificateFor(rsaTestKeys()[2], "other")}, key}, false)
			if err != nil || !got.same(key) {
				t.Fatalf("%v, %s\n%s", err, explain(err), signed)
			}
			_, err = verifyEnveloped(mustParse(t, strings.Replace(signed, "text", "test", 1), xmlLimits{}), []Key{key}, false)
			wantCode(t, err, SignatureInvalid, "")
			_, err = verifyEnveloped(mustParse(t, signed, xmlLimits{}), nil, false)
			wantCode(t, err, SignatureUnknownKey, "no key")
		})
	}
}

// withPrefixList signs with an InclusiveNamespaces in the transform, which our own C14N has to keep.
func withPrefixList(t testing.TB, document, prefixes string) string {
	t.Helper()
	list := `<InclusiveNamespaces xmlns="` + algExclusive + `" PrefixList="` + prefixes + `"/>`
	info := `<SignedInfo xmlns="` + nsSignature + `"><CanonicalizationMethod Algorithm="` + algExclusive + `"></CanonicalizationMethod>` +
		`<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></SignatureMethod><Reference URI="#_1"><Transforms>` +
		`<Transform Algorithm="` + algEnveloped + `"></Transform><Transform Algorithm="` + algExclusive + `">` + strings.Replace(list, "/>", "></InclusiveNamespaces>", 1) +
		`</Transform></Transforms><DigestMethod Algorithm="` + nsEncrypt + `sha256"></DigestMethod><DigestValue>` +
		digestOf(canonicalize(nil, mustParse(t, document, xmlLimits{}), c14nExclusive, []string{prefixes}, nil)) + `</DigestValue></Reference></SignedInfo>`
	canonical := canonicalize(nil, mustParse(t, info, xmlLimits{}), c14nExclusive, nil, nil)
	signature := `<Signature xmlns="` + nsSignature + `">` + info + `<SignatureValue>` + signatureOf(t, canonical) + `</SignatureValue></Signature>`
	return strings.TrimSuffix(document, "</a>") + signature + "</a>"
}

// An element that has a signature may hold others that have theirs.
func TestVerifyEnvelopedAroundAnother(t *testing.T) {
	form := envelopedForm{canonicalizer: dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")}
	inner := signedAs(t, `<b xmlns="urn:b" ID="_2">text</b>`, form, rsaTestKeys()[2])
	outer := signedAs(t, `<a xmlns="urn:a" ID="_1">`+inner+`</a>`, form, rsaTestKeys()[0])
	ours, _ := readKey(testCertificate())
	theirs, _ := readKey(certificateFor(rsaTestKeys()[2], "other"))
	root := mustParse(t, outer, xmlLimits{})
	if _, err := verifyEnveloped(root, []Key{ours}, false); err != nil {
		t.Error(err, explain(err))
	}
	if _, err := verifyEnveloped(root.elements()[0], []Key{theirs}, false); err != nil {
		t.Error(err, explain(err))
	}
	_, err := verifyEnveloped(root, []Key{theirs}, false)
	wantCode(t, err, SignatureUnknownKey, "")
}

func TestVerifyEnvelopedRefusesForms(t *testing.T) {
	form := envelopedForm{canonicalizer: dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")}
	signed := signedAs(t, `<a xmlns="urn:a" ID="_1">text</a>`, form, rsaTestKeys()[0])
	second := signed[strings.Index(signed, "<ds:Signature "):strings.LastIndex(signed, "</a>")]
	transform := `<ds:Transform Algorithm="` + algExclusive + `"/>`
	if !strings.Contains(signed, transform) {
		t.Fatal(signed)
	}
	key, _ := readKey(testCertificate())
	for name, c := range map[string]struct {
		text  string
		code  Code
		words string
	}{
		"two signatures":    {strings.Replace(signed, "</a>", second+"</a>", 1), StructureSignature, "several"},
		"no ID":             {strings.Replace(signed, ` ID="_1"`, "", 1), StructureReference, ""},
		"no transforms":     {strings.Replace(signed, transform, "", 1), SignatureUnknownKey, ""},
		"C14N 1.1":          {strings.Replace(signed, transform, `<ds:Transform Algorithm="http://www.w3.org/2006/12/xml-c14n11"/>`, 1), SignatureAlgorithm, "c14n11"},
		"C14N 1.1 all over": {strings.Replace(signed, algExclusive, "http://www.w3.org/2006/12/xml-c14n11", 1), SignatureAlgorithm, "c14n11"},
		"inclusive now":     {strings.Replace(signed, transform, `<ds:Transform Algorithm="`+algInclusive+`"/>`, 1), SignatureUnknownKey, ""},
	} {
		_, err := verifyEnveloped(mustParse(t, c.text, xmlLimits{}), []Key{key}, false)
		if verdict, ok := err.(*Error); !ok || verdict.Code != c.code {
			t.Errorf("%s: %v, %s", name, err, explain(err))
			continue
		}
		wantCode(t, err, c.code, c.words)
	}
}

func TestInflate(t *testing.T) {
	query, err := deflatedQuery(outgoing{param: "a", document: []byte(strings.Repeat("b", 1000))})
	if err != nil {
		t.Fatal(err)
	}
	params, err := readParameters(strings.Replace(query, "a=", "SAMLRequest=", 1))
	if err != nil {
		t.Fatal(err)
	}
	deflated, err := decodeSpaced(params[paramRequest].value)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := inflate(deflated, 1000); err != nil || !bytes.Equal(out, bytes.Repeat([]byte("b"), 1000)) {
		t.Error(len(out), err)
	}
	if _, err := inflate(deflated, 999); err != errInflate {
		t.Error(err)
	}
	for name, data := range map[string][]byte{"nothing": nil, "a part": deflated[:len(deflated)-1], "more": append(bytes.Clone(deflated), 0), "other bytes": []byte("<a/>")} {
		if _, err := inflate(data, 1000); err != errDeflate {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A query is joined to a URL that has one already, and to one that only seems to.
func TestQueryOfALocation(t *testing.T) {
	sp := newProvider(t)
	for location, want := range map[string]string{
		"https://idp.example.com/sso":      "https://idp.example.com/sso?SAMLRequest=",
		"https://idp.example.com/sso?":     "https://idp.example.com/sso?SAMLRequest=",
		"https://idp.example.com/sso?a=b":  "https://idp.example.com/sso?a=b&SAMLRequest=",
		"https://idp.example.com/sso?a=b&": "https://idp.example.com/sso?a=b&SAMLRequest=",
	} {
		m, err := sp.send(outgoing{param: paramRequest, to: Endpoint{Binding: HTTPRedirect}, location: location, document: []byte("<a/>")}, false)
		if err != nil || !strings.HasPrefix(m.URL, want) || strings.Contains(m.URL, "RelayState") {
			t.Errorf("%s: %s, %v", location, m.URL, err)
		}
	}
}

func TestXMLWriter(t *testing.T) {
	var w xmlWriter
	w.start("a", "b", "<\"&\n>")
	w.leaf("c", "")
	w.leaf("d", "]]>&\r", "e", "'")
	w.text("f")
	out, err := w.finish()
	if err != nil {
		t.Fatal(err)
	}
	const want = `<a b="&lt;&quot;&amp;&#xA;>"><c/><d e="'">]]&gt;&amp;&#xD;</d>f</a>`
	if string(out) != want {
		t.Errorf("%s, want %s", out, want)
	}
	root := mustParse(t, string(out), xmlLimits{})
	if b, _ := root.attr("b"); b != "<\"&\n>" {
		t.Errorf("%q", b)
	}
	for _, bad := range []string{"\x00", "\xFF", "\uFFFE", "a\x1Bb"} {
		var w xmlWriter
		w.leaf("a", bad)
		if out, err := w.finish(); err == nil {
			t.Errorf("%q is %q", bad, out)
		}
	}
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// signatureOf returns a signature of the identity provider.
func signatureOf(t testing.TB, data []byte) string {
	t.Helper()
	sum := sha256.Sum256(data)
	signature, err := rsa.SignPKCS1v15(nil, rsaTestKeys()[0], crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(signature)
}
