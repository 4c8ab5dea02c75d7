package provider

import (
	"errors"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// ErrWrongCode is returned by a [Prover] for a code that is none of the actor.
var ErrWrongCode = errors.New("provider: the code is wrong")

// An Action is an act that needs a second factor.
type Action string

// The actions.
const (
	ActionDisable Action = "disable" // [Service.Disable]
	ActionDelete  Action = "delete"  // [Service.Delete]
)

// ProofFor is how long a [Proof] is good.
const ProofFor = 5 * time.Minute

// A Proof says that an actor has proven a second factor, for one act on one provider. [Service.Prove]
// makes them, and nothing else does. It works once, within [ProofFor].
type Proof struct{ p *proof }

type proof struct {
	id      string
	tenant  scim.TenantID
	actor   string
	action  Action
	target  ID
	expires time.Time
}
