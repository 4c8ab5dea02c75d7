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
