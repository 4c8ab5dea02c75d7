package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/seed-30109bde/gatehouse/scim"
)

// refold makes all keys anew if they were made for other schemas, by another Unicode, or without
// what is listed now. Each batch is a transaction, and the last one notes what the keys are: a
// process that ends on the way leaves the rest to the next that starts.
func (s *Store) refold(ctx context.Context) error {
	if err := refoldKind(ctx, s, ofUsers); err != nil {
		return err
	}
	return refoldKind(ctx, s, ofGroups)
}

func refoldKind[T any](ctx context.Context, s *Store, of codec[T]) error {
	k := of.kind(s)
	fact := k.table + " keys"
	var have string
	err := one(ctx, s.reads, fixed("SELECT value FROM scim_facts WHERE name = ?", fact), &have)
	if err == nil && have == k.mark {
		return nil
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("sqlstore: the keys of %s: %w", k.table, err)
	}
	for after, more := int64(-1), true; more; {
		err := s.write(ctx, true, func(tx Tx) error {
			var err error
			after, more, err = refoldBatch(ctx, s, tx, of, after)
			if err != nil || more {
				return err
			}
			_, err = exec(ctx, tx, "INSERT INTO scim_facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", fact, k.mark)
			return err
		})
		if err != nil {
			return fmt.Errorf("sqlstore: make the keys of %s anew: %w", k.table, err)
		}
	}
	return nil
}

// refoldBatch makes the keys of some rows behind one anew.
func refoldBatch[T any](ctx context.Context, s *Store, tx Tx, of codec[T], after int64) (last int64, more bool, err error) {
	k := of.kind(s)
	type stored struct {
		n                         int64
		tenant, version, document string
	}
	var batch []stored
	err = each(ctx, tx, fixed("SELECT n, tenant, version, document FROM "+k.table+" WHERE n > ? ORDER BY n LIMIT ?"+s.dialect.lock, after, loadBatch), func(scan func(...any) error) error {
		var r stored
		err := scan(&r.n, &r.tenant, &r.version, &r.document)
		batch = append(batch, r)
		return err
	})
	if err != nil {
		return after, false, err
	}
	for _, b := range batch {
		t, err := of.decode([]byte(b.document), b.version)
		if err != nil {
			return after, false, err
		}
		r, err := rowOf(s, of, scim.TenantID(b.tenant), &t)
		if err != nil {
			return after, false, err
		}
		if err := s.rekey(ctx, tx, k, r, b.n); err != nil {
			return after, false, fmt.Errorf("%q in tenant %q: %w", r.id, r.tenant, err)
		}
		after = b.n
	}
	return after, len(batch) == loadBatch, nil
}

// rekey stores the keys of a row, whose document and version stay.
func (s *Store) rekey(ctx context.Context, tx Tx, k *kind, r *row, n int64) error {
	if k.table == besideTable {
		return rekeyBeside(ctx, tx, s.dialect, r, n)
	}
	if _, err := exec(ctx, tx, "UPDATE "+k.table+" SET "+k.nameColumn()+" = ?, external_id = ?, folded = ? WHERE n = ?", r.name, r.external, r.folded, n); err != nil {
		return err
	}
	if len(k.listed) == 0 {
		return nil
	}
	if _, err := exec(ctx, tx, "UPDATE scim_users SET listed = ? WHERE n = ?", r.listed, n); err != nil {
		return err
	}
	if _, err := exec(ctx, tx, "DELETE FROM scim_values WHERE user_n = ?", n); err != nil {
		return err
	}
	return s.insertValues(ctx, tx, r, n)
}
