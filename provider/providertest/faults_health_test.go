package providertest

import (
	"context"
	"slices"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A forgetful store is a correct one, but for what it is told to do wrong.
type forgetful struct {
	provider.Store
	back, anyTenant, newest, stays, unordered, first, anyStamp bool
}

func (s forgetful) Touch(ctx context.Context, tenant scim.TenantID, id provider.ID, seen provider.Seen) error {
	if s.anyTenant {
		tenant = red
	}
	if was, err := s.Store.Seen(ctx, tenant, id); s.back && err == nil && seen.Requested.Before(was.Requested) {
		seen.Tested = seen.Requested.AddDate(1, 0, 0)
	}
	return s.Store.Touch(ctx, tenant, id, seen)
}

func (s forgetful) PutFailure(ctx context.Context, tenant scim.TenantID, f provider.Failure) error {
	if s.newest {
		if err := s.Store.Heal(ctx, tenant, f.Provider, f.Subject); err != nil {
			return err
		}
	}
	return s.Store.PutFailure(ctx, tenant, f)
}

func (s forgetful) Heal(ctx context.Context, tenant scim.TenantID, id provider.ID, subjects ...string) error {
	if s.stays {
		return nil
	}
	return s.Store.Heal(ctx, tenant, id, subjects...)
}

func (s forgetful) Failures(ctx context.Context, tenant scim.TenantID, id provider.ID) ([]provider.Failure, error) {
	list, err := s.Store.Failures(ctx, tenant, id)
	if s.unordered {
		slices.Reverse(list)
	}
	return list, err
}

func (s forgetful) Enqueue(ctx context.Context, tenant scim.TenantID, stamp string, users ...string) error {
	if s.first {
		stamp = "1"
	}
	return s.Store.Enqueue(ctx, tenant, stamp, users...)
}

func (s forgetful) Dequeue(ctx context.Context, q provider.Queued) error {
	if list, err := s.Store.Queued(ctx, provider.Queued{}, 100); s.anyStamp && err == nil {
		for _, o := range list {
			if o.Tenant == q.Tenant && o.User == q.User {
				q = o
			}
		}
	}
	return s.Store.Dequeue(ctx, q)
}

// healthFaults are those of a forgetful store.
func healthFaults() (list []fault) {
	for _, f := range []struct {
		fault, breaks string
		store         forgetful
	}{
		{"a time goes astray", "seen", forgetful{back: true}},
		{"another tenant moves a time", "seen", forgetful{anyTenant: true}},
		{"a failure begins anew each time", "failures", forgetful{newest: true}},
		{"what is healed stays", "failures", forgetful{stays: true}},
		{"the latest failure comes first", "failures", forgetful{unordered: true}},
		{"the stamp of who was noted stays", "queue", forgetful{first: true}},
		{"whoever was noted again is forgotten", "queue", forgetful{anyStamp: true}},
		{"failures are not counted any more", "many failures", forgetful{newest: true}},
	} {
		list = append(list, fault{f.fault, f.breaks, func(good provider.Store) provider.Store {
			f.store.Store = good
			return f.store
		}})
	}
	return list
}
