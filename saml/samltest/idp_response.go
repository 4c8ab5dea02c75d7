package samltest

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Signing says what is signed.
type Signing uint8

// What is signed.
const (
	SignAssertion Signing = iota
	SignResponse
	SignBoth
	SignNothing
)

// A Fault is something that goes wrong at identity providers.
type Fault string

// The faults.
const (
	WrongAudience      Fault = "wrong audience"
	WrongRecipient     Fault = "wrong recipient"
	WrongDestination   Fault = "wrong destination"
	WrongIssuer        Fault = "wrong issuer"
	WrongRequest       Fault = "answers a request that nobody made"
	ExpiredAssertion   Fault = "expired an hour ago"
	FutureAssertion    Fault = "begins in an hour"
	ExpiredSession     Fault = "the session is over"
	ExpiredCertificate Fault = "signed with a key whose certificate has expired" // of [TestKeys], which has to be among Published
	UnknownKey         Fault = "signed with a key that is not in the metadata"
	Tampered           Fault = "changed after it was signed"
	NoNameID           Fault = "no NameID"
	NoAudience         Fault = "no audience"
	DuplicateAttribute Fault = "the first attribute twice"
)

// Faults returns all faults.
func Faults() []Fault {
	return []Fault{
		WrongAudience, WrongRecipient, WrongDestination, WrongIssuer, WrongRequest, ExpiredAssertion, FutureAssertion,
		ExpiredSession, ExpiredCertificate, UnknownKey, Tampered, NoNameID, NoAudience, DuplicateAttribute,
	}
}

// A Status is an answer without an assertion.
type Status struct {
	Code    string // a top-level code; "" = Responder
	Second  string // a second-level code, optional
	Message string // optional
}

// ResponseOptions say how a response is made. The zero values of those that are not about the request
// or the person are what identity providers do: a signed assertion for five minutes.
type ResponseOptions struct {
	ACS          string // where it is sent
	Audience     string // the entity ID of the service provider
	InResponseTo string // the ID of the request; "" for a response that nobody asked for
	Person       Person

	Sign     Signing
	Key      Key         // zero = that of the identity provider
	Hash     crypto.Hash // of signature and digest; 0 = SHA-256
	ECDSADER bool        // signatures of ECDSA are ASN.1, which XML Signature does not have
	NoKey    bool        // signatures have no KeyInfo

	NoPrefixes bool // but samlp: as Entra ID writes responses

	Encrypt *Encryption // optional

	Status       *Status       // optional
	Skew         time.Duration // by which its clock is ahead
	AuthnContext string        // "" = PasswordProtectedTransport
	AuthnAge     time.Duration // since the person has signed in
	Session      time.Duration // how long the session may be; 0 = nothing is said
	Faults       []Fault
}

// Response returns a response, decoded.
func (idp *IdP) Response(o ResponseOptions) []byte {
	d := idp.draft(o)
	if o.Status != nil {
		r := d.response("")
		r.status = o.Status.xml()
		return []byte(d.finish(d.written(r.element())))
	}
	assertion := d.assertionElement()
	if o.Sign == SignAssertion || o.Sign == SignBoth {
		assertion = d.tampered(assertion.signed(d.signature))
	}
	body := assertion.String()
	if o.Encrypt != nil {
		body = d.encrypted(encryption{Encryption: *o.Encrypt}, body)
	}
	return []byte(d.finish(d.responseElement(body)))
}

// FormValue returns the same as [IdP.Response], as the value of the form field SAMLResponse.
func (idp *IdP) FormValue(o ResponseOptions) string {
	return base64.StdEncoding.EncodeToString(idp.Response(o))
}

func (s Status) xml() string {
	if s.Code == "" {
		s.Code = statusResponder
	}
	return status(s.Code, s.Second, s.Message)
}

// A draft is a response as it is made.
type draft struct {
	maker
	ResponseOptions
	signature signature
}

