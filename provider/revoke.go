package provider

import (
	"context"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// How long the host's session killer is waited for, and how long after a failure it is called again:
// twice as long each time, up to the last.
const (
	killTimeout   = 10 * time.Second
	firstRetry    = 10 * time.Second
	longestRetry  = time.Hour
	maxRetryShift = 9 // of firstRetry: beyond longestRetry
)

// revoke writes down, in the transaction of what makes it necessary, that sessions are over. The caller
// kills them when the transaction is.
func (s *Service) revoke(ctx context.Context, st Store, a Actor, r Revocation) error {
	r.Next, r.Until = r.At.Add(firstRetry), r.At.Add(s.config.Session)
	if err := st.PutRevocation(ctx, a.Tenant, r); err != nil {
		return err
	}
	return s.record(ctx, st, a, Event{Type: EventRevoked, Provider: r.Provider, User: r.User, Details: map[string]string{"reason": r.Reason}})
}

// kill has the host end sessions that were revoked, and writes down that it has. If it fails the
// revocation stays, for [Service.Maintain].
func (s *Service) kill(ctx context.Context, tenant scim.TenantID, r Revocation) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTimeout)
	defer cancel()
	r.Until = r.At.Add(s.config.Session)
	err := s.config.Sessions.Kill(ctx, Kill{Tenant: tenant, User: r.User, Provider: r.Provider, Reason: r.Reason})
	s.measure.kill(ctx, err == nil)
	if err != nil {
		s.config.Logger.ErrorContext(ctx, "sessions could not be ended; it is tried again", "tenant", tenant, "user", r.User, "provider", r.Provider, "error", err)
		s.retry(ctx, tenant, r)
		return &scim.UnavailableError{RetryAfter: firstRetry, Cause: err}
	}
	return s.act(ctx, nobody(tenant), func(ctx context.Context, st Store) ([]Event, error) {
		same, err := s.isStored(ctx, st, tenant, r)
		if err != nil || !same {
			return nil, err
		}
		r.Acknowledged = true
		return []Event{{Type: EventSessionsKilled, Provider: r.Provider, User: r.User}}, st.PutRevocation(ctx, tenant, r)
	})
}

// retry writes down when the killer is called again.
func (s *Service) retry(ctx context.Context, tenant scim.TenantID, r Revocation) {
	err := s.config.Store.Transact(ctx, tenant, func(ctx context.Context, st Store) error {
		same, err := s.isStored(ctx, st, tenant, r)
		if err != nil || !same {
			return err
		}
		r.Tries++
		r.Next = s.now().Add(min(firstRetry<<min(r.Tries, maxRetryShift), longestRetry))
		return st.PutRevocation(ctx, tenant, r)
	})
	if err != nil {
		s.config.Logger.ErrorContext(ctx, "a retry could not be written down; it is as it was", "tenant", tenant, "error", err)
	}
}

// isStored reports whether a revocation is the latest one of its user or provider, and not
// acknowledged.
func (s *Service) isStored(ctx context.Context, st Store, tenant scim.TenantID, r Revocation) (bool, error) {
	list, err := st.Revocations(ctx, tenant, r.User, r.Provider)
	if err != nil {
		return false, err
	}
	for _, stored := range list {
		if stored.User == r.User && stored.Provider == r.Provider {
			return stored.At.Equal(r.At) && !stored.Acknowledged, nil
		}
	}
	return false, nil
}
