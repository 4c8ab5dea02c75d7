package samltest

import "time"

// other returns another assertion of the identity provider, about the attacker, with changes.
func (m *maker) other(changes ...func(a *assertion)) element {
	a := m.assertion(m.Attacker)
	a.id = m.id("b")
	for _, change := range changes {
		change(&a)
	}
	return a.element()
}

const whichOne = "a sign-in is one assertion; which of two it is, is for nobody to guess"

var severalCases = []row{{
	Case: Case{ID: "M1", Title: "two signed assertions, both in order", Want: "structure", Why: whichOne},
	make: func(m *maker) string {
		both := m.ownAssertion().signed(m.idp()).String() + m.other().signed(m.idp()).String()
		return m.response(both).element().String()
	},
}, {
	Case: Case{
		ID: "M2", Title: "a signed response with a signed assertion, and then an unsigned one about somebody else",
		Want: "structure", Why: whichOne,
	},
	make: func(m *maker) string {
		both := m.ownAssertion().signed(m.idp()).String() + m.other().String()
		return m.response(both).element().signed(m.idp()).String()
	},
}, {
	Case: Case{
		ID: "M3", Title: "two signed assertions, the second expired and for another audience", Want: "structure",
		Why: "whoever checks the conditions of the first may take the name of the second",
	},
	make: func(m *maker) string {
		second := m.other(func(a *assertion) {
			a.conditions = conditions(m.at(-2*time.Hour), m.at(-time.Hour), audience(otherAudience))
		})
		both := m.ownAssertion().signed(m.idp()).String() + second.signed(m.idp()).String()
		return m.response(both).element().String()
	},
}}

// otherAudience is a service provider of somebody else.
const otherAudience = "https://other.example.com/saml"
