package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// write runs f in a transaction, or in a savepoint of one.
func (b *Beside) write(ctx context.Context, f func(Tx) error) error {
	return b.store.told(ctx, b.store.write(ctx, true, f))
}

// CreateUser implements [scim.UserStore].
func (b *Beside) CreateUser(ctx context.Context, tenant scim.TenantID, u scim.User) (scim.User, error) {
	var out besideUser
	err := b.write(ctx, func(tx Tx) error {
		u := u // it may run again
		u.ID = newID(u.ID)
		id, err := b.accounts.Create(ctx, tx, tenant, u)
		if err != nil {
			return loginTaken(err)
		}
		u.ID = id
		if err := b.create(ctx, tx, tenant, &u); err != nil {
			return err
		}
		out, err = b.written(ctx, tx, tenant, id)
		return err
	})
	return out.User, err
}

// create stores what is beside a new account.
func (b *Beside) create(ctx context.Context, tx Tx, tenant scim.TenantID, u *scim.User) error {
	u.Version = newVersion()
	r, err := rowOf(b.store, b.codec(), tenant, u)
	if err != nil {
		return err
	}
	// An account that the host deleted itself may have left something under the ID.
	if _, err := exec(ctx, tx, "DELETE FROM scim_beside WHERE tenant = ? AND id = ?", r.tenant, r.id); err != nil {
		return err
	}
	inserted, err := insertBeside(ctx, tx, b.store.dialect, r)
	if err == nil && !inserted {
		err = scim.ErrStale
	}
	return err
}

// UpdateUser implements [scim.UserStore].
func (b *Beside) UpdateUser(ctx context.Context, tenant scim.TenantID, u scim.User) (scim.User, error) {
	var out besideUser
	err := b.write(ctx, func(tx Tx) error {
		have, err := b.current(ctx, tx, tenant, u.ID, u.Version)
		if err != nil {
			return err
		}
		if err := b.updateAccount(ctx, tx, tenant, &have, u); err != nil {
			return err
		}
		u := u // it may run again
		u.Version = newVersion()
		if err := b.updateBeside(ctx, tx, tenant, &have, &u); err != nil {
			return err
		}
		out, err = b.written(ctx, tx, tenant, u.ID)
		return err
	})
	return out.User, err
}

// current returns a user whose account nobody else changes before the end of the transaction.
func (b *Beside) current(ctx context.Context, tx Tx, tenant scim.TenantID, id, version string) (besideUser, error) {
	have, err := b.one(ctx, tx, tenant, id, true)
	if err == nil && version != "" && have.Version != version {
		err = scim.ErrStale
	}
	return have, err
}

// updateAccount has the host update what it holds.
func (b *Beside) updateAccount(ctx context.Context, tx Tx, tenant scim.TenantID, have *besideUser, u scim.User) error {
	was := have.User
	was.Active = u.Active
	if b.version("", &was) != b.version("", &u) {
		err := b.accounts.Update(ctx, tx, tenant, u)
		if err != nil && filter.Fold(have.UserName) != filter.Fold(u.UserName) {
			err = loginTaken(err)
		}
		if err != nil {
			return err
		}
	}
	switch {
	case have.Active == u.Active:
		return nil
	case u.Active:
		return b.accounts.SetState(ctx, tx, tenant, u.ID, AccountActive)
	}
	return b.accounts.SetState(ctx, tx, tenant, u.ID, AccountInactive)
}

// updateBeside updates what is beside an account, or stores it, if that is the first there is.
func (b *Beside) updateBeside(ctx context.Context, tx Tx, tenant scim.TenantID, have *besideUser, u *scim.User) error {
	r, err := rowOf(b.store, b.codec(), tenant, u)
	if err != nil {
		return err
	}
	if have.n == 0 {
		inserted, err := insertBeside(ctx, tx, b.store.dialect, r)
		if err == nil && !inserted { // somebody else did, and the host does not lock accounts
			err = scim.ErrStale
		}
		return err
	}
	_, err = exec(ctx, tx, "UPDATE scim_beside SET managed_by = ?, external_id = ?, version = ?, listed = ?, folded = ?, document = ? WHERE n = ?",
		r.managedBy, r.external, r.version, r.listed, r.folded, string(r.document), have.n)
	if err != nil || b.beside.list(besideView{&have.User, b.besideTables}) == r.listed {
		return err
	}
	return replaceValues(ctx, tx, b.store.dialect, r, have.n)
}

