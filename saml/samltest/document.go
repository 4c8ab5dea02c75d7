package samltest

import (
	"encoding/xml"
	"strings"
	"time"
)

// Namespaces and identifiers of SAML 2.0.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"

	emailFormat   = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	bearer        = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	holderOfKey   = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
	senderVouches = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"

	statusSuccess   = "urn:oasis:names:tc:SAML:2.0:status:Success"
	statusResponder = "urn:oasis:names:tc:SAML:2.0:status:Responder"
	statusDenied    = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"

	passwordContext    = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	unspecifiedContext = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
)

// An element is a text in two halves: a signature goes between them.
type element struct {
	id         string
	head, tail string // the start tag and the Issuer; the rest
}

// String is the XML.
func (e element) String() string { return e.head + e.tail }

// signed returns the element with a signature in its place.
func (e element) signed(s signature) element {
	e.head += s.over(e)
	return e
}

// inside returns the element with a last child.
func (e element) inside(child string) element {
	end := strings.LastIndex(e.tail, "</")
	e.tail = e.tail[:end] + child + e.tail[end:]
	return e
}

// An assertion is what one says. Fields in XML are written as they are, others are escaped; what is
// empty is left out.
type assertion struct {
	attrs         string // XML: more attributes of the start tag
	id            string
	version       string
	instant       string
	issuer        string
	nameID        string // XML
	confirmations string // XML
	conditions    string // XML
	advice        string // XML
	authn         string // XML
	attributes    string // XML
}

func (a assertion) element() element {
	var subject string
	if a.nameID+a.confirmations != "" {
		subject = "<saml:Subject>" + a.nameID + a.confirmations + "</saml:Subject>"
	}
	return element{
		id: a.id,
		head: `<saml:Assertion xmlns:saml="` + nsAssertion + `"` + a.attrs + attribute("ID", a.id) +
			attribute("Version", a.version) + attribute("IssueInstant", a.instant) + ">" + issuer(a.issuer),
		tail: subject + a.conditions + a.advice + a.authn + a.attributes + "</saml:Assertion>",
	}
}

// A response is the message around it.
type response struct {
	attrs        string // XML: more attributes of the start tag
	id           string
	instant      string
	destination  string
	inResponseTo string
	issuer       string
	extensions   string // XML
	status       string // XML
	body         string // XML: what comes after the Status
}

func (r response) element() element {
	return element{
		id: r.id,
		head: `<samlp:Response xmlns:samlp="` + nsProtocol + `" xmlns:saml="` + nsAssertion + `"` + r.attrs +
			attribute("ID", r.id) + attribute("Version", "2.0") + attribute("IssueInstant", r.instant) +
			attribute("Destination", r.destination) + attribute("InResponseTo", r.inResponseTo) + ">" +
			issuer(r.issuer),
		tail: r.extensions + r.status + r.body + "</samlp:Response>",
	}
}

// assertion returns what the identity provider says about a person, everything in order.
func (m *maker) assertion(nameID string) assertion {
	return assertion{
		id:            m.id("a"),
		version:       "2.0",
		instant:       m.at(0),
		issuer:        m.IdPEntityID,
		nameID:        name(text(nameID)),
		confirmations: m.confirmation(bearer, m.ours()),
		conditions:    m.conditions(audience(m.EntityID)),
		authn:         m.authn(""),
		attributes: attributes(
			values("email", nameID), values("displayName", "Zoë & Söhne"), values("groups", "staff", "readers"),
		),
	}
}

// response returns a message with a body, everything in order.
func (m *maker) response(body string) response {
	return response{
		id:           m.id("r"),
		instant:      m.at(0),
		destination:  m.ACS,
		inResponseTo: m.RequestID,
		issuer:       m.IdPEntityID,
		status:       success,
		body:         body,
	}
}

// SubjectConfirmationData that confirms.
type confirmationData struct {
	notBefore, notOnOrAfter, recipient, inResponseTo string
}

func (m *maker) ours() confirmationData {
	return confirmationData{notOnOrAfter: m.at(5 * time.Minute), recipient: m.ACS, inResponseTo: m.RequestID}
}

func (m *maker) confirmation(method string, d confirmationData) string {
	return "<saml:SubjectConfirmation" + attribute("Method", method) + "><saml:SubjectConfirmationData" +
		attribute("InResponseTo", d.inResponseTo) + attribute("NotBefore", d.notBefore) +
		attribute("NotOnOrAfter", d.notOnOrAfter) + attribute("Recipient", d.recipient) +
		"/></saml:SubjectConfirmation>"
}

// conditions returns Conditions that hold now.
func (m *maker) conditions(inner ...string) string {
	return conditions(m.at(-time.Minute), m.at(5*time.Minute), inner...)
}

func conditions(notBefore, notOnOrAfter string, inner ...string) string {
	return "<saml:Conditions" + attribute("NotBefore", notBefore) + attribute("NotOnOrAfter", notOnOrAfter) + ">" +
		strings.Join(inner, "") + "</saml:Conditions>"
}

func audience(entityIDs ...string) string {
	var all string
	for _, id := range entityIDs {
		all += "<saml:Audience>" + text(id) + "</saml:Audience>"
	}
	return "<saml:AudienceRestriction>" + all + "</saml:AudienceRestriction>"
}

// authn returns a statement of a sign-in with a password; end is its SessionNotOnOrAfter.
func (m *maker) authn(end string) string {
	return authnStatement(m.at(0), m.id("s"), end, passwordContext)
}

func authnStatement(instant, session, end, class string) string {
	return "<saml:AuthnStatement" + attribute("AuthnInstant", instant) + attribute("SessionIndex", session) +
		attribute("SessionNotOnOrAfter", end) + "><saml:AuthnContext><saml:AuthnContextClassRef>" + text(class) +
		"</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
}

func attributes(each ...string) string {
	return "<saml:AttributeStatement>" + strings.Join(each, "") + "</saml:AttributeStatement>"
}

func values(name string, each ...string) string {
	var all strings.Builder
	for _, v := range each {
		all.WriteString("<saml:AttributeValue>" + text(v) + "</saml:AttributeValue>")
	}
	return "<saml:Attribute" + attribute("Name", name) + ">" + all.String() + "</saml:Attribute>"
}

// name returns a NameID with a content in XML.
func name(content string) string {
	return "<saml:NameID" + attribute("Format", emailFormat) + ">" + content + "</saml:NameID>"
}

func issuer(entityID string) string {
	if entityID == "" {
		return ""
	}
	return "<saml:Issuer>" + text(entityID) + "</saml:Issuer>"
}

var success = status(statusSuccess, "", "")

// status returns a Status with a second-level code and a message, where they are not empty.
func status(code, second, message string) string {
	inner := "/>"
	if second != "" {
		inner = "><samlp:StatusCode" + attribute("Value", second) + "/></samlp:StatusCode>"
	}
	inner = "<samlp:StatusCode" + attribute("Value", code) + inner
	if message != "" {
		inner += "<samlp:StatusMessage>" + text(message) + "</samlp:StatusMessage>"
	}
	return "<samlp:Status>" + inner + "</samlp:Status>"
}

// attribute returns an attribute, or nothing if it is empty.
func attribute(name, value string) string {
	if value == "" {
		return ""
	}
	return " " + name + `="` + text(value) + `"`
}

// text escapes a text or the value of an attribute.
func text(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
