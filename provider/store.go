package provider

import (
	"context"
	"errors"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// Errors of stores. A store may wrap them.
var (
	// ErrNotFound: there is no such thing in the tenant.
	ErrNotFound = errors.New("provider: not found")
	// ErrStale: it has another version than the one given.
	ErrStale = errors.New("provider: it was changed meanwhile")
)

// A Taken is returned for a write of a provider that would make something belong to two.
type Taken struct {
	Field TakenField
	// By is the provider that has it; "" if that is one of another tenant.
	By ID
	// Value is what is taken.
	Value string
}

// A TakenField says what two providers cannot both have.
type TakenField string

// What is unique.
const (
	TakenName     TakenField = "name"      // in the tenant, under [filter.Fold]
	TakenDomain   TakenField = "domain"    // among the enabled providers of the tenant
	TakenDefault  TakenField = "default"   // one enabled provider of a tenant is without domains
	TakenEntityID TakenField = "entity ID" // ours: in the whole store, drafts included
	TakenIssuer   TakenField = "issuer"    // the pair of the entity ID in Active and [Provider.ReplyURL], if that is set, in the whole store
)

// Error names the field.
func (t *Taken) Error() string { return "provider: this " + string(t.Field) + " is taken" }

// A Store keeps what a [Service] has to remember, for many tenants. [MemoryStore] is the simplest; the
// one of package sqlstore is for production. TestStore of package providertest tests one.
//
// Methods may be called concurrently and honour the cancellation of ctx. A write that has returned
// is seen by every read that starts afterwards. No method keeps or changes a value it was given, and
// the caller may change what it got. Errors are ErrNotFound, ErrStale, *Taken, and
// *[scim.UnavailableError] for a store that cannot answer now.
type Store interface {
	// Connection finds a provider by its ID alone, with its tenant: for the URLs that browsers come to.
	Connection(ctx context.Context, id ID) (scim.TenantID, Provider, error)
	// Walk returns up to limit providers of all tenants, in the order of the bytes of their IDs, after
	// the given one ("" begins): for [Service.Maintain].
	Walk(ctx context.Context, after ID, limit int) ([]Connection, error)

	// Provider returns a provider, or ErrNotFound.
	Provider(ctx context.Context, tenant scim.TenantID, id ID) (Provider, error)
	// PutProvider creates the provider p.ID if p.Version is "", and else replaces it, provided that its
	// stored version still is p.Version. It returns it as stored, with its new version. Otherwise it
	// returns ErrStale (also to a create of an ID that is there), ErrNotFound or a *Taken, and changes
	// nothing.
	PutProvider(ctx context.Context, tenant scim.TenantID, p Provider) (Provider, error)
	// DeleteProvider removes a provider, its tests, tokens and failures, provided that its version is the given one.
	DeleteProvider(ctx context.Context, tenant scim.TenantID, id ID, version string) error
	// Providers returns those that match a query, in the order of the bytes of their folded names, and
	// of their IDs where those are the same.
	Providers(ctx context.Context, tenant scim.TenantID, q Query) (Page, error)
	// Realm returns the enabled provider that has the domain, else the enabled one that has none, else
	// ErrNotFound. A domain is as [NormalizeDomain] returns it, "" for a name without one.
	Realm(ctx context.Context, tenant scim.TenantID, domain string) (Provider, error)

	// PutTest stores a test under its ID, whatever was stored there before. A provider has up to
	// [KeptTests]; older ones, by Began, may be forgotten.
	PutTest(ctx context.Context, tenant scim.TenantID, t Test) error
	// Test returns a test of a provider, or ErrNotFound.
	Test(ctx context.Context, tenant scim.TenantID, provider ID, id string) (Test, error)
	// Tests returns those of a provider, the latest first, up to KeptTests.
	Tests(ctx context.Context, tenant scim.TenantID, provider ID) ([]Test, error)

	// Record stores events under IDs in the order of recording, and returns them with these. sent
	// says that nobody has to be told of them.
	Record(ctx context.Context, tenant scim.TenantID, sent bool, events ...Event) ([]Event, error)
	// Events returns those that match a query, the latest first.
	Events(ctx context.Context, tenant scim.TenantID, q EventQuery) (EventPage, error)
	// Unsent returns up to limit events of all tenants that are not sent, in the order of recording,
	// and Sent marks events as sent.
	Unsent(ctx context.Context, limit int) ([]Event, error)
	Sent(ctx context.Context, ids ...string) error

	// Token finds a token by its ID alone, with its tenant; or ErrNotFound.
	Token(ctx context.Context, id string) (scim.TenantID, Token, error)
	// PutToken stores a token of a provider under its ID, which is unique in the whole store, in place of
	// the one that is there. If there is no such provider it returns ErrNotFound.
	PutToken(ctx context.Context, tenant scim.TenantID, t Token) error
	// Tokens returns those of a provider, the latest first, by Created.
	Tokens(ctx context.Context, tenant scim.TenantID, provider ID) ([]Token, error)
	// TouchToken sets LastUsed, unless it is later already. A token that is not there is passed over.
	TouchToken(ctx context.Context, tenant scim.TenantID, id string, at time.Time) error

	// Touch moves the times of a provider up that are earlier than those given; zero moves nothing. A
	// provider that is not there is passed over.
	Touch(ctx context.Context, tenant scim.TenantID, provider ID, seen Seen) error
	// Seen returns them, all zero where there are none.
	Seen(ctx context.Context, tenant scim.TenantID, provider ID) (Seen, error)
	// PutFailure stores a failure under its subject. Where the provider has one of this subject, Since
	// stays and the Counts are added; else, where it has [MaxFailures], it is passed over. If there is no
	// such provider it returns ErrNotFound.
	PutFailure(ctx context.Context, tenant scim.TenantID, f Failure) error
	// Heal forgets the failures of some subjects of a provider. It is called after each write, and has to
	// be cheap where there are none.
	Heal(ctx context.Context, tenant scim.TenantID, provider ID, subjects ...string) error
	// Failures returns those of a provider, the longest failing first, by Since.
	Failures(ctx context.Context, tenant scim.TenantID, provider ID) ([]Failure, error)

	// Enqueue notes users whose roles have to be looked at, under a stamp, in place of an older one.
	Enqueue(ctx context.Context, tenant scim.TenantID, stamp string, users ...string) error
	// Queued returns up to limit of them of all tenants, in the order of the bytes of tenant and user, after
	// the given one; the zero one begins.
	Queued(ctx context.Context, after Queued, limit int) ([]Queued, error)
	// Dequeue forgets one, unless it was noted again under another stamp.
	Dequeue(ctx context.Context, q Queued) error

	// Once reports whether it is the first call with this key of this tenant since it was last over:
	// of concurrent calls one is. until is when it will be over. Within Transact a call that is undone
	// was none.
	Once(ctx context.Context, tenant scim.TenantID, key string, now, until time.Time) (bool, error)

	// PutRevocation stores the revocation of r.User and r.Provider, in place of the one before.
	PutRevocation(ctx context.Context, tenant scim.TenantID, r Revocation) error
	// Revocations returns those which concern a user, directly or through one of the given
	// provider: that of the user, and that of all users of the provider. "" matches nothing.
	Revocations(ctx context.Context, tenant scim.TenantID, user string, provider ID) ([]Revocation, error)
	// Unacknowledged returns up to limit revocations of all tenants that are not acknowledged, with
	// their tenants, those whose Next is the earliest first.
	Unacknowledged(ctx context.Context, now time.Time, limit int) ([]TenantRevocation, error)

	// Prune forgets up to limit things that are over: events recorded before the given time and sent,
	// keys of Once and acknowledged revocations that are over at now. It reports whether there may be
	// more.
	Prune(ctx context.Context, now, events time.Time, limit int) (more bool, err error)

	// Transact runs f with a store whose writes commit together when f returns nil, and not at all
	// otherwise, also when f panics. It may run f again, and returns the error of f or wraps it.
	Transact(ctx context.Context, tenant scim.TenantID, f func(context.Context, Store) error) error
	// Within returns the store as a part of the transaction that stores given to a function by
	// [scim.Stores.Transact] belong to, and false if it cannot be one.
	Within(stores scim.Stores) (Store, bool)
}

// A Connection is a provider and its tenant.
type Connection struct {
	Tenant   scim.TenantID
	Provider Provider
}

// KeptTests is how many tests of a provider are kept.
const KeptTests = 20

// A Query asks for providers.
type Query struct {
	// Search is a part of the name, of a domain, or of an entity ID: ours, or that of the Active or
	// Candidate metadata. It is compared under [filter.Fold]. "" = all.
	Search string
	State  State // "" = all
	SCIM   *bool // nil = all
	// Certificate chooses by what [Provider.CertificateState] is at Now. "" = all.
	Certificate CertificateState
	Now         time.Time
	After       string // a Page.Next
	Limit       int    // at least 1
}

// A Page is the answer to a [Query].
type Page struct {
	Providers []Provider
	Next      string // "" = that was the last one
}

// A CertificateState says how long an identity provider can go on signing.
type CertificateState string

// The states.
const (
	CertificateNone     CertificateState = "none"     // no metadata yet
	CertificateGood     CertificateState = "good"     // for [ExpirySoon] at least
	CertificateExpiring CertificateState = "expiring" // the last one ends within ExpirySoon
	CertificateExpired  CertificateState = "expired"
)

// ExpirySoon is how long before its end a certificate is worth a banner.
const ExpirySoon = 30 * 24 * time.Hour

// An EventQuery asks for events.
type EventQuery struct {
	Types    []EventType // nil = all
	Provider ID          // "" = all
	User     string      // "" = all
	By       string      // "" = all
	Incident string      // "" = all
	Since    time.Time   // of Event.Time; zero = the beginning
	Before   time.Time   // zero = now
	After    string      // an EventPage.Next
	Limit    int         // at least 1
}

// An EventPage is the answer to an [EventQuery].
type EventPage struct {
	Events []Event
	Next   string // "" = that was the last one
}

// A Revocation says that sessions and tokens which began before a time are over. It is stored together
// with what made it necessary, and acknowledged when the host has killed the sessions.
type Revocation struct {
	User         string // ID; "" = all users of Provider
	Provider     ID     // whose sign-ins it is about; "" = any
	At           time.Time
	Reason       string
	Acknowledged bool
	Tries        int
	Next         time.Time // when to try again
	Until        time.Time // when no session can be left that is older than At
}

// A TenantRevocation is a revocation and its tenant.
type TenantRevocation struct {
	Tenant scim.TenantID
	Revocation
}
