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
// inactive, if sessions were revoked at that time or later, and if the identity provider is disabled or
// gone. through is the [SignIn.Provider] that it began with: another one may have the user by now. It is
// "" for one that began with a password; of a user of type SSO the identity provider counts that the user
// has now. Times are compared in milliseconds.
func (s *Service) Check(ctx context.Context, tenant scim.TenantID, userID string, through ID, issuedAt time.Time) error {
	u, err := s.config.Stores.Users.User(ctx, tenant, userID)
	if errors.Is(err, scim.ErrNotFound) || err == nil && !u.Active {
		return ErrOver
	}
	if err != nil {
		return err
	}
	if through != "" || u.SSO {
		p, err := s.providerOf(ctx, tenant, u, through)
		if errors.Is(err, ErrNotFound) || err == nil && !p.Enabled {
			return ErrOver
		}
		if err != nil {
			return err
		}
		through = p.ID
	}
	revocations, err := s.config.Store.Revocations(ctx, tenant, userID, through)
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

// providerOf returns the provider that has signed in a user, or if it is not known, that does so now.
func (s *Service) providerOf(ctx context.Context, tenant scim.TenantID, u scim.User, through ID) (Provider, error) {
	if through != "" {
		return s.config.Store.Provider(ctx, tenant, through)
	}
	if u.ManagedBy != "" {
		return s.config.Store.Provider(ctx, tenant, ID(u.ManagedBy))
	}
	return s.realm(ctx, tenant, u.UserName)
}
