package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// Token implements [provider.Store].
func (p *Providers) Token(ctx context.Context, id string) (scim.TenantID, provider.Token, error) {
	if !isText(id) {
		return "", provider.Token{}, provider.ErrNotFound
	}
	tenants, list, err := p.tokens(ctx, "t.id = ?", id)
	if err == nil && len(list) == 0 {
		err = provider.ErrNotFound
	}
	if err != nil {
		return "", provider.Token{}, err
	}
	return tenants[0], list[0], nil
}

// Tokens implements [provider.Store].
func (p *Providers) Tokens(ctx context.Context, tenant scim.TenantID, id provider.ID) ([]provider.Token, error) {
	_, list, err := p.tokens(ctx, "p.tenant = ? AND p.id = ? ORDER BY t.created DESC, t.id DESC", string(tenant), string(id))
	return list, err
}

// tokens reads the tokens of a condition, with their tenants.
func (p *Providers) tokens(ctx context.Context, where string, args ...any) (tenants []scim.TenantID, list []provider.Token, err error) {
	st := fixed("SELECT p.tenant, t.last_used, t.document FROM sso_tokens AS t JOIN sso_providers AS p ON p.id = t.provider WHERE "+where, args...)
	err = each(ctx, p.s.at(), st, func(scan func(...any) error) error {
		var tenant, document string
		var used int64
		if err := scan(&tenant, &used, &document); err != nil {
			return err
		}
		var t provider.Token
		if err := json.Unmarshal([]byte(document), &t); err != nil {
			return fmt.Errorf("sqlstore: a token: %w", err)
		}
		if used != 0 {
			t.LastUsed = time.UnixMilli(used).UTC()
		}
		tenants, list = append(tenants, scim.TenantID(tenant)), append(list, t)
		return nil
	})
	return tenants, list, p.s.told(ctx, err)
}

// PutToken implements [provider.Store].
func (p *Providers) PutToken(ctx context.Context, tenant scim.TenantID, t provider.Token) error {
	used := int64(0)
	if !t.LastUsed.IsZero() {
		used = t.LastUsed.UnixMilli()
	}
	t.LastUsed = time.Time{}
	document, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("sqlstore: a token: %w", err)
	}
	return p.write(ctx, func(tx Tx) error {
		n, err := exec(ctx, tx, "INSERT INTO sso_tokens (id, provider, created, last_used, document) SELECT CAST(? AS text), id, CAST(? AS bigint), CAST(? AS bigint), CAST(? AS text)"+
			" FROM sso_providers WHERE id = ? AND tenant = ? ON CONFLICT (id) DO UPDATE SET provider = excluded.provider, created = excluded.created, last_used = excluded.last_used, document = excluded.document",
			t.ID, t.Created.UnixMilli(), used, string(document), string(t.Provider), string(tenant))
		if err == nil && n == 0 {
			err = provider.ErrNotFound
		}
		return err
	})
}

// TouchToken implements [provider.Store].
func (p *Providers) TouchToken(ctx context.Context, tenant scim.TenantID, id string, at time.Time) error {
	return p.write(ctx, func(tx Tx) error {
		_, err := exec(ctx, tx, "UPDATE sso_tokens SET last_used = ? WHERE id = ? AND last_used < ? AND provider IN (SELECT id FROM sso_providers WHERE tenant = ?)",
			at.UnixMilli(), id, at.UnixMilli(), string(tenant))
		return err
	})
}
