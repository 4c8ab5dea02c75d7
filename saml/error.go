package saml

import "strings"

// A Code names a rule that a response, a message or a document of metadata did not keep. Codes are
// stable: hosts and dashboards may count them.
type Code string

// The codes. What each means, and who can do something about it, is in the documentation entry that
// [Code.Entry] returns.
const (
	RequestMethod     Code = "request.method"
	RequestNoResponse Code = "request.no_response"
	RequestTooLarge   Code = "request.too_large"

	EncodingBase64 Code = "encoding.base64"

	XMLMalformed Code = "xml.malformed"
	XMLForbidden Code = "xml.forbidden"
	XMLLimits    Code = "xml.limits"

	StructureRoot      Code = "structure.root"
	StructureVersion   Code = "structure.version"
	StructureChild     Code = "structure.child"
	StructureAssertion Code = "structure.assertion"
	StructureSignature Code = "structure.signature"
	StructureReference Code = "structure.reference"
	StructureText      Code = "structure.text"

	IdPRefused Code = "idp.refused"

	SignatureMissing     Code = "signature.missing"
	SignatureAlgorithm   Code = "signature.algorithm"
	SignatureUnknownKey  Code = "signature.unknown_key"
	SignatureInvalid     Code = "signature.invalid"
	SignatureUnsupported Code = "signature.unsupported"

	VerifierDisagreement Code = "verifier.disagreement"
	CertificateExpired   Code = "certificate.expired"

	IssuerMismatch      Code = "issuer.mismatch"
	AudienceMismatch    Code = "audience.mismatch"
	AudienceMissing     Code = "audience.missing"
	RecipientMismatch   Code = "recipient.mismatch"
	DestinationMismatch Code = "destination.mismatch"
	DestinationMissing  Code = "destination.missing"
	TimeNotYet          Code = "time.not_yet"
	TimeExpired         Code = "time.expired"
	TimeIssueInstant    Code = "time.issue_instant"
	InResponseToMissing Code = "in_response_to.missing"
	InResponseToUnknown Code = "in_response_to.unknown"
	Replay              Code = "replay"
	ConfirmationNone    Code = "confirmation.none"
	ConditionMissing    Code = "condition.missing"
	ConditionUnknown    Code = "condition.unknown"
	SubjectMissing      Code = "subject.missing"
	SubjectNotEmail     Code = "subject.not_email"
	AttributeMissing    Code = "attribute.missing"
	AttributeDuplicate  Code = "attribute.duplicate"
	AuthnContext        Code = "authn_context"
	SessionExpired      Code = "session.expired"

	DecryptionFailed    Code = "decryption.failed"
	DecryptionNoKey     Code = "decryption.no_key"
	DecryptionAlgorithm Code = "decryption.algorithm"

	MetadataFetch         Code = "metadata.fetch"
	MetadataParse         Code = "metadata.parse"
	MetadataExpired       Code = "metadata.expired"
	MetadataNoIdP         Code = "metadata.no_idp"
	MetadataNoKeys        Code = "metadata.no_keys"
	MetadataEntityChanged Code = "metadata.entity_changed"
	MetadataEndpoint      Code = "metadata.endpoint"

	StoreUnavailable Code = "store.unavailable"

	LogoutUnsigned    Code = "logout.unsigned"
	LogoutExpired     Code = "logout.expired"
	LogoutDestination Code = "logout.destination"
	LogoutSignature   Code = "logout.signature"
	LogoutParameter   Code = "logout.parameter"
	LogoutProfile     Code = "logout.profile"
	LogoutIssuer      Code = "logout.issuer"
	LogoutReplay      Code = "logout.replay"
	LogoutStatus      Code = "logout.status"

	ConfigInvalid Code = "config.invalid"
)

// Family is the code up to its dot.
func (c Code) Family() string {
	family, _, _ := strings.Cut(string(c), ".")
	return family
}

// A Check is one rule and what came of it.
type Check struct {
	Code     Code // of the rule, whether it was kept or not
	OK       bool
	Expected string // what was wanted, for people
	Actual   string // what was there, shortened
	// Verified says that Actual was read from what a key of the identity provider has signed. What
	// is not may be anybody's, and is for the eyes of an administrator alone.
	Verified bool
}

// A Report says what was checked of a response. The first check that failed decided; those after
// it were made all the same, as far as that was possible.
type Report struct {
	Checks []Check
}

// Failed returns the checks that failed, in the order they were made.
func (r *Report) Failed() []Check {
	var failed []Check
	if r != nil {
		for _, c := range r.Checks {
			if !c.OK {
				failed = append(failed, c)
			}
		}
	}
	return failed
}

// An Error is a verdict: what was received is not believed. Its text names the code and nothing that
// was received, so it is safe to show. Report and Unwrap are for the log.
//
// A store that is down is no verdict: then the code is [StoreUnavailable], and the same message may
// be sent again.
type Error struct {
	Code   Code
	Report *Report // of a response; else nil
	Cause  error   // optional
}

// Error names the code.
func (e *Error) Error() string { return "saml: refused: " + string(e.Code) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }
