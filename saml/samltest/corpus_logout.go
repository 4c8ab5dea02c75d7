package samltest

import (
	"regexp"
	"strings"
	"time"
)

// A logoutRequest asks for the end of a session.
type logoutRequest struct {
	id, instant, notOnOrAfter, destination, issuer string
	nameID                                         string // XML
	session                                        string // its SessionIndex
}

func (l logoutRequest) element() element {
	session := ""
	if l.session != "" {
		session = "<samlp:SessionIndex>" + text(l.session) + "</samlp:SessionIndex>"
	}
	return element{
		id: l.id,
		head: `<samlp:LogoutRequest xmlns:samlp="` + nsProtocol + `" xmlns:saml="` + nsAssertion + `"` +
			attribute("ID", l.id) + attribute("Version", "2.0") + attribute("IssueInstant", l.instant) +
			attribute("NotOnOrAfter", l.notOnOrAfter) + attribute("Destination", l.destination) + ">" + issuer(l.issuer),
		tail: l.nameID + session + "</samlp:LogoutRequest>",
	}
}

// logout returns a request of the identity provider to end the session of the person.
func (m *maker) logout() logoutRequest {
	return logoutRequest{
		id: m.id("l"), instant: m.at(0), notOnOrAfter: m.at(5 * time.Minute), destination: m.SLO,
		issuer: m.IdPEntityID, nameID: name(text(m.NameID)), session: m.id("s"),
	}
}

// redirected returns the query of a request for logout, signed.
func (m *maker) redirected(l logoutRequest) string {
	return m.idp().signedQuery(query("SAMLRequest", l.element().String(), "relay & state"))
}

// redirecting returns a case of HTTP-Redirect with changes to the request.
func redirecting(change func(m *maker, l *logoutRequest)) func(m *maker) string {
	return func(m *maker) string {
		l := m.logout()
		change(m, &l)
		return m.redirected(l)
	}
}

const signedOut = "anybody can sign out anybody"

var logoutCases = []row{{
	Case: Case{ID: "L1", Title: "a LogoutRequest without a signature", Want: "logout.unsigned", Binding: LogoutRedirect, Why: signedOut},
	make: func(m *maker) string { return query("SAMLRequest", m.logout().element().String(), "relay & state") },
}, {
	Case: Case{ID: "L2", Title: "a LogoutRequest of 400 days ago", Want: "logout.expired", Binding: LogoutRedirect, Why: late},
	make: redirecting(func(m *maker, l *logoutRequest) {
		const age = -400 * 24 * time.Hour
		l.instant, l.notOnOrAfter = m.at(age), m.at(age+5*time.Minute)
	}),
}, {
	Case: Case{
		ID: "L3", Title: "a LogoutRequest for another Destination", Want: "logout.destination", Binding: LogoutRedirect,
		Why: "a request that was made for another service provider works here",
	},
	make: redirecting(func(_ *maker, l *logoutRequest) { l.destination = "https://other.example.com/saml/slo" }),
}, {
	Case: Case{
		ID: "L4", Title: "the signature of the query is over other octets: %2F was signed, %2f is sent",
		Want: "logout.signature", Binding: LogoutRedirect,
		Why: "the signature is over the octets as they are sent (SAML bindings §3.4.4.1); who encodes anew verifies something else",
	},
	make: func(m *maker) string {
		q, signature, _ := strings.Cut(m.redirected(m.logout()), "&Signature=")
		return escapes.ReplaceAllStringFunc(q, strings.ToLower) + "&Signature=" + signature
	},
}, {
	Case: Case{
		ID: "L5", Title: "SAMLRequest twice in the query: an evil one, then the signed one", Want: "logout.parameter",
		Binding: LogoutRedirect,
		Why:     "one part of a program verifies the one, another reads the other",
	},
	make: func(m *maker) string {
		evil := m.logout()
		evil.id, evil.nameID, evil.session = m.id("evil"), name(text(m.Attacker)), ""
		return query("SAMLRequest", evil.element().String(), "") + "&" + m.redirected(m.logout())
	},
}, {
	Case: Case{
		ID: "L6", Title: "a LogoutRequest, not signed, around a signed assertion", Want: "logout.profile", Binding: LogoutPOST,
		Why: "who has seen a sign-in can sign out: that there is a signature does not say what it is for",
	},
	make: func(m *maker) string {
		return m.logout().element().inside(m.ownAssertion().signed(m.idp()).String()).String()
	},
}, {
	Case: Case{ID: "L7", Title: "baseline: a signed query", Want: Accept, Binding: LogoutRedirect, Why: "this is what identity providers send"},
	make: func(m *maker) string { return m.redirected(m.logout()) },
}, {
	Case: Case{ID: "L8", Title: "baseline: a signed LogoutRequest", Want: Accept, Binding: LogoutPOST, Why: "this is what identity providers send"},
	make: func(m *maker) string { return m.logout().element().signed(m.idp()).String() },
}}

var escapes = regexp.MustCompile("%[0-9A-F]{2}")
