package provider

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
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

	ActionEnableSCIM  Action = "enable_scim"  // [Service.EnableSCIM]
	ActionDisableSCIM Action = "disable_scim" // [Service.DisableSCIM]
	ActionNewToken    Action = "new_token"    // [Service.NewToken]
	ActionRevokeToken Action = "revoke_token" // [Service.RevokeToken]
	ActionGrants      Action = "grants"       // [Service.SetGrants]
	ActionApprove     Action = "approve"      // [Service.Approve]
	ActionRelease     Action = "release"      // [Service.Release] and [Service.Reclaim]
	ActionSetupLink   Action = "setup_link"   // [Service.NewSetupLink]
)

// ProofFor is how long a [Proof] is good.
const ProofFor = 5 * time.Minute

// A Proof says that an actor has proven a second factor, for one act on one provider. [Service.Prove]
// and its kin make them, and nothing else does. It works once, within [ProofFor].
type Proof struct{ p *proof }

type proof struct {
	id      string
	tenant  scim.TenantID
	actor   string
	action  Action
	target  ID
	expires time.Time
}

// String and GoString keep a proof out of logs.
func (Proof) String() string { return "[proof]" }

// GoString is String.
func (Proof) GoString() string { return "[proof]" }

// Prove verifies a second factor of an actor, for one act on one provider.
func (s *Service) Prove(ctx context.Context, a Actor, action Action, target ID, code string) (Proof, error) {
	proofs, err := s.ProveEach(ctx, a, target, code, action)
	if err != nil {
		return Proof{}, err
	}
	return proofs[0], nil
}

// ProveEach verifies a second factor of an actor once, for several acts on one provider that an
// administrator does in one step, such as to enable provisioning and to make a token. The proofs are in the
// order of the actions, each good for one.
func (s *Service) ProveEach(ctx context.Context, a Actor, target ID, code string, actions ...Action) ([]Proof, error) {
	err := s.config.Prover.Verify(ctx, a, code)
	if errors.Is(err, ErrWrongCode) {
		return nil, &Problem{Code: ProblemFactor, Detail: "The code is wrong, too old, or used. Enter the one that is shown now.", Cause: err}
	}
	if err != nil {
		return nil, fmt.Errorf("provider: the second factor could not be verified: %w", err)
	}
	var proofs []Proof
	for _, action := range actions {
		proofs = append(proofs, s.prove(a, action, target))
	}
	return proofs, nil
}

// prove makes a proof.
func (s *Service) prove(a Actor, action Action, target ID) Proof {
	return Proof{&proof{rand.Text(), a.Tenant, a.Name, action, target, s.now().Add(ProofFor)}}
}

// consume uses a proof up.
func (s *Service) consume(ctx context.Context, a Actor, p Proof, action Action, target ID) error {
	now := s.now()
	switch {
	case p.p == nil:
		return &Problem{Code: ProblemProof, Detail: "This needs a second factor."}
	case p.p.tenant != a.Tenant || p.p.actor != a.Name || p.p.action != action || p.p.target != target:
		return &Problem{Code: ProblemProof, Detail: "The second factor was given for something else. Enter a code for this."}
	case !now.Before(p.p.expires):
		return &Problem{Code: ProblemProof, Detail: "The second factor was given more than five minutes ago. Enter a code again."}
	}
	sum := sha256.Sum256([]byte("gatehouse provider proof\x00" + p.p.id))
	err := s.config.Replays.Use(ctx, hex.EncodeToString(sum[:]), p.p.expires)
	if errors.Is(err, saml.ErrReplayed) {
		return &Problem{Code: ProblemProof, Detail: "The second factor was used already. Enter a code again."}
	}
	if err != nil {
		return fmt.Errorf("provider: the second factor could not be used up: %w", err)
	}
	return nil
}
