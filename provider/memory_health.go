package provider

import (
	"cmp"
	"context"
	"slices"

	"github.com/seed-30109bde/gatehouse/scim"
)

// has reports whether a provider is one of the tenant.
func (m *memoryTx) has(tenant scim.TenantID, id ID) bool {
	c, ok := m.providers[id]
	return ok && c.Tenant == tenant
}

// Touch implements [Store].
func (m *memoryTx) Touch(_ context.Context, tenant scim.TenantID, provider ID, seen Seen) error {
	if !m.has(tenant, provider) {
		return nil
	}
	if m.seen == nil {
		m.seen = map[ID]Seen{}
	}
	m.seen[provider] = m.seen[provider].with(seen)
	return nil
}

// Seen implements [Store].
func (m *memoryTx) Seen(_ context.Context, tenant scim.TenantID, provider ID) (Seen, error) {
	if !m.has(tenant, provider) {
		return Seen{}, nil
	}
	return m.seen[provider], nil
}

// PutFailure implements [Store].
func (m *memoryTx) PutFailure(ctx context.Context, tenant scim.TenantID, f Failure) error {
	if !m.has(tenant, f.Provider) {
		return ErrNotFound
	}
	key := failureKey{f.Provider, f.Subject}
	old, ok := m.failures[key]
	if ok {
		f.Since = old.Since
		f.Count += old.Count
	} else if list, _ := m.Failures(ctx, tenant, f.Provider); len(list) >= MaxFailures {
		return nil
	}
	if m.failures == nil {
		m.failures = map[failureKey]Failure{}
	}
	m.failures[key] = f
	return nil
}

// Heal implements [Store].
func (m *memoryTx) Heal(_ context.Context, tenant scim.TenantID, provider ID, subjects ...string) error {
	if m.has(tenant, provider) {
		for _, subject := range subjects {
			delete(m.failures, failureKey{provider, subject})
		}
	}
	return nil
}

// Failures implements [Store].
func (m *memoryTx) Failures(_ context.Context, tenant scim.TenantID, provider ID) ([]Failure, error) {
	if !m.has(tenant, provider) {
		return nil, nil
	}
	var list []Failure
	for k, f := range m.failures {
		if k.provider == provider {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b Failure) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Subject, b.Subject)) })
	return list, nil
}
