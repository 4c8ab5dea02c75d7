package provider

import (
	"context"
	"errors"
	"net/url"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A Way is how somebody signs in.
type Way struct {
	Provider ID     // "" = with a password
	StartURL string // where the browser goes, with the return target in its query
}

// Discover answers the first question of a host's own sign-in form: which way for this login? It is
// answered from the part behind the "@" alone, so it does not tell who exists. returnTo is where the
// browser goes after it.
func (s *Service) Discover(ctx context.Context, tenant scim.TenantID, login, returnTo string) (Way, error) {
	p, err := s.realm(ctx, tenant, login)
	if errors.Is(err, ErrNotFound) {
		return Way{}, nil
	}
	if err != nil {
		return Way{}, err
	}
	u, err := s.urls(ctx, tenant)
	if err != nil {
		return Way{}, err
	}
	start := u.Native + ssoPath + string(p.ID) + "/start"
	if returnTo != "" {
		start += "?return=" + url.QueryEscape(returnTo)
	}
	return Way{p.ID, start}, nil
}

// MayUsePassword answers the second question: may this user sign in with a password? Users of type SSO
// may not, also when their identity provider is disabled or gone.
func (s *Service) MayUsePassword(ctx context.Context, tenant scim.TenantID, userID string) (bool, error) {
	u, err := s.config.Stores.Users.User(ctx, tenant, userID)
	if errors.Is(err, scim.ErrNotFound) {
		return false, nil
	}
	return err == nil && u.Active && !u.SSO, err
}
