package provider

import (
	"context"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// Outside of Transact each call is a transaction of its own.

// Connection implements [Store].
func (m *MemoryStore) Connection(ctx context.Context, id ID) (r0 scim.TenantID, r1 Provider, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, r1, err = tx.Connection(ctx, id)
		return err
	})
	return r0, r1, err
}

// Walk implements [Store].
func (m *MemoryStore) Walk(ctx context.Context, after ID, limit int) (r0 []Connection, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.Walk(ctx, after, limit)
		return err
	})
	return r0, err
}

// Provider implements [Store].
func (m *MemoryStore) Provider(ctx context.Context, tenant scim.TenantID, id ID) (r0 Provider, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.Provider(ctx, tenant, id)
		return err
	})
	return r0, err
}

// PutProvider implements [Store].
func (m *MemoryStore) PutProvider(ctx context.Context, tenant scim.TenantID, p Provider) (r0 Provider, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.PutProvider(ctx, tenant, p)
		return err
	})
	return r0, err
}

// DeleteProvider implements [Store].
func (m *MemoryStore) DeleteProvider(ctx context.Context, tenant scim.TenantID, id ID, version string) error {
	return m.with(ctx, func(tx *memoryTx) error { return tx.DeleteProvider(ctx, tenant, id, version) })
}

// Providers implements [Store].
func (m *MemoryStore) Providers(ctx context.Context, tenant scim.TenantID, q Query) (r0 Page, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.Providers(ctx, tenant, q)
		return err
	})
	return r0, err
}

// Realm implements [Store].
func (m *MemoryStore) Realm(ctx context.Context, tenant scim.TenantID, domain string) (r0 Provider, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.Realm(ctx, tenant, domain)
		return err
	})
	return r0, err
}

// PutTest implements [Store].
func (m *MemoryStore) PutTest(ctx context.Context, tenant scim.TenantID, t Test) error {
	return m.with(ctx, func(tx *memoryTx) error { return tx.PutTest(ctx, tenant, t) })
}

// Test implements [Store].
func (m *MemoryStore) Test(ctx context.Context, tenant scim.TenantID, provider ID, id string) (r0 Test, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.Test(ctx, tenant, provider, id)
		return err
	})
	return r0, err
}

// Tests implements [Store].
func (m *MemoryStore) Tests(ctx context.Context, tenant scim.TenantID, provider ID) (r0 []Test, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.Tests(ctx, tenant, provider)
		return err
	})
	return r0, err
}

// Record implements [Store].
func (m *MemoryStore) Record(ctx context.Context, tenant scim.TenantID, sent bool, events ...Event) (r0 []Event, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.Record(ctx, tenant, sent, events...)
		return err
	})
	return r0, err
}

// Events implements [Store].
func (m *MemoryStore) Events(ctx context.Context, tenant scim.TenantID, q EventQuery) (r0 EventPage, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.Events(ctx, tenant, q)
		return err
	})
	return r0, err
}

// Unsent implements [Store].
func (m *MemoryStore) Unsent(ctx context.Context, limit int) (r0 []Event, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.Unsent(ctx, limit)
		return err
	})
	return r0, err
}

// Sent implements [Store].
func (m *MemoryStore) Sent(ctx context.Context, ids ...string) error {
	return m.with(ctx, func(tx *memoryTx) error { return tx.Sent(ctx, ids...) })
}

// Token implements [Store].
func (m *MemoryStore) Token(ctx context.Context, id string) (r0 scim.TenantID, r1 Token, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, r1, err = tx.Token(ctx, id)
		return err
	})
	return r0, r1, err
}

// PutToken implements [Store].
func (m *MemoryStore) PutToken(ctx context.Context, tenant scim.TenantID, t Token) error {
	return m.with(ctx, func(tx *memoryTx) error { return tx.PutToken(ctx, tenant, t) })
}

// Tokens implements [Store].
func (m *MemoryStore) Tokens(ctx context.Context, tenant scim.TenantID, provider ID) (r0 []Token, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.Tokens(ctx, tenant, provider)
		return err
	})
	return r0, err
}

// TouchToken implements [Store].
func (m *MemoryStore) TouchToken(ctx context.Context, tenant scim.TenantID, id string, at time.Time) error {
	return m.with(ctx, func(tx *memoryTx) error { return tx.TouchToken(ctx, tenant, id, at) })
}

// Touch implements [Store].
func (m *MemoryStore) Touch(ctx context.Context, tenant scim.TenantID, provider ID, seen Seen) error {
	return m.with(ctx, func(tx *memoryTx) error { return tx.Touch(ctx, tenant, provider, seen) })
}

// Seen implements [Store].
func (m *MemoryStore) Seen(ctx context.Context, tenant scim.TenantID, provider ID) (r0 Seen, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.Seen(ctx, tenant, provider)
		return err
	})
	return r0, err
}

// PutFailure implements [Store].
func (m *MemoryStore) PutFailure(ctx context.Context, tenant scim.TenantID, f Failure) error {
	return m.with(ctx, func(tx *memoryTx) error { return tx.PutFailure(ctx, tenant, f) })
}

// Heal implements [Store].
func (m *MemoryStore) Heal(ctx context.Context, tenant scim.TenantID, provider ID, subjects ...string) error {
	return m.with(ctx, func(tx *memoryTx) error { return tx.Heal(ctx, tenant, provider, subjects...) })
}

// Failures implements [Store].
func (m *MemoryStore) Failures(ctx context.Context, tenant scim.TenantID, provider ID) (r0 []Failure, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.Failures(ctx, tenant, provider)
		return err
	})
	return r0, err
}

// Enqueue implements [Store].
func (m *MemoryStore) Enqueue(ctx context.Context, tenant scim.TenantID, stamp string, users ...string) error {
	return m.with(ctx, func(tx *memoryTx) error { return tx.Enqueue(ctx, tenant, stamp, users...) })
}

// Queued implements [Store].
func (m *MemoryStore) Queued(ctx context.Context, after Queued, limit int) (r0 []Queued, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.Queued(ctx, after, limit)
		return err
	})
	return r0, err
}

// Dequeue implements [Store].
func (m *MemoryStore) Dequeue(ctx context.Context, q Queued) error {
	return m.with(ctx, func(tx *memoryTx) error { return tx.Dequeue(ctx, q) })
}

// Once implements [Store].
func (m *MemoryStore) Once(ctx context.Context, tenant scim.TenantID, key string, now, until time.Time) (r0 bool, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.Once(ctx, tenant, key, now, until)
		return err
	})
	return r0, err
}

// PutRevocation implements [Store].
func (m *MemoryStore) PutRevocation(ctx context.Context, tenant scim.TenantID, r Revocation) error {
	return m.with(ctx, func(tx *memoryTx) error { return tx.PutRevocation(ctx, tenant, r) })
}

// Revocations implements [Store].
func (m *MemoryStore) Revocations(ctx context.Context, tenant scim.TenantID, user string, provider ID) (r0 []Revocation, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.Revocations(ctx, tenant, user, provider)
		return err
	})
	return r0, err
}

// Unacknowledged implements [Store].
func (m *MemoryStore) Unacknowledged(ctx context.Context, now time.Time, limit int) (r0 []TenantRevocation, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.Unacknowledged(ctx, now, limit)
		return err
	})
	return r0, err
}

// Prune implements [Store].
func (m *MemoryStore) Prune(ctx context.Context, now, events time.Time, limit int) (r0 bool, err error) {
	err = m.with(ctx, func(tx *memoryTx) (err error) {
		r0, err = tx.Prune(ctx, now, events, limit)
		return err
	})
	return r0, err
}
