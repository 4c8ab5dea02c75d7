package provider

import (
	"context"

	"github.com/seed-30109bde/gatehouse/scim"
)

// act runs f in a transaction of a tenant, and records the events it returns in the same one. Time,
// tenant, and where they are empty By and From, are filled in. Then the sink is told.
func (s *Service) act(ctx context.Context, a Actor, f func(context.Context, Store) ([]Event, error)) error {
	err := s.config.Store.Transact(ctx, a.Tenant, func(ctx context.Context, st Store) error {
		events, err := f(ctx, st)
		if err != nil {
			return err
		}
		return s.record(ctx, st, a, events...)
	})
	if err != nil {
		return err
	}
	s.deliver(ctx)
	return nil
}

// record records events as a part of a transaction; the caller delivers when it is over.
func (s *Service) record(ctx context.Context, st Store, a Actor, events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	for i := range events {
		s.fill(&events[i], a)
		if err := events[i].check(); err != nil {
			return err
		}
	}
	_, err := st.Record(ctx, a.Tenant, s.config.Sink == nil, events...)
	if err == nil {
		s.measure.recorded(ctx, events)
	}
	return err
}

// fill adds to an event what all have.
func (s *Service) fill(e *Event, a Actor) {
	e.Time, e.Tenant = s.now(), a.Tenant
	if e.By == "" {
		e.By = a.Name
	}
	if e.From == "" {
		e.From = a.From
	}
}

// nobody is the actor of what nobody does: sign-ins and maintenance.
func nobody(tenant scim.TenantID) Actor { return Actor{Tenant: tenant} }
