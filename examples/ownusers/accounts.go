package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
)

// accounts is our table of users as the store sees it: sqlstore.Accounts.
type accounts struct{ kind }

// Find looks a login up.
func (a accounts) Find(ctx context.Context, tx sqlstore.Tx, tenant scim.TenantID, login string) (id string, err error) {
	err = tx.QueryRowContext(ctx, "SELECT CAST(id AS text) FROM users WHERE tenant = $1 AND login_key = $2 AND deleted_at IS NULL",
		string(tenant), filter.Fold(login)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = scim.ErrNotFound
	}
	return id, err
}

// Get reads users.
func (a accounts) Get(ctx context.Context, tx sqlstore.Tx, tenant scim.TenantID, ids []string, lock bool, fill func(id string) *scim.User) error {
	args := []any{string(tenant)}
	var places []string
	for _, id := range ids {
		if key, ok := a.key(id); ok {
			args = append(args, key)
			places = append(places, fmt.Sprintf("$%d", len(args)))
		}
	}
	if len(places) == 0 {
		return nil
	}
	text := "SELECT CAST(id AS text), login, given_name, family_name, active, administrator FROM users" +
		" WHERE tenant = $1 AND deleted_at IS NULL AND id IN (" + strings.Join(places, ", ") + ")"
	if lock {
		text += a.lock
	}
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, login, given, family string
		var active, administrator bool
		if err := rows.Scan(&id, &login, &given, &family, &active, &administrator); err != nil {
			return err
		}
		u := fill(id)
		u.UserName, u.Name.GivenName, u.Name.FamilyName = login, given, family
		u.Active, u.Administrator = active, administrator
	}
	return rows.Err()
}

// Create adds a user. If the login is taken the unique index says so.
func (a accounts) Create(ctx context.Context, tx sqlstore.Tx, tenant scim.TenantID, u scim.User) (id string, err error) {
	columns, places := "tenant, login, login_key, given_name, family_name, active, administrator", "$1, $2, $3, $4, $5, $6, $7"
	args := []any{string(tenant), u.UserName, filter.Fold(u.UserName), u.Name.GivenName, u.Name.FamilyName, u.Active, u.Administrator}
	if a.newKey != nil {
		columns, places, args = columns+", id", places+", $8", append(args, a.newKey())
	}
	err = tx.QueryRowContext(ctx, "INSERT INTO users ("+columns+") VALUES ("+places+") RETURNING CAST(id AS text)", args...).Scan(&id)
	return id, err
}

// Update changes a user.
func (a accounts) Update(ctx context.Context, tx sqlstore.Tx, tenant scim.TenantID, u scim.User) error {
	return a.change(ctx, tx, tenant, u.ID, "login = $3, login_key = $4, given_name = $5, family_name = $6, administrator = $7",
		u.UserName, filter.Fold(u.UserName), u.Name.GivenName, u.Name.FamilyName, u.Administrator)
}

// SetState lets a user in, keeps one out, or deletes one. It would be the place to end sessions.
func (a accounts) SetState(ctx context.Context, tx sqlstore.Tx, tenant scim.TenantID, id string, state sqlstore.AccountState) error {
	if state == sqlstore.AccountDeleted {
		return a.change(ctx, tx, tenant, id, "deleted_at = CURRENT_TIMESTAMP")
	}
	return a.change(ctx, tx, tenant, id, "active = $3", state == sqlstore.AccountActive)
}

// change changes one row, which is there: the store has just read it.
func (a accounts) change(ctx context.Context, tx sqlstore.Tx, tenant scim.TenantID, id, set string, values ...any) error {
	key, ok := a.key(id)
	if !ok {
		return scim.ErrNotFound
	}
	_, err := tx.ExecContext(ctx, "UPDATE users SET "+set+" WHERE tenant = $1 AND id = $2 AND deleted_at IS NULL",
		append([]any{string(tenant), key}, values...)...)
	return err
}
