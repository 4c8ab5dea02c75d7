package main

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// roles are those of the demo: groups of the identity provider give all but the last.
type roles struct{ db *sql.DB }

var allRoles = []provider.Role{
	{ID: "help-desk", Name: "Help desk", UserType: extension.Technician},
	{ID: "dispatcher", Name: "Dispatcher", UserType: extension.Technician},
	{ID: "auditor", Name: "Auditor", UserType: extension.Technician},
	{ID: "approver", Name: "Approver", UserType: extension.EndUser},
	{ID: "viewer", Name: "Viewer", UserType: extension.EndUser},
	{ID: "system-administrator", Name: "System administrator", UserType: extension.Technician, Administrator: true},
}

// List implements provider.Roles.
func (roles) List(context.Context, scim.TenantID) ([]provider.Role, error) {
	return slices.Clone(allRoles), nil
}

// SetProvisioned implements provider.Roles. It is two statements: where one is lost, the next call makes up
// for it.
func (s roles) SetProvisioned(ctx context.Context, _ scim.TenantID, user string, set []string) (bool, error) {
	statement, args := "DELETE FROM server_roles WHERE user_id = $1 AND provisioned = 1", []any{user}
	if len(set) > 0 {
		var marks []string
		for _, role := range set {
			args = append(args, role)
			marks = append(marks, fmt.Sprintf("$%d", len(args)))
		}
		statement += " AND role NOT IN (" + strings.Join(marks, ", ") + ")"
	}
	total, err := changed(ctx, s.db, statement, args...)
	if err != nil {
		return false, err
	}
	for _, role := range set {
		n, err := changed(ctx, s.db, "INSERT INTO server_roles (user_id, role, provisioned) VALUES ($1, $2, 1) ON CONFLICT DO NOTHING", user, role)
		if err != nil {
			return false, err
		}
		total += n
	}
	return total > 0, nil
}

// of returns the names of the roles of a user.
func (s roles) of(ctx context.Context, user string) (names []string, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT DISTINCT role FROM server_roles WHERE user_id = $1 ORDER BY role", user)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(allRoles, func(r provider.Role) bool { return r.ID == id }); i >= 0 {
			names = append(names, allRoles[i].Name)
		}
	}
	return names, rows.Err()
}
