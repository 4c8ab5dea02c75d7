package samltest

import "strings"

var signatureCases = []row{{
	Case: Case{
		ID: "S1", Title: "an altered assertion, and its digest in a comment inside DigestValue", Want: "structure",
		Why: "canonicalization drops the comment, so the signature holds; a program that reads the first node has the digest of the attacker",
	},
	make: forged(func(f forgery) string {
		digest := f.attacker().withDefaults(f.evil).digest(f.evil.String())
		return f.in(f.posing(edited(f.signature, "<ds:DigestValue>", "<ds:DigestValue><!--"+digest+"-->")))
	}, sameID),
}, {
	Case: Case{
		ID: "S2", Title: "an altered assertion, and a second SignedInfo with its digest before the signed one",
		Want: "structure",
		Why:  "one part of a program verifies one SignedInfo, another reads the digest of the other",
	},
	make: forged(func(f forgery) string {
		signature := f.attacker().over(f.evil)
		const end = "</ds:SignedInfo>"
		info := signature[strings.Index(signature, "<ds:SignedInfo>") : strings.Index(signature, end)+len(end)]
		return f.in(f.posing(edited(f.signature, "<ds:SignedInfo>", info+"<ds:SignedInfo>")))
	}, sameID),
}, {
	Case: Case{
		ID: "S3", Title: "a second SignatureValue", Want: "structure",
		Why: "of two values one is not verified",
	},
	make: forged(func(f forgery) string {
		const end = "</ds:SignatureValue>"
		second := "<ds:SignatureValue>" + value(f.attacker().over(f.genuine)) + end
		f.signature = edited(f.signature, end, end+second)
		return f.in(f.signed())
	}),
}, {
	Case: Case{
		ID: "S4", Title: "a transform with XSLT inserted", Want: "structure",
		Why: "a program that applies transforms before it verifies runs what a stranger wrote",
	},
	make: forged(func(f forgery) string {
		f.signature = edited(f.signature, "</ds:Transforms>", xslt+"</ds:Transforms>")
		return f.in(f.signed())
	}),
}, {
	Case: Case{
		ID: "S5", Title: "two signatures on one assertion, the second by an attacker", Want: "structure",
		Why: "of two signatures one is not verified, or not believed",
	},
	make: func(m *maker) string {
		return m.response(m.ownAssertion().signed(m.idp()).signed(m.attacker()).String()).element().String()
	},
}, {
	Case: Case{
		ID: "S6", Title: "two signatures on one assertion, the first by an attacker", Want: "structure",
		Why: "of two signatures one is not verified, or not believed",
	},
	make: forged(func(f forgery) string {
		f.signature = f.attacker().over(f.genuine) + f.signature
		return f.in(f.signed())
	}),
}, {
	Case: Case{
		ID: "S7", Title: "the signature moved into an AttributeValue", Want: "structure",
		Why: "the enveloped-signature transform takes it out wherever it is, so it holds; what is signed is its parent all the same",
	},
	make: forged(func(f forgery) string {
		const group = "<saml:AttributeValue>staff"
		return f.in(edited(f.genuine.String(), group, strings.Replace(group, ">", ">"+f.signature, 1)))
	}),
}, {
	Case: Case{
		ID: "S8", Title: "another NameID after signing", Want: "signature.invalid",
		Why: "this is what signatures are for",
	},
	make: forged(func(f forgery) string {
		return f.in(edited(f.signed(), name(text(f.NameID)), name(text(f.Attacker))))
	}),
}, {
	Case: Case{
		ID: "S9", Title: "the URI of the Reference begins with X in place of #", Want: "structure",
		Why: "it is the name of another document; a program that skips the first character does not see that",
	},
	make: assertionBy(func(m *maker) signature { return signature{key: m.Keys.IdP, uri: "X" + m.id("a")} }),
}}

// xslt is a transform that any document survives unchanged.
const xslt = `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116">` +
	`<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">` +
	`<xsl:template match="/"><xsl:copy-of select="."/></xsl:template></xsl:stylesheet></ds:Transform>`

// attacker returns a signature that nobody believes.
func (m *maker) attacker() signature { return signature{key: m.Keys.Attacker} }

// value returns the SignatureValue of a Signature.
func value(signature string) string {
	_, rest, _ := strings.Cut(signature, "<ds:SignatureValue>")
	v, _, _ := strings.Cut(rest, "</ds:SignatureValue>")
	return v
}
