package samltest

import "time"

// claiming returns a case in which the assertion, which is signed, says something else.
func claiming(change func(m *maker, a *assertion)) func(m *maker) string {
	return func(m *maker) string {
		return m.signedAssertion(func(a *assertion) { change(m, a) })
	}
}

// confirming returns a case in which the bearer is confirmed by something else.
func confirming(change func(m *maker, d *confirmationData)) func(m *maker) string {
	return claiming(func(m *maker, a *assertion) {
		d := m.ours()
		change(m, &d)
		a.confirmations = m.confirmation(bearer, d)
	})
}

// on returns a case with other conditions.
func on(inner func(m *maker) string) func(m *maker) string {
	return claiming(func(m *maker, a *assertion) { a.conditions = m.conditions(inner(m)) })
}

// answering returns a case with an unsigned response around a signed assertion.
func answering(change func(m *maker, r *response)) func(m *maker) string {
	return func(m *maker) string { return m.around(func(r *response) { change(m, r) }) }
}

// unknownRequest is one that the service provider did not make.
const unknownRequest = "_other"

// otherACS is where another service provider takes responses.
const otherACS = "https://other.example.com/saml/acs"

const (
	stolen   = "a response that was made for another service provider, or stolen there, works here"
	late     = "a response works as long as somebody likes to keep it"
	planted  = "an attacker plants a sign-in of their own in the browser of somebody else"
	declined = "the identity provider has said no"
)

var claimCases = append(claimConditions, append(claimSubjects, claimStatements...)...)

var claimConditions = []row{{
	Case: Case{ID: "C1", Title: "wrong audience", Want: "audience.mismatch", Why: stolen},
	make: on(func(*maker) string { return audience(otherAudience) }),
}, {
	Case: Case{ID: "C2", Title: "no AudienceRestriction", Want: "audience.missing", Why: stolen},
	make: on(func(*maker) string { return "" }),
}, {
	Case: Case{ID: "C3", Title: "Conditions expired an hour ago", Want: "time.expired", Why: late},
	make: claiming(func(m *maker, a *assertion) {
		a.conditions = conditions(m.at(-2*time.Hour), m.at(-time.Hour), audience(m.EntityID))
	}),
}, {
	Case: Case{
		ID: "C4", Title: "Conditions begin in an hour", Want: "time.not_yet",
		Why: "the identity provider has said when it may be used",
	},
	make: claiming(func(m *maker, a *assertion) {
		a.conditions = conditions(m.at(time.Hour), m.at(2*time.Hour), audience(m.EntityID))
	}),
}, {
	Case: Case{ID: "C5", Title: "no Conditions", Want: "condition.missing", Why: stolen},
	make: claiming(func(m *maker, a *assertion) { a.conditions = "" }),
}, {
	Case: Case{ID: "C6", Title: "Conditions without NotBefore", Want: Accept, Why: "NotBefore is optional"},
	make: claiming(func(m *maker, a *assertion) {
		a.conditions = conditions("", m.at(5*time.Minute), audience(m.EntityID))
	}),
}, {
	Case: Case{
		ID: "C29", Title: "two AudienceRestrictions: ours, and another", Want: "audience.mismatch",
		Why: "each of them has to hold (SAML core §2.5.1.4)",
	},
	make: on(func(m *maker) string { return audience(m.EntityID) + audience(otherAudience) }),
}, {
	Case: Case{
		ID: "C30", Title: "one AudienceRestriction with two Audiences: another, and ours", Want: Accept,
		Why: "one of its audiences is enough (SAML core §2.5.1.4)",
	},
	make: on(func(m *maker) string { return audience(otherAudience, m.EntityID) }),
}, {
	Case: Case{ID: "C31", Title: "Conditions begin in five seconds", Want: Accept, Why: "clocks are never the same"},
	make: claiming(func(m *maker, a *assertion) {
		a.conditions = conditions(m.at(5*time.Second), m.at(5*time.Minute), audience(m.EntityID))
	}),
}, {
	Case: Case{
		ID: "C33", Title: "the condition OneTimeUse", Want: Accept,
		Why: "an assertion is used once anyway",
	},
	make: on(func(m *maker) string { return audience(m.EntityID) + "<saml:OneTimeUse/>" }),
}, {
	Case: Case{
		ID: "C34", Title: "a condition that nobody knows", Want: "condition.unknown",
		Why: "an assertion with a condition that is not understood is not valid (SAML core §2.5.1.1)",
	},
	make: on(func(m *maker) string {
		return audience(m.EntityID) + `<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"` +
			` xmlns:x="urn:example:conditions" xsi:type="x:FullMoon"/>`
	}),
}, {
	Case: Case{
		ID: "C37", Title: "the Audience in white space", Want: Accept,
		Why: "documents are indented by those who like to read them",
	},
	make: on(func(m *maker) string {
		return "<saml:AudienceRestriction>\n    <saml:Audience>\n      " + text(m.EntityID) +
			"\n    </saml:Audience>\n  </saml:AudienceRestriction>"
	}),
}}

