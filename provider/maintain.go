package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// IdleFor is how long a draft is kept that nobody touches.
const IdleFor = 90 * 24 * time.Hour

// What one call of Maintain does at most, and when it wants to be called again if there is nothing to
// wait for.
const (
	maintainEvery   = time.Hour
	maintainSoon    = time.Second
	maintainPage    = 100
	maintainKills   = 100
	maintainPruned  = 5000
	maintainDeliver = 20 // times [maxDelivery]
)

// rememberWarned is for how many years it is known that a warning was given.
const rememberWarned = 10

// thresholds are when a warning is given, before something ends.
var thresholds = []time.Duration{30 * 24 * time.Hour, 14 * 24 * time.Hour, 7 * 24 * time.Hour, 24 * time.Hour, 0}

// Maintain does what is due, for all tenants: warnings before certificates and metadata end, each once;
// drafts that nobody touches; tests that nobody answers; sessions that the host could not end; events
// that the sink was not told; people whom the users do not fit; identity providers that have
// fallen silent, and people whom they are refused for a day; roles that groups give; and it forgets what is over.
//
// It is bounded, and safe in every process at once. The host calls it when it says so, at once after a
// start; nothing else of this package runs by itself. An error does not keep it from the rest.
func (s *Service) Maintain(ctx context.Context) (next time.Time, err error) {
	ctx, span := s.measure.span(ctx, "maintain")
	defer span.End()
	next = s.now().Add(maintainEvery)
	sooner := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	var errs []error
	errs = append(errs, s.maintainProviders(ctx, sooner))
	errs = append(errs, s.maintainKills(ctx, sooner))
	waiting, err := s.maintainQueue(ctx)
	if waiting {
		sooner(s.now().Add(maintainSoon))
	}
	errs = append(errs, err)
	errs = append(errs, s.maintainDelivery(ctx, sooner))
	more, err := s.config.Store.Prune(ctx, s.now(), s.now().Add(-s.config.Retention), maintainPruned)
	if more {
		sooner(s.now().Add(maintainSoon))
	}
	errs = append(errs, err)
	return next, errors.Join(errs...)
}

// maintainProviders looks at each provider.
func (s *Service) maintainProviders(ctx context.Context, sooner func(time.Time)) error {
	var errs []error
	for after := ID(""); ; {
		page, err := s.config.Store.Walk(ctx, after, maintainPage)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, c := range page {
			for _, look := range []func(context.Context, Connection) error{
				s.maintainDraft, s.maintainExpiry, s.maintainTokens, s.maintainHealth, s.maintainJoins,
				func(ctx context.Context, c Connection) error { return s.maintainTests(ctx, c, sooner) },
			} {
				if err := look(ctx, c); err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrStale) {
					errs = append(errs, fmt.Errorf("provider %s: %w", c.Provider.ID, err))
				}
			}
			after = c.Provider.ID
		}
		if len(page) < maintainPage {
			return errors.Join(errs...)
		}
	}
}

// maintainDraft removes a draft that nobody has touched.
func (s *Service) maintainDraft(ctx context.Context, c Connection) error {
	p := &c.Provider
	if p.State() != StateDraft || s.now().Sub(p.Modified) < IdleFor {
		return nil
	}
	return s.act(ctx, nobody(c.Tenant), func(ctx context.Context, st Store) ([]Event, error) {
		if err := st.DeleteProvider(ctx, c.Tenant, p.ID, p.Version); err != nil {
			return nil, err
		}
		return []Event{{Type: EventIdleRemoved, Provider: p.ID, Details: map[string]string{"name": p.Name, "begun_by": p.CreatedBy}}}, nil
	})
}

// maintainExpiry warns of what of the active settings ends.
func (s *Service) maintainExpiry(ctx context.Context, c Connection) error {
	if c.Provider.Active == nil {
		return nil
	}
	now := s.now()
	for _, w := range c.Provider.Active.Metadata.Expiring(now, thresholds[0]+time.Second) {
		if w.At.Sub(now) > thresholds[0] {
			continue
		}
		if err := s.warn(ctx, c, w, now); err != nil {
			return err
		}
	}
	return nil
}

// warn records an event for the last threshold that is behind, once.
func (s *Service) warn(ctx context.Context, c Connection, w saml.Warning, now time.Time) error {
	days := daysBefore(w.At, now)
	key := fmt.Sprintf("expiry %s %s %d %d", c.Provider.ID, w.Code, w.At.Unix(), days)
	return s.once(ctx, c.Tenant, key, Event{Type: EventExpiring, Provider: c.Provider.ID, Details: map[string]string{
		"code": string(w.Code), "at": w.At.UTC().Format(time.RFC3339), "days": fmt.Sprint(days), "text": w.Text,
	}})
}

// once records an event unless it was recorded under this key already.
func (s *Service) once(ctx context.Context, tenant scim.TenantID, key string, e Event) error {
	now := s.now()
	return s.act(ctx, nobody(tenant), func(ctx context.Context, st Store) ([]Event, error) {
		first, err := st.Once(ctx, tenant, key, now, now.AddDate(rememberWarned, 0, 0))
		if err != nil || !first {
			return nil, err
		}
		return []Event{e}, nil
	})
}

// daysBefore returns the last threshold before an end that is behind, in days.
func daysBefore(end, now time.Time) int {
	passed := thresholds[0]
	for _, t := range thresholds {
		if end.Sub(now) <= t {
			passed = t
		}
	}
	return int(passed / (24 * time.Hour))
}

// maintainTests ends tests that nobody has answered.
func (s *Service) maintainTests(ctx context.Context, c Connection, sooner func(time.Time)) error {
	tests, err := s.config.Store.Tests(ctx, c.Tenant, c.Provider.ID)
	if err != nil {
		return err
	}
	for _, t := range tests {
		switch {
		case s.overdue(t):
			if _, err := s.unanswered(ctx, nobody(c.Tenant), c.Provider.ID, t.ID); err != nil {
				return err
			}
		case t.State == TestWaiting:
			sooner(t.Began.Add(TestFor))
		}
	}
	return nil
}

// maintainKills has the host end sessions that it could not end before.
func (s *Service) maintainKills(ctx context.Context, sooner func(time.Time)) error {
	now := s.now()
	due, err := s.config.Store.Unacknowledged(ctx, now, maintainKills)
	if err != nil {
		return err
	}
	var errs []error
	for _, r := range due {
		if err := s.kill(ctx, r.Tenant, r.Revocation); err != nil {
			errs = append(errs, err)
			sooner(now.Add(firstRetry))
		}
	}
	if len(due) == maintainKills {
		sooner(now.Add(maintainSoon))
	}
	return errors.Join(errs...)
}

// maintainDelivery tells the sink what it was not told.
func (s *Service) maintainDelivery(ctx context.Context, sooner func(time.Time)) error {
	if s.config.Sink == nil {
		return nil
	}
	for range maintainDeliver {
		n, err := s.deliverBatch(ctx)
		if err != nil {
			sooner(s.now().Add(firstRetry))
			return err
		}
		if n < maxDelivery {
			return nil
		}
	}
	sooner(s.now().Add(maintainSoon))
	return nil
}
