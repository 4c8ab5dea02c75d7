package provider

// A Problem is what keeps an act from being done, and what an administrator can do about it. Its text
// is for them.
type Problem struct {
	Code   ProblemCode
	Detail string // a sentence that names what, where and the rule
	// Provider is another provider that is in the way; "" = none.
	Provider ID
	Cause    error // for the log; optional
}

// A ProblemCode names a rule. Codes are stable.
type ProblemCode string

// The codes.
const (
	ProblemName        ProblemCode = "name"         // not a name, or taken
	ProblemDomain      ProblemCode = "domain"       // not a domain, or taken
	ProblemDefault     ProblemCode = "default"      // another enabled provider has no domains
	ProblemIdentifiers ProblemCode = "identifiers"  // of ours: not a URL, taken, or fixed
	ProblemMetadata    ProblemCode = "metadata"     // Cause is a *saml.Error
	ProblemFetch       ProblemCode = "fetch"        // the URL could not be read
	ProblemPolicy      ProblemCode = "policy"       // a setting that cannot be meant
	ProblemNoCandidate ProblemCode = "no_candidate" // nothing to test or to save
	ProblemUntested    ProblemCode = "untested"     // no test of exactly these settings has passed
	ProblemState       ProblemCode = "state"        // not now: it is enabled, or not
	ProblemProof       ProblemCode = "proof"        // not for this, too old, or used
	ProblemFactor      ProblemCode = "factor"       // the second factor is wrong
	ProblemEvidence    ProblemCode = "evidence"     // the last test had none
	ProblemLastNative  ProblemCode = "last_native"  // no enabled native administrator would be left
	ProblemURLs        ProblemCode = "urls"         // Config.URLs returned what cannot be used
	ProblemTooMany     ProblemCode = "too_many"
	ProblemPage        ProblemCode = "page" // of a listing: it is not there, or cannot be searched for
)

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Cause }