var claimSubjects = []row{{
	Case: Case{ID: "C7", Title: "SubjectConfirmationData has expired", Want: "time.expired", Why: late},
	make: confirming(func(m *maker, d *confirmationData) { d.notOnOrAfter = m.at(-time.Hour) }),
}, {
	Case: Case{ID: "C8", Title: "wrong Recipient", Want: "recipient.mismatch", Why: stolen},
	make: confirming(func(m *maker, d *confirmationData) { d.recipient = otherACS }),
}, {
	Case: Case{ID: "C9", Title: "wrong Destination", Want: "destination.mismatch", Why: stolen},
	make: answering(func(m *maker, r *response) { r.destination = otherACS }),
}, {
	Case: Case{
		ID: "C10", Title: "no Destination, and the response is not signed", Want: Accept,
		Why: "Destination has to be there where the message is signed (SAML bindings §3.5.5.2)",
	},
	make: answering(func(m *maker, r *response) { r.destination = "" }),
}, {
	Case: Case{
		ID: "C11", Title: "no Destination, and the response is signed", Want: "destination.missing",
		Why: "Destination has to be there where the message is signed (SAML bindings §3.5.5.2)",
	},
	make: func(m *maker) string { return m.signedResponse(func(r *response) { r.destination = "" }) },
}, {
	Case: Case{
		ID: "C12", Title: "InResponseTo of response and assertion is a request nobody made", Want: "in_response_to.unknown",
		Why: planted,
	},
	make: func(m *maker) string { return m.inResponseTo(unknownRequest, unknownRequest) },
}, {
	Case: Case{
		ID:    "C13",
		Title: "InResponseTo is the request in the response, which is not signed, and another in the assertion, which is",
		Want:  "in_response_to.unknown",
		Why:   planted + ", and corrects what is not signed",
	},
	make: func(m *maker) string { return m.inResponseTo(m.RequestID, unknownRequest) },
}, {
	Case: Case{
		ID: "C14", Title: "no InResponseTo, as if the identity provider had begun", Want: "in_response_to.missing",
		Option: "AllowIdPInitiatedInsecure", With: Accept,
		Why: planted,
	},
	make: func(m *maker) string { return m.inResponseTo("", "") },
}, {
	Case: Case{
		ID: "C19", Title: "nothing but a holder-of-key confirmation", Want: "confirmation.none",
		Why: "the browser has not proved that it holds the key",
	},
	make: claiming(func(m *maker, a *assertion) { a.confirmations = m.confirmation(holderOfKey, m.ours()) }),
}, {
	Case: Case{
		ID:    "C20",
		Title: "a sender-vouches confirmation with our data, then a bearer confirmation with none",
		Want:  "recipient.mismatch",
		Why:   "a program that reads both into one value finds a bearer with the data of the other",
	},
	make: claiming(func(m *maker, a *assertion) {
		a.confirmations = m.confirmation(senderVouches, m.ours()) + m.confirmation(bearer, confirmationData{})
	}),
}, {
	Case: Case{
		ID: "C21", Title: "two bearer confirmations: ours, then one for another ACS", Want: Accept,
		Why: "one confirmation that holds is enough (SAML core §2.4.1.1)",
	},
	make: claiming(func(m *maker, a *assertion) {
		other := m.ours()
		other.recipient = otherACS
		a.confirmations = m.confirmation(bearer, m.ours()) + m.confirmation(bearer, other)
	}),
}, {
	Case: Case{
		ID: "C22", Title: "SubjectConfirmationData has a NotBefore, in the future", Want: "confirmation.none",
		Why: "a bearer confirmation must not have one (SAML profiles §4.1.4.2)",
	},
	make: confirming(func(m *maker, d *confirmationData) {
		d.notBefore, d.notOnOrAfter = m.at(10*time.Minute), m.at(15*time.Minute)
	}),
}, {
	Case: Case{
		ID: "C28", Title: "no NameID", Want: "subject.missing",
		Why: "attributes say what somebody has, not who it is",
	},
	make: claiming(func(m *maker, a *assertion) { a.nameID = "" }),
}, {
	Case: Case{ID: "C32", Title: "SubjectConfirmationData expired five seconds ago", Want: Accept, Why: "clocks are never the same"},
	make: confirming(func(m *maker, d *confirmationData) { d.notOnOrAfter = m.at(-5 * time.Second) }),
}, {
	Case: Case{
		ID: "C36", Title: "the NameID in white space", Want: Accept,
		Why: "documents are indented by those who like to read them",
	},
	make: claiming(func(m *maker, a *assertion) { a.nameID = name("\n      " + text(m.NameID) + "\n    ") }),
}}

