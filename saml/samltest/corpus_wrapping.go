package samltest

import "strings"

// A forgery has the pieces that wrapping attacks are built of: what the identity provider signed, and
// what the attacker says. The attacker has the former from a sign-in of their own, or of the person.
type forgery struct {
	*maker
	genuine   element // the assertion of the identity provider, unsigned
	signature string  // of it
	evil      element // the assertion of the attacker, unsigned
}

// forged makes a message of the pieces; changes are made to what the attacker says.
func forged(build func(f forgery) string, changes ...func(m *maker, evil *assertion)) func(m *maker) string {
	return func(m *maker) string {
		evil := m.evil()
		for _, change := range changes {
			change(m, &evil)
		}
		genuine := m.ownAssertion()
		return build(forgery{maker: m, genuine: genuine, signature: m.idp().over(genuine), evil: evil.element()})
	}
}

// evil returns an assertion about the attacker, which nobody signed.
func (m *maker) evil() assertion {
	a := m.assertion(m.Attacker)
	a.id = m.id("evil")
	return a
}

// sameID gives the evil assertion the ID of the genuine one.
func sameID(m *maker, evil *assertion) { evil.id = m.id("a") }

// signed returns the genuine assertion with its signature.
func (f forgery) signed() string { return f.genuine.head + f.signature + f.genuine.tail }

// posing returns the evil assertion with a signature in its place.
func (f forgery) posing(signature string) string { return f.evil.head + signature + f.evil.tail }

// in returns a response with a body.
func (f forgery) in(body ...string) string {
	return f.response(strings.Join(body, "")).element().String()
}

// evilResponse returns a response of the attacker.
func (f forgery) evilResponse() element {
	r := f.response(f.evil.String())
	r.id = f.id("evilr")
	return r.element()
}

// genuineResponse returns the response of the identity provider and its signature.
func (f forgery) genuineResponse() (response element, signature string) {
	response = f.response(f.genuine.String()).element()
	return response, f.idp().over(response)
}

// holding returns a Signature with something more at its end.
func holding(signature, content string) string {
	return edited(signature, "</ds:Signature>", content+"</ds:Signature>")
}

// Why wrapping works, where it works.
const twoElements = "one part of a program verifies the signed element, another reads the claims of the evil one"

