package provider

import (
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A Reason says why a sign-in was refused: a code of package saml, or one of those below.
type Reason string

// Reasons that are not about the response itself.
const (
	ReasonWrongProvider   Reason = "signin.wrong_provider"   // the user is not one of this provider's
	ReasonUnknownUser     Reason = "signin.unknown_user"     // nobody has this name
	ReasonAmbiguousUser   Reason = "signin.ambiguous_user"   // several have this e-mail address
	ReasonInactive        Reason = "signin.inactive"         // the user is deactivated
	ReasonNotSSO          Reason = "signin.not_sso"          // the user is of authentication type native
	ReasonDisabled        Reason = "signin.disabled"         // the provider is not enabled
	ReasonUnknownProvider Reason = "signin.unknown_provider" // there is no such provider, or none for this name
	ReasonReturn          Reason = "signin.return"           // the return target is none that is allowed
	ReasonHost            Reason = "signin.host"             // the host could not start a session
	ReasonStore           Reason = "signin.store"            // no verdict: a store or port of the host is down
)

// A Refusal is a sign-in, or a message, that was refused. The last ones of each provider are kept in
// memory, since strangers can make as many as they like.
type Refusal struct {
	Time     time.Time
	Tenant   scim.TenantID
	Provider ID // "" = it is not known which was meant
	Reason   Reason
	Incident string
	From     string
	NameID   string // "" = none that was believed
	Report   *saml.Report
	Join     *Join // for ReasonUnknownUser
	Cause    error
}