var claimStatements = []row{{
	Case: Case{
		ID: "C15", Title: "the Issuer of the assertion is another", Want: "issuer.mismatch",
		Why: "who signs for two names must not be taken for the other",
	},
	make: claiming(func(m *maker, a *assertion) { a.issuer = "https://other.example.com/idp" }),
}, {
	Case: Case{
		ID: "C16", Title: "the response has no Issuer", Want: Accept,
		Why: "it has to be there where the response is signed (SAML profiles §4.1.4.2), and this one is not",
	},
	make: answering(func(m *maker, r *response) { r.issuer = "" }),
}, {
	Case: Case{ID: "C17", Title: "Status Responder, and no assertion", Want: "idp.refused", Why: declined},
	make: func(m *maker) string {
		r := m.response("")
		r.status = status(statusResponder, statusDenied, "The user is not assigned to this application.")
		return r.element().String()
	},
}, {
	Case: Case{ID: "C18", Title: "Status Responder, and a signed assertion", Want: "idp.refused", Why: declined},
	make: answering(func(m *maker, r *response) { r.status = status(statusResponder, "", "") }),
}, {
	Case: Case{ID: "C23", Title: "SessionNotOnOrAfter an hour ago", Want: "session.expired", Why: late},
	make: claiming(func(m *maker, a *assertion) { a.authn = m.authn(m.at(-time.Hour)) }),
}, {
	Case: Case{
		ID: "C24", Title: "AuthnContext is unspecified", Want: Accept, Option: "AuthnContexts", With: "authn_context",
		Why: "how somebody signs in is for the identity provider, unless the service provider says otherwise",
	},
	make: claiming(func(m *maker, a *assertion) {
		a.authn = authnStatement(m.at(0), m.id("s"), "", unspecifiedContext)
	}),
}, {
	Case: Case{ID: "C25", Title: "IssueInstant of the assertion a year ago, everything else fresh", Want: "time.issue_instant", Why: late},
	make: claiming(func(m *maker, a *assertion) { a.instant = m.at(-365 * 24 * time.Hour) }),
}, {
	Case: Case{
		ID: "C26", Title: "the attribute email twice: the person, then somebody else", Want: "attribute.duplicate",
		Option: "MergeAttributes", With: Accept,
		Why: "for one program the first counts, for another the last",
	},
	make: claiming(func(m *maker, a *assertion) {
		a.attributes = attributes(values("email", m.NameID), values("email", m.Attacker))
	}),
}, {
	Case: Case{ID: "C27", Title: "no AttributeStatement", Want: Accept, Why: "attributes are optional"},
	make: claiming(func(m *maker, a *assertion) { a.attributes = "" }),
}, {
	Case: Case{
		ID: "C35", Title: "the assertion has the Version 1.1", Want: "structure",
		Why: "it is another message that has the same name",
	},
	make: claiming(func(m *maker, a *assertion) { a.version = "1.1" }),
}, {
	Case: Case{
		ID: "C38", Title: "times without a zone", Want: Accept,
		Why: "SAML core §1.3.3 has all times in UTC, said or not",
	},
	make: func(m *maker) string {
		unzoned := &maker{Params: m.Params, label: m.label, unzoned: true}
		return unzoned.signedAssertion()
	},
}}

// inResponseTo returns a response, not signed, and an assertion, signed, that answer two requests.
func (m *maker) inResponseTo(inResponse, inAssertion string) string {
	own := m.ownAssertion(func(a *assertion) {
		d := m.ours()
		d.inResponseTo = inAssertion
		a.confirmations = m.confirmation(bearer, d)
	})
	r := m.response(own.signed(m.idp()).String())
	r.inResponseTo = inResponse
	return r.element().String()
}