func (idp *IdP) draft(o ResponseOptions) *draft {
	now := idp.o.Now().Add(o.Skew)
	d := &draft{
		// The time is part of the IDs so that a second identity provider of the name does not repeat them.
		maker: maker{label: fmt.Sprint(now.UnixNano(), " ", idp.count.Add(1)), Params: Params{
			EntityID: o.Audience, ACS: o.ACS, RequestID: o.InResponseTo, IdPEntityID: idp.o.EntityID, Now: now,
		}},
		ResponseOptions: o,
		signature:       signature{key: o.Key, hash: o.Hash, rawECDSA: !o.ECDSADER},
	}
	if o.Key.Private == nil {
		d.signature.key = idp.o.Key
	}
	if o.NoKey {
		d.signature.keyInfo = noKeyInfo
	}
	if o.NoPrefixes {
		d.signature.prefix = defaultPrefix
	}
	if d.has(ExpiredCertificate) {
		d.signature.key = TestKeys().Expired
	}
	if d.has(UnknownKey) {
		d.signature.key = TestKeys().Attacker
	}
	if d.has(WrongRequest) {
		d.RequestID = unknownRequest
	}
	return d
}

func (d *draft) has(f Fault) bool { return slices.Contains(d.Faults, f) }

// assertionElement returns the assertion with those faults that are in it.
func (d *draft) assertionElement() element {
	a := d.assertion(d.Person.NameID)
	a.nameID = d.Person.nameID()
	if d.has(NoNameID) {
		a.nameID = ""
	}
	if d.has(WrongIssuer) {
		a.issuer = "https://other.example.com/idp"
	}
	if d.has(DuplicateAttribute) && len(d.Person.Attributes) > 0 {
		d.Person.Attributes = append(slices.Clone(d.Person.Attributes), d.Person.Attributes[0])
	}
	a.confirmations = d.bearer()
	a.conditions = d.validity()
	a.authn = d.authnStatement()
	a.attributes = d.Person.statement()
	return d.written(a.element())
}

// written returns an element with the prefixes that are wanted.
func (d *draft) written(e element) element {
	if d.NoPrefixes {
		without := strings.NewReplacer("<saml:", "<", "</saml:", "</", " xmlns:saml=", " xmlns=")
		e.head, e.tail = without.Replace(e.head), without.Replace(e.tail)
	}
	return e
}

func (d *draft) bearer() string {
	data := d.ours()
	if d.has(WrongRecipient) {
		data.recipient = otherACS
	}
	if d.has(ExpiredAssertion) {
		data.notOnOrAfter = d.at(-time.Hour)
	}
	return d.confirmation(bearer, data)
}

func (d *draft) validity() string {
	from, until, restriction := d.at(-time.Minute), d.at(5*time.Minute), audience(d.Audience)
	if d.has(ExpiredAssertion) {
		from, until = d.at(-2*time.Hour), d.at(-time.Hour)
	}
	if d.has(FutureAssertion) {
		from, until = d.at(time.Hour), d.at(2*time.Hour)
	}
	if d.has(WrongAudience) {
		restriction = audience(otherAudience)
	}
	if d.has(NoAudience) {
		restriction = ""
	}
	return conditions(from, until, restriction)
}

func (d *draft) authnStatement() string {
	end := ""
	if d.Session != 0 {
		end = d.at(d.Session)
	}
	if d.has(ExpiredSession) {
		end = d.at(-time.Hour)
	}
	class := d.AuthnContext
	if class == "" {
		class = passwordContext
	}
	return authnStatement(d.at(-d.AuthnAge), d.id("s"), end, class)
}

func (d *draft) responseElement(body string) element {
	r := d.response(body)
	if d.has(WrongDestination) {
		r.destination = otherACS
	}
	return d.written(r.element())
}

// finish signs the response if that is wanted.
func (d *draft) finish(e element) string {
	if d.Sign == SignResponse || d.Sign == SignBoth {
		e = d.tampered(e.signed(d.signature))
	}
	return e.String()
}

// tampered returns a signed element with something added: to an assertion an attribute, to a response
// a message.
func (d *draft) tampered(e element) element {
	if d.has(Tampered) {
		e.tail = strings.Replace(e.tail, "</samlp:Status>", "<samlp:StatusMessage>added</samlp:StatusMessage></samlp:Status>", 1)
		if strings.HasSuffix(e.tail, "Assertion>") {
			e = d.written(e.inside(attributes(values("role", "admin"))))
		}
	}
	return e
}
