package provider

import "github.com/seed-30109bde/gatehouse/saml"

// A ReasonEntry documents a reason, for the administrator who looks for it under an incident ID.
type ReasonEntry struct {
	Reason  Reason
	Meaning string
	Fixer   saml.Fixer
	Action  string
}

// Entry returns the documentation of a reason: of those of package saml that of the code.
func (r Reason) Entry() ReasonEntry {
	if e, ok := reasons[r]; ok {
		e.Reason = r
		return e
	}
	e := saml.Code(r).Entry()
	return ReasonEntry{r, e.Meaning, e.Fixer, e.Action}
}

// reasons documents the reasons of this package.
var reasons = map[Reason]ReasonEntry{
	ReasonWrongProvider: {
		Meaning: "The identity provider has vouched for a user who is not one of its own: another identity provider manages the user, or nobody does and the account is native, or the domain of the user name belongs to another.",
		Fixer:   saml.FixerServiceProvider,
		Action:  "If the user should sign in here, let the provisioning of this identity provider take the user over, or set the authentication type of a native user to SSO and give this provider the domain.",
	},
	ReasonUnknownUser: {
		Meaning: "Nobody here has the name that the identity provider has sent.",
		Fixer:   saml.FixerIdentityProvider,
		Action:  "Provision the person, or send as NameID what provisioning sends as userName. The refusal names users who may be meant.",
	},
	ReasonAmbiguousUser: {
		Meaning: "Several users of the provider have the e-mail address that the identity provider has sent.",
		Fixer:   saml.FixerServiceProvider,
		Action:  "Match on the user name instead, or give each user an address of its own.",
	},
	ReasonInactive: {
		Meaning: "The user is deactivated.",
		Fixer:   saml.FixerIdentityProvider,
		Action:  "Assign the person to the application again, so that provisioning activates the user.",
	},
	ReasonRevoked: {
		Meaning: "While the person was signing in, somebody has ended the sessions of the user or of the provider.",
		Fixer:   saml.FixerServiceProvider,
		Action:  "The person can begin again.",
	},
	ReasonNotSSO: {
		Meaning: "The authentication type of the user is native.",
		Fixer:   saml.FixerServiceProvider,
		Action:  "Set the authentication type of the user to SSO.",
	},
	ReasonDisabled: {
		Meaning: "The provider is not enabled.",
		Fixer:   saml.FixerServiceProvider,
		Action:  "Enable it, after a test that passes.",
	},
	ReasonUnknownProvider: {
		Meaning: "There is no provider at this address, or none for the domain of the name.",
		Fixer:   saml.FixerServiceProvider,
		Action:  "Compare the reply URL at the identity provider with the one shown here, and the domains of the providers with that of the name.",
	},
	ReasonReturn: {
		Meaning: "The sign-in was to end at an address that is not allowed.",
		Fixer:   saml.FixerOperator,
		Action:  "Ask for a path of this host, or add the exact origin to the return targets of the program.",
	},
	Reason(CodeTestChanged): {
		Meaning: "The settings were changed while a test of them ran.",
		Fixer:   saml.FixerServiceProvider,
		Action:  "Test them again.",
	},
	ReasonHost: {
		Meaning: "The program could not start a session.",
		Fixer:   saml.FixerOperator,
		Action:  "The log has the cause under the incident ID. The person can begin again.",
	},
	ReasonStore: {
		Meaning: "There was no verdict, because a store or something else that has to be asked did not answer.",
		Fixer:   saml.FixerOperator,
		Action:  "The log has the cause under the incident ID. The person can begin again.",
	},
}
