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
	back, anyTenant, newest, stays, unordered bool
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

// They are planted beside the others.
func init() {
	for _, f := range []struct {
		fault, breaks string
		store         forgetful
	}{
		{"a time goes astray", "seen", forgetful{back: true}},
		{"another tenant moves a time", "seen", forgetful{anyTenant: true}},
		{"a failure begins anew each time", "failures", forgetful{newest: true}},
		{"what is healed stays", "failures", forgetful{stays: true}},
		{"the latest failure comes first", "failures", forgetful{unordered: true}},
		{"failures are not counted any more", "many failures", forgetful{newest: true}},
	} {
		faults = append(faults, fault{f.fault, f.breaks, func(good provider.Store) provider.Store {
			f.store.Store = good
			return f.store
		}})
	}
}
