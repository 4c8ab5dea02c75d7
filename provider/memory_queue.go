package provider

import (
	"cmp"
	"context"
	"slices"

	"github.com/seed-30109bde/gatehouse/scim"
)

// Enqueue implements [Store].
func (m *memoryTx) Enqueue(_ context.Context, tenant scim.TenantID, stamp string, users ...string) error {
	if m.queue == nil {
		m.queue = map[tenantKey]string{}
	}
	for _, user := range users {
		m.queue[tenantKey{tenant, user}] = stamp
	}
	return nil
}

// Queued implements [Store].
func (m *memoryTx) Queued(_ context.Context, after Queued, limit int) ([]Queued, error) {
	var list []Queued
	for k, stamp := range m.queue {
		if q := (Queued{k.tenant, k.key, stamp}); q.compare(after) > 0 {
			list = append(list, q)
		}
	}
	slices.SortFunc(list, Queued.compare)
	return list[:min(limit, len(list))], nil
}

func (q Queued) compare(o Queued) int {
	return cmp.Or(cmp.Compare(q.Tenant, o.Tenant), cmp.Compare(q.User, o.User))
}

// Dequeue implements [Store].
func (m *memoryTx) Dequeue(_ context.Context, q Queued) error {
	if key := (tenantKey{q.Tenant, q.User}); m.queue[key] == q.Stamp {
		delete(m.queue, key)
	}
	return nil
}
