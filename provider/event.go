package provider

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
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

// redacted stands for what is not printed.
const redacted = "[personal]"

// Redacted returns the event without what is personal: of the details, By and From.
func (e Event) Redacted() Event {
	e = e.clone()
	for name := range e.Details {
		if e.isPersonal(name) {
			e.Details[name] = redacted
		}
	}
	for _, at := range []*string{&e.By, &e.From} {
		if *at != "" {
			*at = redacted
		}
	}
	return e
}

// LogValue is Redacted, for slog.
func (e Event) LogValue() slog.Value {
	e = e.Redacted()
	attrs := []slog.Attr{slog.String("type", string(e.Type)), slog.String("tenant", string(e.Tenant))}
	for _, a := range []slog.Attr{
		slog.String("id", e.ID), slog.String("provider", string(e.Provider)), slog.String("user", e.User),
		slog.String("by", e.By), slog.String("from", e.From), slog.String("incident", e.Incident),
	} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Details)) {
		attrs = append(attrs, slog.String(name, e.Details[name]))
	}
	return slog.GroupValue(attrs...)
}

// Format is Redacted, for fmt.
func (e Event) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "%s %s", e.Time.Format(time.RFC3339), e.LogValue())
}

// maxEvents bounds a page of events.
const maxEvents = 500

// Events returns those of a tenant that match a query, the latest first. Limit is at most 500, and 50 if
// it is 0.
func (s *Service) Events(ctx context.Context, a Actor, q EventQuery) (EventPage, error) {
	if q.Limit <= 0 {
		q.Limit = 50
	}
	q.Limit = min(q.Limit, maxEvents)
	return s.config.Store.Events(ctx, a.Tenant, q)
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
	EventTestBegun   EventType = "provider.test_begun" // an administrator is sent to the identity provider
	EventTested      EventType = "provider.tested"     // a test has ended
	EventSaved       EventType = "provider.saved"      // the candidate became active
	EventEnabled     EventType = "provider.enabled"
	EventDisabled    EventType = "provider.disabled"
	EventDeleted     EventType = "provider.deleted"
	EventUserAuthSet EventType = "user.authentication_set" // native or SSO
)

// What administrators do about provisioning.
const (
	EventSCIMEnabled  EventType = "scim.enabled"
	EventSCIMDisabled EventType = "scim.disabled"
	EventGrants       EventType = "scim.grants" // what the provider may hand out, and which attributes it manages
	EventTokenMade    EventType = "scim.token_made"
	EventTokenRevoked EventType = "scim.token_revoked"
	EventApproved     EventType = "scim.approved"     // that the provider may take an administrator over
	EventRolesMapped  EventType = "scim.roles_mapped" // which groups give which roles
	EventReleased     EventType = "user.released"
	EventReclaimed    EventType = "user.reclaimed"
	EventUserEdited   EventType = "user.edited" // by [Service.EditUser]
)

// Setup links.
const (
	EventSetupLinkMade    EventType = "setup_link.made"
	EventSetupLinkUsed    EventType = "setup_link.used"
	EventSetupLinkRevoked EventType = "setup_link.revoked"
)

// What identity providers do.
const (
	EventUserCreated     EventType = "user.created"
	EventUserAdopted     EventType = "user.adopted"
	EventUserUpdated     EventType = "user.updated"
	EventUserDeactivated EventType = "user.deactivated"
	EventUserReactivated EventType = "user.reactivated"
	EventUserConverted   EventType = "user.converted" // to another user type
	EventUserDeleted     EventType = "user.deleted"
	EventRolesSet        EventType = "user.roles_set" // those that groups give
	EventGroupCreated    EventType = "group.created"
	EventGroupUpdated    EventType = "group.updated"
	EventGroupDeleted    EventType = "group.deleted"
	EventGuarded         EventType = "scim.guarded" // a change that was refused: nobody would be left to administer
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
	EventExpiring      EventType = "provider.expiring"     // a certificate or metadata: 30, 14, 7 and 1 days before, and at the end
	EventTokenExpiring EventType = "scim.token_expiring"   // 30, 14, 7 and 1 days before, and at the end
	EventRoleSkipped   EventType = "user.role_skipped"     // it is for users of the other type
	EventUnmanaged     EventType = "scim.unmanaged"        // an attribute that is written and not stored
	EventSilent        EventType = "scim.silent"           // nothing was heard of an identity provider
	EventFailing       EventType = "scim.failing"          // somebody is refused for a day
	EventIdleRemoved   EventType = "provider.idle_removed" // a draft that nobody has touched
	EventJoinMismatch  EventType = "provider.join_mismatch"
)
