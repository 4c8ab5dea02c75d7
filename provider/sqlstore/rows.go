package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/seed-30109bde/gatehouse/scim"
)

// nameColumn is the column of the unique name.
func (k *kind) nameColumn() string {
	if k.table == "scim_users" {
		return "user_name"
	}
	return "display_name"
}

// among is the condition, beside the tenant, for the rows among which a name is unique.
func (k *kind) among(r *row) (condition string, args []any) {
	if k.table == "scim_users" {
		return "", nil
	}
	return " AND managed_by = ?", []any{r.managedBy}
}

// insert inserts a row, with one column more than users and groups share. It returns its number, or
// a conflict.
func insert(ctx context.Context, tx Tx, k *kind, r *row, column, value string) (n int64, err error) {
	err = one(ctx, tx, fixed("INSERT INTO "+k.table+" (tenant, id, managed_by, "+k.nameColumn()+", external_id, version, "+column+", folded, document)"+
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING n",
		r.tenant, r.id, r.managedBy, r.name, r.external, r.version, value, r.folded, string(r.document)), &n)
	if !errors.Is(err, sql.ErrNoRows) {
		return n, err
	}
	err = one(ctx, tx, fixed("SELECT n FROM "+k.table+" WHERE tenant = ? AND id = ?", r.tenant, r.id), &n)
	switch {
	case err == nil:
		return 0, &scim.ConflictError{Attribute: "id"}
	case errors.Is(err, sql.ErrNoRows):
		return 0, &scim.ConflictError{Attribute: k.name.String()}
	}
	return 0, err
}

// taken returns a conflict if another row has the name of r.
func taken(ctx context.Context, tx Tx, k *kind, r *row) error {
	condition, args := k.among(r)
	var n int64
	err := one(ctx, tx, fixed("SELECT n FROM "+k.table+" WHERE tenant = ? AND "+k.nameColumn()+" = ? AND id <> ?"+condition,
		append([]any{r.tenant, r.name, r.id}, args...)...), &n)
	switch {
	case err == nil:
		return &scim.ConflictError{Attribute: k.name.String()}
	case errors.Is(err, sql.ErrNoRows):
		return nil
	}
	return err
}

// conflict returns the conflict that an error of PostgreSQL is: another transaction took the name
// after this one had looked.
func (k *kind) conflict(err error) error {
	if sqlState(err) == uniqueViolation {
		return &scim.ConflictError{Attribute: k.name.String()}
	}
	return err
}
