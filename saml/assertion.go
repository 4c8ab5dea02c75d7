package saml

import (
	"slices"
	"time"
)

// An Assertion is what the identity provider says of a person, after its signature and every
// condition on it were checked. [ServiceProvider.Validate] makes them, and nothing else does.
type Assertion struct {
	claims    *claims
	statement authnStatement
	request   *pending // nil: the identity provider began
	expires   time.Time
	report    *Report
}

// ID returns the identifier of the assertion.
func (a *Assertion) ID() string { return a.claims.id }

// Issuer returns the entity ID of the identity provider.
func (a *Assertion) Issuer() string { return a.claims.issuer }

// NameID returns who the assertion is about.
func (a *Assertion) NameID() NameID { return a.claims.nameID }

// Attributes returns the attributes, in the order the identity provider sent them.
func (a *Assertion) Attributes() []Attribute {
	all := slices.Clone(a.claims.attributes)
	for i := range all {
		all[i].Values = slices.Clone(all[i].Values)
	}
	return all
}

// Values returns the values of the attribute of a name, byte for byte, or nil.
func (a *Assertion) Values(name string) []string {
	if i, ok := a.claims.byName[name]; ok {
		return slices.Clone(a.claims.attributes[i].Values)
	}
	return nil
}

// SessionIndex returns the name of the session at the identity provider, for single logout, or "".
func (a *Assertion) SessionIndex() string { return a.statement.sessionIndex }

// AuthnInstant returns when the person signed in there; zero if the assertion does not say.
func (a *Assertion) AuthnInstant() time.Time { return a.statement.instant.time }

// AuthnContext returns how: the class of the authentication context (SAML core §2.7.2.2), or "".
func (a *Assertion) AuthnContext() string { return a.statement.context }

// SessionNotOnOrAfter returns when a session that begins with the assertion has to end; zero if the
// identity provider does not care.
func (a *Assertion) SessionNotOnOrAfter() time.Time { return a.statement.sessionNotOnOrAfter.time }

// Expires returns until when the assertion itself was good to be presented.
func (a *Assertion) Expires() time.Time { return a.expires }

// RequestID returns the ID of the request that was answered, or "" if the identity provider began.
func (a *Assertion) RequestID() string {
	if a.request == nil {
		return ""
	}
	return a.request.id
}

// Data returns what [Request.Data] had of the request that was answered.
func (a *Assertion) Data() []byte {
	if a.request == nil {
		return nil
	}
	return slices.Clone(a.request.data)
}

// Report says what was checked.
func (a *Assertion) Report() *Report { return a.report }
