package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// Approve lets a provider take an administrator over, whom it covers and nobody manages. Without it an
// administrator is never taken over. The proof is for [ActionApprove].
func (s *Service) Approve(ctx context.Context, a Actor, id ID, user string, proof Proof) (Provider, error) {
	u, err := s.userOf(ctx, a, user)
	if err != nil {
		return Provider{}, err
	}
	if err := s.consume(ctx, a, proof, ActionApprove, id); err != nil {
		return Provider{}, err
	}
	return s.change(ctx, a, id, "", func(_ context.Context, _ Store, p *Provider) ([]Event, error) {
		if slices.Contains(p.Provisioning.Approved, u.ID) {
			return nil, nil
		}
		p.Provisioning.Approved = append(p.Provisioning.Approved, u.ID)
		return []Event{{Type: EventApproved, User: u.ID}}, nil
	})
}

// userOf returns a user of the tenant, or ErrNotFound.
func (s *Service) userOf(ctx context.Context, a Actor, user string) (scim.User, error) {
	u, err := s.config.Stores.Users.User(ctx, a.Tenant, user)
	if errors.Is(err, scim.ErrNotFound) || err == nil && u.ManagedBy == Deleted {
		return scim.User{}, fmt.Errorf("%w: user %q", ErrNotFound, user)
	}
	return u, err
}

// Release makes a user of a provider native for a while, so that the user can be edited here; the
// provider's writes to the user are refused until [Service.Reclaim]. Sessions end, since nobody vouches
// for the user any more. The proof is for [ActionRelease].
func (s *Service) Release(ctx context.Context, a Actor, id ID, user string, proof Proof) error {
	u, err := s.userOf(ctx, a, user)
	if err != nil {
		return err
	}
	if u.ManagedBy != string(id) {
		return &Problem{Code: ProblemState, Detail: "This user is not managed by the provider."}
	}
	if err := s.consume(ctx, a, proof, ActionRelease, id); err != nil {
		return err
	}
	revocation := Revocation{User: user, At: s.now(), Reason: "the user was released from the identity provider"}
	_, err = s.change(ctx, a, id, "", func(ctx context.Context, st Store, p *Provider) ([]Event, error) {
		if !slices.Contains(p.Provisioning.Released, user) {
			p.Provisioning.Released = append(p.Provisioning.Released, user)
		}
		return []Event{{Type: EventReleased, User: user}}, s.revoke(ctx, st, a, revocation)
	})
	if err != nil {
		return err
	}
	if err := s.setManager(ctx, a.Tenant, user, string(id), ""); err != nil {
		return err
	}
	return s.kill(ctx, a.Tenant, revocation)
}

// Reclaim gives a user who was released back to the provider, unless another one manages the user by now. The
// proof is for [ActionRelease], and is used up only where there is somebody to give back.
func (s *Service) Reclaim(ctx context.Context, a Actor, id ID, user string, proof Proof) error {
	p, err := s.config.Store.Provider(ctx, a.Tenant, id)
	if err != nil {
		return err
	}
	if !slices.Contains(p.Provisioning.Released, user) {
		return &Problem{Code: ProblemState, Detail: "This user was not released."}
	}
	if u, err := s.userOf(ctx, a, user); err == nil && u.ManagedBy != "" && u.ManagedBy != string(id) {
		return managedElsewhere
	}
	if err := s.consume(ctx, a, proof, ActionRelease, id); err != nil {
		return err
	}
	if err := s.setManager(ctx, a.Tenant, user, "", string(id)); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	_, err = s.change(ctx, a, id, "", func(ctx context.Context, st Store, p *Provider) ([]Event, error) {
		p.Provisioning.Released = slices.DeleteFunc(p.Provisioning.Released, func(id string) bool { return id == user })
		return []Event{{Type: EventReclaimed, User: user}}, st.Enqueue(ctx, a.Tenant, rand.Text(), user)
	})
	return err
}

// ReleasedBy returns the provider that a user was released by; "" = none.
func (s *Service) ReleasedBy(ctx context.Context, a Actor, user string) (ID, error) {
	return s.releasedBy(ctx, s.config.Store, a.Tenant, user)
}

func (s *Service) releasedBy(ctx context.Context, st Store, tenant scim.TenantID, user string) (ID, error) {
	q := Query{Limit: maxListed, Now: s.now()}
	for {
		page, err := st.Providers(ctx, tenant, q)
		if err != nil {
			return "", err
		}
		for _, p := range page.Providers {
			if slices.Contains(p.Provisioning.Released, user) {
				return p.ID, nil
			}
		}
		if page.Next == "" {
			return "", nil
		}
		q.After = page.Next
	}
}

// managedElsewhere refuses to give back whom another provider manages.
var managedElsewhere = &Problem{Code: ProblemState, Detail: "Another identity provider manages this user by now: release the user from that one first."}

// setManager hands a user from one manager to another.
func (s *Service) setManager(ctx context.Context, tenant scim.TenantID, user, from, to string) error {
	for range maxRaces {
		u, err := s.userOf(ctx, Actor{Tenant: tenant}, user)
		if err != nil || u.ManagedBy == to {
			return err
		}
		if u.ManagedBy != from {
			return managedElsewhere
		}
		u.ManagedBy, u.ExternalID, u.LastModified = to, "", s.now()
		if _, err = s.config.Stores.Users.UpdateUser(ctx, tenant, u); !errors.Is(err, scim.ErrStale) {
			return err
		}
	}
	return &scim.UnavailableError{RetryAfter: time.Second, Cause: scim.ErrStale}
}

// Editable reports whether a user may be edited in the host's console: those whom an identity provider
// manages may not, unless its provisioning is off.
func (s *Service) Editable(ctx context.Context, tenant scim.TenantID, user string) (bool, error) {
	u, err := s.userOf(ctx, Actor{Tenant: tenant}, user)
	if err != nil {
		return false, err
	}
	return editable(ctx, s.config.Store, tenant, &u)
}

func editable(ctx context.Context, st Store, tenant scim.TenantID, u *scim.User) (bool, error) {
	if u.ManagedBy == "" {
		return true, nil
	}
	p, err := st.Provider(ctx, tenant, ID(u.ManagedBy))
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	return err == nil && !p.SCIM, err
}
