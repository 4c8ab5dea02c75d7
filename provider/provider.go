package provider

import (
	"crypto/rand"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// An ID names a provider: 26 letters and digits in lower case. The entity ID and the reply URLs end
// in it, so it is no secret.
type ID string

// newID returns an ID that no provider ever had.
func newID() ID { return ID(strings.ToLower(rand.Text())) }

// A Provider is the connection of a tenant to one identity provider.
type Provider struct {
	ID ID
	// Version is the store's: opaque, and new after every change.
	Version string

	Name string // unique in its tenant under [filter.Fold]; "" for a draft that has none yet
	// Domains are what follows the "@" in the user names of its people, as [NormalizeDomain] returns
	// them. One without domains is for everybody whose domain no other has.
	Domains []string

	EntityID string // ours, towards this identity provider; unique in the whole store
	// ReplyURL is the assertion consumer service URL, for a product that has had one before, at a host of
	// [URLs]. "" = those of URLs, which end in the ID.
	ReplyURL string
	// Fixed says that EntityID and ReplyURL do not change any more, since a test has used them.
	Fixed bool

	Active    *Settings // what sign-ins use; nil until something was saved
	Candidate *Settings // what the next test judges; nil = nothing to save
	Enabled   bool      // people sign in through it
	SCIM      bool      // it may provision

	Provisioning Provisioning // what it may do by SCIM

	Match Match // how a NameID finds a user
	// AllowIdPInitiated takes sign-ins that began at the identity provider. They can be planted in
	// somebody's browser (login CSRF).
	AllowIdPInitiated bool
	// BypassMFA asks a technician for no second factor if the assertion has the evidence of one.
	BypassMFA bool

	SetupLinks []SetupLink // with those that are over; see [Service.NewSetupLink]

	CreatedBy         string // the [Actor.Name] that began it
	Created, Modified time.Time
}

// State returns how far a provider has come.
func (p *Provider) State() State {
	switch {
	case p.Enabled:
		return StateEnabled
	case p.Active != nil:
		return StateSaved
	}
	return StateDraft
}

// A State says how far a provider has come.
type State string

// The states.
const (
	StateDraft   State = "draft"   // nothing was saved yet
	StateSaved   State = "saved"   // it could be enabled
	StateEnabled State = "enabled" // people sign in through it
)

// Match says which attribute of a user the NameID of an assertion has to equal, under
// [filter.Fold] and without the white space around it.
type Match string

// The ways to match.
const (
	MatchUserName  Match = ""           // the user name, the default
	MatchWorkEmail Match = "work email" // the e-mail address of type work, of users that the provider manages
)

// Settings are what the word of an identity provider is judged by. They do not change but for a test
// of them; others take their place.
type Settings struct {
	Metadata *saml.Metadata
	Source   Source // of the metadata
	Policy   SignInPolicy
	Tested   *Tested // nil = no test of them has passed
}

// A SignInPolicy says how messages are sent and judged. The zero value is strict.
type SignInPolicy struct {
	Signed       saml.SignaturePolicy
	PreferPOST   bool   // for requests
	NameIDFormat string // that requests ask for; "" = [saml.EmailFormat]
	// The fields below are those of [saml.Config].
	AuthnContexts                  []string
	MaxAuthnAge                    time.Duration
	MergeAttributes                bool
	AllowSHA1Insecure              bool
	AllowRSA15Insecure             bool
	IgnoreCertificateDatesInsecure bool
}

// A Source says where metadata came from.
type Source struct {
	From SourceKind
	URL  string // for SourceURL
	ETag string // as the server has sent it
	At   time.Time
}

// A SourceKind is a way to give metadata.
type SourceKind string

// The ways.
const (
	SourceURL  SourceKind = "url"
	SourceFile SourceKind = "file"
	SourceXML  SourceKind = "xml"
	SourceHand SourceKind = "hand" // by its parts
)

// A Tested is a passed test of some settings.
type Tested struct {
	// Hash is the [Test.Hash] of the test. Settings whose hash is another were not tested.
	Hash     string
	Run      string // the ID of the test
	At       time.Time
	By       string
	NameID   string
	Evidence string // of a second factor, "" = the assertion had none
}

// An Actor is an administrator who does something.
type Actor struct {
	Tenant scim.TenantID
	Name   string // as the host calls them, for the events; an e-mail address as a rule
	From   string // where the request came from, such as an IP address
}
