package provider

import (
	"context"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// An EventType names what happened. Types are stable; [EventType.Entry] documents each.
type EventType string

// An Event is something that happened: an act of an administrator, a sign-in, or what [Service.Maintain]
// has found. It prints and logs itself without what is personal; Details has it in full.
type Event struct {
	ID       string // the store's, in the order of recording: "" before it is recorded
	Time     time.Time
	Tenant   scim.TenantID
	Type     EventType
	Provider ID     // "" = none
	User     string // the ID of a user; "" = none
	By       string // the [Actor.Name]; "" = nobody: a sign-in, or maintenance
	From     string // the [Actor.From], or where a browser is
	Incident string // what the person was shown, if they were refused
	Details  map[string]string
}

// A Sink takes events, in the order they are recorded as far as there is one. It is given an event
// again if it returned an error, or if the process ended before that was known: events have an ID to
// recognise them.
type Sink interface {
	Record(ctx context.Context, events []Event) error
}

// What administrators do.
const (
	EventBegun       EventType = "provider.begun"      // a draft
	EventChanged     EventType = "provider.changed"    // name, domains, identifiers or toggles
	EventImported    EventType = "provider.imported"   // metadata became the candidate
	EventPolicy      EventType = "provider.policy"     // the sign-in policy of the candidate
	EventDiscarded   EventType = "provider.discarded"  // the candidate
	EventTestBegun   EventType = "provider.test_begun" //
	EventTested      EventType = "provider.tested"     // a test has ended
	EventSaved       EventType = "provider.saved"      // the candidate became active
	EventEnabled     EventType = "provider.enabled"
	EventDisabled    EventType = "provider.disabled"
	EventDeleted     EventType = "provider.deleted"
	EventUserAuthSet EventType = "user.authentication_set" // native or SSO
)

// Sign-ins and sessions.
const (
	EventSignedIn       EventType = "signin.accepted"
	EventSignInRefused  EventType = "signin.refused" // of an assertion that was believed
	EventSignedOut      EventType = "signout"
	EventRevoked        EventType = "sessions.revoked"
	EventSessionsKilled EventType = "sessions.killed"
)

// What maintenance finds.
const (
	EventExpiring     EventType = "provider.expiring"     // a certificate or metadata: 30, 14, 7 and 1 days before, and at the end
	EventIdleRemoved  EventType = "provider.idle_removed" // a draft that nobody has touched
	EventJoinMismatch EventType = "provider.join_mismatch"
)
