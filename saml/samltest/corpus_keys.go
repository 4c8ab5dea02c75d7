package samltest

import (
	"crypto/x509"
	"strings"
)

// signedAssertion returns a response of which the assertion is signed, with changes to the assertion
// before that.
func (m *maker) signedAssertion(changes ...func(a *assertion)) string {
	return m.response(m.ownAssertion(changes...).signed(m.idp()).String()).element().String()
}

// ownAssertion returns the unsigned assertion about the person, with changes.
func (m *maker) ownAssertion(changes ...func(a *assertion)) element {
	a := m.assertion(m.NameID)
	for _, change := range changes {
		change(&a)
	}
	return a.element()
}

// signedResponse returns a response that is signed, with an unsigned assertion.
func (m *maker) signedResponse(changes ...func(r *response)) string {
	r := m.response(m.ownAssertion().String())
	for _, change := range changes {
		change(&r)
	}
	return r.element().signed(m.idp()).String()
}

// idp returns the usual signature of the identity provider.
func (m *maker) idp() signature { return signature{key: m.Keys.IdP} }

// assertionBy returns a response of which the assertion has a certain signature.
func assertionBy(s func(m *maker) signature) func(m *maker) string {
	return func(m *maker) string {
		return m.response(m.ownAssertion().signed(s(m)).String()).element().String()
	}
}

// rollover is the trust in two keys.
func rollover(k Keys) []*x509.Certificate {
	return []*x509.Certificate{k.Second.Certificate, k.IdP.Certificate}
}

var keyCases = []row{{
	Case: Case{
		ID: "A1", Title: "baseline: signed assertion", Want: Accept,
		Why: "this is what most identity providers send",
	},
	make: func(m *maker) string { return m.signedAssertion() },
}, {
	Case: Case{
		ID: "A2", Title: "baseline: signed response", Want: Accept,
		Why: "a signature over the response covers the assertion in it",
	},
	make: func(m *maker) string { return m.signedResponse() },
}, {
	Case: Case{
		ID: "A3", Title: "baseline: both signed", Want: Accept,
		Why: "both signatures are there for safety, and both hold",
	},
	make: func(m *maker) string {
		return m.signedResponse(func(r *response) { r.body = m.ownAssertion().signed(m.idp()).String() })
	},
}, {
	Case: Case{
		ID: "A4", Title: "nothing signed", Want: "signature.missing",
		Why: "anybody could have written it",
	},
	make: func(m *maker) string { return m.response(m.ownAssertion().String()).element().String() },
}, {
	Case: Case{
		ID: "A5", Title: "signed by the key of an attacker, with the certificate of that key in KeyInfo",
		Want: "signature.unknown_key",
		Why:  "a signature that brings the key to verify it proves nothing",
	},
	make: assertionBy(func(m *maker) signature { return signature{key: m.Keys.Attacker} }),
}, {
	Case: Case{
		ID: "A6", Title: "signed by the key of an attacker, with the certificate of the identity provider in KeyInfo",
		Want: "signature.unknown_key",
		Why:  "KeyInfo is a hint, not a proof",
	},
	make: assertionBy(func(m *maker) signature {
		return signature{key: m.Keys.Attacker, keyInfo: x509Data(m.Keys.IdP.Certificate)}
	}),
}, {
	Case: Case{
		ID: "A7", Title: "no KeyInfo, one trusted certificate", Want: Accept,
		Why: "KeyInfo is optional, and the key is known from the metadata",
	},
	make: assertionBy(func(m *maker) signature { return signature{key: m.Keys.IdP, keyInfo: noKeyInfo} }),
}, {
	Case: Case{
		ID: "A8", Title: "no KeyInfo, two trusted certificates, of which the second signs", Want: Accept,
		Why:   "during a rollover the metadata has two keys, and each has to be tried",
		trust: rollover,
	},
	make: assertionBy(func(m *maker) signature { return signature{key: m.Keys.IdP, keyInfo: noKeyInfo} }),
}, {
	Case: Case{
		ID: "A9", Title: "a certificate in KeyInfo, two trusted certificates", Want: Accept,
		Why:   "during a rollover the metadata has two keys, and KeyInfo says which one was used",
		trust: rollover,
	},
	make: func(m *maker) string { return m.signedAssertion() },
}, {
	Case: Case{
		ID: "A10", Title: "KeyInfo with nothing but a KeyName", Want: Accept,
		Why: "KeyInfo is a hint in many forms; one that is not understood does no harm",
	},
	make: assertionBy(func(m *maker) signature {
		return signature{key: m.Keys.IdP, keyInfo: "<ds:KeyInfo><ds:KeyName>signing key 1</ds:KeyName></ds:KeyInfo>"}
	}),
}, {
	Case: Case{
		ID: "A11", Title: "a chain in KeyInfo: the certificate of the authority first, that of the key second",
		Want: Accept,
		Why:  "the order of certificates in X509Data is free",
	},
	make: assertionBy(func(m *maker) signature {
		return signature{key: m.Keys.IdP, keyInfo: x509Data(m.Keys.Authority, m.Keys.IdP.Certificate)}
	}),
}, {
	Case: Case{
		ID: "A12", Title: "SignatureValue in lines that are indented with spaces", Want: Accept,
		Why: "xs:base64Binary may have white space anywhere",
	},
	make: assertionBy(func(m *maker) signature {
		return signature{key: m.Keys.IdP, signedValue: func(v string) string { return lines(v, "\n      ") + "\n    " }}
	}),
}, {
	Case: Case{
		ID: "A13", Title: "SignatureValue in lines", Want: Accept,
		Why: "xs:base64Binary may have white space anywhere",
	},
	make: assertionBy(func(m *maker) signature {
		return signature{key: m.Keys.IdP, signedValue: func(v string) string { return lines(v, "\n") + "\n" }}
	}),
}}

// lines returns a text in lines of 76 characters, each after a separator.
func lines(s, separator string) string {
	var b strings.Builder
	for len(s) > 76 {
		b.WriteString(separator + s[:76])
		s = s[76:]
	}
	return b.String() + separator + s
}
