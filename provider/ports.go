package provider

import (
	"context"
	"crypto"
	"net/http"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// URLs are the base URLs of a tenant: absolute, without a slash at the end, where the host has mounted
// [Service.Handler]. They are https, or http on a loopback address if
// [Config.AllowLoopbackInsecure].
type URLs struct {
	Native string   // of entity IDs and of SCIM
	Others []string // such as branded ones: people sign in there too
}

// Keys hands out the keys of a tenant. Whatever was in use stays among them until nothing depends on
// it: a seal for an hour, a decryption key until identity providers have the next one. It is asked
// at each request, may be called concurrently, and answers from memory.
type Keys interface {
	Keys(ctx context.Context, tenant scim.TenantID) (KeyRing, error)
}

// A KeyRing has the current and previous keys of each use.
type KeyRing struct {
	// Sign are for requests and logouts, and published: the first signs, those after it will, so that
	// identity providers know them in time. Optional.
	Sign []SigningKey
	// Decrypt are for encrypted assertions: all decrypt, and those with a certificate are published.
	// Optional.
	Decrypt []DecryptionKey
	// Seal are secrets of at least 32 random bytes, the same in every process: the first seals, all
	// open. Required.
	Seal [][]byte
}

// A SigningKey is a key and its certificate in DER, which [saml.NewCertificate] makes.
type SigningKey struct {
	Signer      crypto.Signer
	Certificate []byte
}

// A DecryptionKey is a key and its certificate in DER; nil = not published any more.
type DecryptionKey struct {
	Decrypter   crypto.Decrypter
	Certificate []byte
}

// A Prover verifies second factors.
type Prover interface {
	// Verify returns nil if the code is a second factor of the actor, [ErrWrongCode] if it is not.
	// Any other error means that nobody knows. It bounds how often somebody may try, and does not
	// take a code twice.
	Verify(ctx context.Context, actor Actor, code string) error
}

// Sessions are those of the host.
type Sessions interface {
	// Start begins a session for a person who has signed in, and sets its cookie. It writes no
	// status and no body: the browser is sent to SignIn.Return after that.
	Start(w http.ResponseWriter, r *http.Request, s SignIn) error
	// Kill ends sessions, before it returns. Ending some that are not there is no error: it is
	// called again until it has returned nil.
	Kill(ctx context.Context, k Kill) error
}

// A Kill names sessions that have to end.
type Kill struct {
	Tenant scim.TenantID
	User   string // ID; "" = all who have signed in through Provider
	// Provider restricts it to sessions that began with a sign-in through the provider; "" = any.
	Provider ID
	// Sessions are the [SignIn.SessionIndex] of those that end; none = all.
	Sessions []string
	Reason   string // for the host's log
}

// A SignIn is a person who has signed in.
type SignIn struct {
	Tenant   scim.TenantID
	Provider ID
	User     scim.User
	// SecondFactor says whether the host has to ask for one before it lets the person in.
	SecondFactor SecondFactor
	Evidence     string // why SecondFactorByIdP

	NameID       saml.NameID
	SessionIndex string
	Attributes   []saml.Attribute
	AuthnInstant time.Time // when the person signed in at the identity provider
	Until        time.Time // when the session has to end at the latest; zero = as the host likes
	IdPInitiated bool

	// Return is where the browser goes: a path of this host, as it was asked for and checked.
	Return string
	// Logout is for [Service.StartLogout]: the host keeps it with the session. "" = the identity
	// provider has no single logout.
	Logout string
}

// A SecondFactor says whether one is asked for.
type SecondFactor string

// The states of the second factor.
const (
	SecondFactorNotAsked SecondFactor = "not asked"
	SecondFactorRequired SecondFactor = "required"
	SecondFactorByIdP    SecondFactor = "satisfied by the identity provider"
)