var wrappingCases = []row{{
	Case: Case{
		ID: "X1", Title: "XSW1: an evil response has a signature that holds the original response",
		Want: "structure", Why: twoElements,
	},
	make: forged(func(f forgery) string {
		original, signature := f.genuineResponse()
		evil := f.evilResponse()
		return evil.head + holding(signature, original.String()) + evil.tail
	}),
}, {
	Case: Case{
		ID: "X2", Title: "XSW2: an evil response has the original response before its detached signature",
		Want: "structure", Why: twoElements,
	},
	make: forged(func(f forgery) string {
		original, signature := f.genuineResponse()
		evil := f.evilResponse()
		return evil.head + original.String() + signature + evil.tail
	}),
}, {
	Case: Case{
		ID: "X3", Title: "XSW3: an evil assertion before the signed one", Want: "structure", Why: twoElements,
	},
	make: forged(func(f forgery) string { return f.in(f.evil.String(), f.signed()) }),
}, {
	Case: Case{
		ID: "X4", Title: "XSW4: the signed assertion is a child of an evil one", Want: "structure", Why: twoElements,
	},
	make: forged(func(f forgery) string { return f.in(f.evil.inside(f.signed()).String()) }),
}, {
	Case: Case{
		ID: "X5", Title: "XSW5: an evil assertion has the signature, the original comes after it without one",
		Want: "structure", Why: twoElements,
	},
	make: forged(func(f forgery) string { return f.in(f.posing(f.signature), f.genuine.String()) }),
}, {
	Case: Case{
		ID: "X6", Title: "XSW6: an evil assertion has the signature, which holds the original",
		Want: "structure", Why: twoElements,
	},
	make: forged(func(f forgery) string { return f.in(f.posing(holding(f.signature, f.genuine.String()))) }),
}, {
	Case: Case{
		ID: "X7", Title: "XSW7: an evil assertion in Extensions before the signed one", Want: "structure", Why: twoElements,
	},
	make: forged(func(f forgery) string {
		r := f.response(f.signed())
		r.extensions = "<samlp:Extensions>" + f.evil.String() + "</samlp:Extensions>"
		return r.element().String()
	}),
}, {
	Case: Case{
		ID: "X8", Title: "XSW8: an evil assertion has the signature, with the original in a ds:Object",
		Want: "structure", Why: twoElements,
	},
	make: forged(func(f forgery) string {
		return f.in(f.posing(holding(f.signature, "<ds:Object>"+f.genuine.String()+"</ds:Object>")))
	}),
}, {
	Case: Case{
		ID: "X9", Title: "an evil assertion has the ID of the signed one, which comes after it", Want: "structure",
		Why: "where two elements have one ID, a reference means whichever of them is found first",
	},
	make: forged(func(f forgery) string { return f.in(f.evil.String(), f.signed()) }, sameID),
}, {
	Case: Case{
		ID: "X10", Title: "the response has the ID of the signed assertion", Want: "structure",
		Why: "where two elements have one ID, a reference means whichever of them is found first",
	},
	make: func(m *maker) string {
		r := m.response(m.ownAssertion().signed(m.idp()).String())
		r.id = m.id("a")
		return r.element().String()
	},
}, {
	Case: Case{
		ID: "X11", Title: "an evil assertion has the signature, and the ID of the original in a decoy x:ID",
		Want: "structure",
		Why:  "a program that reads attributes without their namespace finds that the reference means the parent",
	},
	make: forged(func(f forgery) string { return f.in(f.posing(f.signature), f.genuine.String()) },
		func(m *maker, evil *assertion) {
			evil.attrs = ` xmlns:x="urn:example:decoy"` + attribute("x:ID", m.id("a"))
		}),
}, {
	Case: Case{
		ID: "X12", Title: "the signed assertion in the Advice of an evil one", Want: "structure", Why: twoElements,
	},
	make: func(m *maker) string {
		evil := m.evil()
		evil.advice = "<saml:Advice>" + m.ownAssertion().signed(m.idp()).String() + "</saml:Advice>"
		return m.response(evil.element().String()).element().String()
	},
}, {
	Case: Case{
		ID: "X13", Title: "the signed assertion in StatusDetail, an evil one in its place", Want: "structure", Why: twoElements,
	},
	make: forged(func(f forgery) string {
		r := f.response(f.evil.String())
		r.status = edited(success, "</samlp:Status>", "<samlp:StatusDetail>"+f.signed()+"</samlp:StatusDetail></samlp:Status>")
		return r.element().String()
	}),
}, {
	Case: Case{
		ID: "X14", Title: "a signed response with an evil assertion appended", Want: "structure",
		Why: "a response has one assertion here; more are refused before anything is verified",
	},
	make: forged(func(f forgery) string {
		original, signature := f.genuineResponse()
		original.head += signature
		return original.inside(f.evil.String()).String()
	}),
}, {
	Case: Case{
		ID: "X15", Title: "an evil unsigned response around a signed response", Want: "structure", Why: twoElements,
	},
	make: forged(func(f forgery) string {
		original, signature := f.genuineResponse()
		original.head += signature
		evil := f.evilResponse()
		return evil.head + original.String() + evil.tail
	}),
}, {
	Case: Case{
		ID: "X16", Title: "an evil assertion in a ds:Object of the signature of the response", Want: "structure",
		Why: "nothing of a Signature but SignedInfo is signed, so the signature of the response still holds",
	},
	make: forged(func(f forgery) string {
		original, signature := f.genuineResponse()
		return original.head + holding(signature, "<ds:Object>"+f.evil.String()+"</ds:Object>") + original.tail
	}),
}}
