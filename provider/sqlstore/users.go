package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/seed-30109bde/gatehouse/scim"
)

// CreateUser implements [scim.UserStore].
func (s *Store) CreateUser(ctx context.Context, tenant scim.TenantID, u scim.User) (scim.User, error) {
	u.ID, u.Version = newID(u.ID), newVersion()
	r, err := rowOf(s, ofUsers, tenant, &u)
	if err != nil {
		return scim.User{}, err
	}
	err = s.write(ctx, false, func(tx Tx) error {
		n, err := insert(ctx, tx, s.users, r, "listed", r.listed)
		if err != nil {
			return err
		}
		return s.insertValues(ctx, tx, r, n)
	})
	if err != nil {
		return scim.User{}, s.told(ctx, err)
	}
	return decodeUser(r.document, r.version)
}

// User implements [scim.UserStore].
func (s *Store) User(ctx context.Context, tenant scim.TenantID, id string) (scim.User, error) {
	u, err := get(ctx, s.at(), ofUsers, s.users, tenant, id)
	return u, s.told(ctx, err)
}

// Users implements [scim.UserStore].
func (s *Store) Users(ctx context.Context, tenant scim.TenantID, q scim.Query) (scim.Page[scim.User], error) {
	page, err := list(ctx, s, ofUsers, tenant, q)
	return page, s.told(ctx, err)
}

// UpdateUser implements [scim.UserStore].
func (s *Store) UpdateUser(ctx context.Context, tenant scim.TenantID, u scim.User) (scim.User, error) {
	was := u.Version
	u.Version = newVersion()
	r, err := rowOf(s, ofUsers, tenant, &u)
	if err != nil {
		return scim.User{}, err
	}
	done := false
	if !s.dialect.savepoints { // one statement needs no transaction around it
		done, err = updateInPlace(ctx, s.at(), r, was)
	}
	if err == nil && !done {
		err = s.write(ctx, true, func(tx Tx) error { return s.updateUser(ctx, tx, r, was) })
	}
	if err != nil {
		return scim.User{}, s.told(ctx, err)
	}
	return decodeUser(r.document, r.version)
}

// updateInPlace updates a user whose name and listed values stay, which is what nearly all updates
// leave alone. It reports false if there is more to do, or something is in the way.
func updateInPlace(ctx context.Context, tx Tx, r *row, version string) (bool, error) {
	text := "UPDATE scim_users SET managed_by = ?, external_id = ?, version = ?, folded = ?, document = ?" +
		" WHERE tenant = ? AND id = ? AND user_name = ? AND listed = ?"
	args := []any{r.managedBy, r.external, r.version, r.folded, string(r.document), r.tenant, r.id, r.name, r.listed}
	if version != "" {
		text += " AND version = ?"
		args = append(args, version)
	}
	n, err := exec(ctx, tx, text, args...)
	return n == 1, err
}

// updateUser updates a user in a transaction.
func (s *Store) updateUser(ctx context.Context, tx Tx, r *row, version string) error {
	if s.dialect.savepoints {
		if done, err := updateInPlace(ctx, tx, r, version); err != nil || done {
			return err
		}
	}
	var n int64
	var have, listed string
	err := one(ctx, tx, fixed("SELECT n, version, listed FROM scim_users WHERE tenant = ? AND id = ?"+s.dialect.lock, r.tenant, r.id), &n, &have, &listed)
	if err := current(err, have, version); err != nil {
		return err
	}
	if err := taken(ctx, tx, s.users, r); err != nil {
		return err
	}
	_, err = exec(ctx, tx, "UPDATE scim_users SET managed_by = ?, user_name = ?, external_id = ?, version = ?, listed = ?, folded = ?, document = ? WHERE n = ?",
		r.managedBy, r.name, r.external, r.version, r.listed, r.folded, string(r.document), n)
	if err != nil {
		return s.users.conflict(err)
	}
	if listed == r.listed {
		return nil
	}
	if _, err := exec(ctx, tx, "DELETE FROM scim_values WHERE user_n = ?", n); err != nil {
		return err
	}
	return s.insertValues(ctx, tx, r, n)
}

// insertValues lists the values of a user.
func (s *Store) insertValues(ctx context.Context, tx Tx, r *row, n int64) error {
	if r.listed == "[]" {
		return nil
	}
	from, at := s.dialect.arrays("?")
	_, err := exec(ctx, tx, "INSERT INTO scim_values (tenant, path, key, user_n) SELECT CAST(? AS text), "+at(0)+", "+at(1)+", CAST(? AS bigint) FROM "+from, r.tenant, n, r.listed)
	return err
}

// DeleteUser implements [scim.UserStore].
func (s *Store) DeleteUser(ctx context.Context, tenant scim.TenantID, id, version string) error {
	return s.told(ctx, s.remove(ctx, s.users, tenant, id, version))
}

// remove deletes a row, and with it the rows that refer to it.
func (s *Store) remove(ctx context.Context, k *kind, tenant scim.TenantID, id, version string) error {
	return s.write(ctx, false, func(tx Tx) error {
		text := "DELETE FROM " + k.table + " WHERE tenant = ? AND id = ?"
		args := []any{string(tenant), id}
		if version != "" {
			text += " AND version = ?"
			args = append(args, version)
		}
		n, err := exec(ctx, tx, text, args...)
		if err != nil || n == 1 {
			return err
		}
		var have string
		err = one(ctx, tx, fixed("SELECT version FROM "+k.table+" WHERE tenant = ? AND id = ?", string(tenant), id), &have)
		if err := current(err, have, ""); err != nil {
			return err
		}
		return scim.ErrStale
	})
}

// current returns what is wrong with a row that was looked for: err, or that it has another
// version than the one given.
func current(err error, have, version string) error {
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return scim.ErrNotFound
	case err != nil:
		return err
	case version != "" && have != version:
		return scim.ErrStale
	}
	return nil
}
