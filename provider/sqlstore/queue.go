package sqlstore

import (
	"context"
	"slices"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// Enqueue implements [provider.Store]. Users are noted in one order, so that two calls do not wait for
// each other.
func (p *Providers) Enqueue(ctx context.Context, tenant scim.TenantID, stamp string, users ...string) error {
	users = slices.Compact(slices.Sorted(slices.Values(users)))
	users = slices.DeleteFunc(users, func(u string) bool { return !isText(u) })
	if len(users) == 0 {
		return nil
	}
	return p.write(ctx, func(tx Tx) error {
		_, err := exec(ctx, tx, "INSERT INTO sso_queue (tenant, user_id, stamp) SELECT CAST(? AS text), e.value, CAST(? AS text) FROM ("+p.s.dialect.texts("?")+") AS e WHERE TRUE"+
			" ON CONFLICT (tenant, user_id) DO UPDATE SET stamp = excluded.stamp", string(tenant), stamp, jsonList(users))
		return err
	})
}

// Queued implements [provider.Store].
func (p *Providers) Queued(ctx context.Context, after provider.Queued, limit int) (out []provider.Queued, err error) {
	st := fixed("SELECT tenant, user_id, stamp FROM sso_queue WHERE (tenant, user_id) > (?, ?) ORDER BY tenant, user_id LIMIT ?", string(after.Tenant), after.User, limit)
	err = each(ctx, p.s.at(), st, func(scan func(...any) error) error {
		var tenant, user, stamp string
		if err := scan(&tenant, &user, &stamp); err != nil {
			return err
		}
		out = append(out, provider.Queued{Tenant: scim.TenantID(tenant), User: user, Stamp: stamp})
		return nil
	})
	return out, p.s.told(ctx, err)
}

// Dequeue implements [provider.Store].
func (p *Providers) Dequeue(ctx context.Context, q provider.Queued) error {
	return p.write(ctx, func(tx Tx) error {
		_, err := exec(ctx, tx, "DELETE FROM sso_queue WHERE tenant = ? AND user_id = ? AND stamp = ?", string(q.Tenant), q.User, q.Stamp)
		return err
	})
}
