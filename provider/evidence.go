package provider

import (
	"slices"

	"github.com/seed-30109bde/gatehouse/saml"
)

// What identity providers send when somebody has signed in with more than a password.
const (
	oktaAttribute  = "amr" // mapped from session.amr by an administrator
	oktaMFA        = "mfa"
	entraAttribute = "http://schemas.microsoft.com/claims/authnmethodsreferences"
	entraMFA       = "http://schemas.microsoft.com/claims/multipleauthn"
)

// evidence returns what in an assertion says that a second factor was used, "" = nothing does.
func evidence(a *saml.Assertion) string {
	switch {
	case slices.Contains(a.Values(oktaAttribute), oktaMFA):
		return oktaAttribute + "=" + oktaMFA
	case slices.Contains(a.Values(entraAttribute), entraMFA):
		return entraAttribute + "=" + entraMFA
	}
	return ""
}
