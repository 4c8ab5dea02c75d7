package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// Touch implements [provider.Store].
func (p *Providers) Touch(ctx context.Context, tenant scim.TenantID, id provider.ID, seen provider.Seen) error {
	return p.write(ctx, func(tx Tx) error {
		_, err := exec(ctx, tx, "INSERT INTO sso_seen AS s (provider, requested, succeeded, tested) SELECT id, CAST(? AS bigint), CAST(? AS bigint), CAST(? AS bigint) FROM sso_providers WHERE id = ? AND tenant = ?"+
			" ON CONFLICT (provider) DO UPDATE SET requested = CASE WHEN excluded.requested > s.requested THEN excluded.requested ELSE s.requested END,"+
			" succeeded = CASE WHEN excluded.succeeded > s.succeeded THEN excluded.succeeded ELSE s.succeeded END,"+
			" tested = CASE WHEN excluded.tested > s.tested THEN excluded.tested ELSE s.tested END",
			orZero(seen.Requested), orZero(seen.Succeeded), orZero(seen.Tested), string(id), string(tenant))
		return err
	})
}

// orZero returns a time in milliseconds, 0 for none, and fromZero the time.
func orZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromZero(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Seen implements [provider.Store].
func (p *Providers) Seen(ctx context.Context, tenant scim.TenantID, id provider.ID) (provider.Seen, error) {
	var requested, succeeded, tested int64
	err := one(ctx, p.s.at(), fixed("SELECT s.requested, s.succeeded, s.tested FROM sso_seen AS s JOIN sso_providers AS p ON p.id = s.provider WHERE p.id = ? AND p.tenant = ?",
		string(id), string(tenant)), &requested, &succeeded, &tested)
	if errors.Is(err, sql.ErrNoRows) {
		return provider.Seen{}, nil
	}
	return provider.Seen{Requested: fromZero(requested), Succeeded: fromZero(succeeded), Tested: fromZero(tested)}, p.s.told(ctx, err)
}

// subjectKey is what a subject is found by: subjects may be long, and have any bytes.
func subjectKey(subject string) string {
	sum := sha256.Sum256([]byte(subject))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// PutFailure implements [provider.Store].
func (p *Providers) PutFailure(ctx context.Context, tenant scim.TenantID, f provider.Failure) error {
	since, count, key := f.Since, f.Count, subjectKey(f.Subject)
	f.Since, f.Count = time.Time{}, 0
	document, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("sqlstore: a failure: %w", err)
	}
	return p.write(ctx, func(tx Tx) error {
		n, err := exec(ctx, tx, "UPDATE sso_failures SET count = count + ?, document = ? WHERE subject = ? AND provider IN (SELECT id FROM sso_providers WHERE id = ? AND tenant = ?)",
			count, string(document), key, string(f.Provider), string(tenant))
		if err != nil || n > 0 {
			return err
		}
		var there, kept int
		err = one(ctx, tx, fixed("SELECT (SELECT COUNT(*) FROM sso_providers WHERE id = ? AND tenant = ?), (SELECT COUNT(*) FROM sso_failures WHERE provider = ?)",
			string(f.Provider), string(tenant), string(f.Provider)), &there, &kept)
		switch {
		case err != nil:
			return err
		case there == 0:
			return provider.ErrNotFound
		case kept >= provider.MaxFailures:
			return nil
		}
		_, err = exec(ctx, tx, "INSERT INTO sso_failures AS f (provider, subject, since, count, document) VALUES (?, ?, ?, ?, ?)"+
			" ON CONFLICT (provider, subject) DO UPDATE SET count = f.count + excluded.count, document = excluded.document",
			string(f.Provider), key, since.UnixMilli(), count, string(document))
		return err
	})
}

// Heal implements [provider.Store]. It reads first: writes wait for one another.
func (p *Providers) Heal(ctx context.Context, tenant scim.TenantID, id provider.ID, subjects ...string) error {
	keys := make([]string, len(subjects))
	for i, s := range subjects {
		keys[i] = subjectKey(s)
	}
	where := " FROM sso_failures WHERE " + p.s.dialect.among("subject", "?") + " AND provider IN (SELECT id FROM sso_providers WHERE id = ? AND tenant = ?)"
	args := []any{jsonList(keys), string(id), string(tenant)}
	var n int
	if err := one(ctx, p.s.at(), fixed("SELECT COUNT(*)"+where, args...), &n); err != nil || n == 0 {
		return p.s.told(ctx, err)
	}
	return p.write(ctx, func(tx Tx) error {
		_, err := exec(ctx, tx, "DELETE"+where, args...)
		return err
	})
}

// Failures implements [provider.Store].
func (p *Providers) Failures(ctx context.Context, tenant scim.TenantID, id provider.ID) (out []provider.Failure, err error) {
	st := fixed("SELECT f.since, f.count, f.document FROM sso_providers AS p JOIN sso_failures AS f ON f.provider = p.id WHERE p.id = ? AND p.tenant = ? ORDER BY f.since, f.subject", string(id), string(tenant))
	err = each(ctx, p.s.at(), st, func(scan func(...any) error) error {
		var since int64
		var count int
		var document string
		if err := scan(&since, &count, &document); err != nil {
			return err
		}
		var f provider.Failure
		if err := json.Unmarshal([]byte(document), &f); err != nil {
			return fmt.Errorf("sqlstore: a failure: %w", err)
		}
		f.Since, f.Count = time.UnixMilli(since).UTC(), count
		out = append(out, f)
		return nil
	})
	return out, p.s.told(ctx, err)
}
