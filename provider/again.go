package provider

import (
	"context"
	"errors"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A standing is what the stores say now of somebody who was signed in.
type standing struct {
	user     scim.User
	provider Provider
	reason   Reason // why the person would not be signed in any more, "" = would be
}

// again looks whether a provider still signs in a user whose assertion has arrived at a time, and whether
// nobody has revoked sessions since.
func (s *Service) again(ctx context.Context, tenant scim.TenantID, id ID, user string, since time.Time) (now standing, err error) {
	now.user, err = s.config.Stores.Users.User(ctx, tenant, user)
	if errors.Is(err, scim.ErrNotFound) {
		return standing{reason: ReasonUnknownUser}, nil
	}
	if err != nil {
		return now, err
	}
	now.provider, err = s.config.Store.Provider(ctx, tenant, id)
	if errors.Is(err, ErrNotFound) || err == nil && !now.provider.Enabled {
		now.reason = ReasonDisabled
		return now, nil
	}
	if err != nil {
		return now, err
	}
	if now.reason, err = s.judge(ctx, tenant, &now.provider, now.user); err != nil || now.reason != "" {
		return now, err
	}
	revocations, err := s.config.Store.Revocations(ctx, tenant, user, id)
	for _, r := range revocations {
		if r.At.After(since) {
			now.reason = ReasonRevoked
		}
	}
	return now, err
}

// stays looks once more, when a session has started: whoever has revoked those of the person before that
// has not ended this one. It is ended then, and also when nobody knows; err says why.
func (s *Service) stays(ctx context.Context, in *answer, user string) (Reason, error) {
	now, err := s.again(ctx, in.tenant, in.p.ID, user, in.began)
	if err != nil {
		now.reason = ReasonStore
	}
	if now.reason == "" {
		return "", nil
	}
	return now.reason, errors.Join(err, s.takeBack(ctx, in.tenant, in.p.ID, user))
}

// takeBack ends the sessions that a user has through a provider. If that cannot be written down the host
// is asked all the same.
func (s *Service) takeBack(ctx context.Context, tenant scim.TenantID, id ID, user string) error {
	revocation := Revocation{User: user, Provider: id, At: s.now(), Reason: "the right to sign in was lost meanwhile"}
	if err := s.act(ctx, nobody(tenant), func(ctx context.Context, st Store) ([]Event, error) {
		return nil, s.revoke(ctx, st, nobody(tenant), revocation)
	}); err != nil {
		return errors.Join(err, s.config.Sessions.Kill(ctx, Kill{Tenant: tenant, User: user, Provider: id, Reason: revocation.Reason}))
	}
	return s.kill(ctx, tenant, revocation)
}
