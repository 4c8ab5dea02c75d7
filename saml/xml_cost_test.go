package saml

import (
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// entraLike is a response of 6 KB, of the form that Entra ID sends.
func entraLike() string {
	base64Text := func(n int) string {
		raw := make([]byte, n)
		for i := range raw {
			raw[i] = byte(i*i*31 + 7*i)
		}
		return base64.StdEncoding.EncodeToString(raw)
	}
	const claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	signature := `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>` +
		`<CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>` +
		`<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>` +
		`<Reference URI="#_b"><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>` +
		`<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></Transforms>` +
		`<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>` + base64Text(32) + `</DigestValue>` +
		`</Reference></SignedInfo><SignatureValue>` + base64Text(256) + `</SignatureValue>` +
		`<KeyInfo><X509Data><X509Certificate>` + base64Text(750) + `</X509Certificate></X509Data></KeyInfo></Signature>`
	var attributes strings.Builder
	for i := range 14 {
		fmt.Fprintf(&attributes, `<Attribute Name="%sclaim%d"><AttributeValue>value %d of jane@example.com</AttributeValue></Attribute>`,
			claims, i, i)
	}
	return `<samlp:Response ID="_a" Version="2.0" IssueInstant="2026-01-15T10:00:00.000Z" Destination="https://app.example.com/saml/acs" ` +
		`InResponseTo="_c" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">` +
		`<Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">https://sts.example.net/t/</Issuer>` +
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` +
		`<Assertion ID="_b" IssueInstant="2026-01-15T10:00:00.000Z" Version="2.0" xmlns="urn:oasis:names:tc:SAML:2.0:assertion">` +
		`<Issuer>https://sts.example.net/t/</Issuer>` + signature +
		`<Subject><NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">jane@example.com</NameID>` +
		`<SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><SubjectConfirmationData InResponseTo="_c" ` +
		`NotOnOrAfter="2026-01-15T11:00:00.000Z" Recipient="https://app.example.com/saml/acs"/></SubjectConfirmation></Subject>` +
		`<Conditions NotBefore="2026-01-15T09:55:00.000Z" NotOnOrAfter="2026-01-15T11:00:00.000Z"><AudienceRestriction>` +
		`<Audience>https://app.example.com</Audience></AudienceRestriction></Conditions><AttributeStatement>` + attributes.String() +
		`</AttributeStatement><AuthnStatement AuthnInstant="2026-01-15T09:59:00.000Z" SessionIndex="_b"><AuthnContext>` +
		`<AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</AuthnContextClassRef></AuthnContext>` +
		`</AuthnStatement></Assertion></samlp:Response>`
}

// hostile are documents of 208 KB that are refused, with the code.
var hostile = []struct {
	name, text string
	code       Code
}{
	{"declarations", `<a` + numbered(` xmlns:p%x="u:"`, 16_000) + `/>`, XMLLimits},
	{"declarations on many elements", `<a>` + strings.Repeat(`<b`+numbered(` xmlns:p%d="u:"`, 16)+`/>`, 1000) + `</a>`, XMLLimits},
	{"declarations of one prefix", `<a` + strings.Repeat(` xmlns:p="u:"`, 16_000) + `/>`, XMLMalformed},
	{"attributes", `<a` + numbered(` p%x=""`, 20_000) + `/>`, XMLLimits},
	{"depth", nest("a", 5000, strings.Repeat("b", 173_000)), XMLLimits},
	{"depth without an end", strings.Repeat("<a>", 70_000), XMLLimits},
	{"elements", `<a>` + strings.Repeat("<b/>", 52_000) + `</a>`, XMLLimits},
	{"IDs", `<a>` + numbered(`<b ID="%d"/>`, 13_000) + `<b ID="1"/></a>`, StructureReference},
	{"references", `<a>` + strings.Repeat("&#65;", 42_000), XMLMalformed},
	{"references in an attribute", `<a b="` + strings.Repeat("&lt;", 52_000), XMLMalformed},
	{"& without an end", `<a>` + strings.Repeat("x", 208_000) + `&`, XMLMalformed},
	{"a name without an end", `<` + strings.Repeat("a", 208_000), XMLMalformed},
	{"texts", `<a>` + strings.Repeat("]]&gt;\r", 29_000) + `]]></a>`, XMLMalformed},
	{"tags that do not match", `<` + strings.Repeat("a", 100_000) + `></` + strings.Repeat("a", 100_000) + `b>`, XMLMalformed},
	{"bytes that are not UTF-8", `<a>` + strings.Repeat("b", 208_000) + "\xff</a>", XMLMalformed},
}

// TestHostileCost bounds the memory that a refused document takes: 4 MiB, and 6 if nothing is wrong
// with it before the last of the elements that are accepted.
func TestHostileCost(t *testing.T) {
	for _, v := range hostile {
		if code, rule := refusal(t, v.text, xmlLimits{}); code != v.code {
			t.Errorf("%s: %s: %s, want %s", v.name, code, rule, v.code)
		}
		data := []byte(v.text)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := parseXML(data, xmlLimits{})
		runtime.ReadMemStats(&after)
		most := uint64(4 << 20)
		if v.name == "elements" || v.name == "IDs" {
			most = 6 << 20
		}
		if used := after.TotalAlloc - before.TotalAlloc; err == nil || used > most {
			t.Errorf("%s: %d bytes, %v", v.name, used, err)
		}
	}
}

// TestParseAllocations bounds how often a response of usual length allocates.
func TestParseAllocations(t *testing.T) {
	data := []byte(entraLike())
	n := mustParse(t, string(data), xmlLimits{})
	if len(data) < 5500 || len(data) > 6500 {
		t.Errorf("%d bytes", len(data))
	}
	if got := testing.AllocsPerRun(20, func() { mustParse(t, string(data), xmlLimits{}) }); got > 20 {
		t.Errorf("parsing allocates %v times", got)
	}
	dst := make([]byte, 0, len(data))
	if got := testing.AllocsPerRun(20, func() { canonicalize(dst, n, c14nExclusive, nil, nil) }); got > 3 {
		t.Errorf("canonicalising allocates %v times", got)
	}
}

func BenchmarkParse(b *testing.B) {
	data := []byte(entraLike())
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseXML(data, xmlLimits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCanonicalize(b *testing.B) {
	n := mustParse(b, entraLike(), xmlLimits{})
	assertion := n.child(nsAssertion, "Assertion")
	signature := assertion.child(nsSignature, "Signature")
	dst := make([]byte, 0, 8<<10)
	for m, name := range map[c14nMethod]string{c14nExclusive: "exclusive", c14nInclusive: "inclusive"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				dst = canonicalize(dst[:0], assertion, m, nil, signature)
			}
		})
	}
}

func BenchmarkEtree(b *testing.B) {
	n := mustParse(b, entraLike(), xmlLimits{}).child(nsAssertion, "Assertion")
	canonical := canonicalize(nil, n, c14nExclusive, nil, nil)
	b.Run("build", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n.etree()
		}
	})
	b.Run("canonicalize", func(b *testing.B) {
		b.ReportAllocs()
		e := n.etree()
		for b.Loop() {
			if _, err := etreeCanonical(e, c14nExclusive, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("compare", func(b *testing.B) {
		b.ReportAllocs()
		e := mustParse(b, string(canonical), xmlLimits{}).etree()
		e.SortAttrs()
		for b.Loop() {
			etreeIs(e, canonical)
		}
	})
}

func BenchmarkHostile(b *testing.B) {
	for _, v := range hostile {
		data := []byte(v.text)
		b.Run(strings.ReplaceAll(v.name, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := parseXML(data, xmlLimits{}); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}