// DeleteUser implements [scim.UserStore].
func (b *Beside) DeleteUser(ctx context.Context, tenant scim.TenantID, id, version string) error {
	return b.write(ctx, func(tx Tx) error {
		have, err := b.current(ctx, tx, tenant, id, version)
		if err != nil {
			return err
		}
		if err := b.accounts.SetState(ctx, tx, tenant, id, AccountDeleted); err != nil {
			return err
		}
		_, err = exec(ctx, tx, "DELETE FROM scim_beside WHERE n = ?", have.n)
		return err
	})
}

// written returns a user as it was just stored.
func (b *Beside) written(ctx context.Context, tx Tx, tenant scim.TenantID, id string) (besideUser, error) {
	u, err := b.one(ctx, tx, tenant, id, false)
	if errors.Is(err, scim.ErrNotFound) {
		err = errUnknownAccount
	}
	return u, err
}

var errUnknownAccount = errors.New("sqlstore: the account of a user that was just written is not there: Accounts.Get does not know it")

// loginTaken returns the conflict that an error of a unique index is.
func loginTaken(err error) error {
	e, _ := errors.AsType[interface {
		error
		Code() int
	}](err)
	// SQLITE_CONSTRAINT_UNIQUE, or SQLITE_CONSTRAINT from a driver that says no more.
	const unique, constraint = 19 | 8<<8, 19
	if sqlState(err) == uniqueViolation || e != nil && (e.Code() == unique || e.Code() == constraint) {
		return &scim.ConflictError{Attribute: "userName"}
	}
	return err
}

// insertBeside inserts what is beside an account. It reports false if there is something.
func insertBeside(ctx context.Context, tx Tx, d *dialect, r *row) (bool, error) {
	var n int64
	err := one(ctx, tx, fixed("INSERT INTO scim_beside (tenant, id, managed_by, external_id, version, listed, folded, document)"+
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING n",
		r.tenant, r.id, r.managedBy, r.external, r.version, r.listed, r.folded, string(r.document)), &n)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err == nil {
		err = insertBesideValues(ctx, tx, d, r, n)
	}
	return err == nil, err
}

// insertBesideValues lists the values of a user.
func insertBesideValues(ctx context.Context, tx Tx, d *dialect, r *row, n int64) error {
	if r.listed == "[]" {
		return nil
	}
	from, at := d.arrays("?")
	_, err := exec(ctx, tx, "INSERT INTO scim_beside_values (tenant, path, key, user_n) SELECT CAST(? AS text), "+at(0)+", "+at(1)+", CAST(? AS bigint) FROM "+from, r.tenant, n, r.listed)
	return err
}

// replaceValues lists the values of a user anew.
func replaceValues(ctx context.Context, tx Tx, d *dialect, r *row, n int64) error {
	if _, err := exec(ctx, tx, "DELETE FROM scim_beside_values WHERE user_n = ?", n); err != nil {
		return err
	}
	return insertBesideValues(ctx, tx, d, r, n)
}

// rekeyBeside stores the keys of a row, whose document and version stay.
func rekeyBeside(ctx context.Context, tx Tx, d *dialect, r *row, n int64) error {
	_, err := exec(ctx, tx, "UPDATE scim_beside SET external_id = ?, listed = ?, folded = ? WHERE n = ?", r.external, r.listed, r.folded, n)
	if err != nil {
		return err
	}
	return replaceValues(ctx, tx, d, r, n)
}
