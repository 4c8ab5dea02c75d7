package provider

import (
	"context"
	"errors"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// ErrOver is returned by [Service.Check] for a token that is not good any more.
var ErrOver = errors.New("provider: the session is over")

// Check says whether a stateless token, or a session, of a user that was issued at a time still is good,
// for a host whose session killer cannot reach it: nil, or ErrOver. It is over if the user is gone or
// inactive, if sessions were revoked at that time or later, and if the user's identity provider is
// disabled or gone. Times are compared in milliseconds.
func (s *Service) Check(ctx context.Context, tenant scim.TenantID, userID string, issuedAt time.Time) error {
	u, err := s.config.Stores.Users.User(ctx, tenant, userID)
	if errors.Is(err, scim.ErrNotFound) || err == nil && !u.Active {
		return ErrOver
	}
	if err != nil {
		return err
	}
	var id ID
	if u.SSO {
		p, err := s.providerOf(ctx, tenant, u)
		if errors.Is(err, ErrNotFound) || err == nil && !p.Enabled {
			return ErrOver
		}
		if err != nil {
			return err
		}
		id = p.ID
	}
	revocations, err := s.config.Store.Revocations(ctx, tenant, userID, id)
	if err != nil {
		return err
	}
	issuedAt = issuedAt.Truncate(time.Millisecond)
	for _, r := range revocations {
		if !issuedAt.After(r.At) {
			return ErrOver
		}
	}
	return nil
}

// providerOf returns the provider that signs in a user of type SSO.
func (s *Service) providerOf(ctx context.Context, tenant scim.TenantID, u scim.User) (Provider, error) {
	if u.ManagedBy != "" {
		return s.config.Store.Provider(ctx, tenant, ID(u.ManagedBy))
	}
	return s.realm(ctx, tenant, u.UserName)
}
