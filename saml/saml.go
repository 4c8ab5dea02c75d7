package saml

import (
	"context"
	"crypto"
	"errors"
	"time"
)

// Namespaces and constants of SAML 2.0 and of what it is made of.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	nsEncrypt   = "http://www.w3.org/2001/04/xmlenc#"
	nsEncrypt11 = "http://www.w3.org/2009/xmlenc11#"

	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	bindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// SignaturePolicy says what has to be signed.
type SignaturePolicy uint8

// The policies. Whatever is signed is verified, by each of them.
const (
	SignedEither    SignaturePolicy = iota // the response or the assertion, the default
	SignedAssertion                        // the assertion
	SignedResponse                         // the response
	SignedBoth
)

// A Config is one service provider towards one identity provider.
type Config struct {
	EntityID string    // ours
	IdP      *Metadata // whom we believe
	// ACS are the assertion consumer service URLs; all are published. A response must name the one
	// it was posted to.
	ACS     []string
	SLO     string      // our single logout URL, for both bindings; "" = no single logout
	Replays ReplayCache // required: without it a stolen response works twice

	Now func() time.Time // required

	// Sign signs requests, and all that is sent for a logout. It is an RSA key of at least 2048 bits
	// or an ECDSA key on P-256, P-384 or P-521. Optional: without it no request is signed, and
	// there is no single logout.
	Sign            crypto.Signer
	SignCertificate []byte // DER, of Sign; see [NewCertificate]
	// NextSignCertificates are published beside SignCertificate, so that identity providers know the
	// key that will be Sign next. Optional.
	NextSignCertificates [][]byte
	// Decrypt are for encrypted assertions, and are tried in order; at most four decryptions are made
	// for one element. Optional.
	Decrypt []crypto.Decrypter
	// DecryptCertificates are published, for identity providers to encrypt with: DER, each of a key
	// in Decrypt. An identity provider takes the first as a rule. Optional.
	DecryptCertificates [][]byte

	// Seal are the keys of pending requests, at least 32 bytes each: the first seals, all open.
	// They are shared by all processes of a host.
	Seal [][]byte

	// PreferPOST sends requests by HTTP-POST if the identity provider takes them so. Default:
	// by HTTP-Redirect, which every one takes.
	PreferPOST bool
	// NameIDFormat is the format of name that requests ask for; "" = [EmailFormat].
	NameIDFormat string

	Policy SignaturePolicy
	Skew   time.Duration // between the clocks; 0 = 60 s

	MaxResponse int // bytes decoded; 0 = 256 KiB, at most 2 MiB

	// AllowIdPInitiatedInsecure accepts responses that answer no request of ours. They can be
	// planted in a victim's browser (login CSRF).
	AllowIdPInitiatedInsecure bool
	// AllowSHA1Insecure accepts signatures with SHA-1, of which collisions can be bought.
	AllowSHA1Insecure bool
	// AllowRSA15Insecure accepts assertions whose key is encrypted with RSA PKCS #1 v1.5.
	AllowRSA15Insecure bool
	// IgnoreCertificateDatesInsecure believes keys whose certificate has expired.
	IgnoreCertificateDatesInsecure bool
	MergeAttributes                bool // an attribute that is there twice is one with the values of both
	// RequireEmailNameID refuses a NameID that has not the form of an e-mail address.
	RequireEmailNameID bool
	AuthnContexts      []string      // empty = any
	MaxAuthnAge        time.Duration // of AuthnInstant; 0 = any
}

// ErrReplayed is returned by a ReplayCache for a key that was used.
var ErrReplayed = errors.New("saml: it was used before")

// A ReplayCache remembers what must not be used twice. Use is called with a key, which is a digest
// in hexadecimal, and the time until which it has to be remembered. Of concurrent calls with one key
// exactly one returns nil; the others, and all later ones until then, return [ErrReplayed]. Any
// other error is no verdict: the message is refused for now. A time that is over is an error, so that
// of two uses around it not both succeed.
type ReplayCache interface {
	Use(ctx context.Context, key string, until time.Time) error
}
