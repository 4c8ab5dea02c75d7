package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/seed-30109bde/gatehouse/scim"
)

// loadBatch is how many users Load writes in one transaction.
const loadBatch = 500

// Load creates many users: to seed a database, or to move into it. It writes them in transactions of
// some hundred and returns how many are stored. A name or an ID that is taken ends it with a
// [*scim.ConflictError]; of the users of that transaction none is stored, of those before it all.
func (s *Store) Load(ctx context.Context, tenant scim.TenantID, users iter.Seq[scim.User]) (stored int, err error) {
	batch := make([]*row, 0, loadBatch)
	flush := func() error {
		err := s.write(ctx, true, func(tx Tx) error { return s.load(ctx, tx, tenant, batch) })
		if err == nil {
			stored += len(batch)
			batch = batch[:0]
		}
		return err
	}
	for u := range users {
		u.ID, u.Version = newID(u.ID), newVersion()
		r, err := rowOf(s, ofUsers, tenant, &u)
		if err != nil {
			return stored, err
		}
		if batch = append(batch, r); len(batch) == loadBatch {
			if err := flush(); err != nil {
				return stored, s.told(ctx, err)
			}
		}
	}
	if len(batch) > 0 {
		if err := flush(); err != nil {
			return stored, s.told(ctx, err)
		}
	}
	return stored, nil
}

// load inserts rows, and the values of all of them, with one statement each.
func (s *Store) load(ctx context.Context, tx Tx, tenant scim.TenantID, batch []*row) error {
	columns := make([][]any, len(batch))
	values := [][]string{}
	for i, r := range batch {
		columns[i] = []any{r.id, r.managedBy, r.name, r.external, r.version, r.listed, r.folded, string(r.document)}
		var pairs [][2]string
		if err := json.Unmarshal([]byte(r.listed), &pairs); err != nil {
			return err
		}
		for _, p := range pairs {
			values = append(values, []string{r.id, p[0], p[1]})
		}
	}
	rows, err := json.Marshal(columns)
	if err != nil {
		return err
	}
	list, err := json.Marshal(values)
	if err != nil {
		return err
	}
	from, at := s.dialect.arrays("?")
	n, err := exec(ctx, tx, "INSERT INTO scim_users (tenant, id, managed_by, user_name, external_id, version, listed, folded, document)"+
		" SELECT CAST(? AS text), "+at(0)+", "+at(1)+", "+at(2)+", "+at(3)+", "+at(4)+", "+at(5)+", "+s.dialect.document(at(6))+", "+at(7)+" FROM "+from+" WHERE TRUE ON CONFLICT DO NOTHING",
		string(tenant), string(rows))
	if err != nil {
		return err
	}
	if n != int64(len(batch)) {
		return s.whichTaken(ctx, tx, batch)
	}
	_, err = exec(ctx, tx, "INSERT INTO scim_values (tenant, path, key, user_n) SELECT u.tenant, "+at(1)+", "+at(2)+", u.n FROM "+from+
		" JOIN scim_users AS u ON u.tenant = CAST(? AS text) AND u.id = "+at(0)+" WHERE TRUE", string(list), string(tenant))
	return err
}

// whichTaken says which user of a batch is in the way: of another one of it, or of one stored with
// the same name under another ID.
func (s *Store) whichTaken(ctx context.Context, tx Tx, batch []*row) error {
	ids, names := map[string]bool{}, map[string]bool{}
	for _, r := range batch {
		conflict := &scim.ConflictError{}
		switch err := taken(ctx, tx, s.users, r); {
		case names[r.name] || errors.As(err, &conflict):
			return fmt.Errorf("sqlstore: load user %q: %w", r.id, &scim.ConflictError{Attribute: s.users.name.String()})
		case err != nil:
			return err
		case ids[r.id]:
			return fmt.Errorf("sqlstore: load user %q: %w", r.id, &scim.ConflictError{Attribute: "id"})
		}
		ids[r.id], names[r.name] = true, true
	}
	return fmt.Errorf("sqlstore: load: %w", &scim.ConflictError{Attribute: "id"})
}
