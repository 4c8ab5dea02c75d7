package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

// people is the table of a host, which holds more kinds of attributes than a host would: with and
// without columns, parts, and those of an extension.
type people struct{ postgres bool }

const (
	storeURN  = "urn:example:gatehouse:store:2.0:User" // of scimtest.Schemas
	boss      = scim.EnterpriseURN + ":manager.value"
	badge     = storeURN + ":badge"
	deskFloor = storeURN + ":desk.floor"
)

var peopleTable = map[string]string{
	sqliteEngine.name: `CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, login TEXT NOT NULL, login_key TEXT NOT NULL,
		given TEXT, given_key TEXT, job TEXT, boss TEXT, boss_key TEXT, badge TEXT, floor INTEGER, admin BOOLEAN NOT NULL DEFAULT FALSE, state TEXT NOT NULL DEFAULT 'active')`,
	postgresEngine.name: `CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant text NOT NULL, login text NOT NULL, login_key text COLLATE "C" NOT NULL,
		given text, given_key text, job text, boss text, boss_key text, badge text, floor bigint, admin boolean NOT NULL DEFAULT FALSE, state text NOT NULL DEFAULT 'active')`,
}

const peopleIndex = `CREATE UNIQUE INDEX people_login ON people (tenant, login_key) WHERE state <> 'deleted'`

func accountTable() sqlstore.AccountTable {
	return sqlstore.AccountTable{
		From: "people AS a", Tenant: "a.tenant", ID: "CAST(a.id AS text)", Join: "a.id = CAST(r.id AS bigint)", Live: "a.state <> 'deleted'",
		Held: []string{"name.givenName", "title", boss, badge, deskFloor},
		Columns: map[string]string{
			"userName": "a.login_key", "name.givenName": "a.given_key", boss: "a.boss_key", badge: "a.badge",
			"active": "CASE WHEN a.state = 'active' THEN '1' ELSE '0' END",
		},
	}
}

// newBeside returns a store of users beside people.
func newBeside(t testing.TB, e engine, table sqlstore.AccountTable) (*sql.DB, *sqlstore.Beside) {
	t.Helper()
	db := e.open(t)
	for _, text := range []string{peopleTable[e.name], peopleIndex} {
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	return db, reopenBeside(t, e, db, sqlstore.Config{Schemas: scimtest.Schemas()}, table)
}

func reopenBeside(t testing.TB, e engine, db *sql.DB, config sqlstore.Config, table sqlstore.AccountTable) *sqlstore.Beside {
	t.Helper()
	s, err := e.new(context.Background(), db, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	b, err := sqlstore.NewBeside(context.Background(), s, people{e.name == postgresEngine.name}, table)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (people) Find(ctx context.Context, tx sqlstore.Tx, tenant scim.TenantID, login string) (id string, err error) {
	err = tx.QueryRowContext(ctx, "SELECT CAST(id AS text) FROM people WHERE tenant = $1 AND login_key = $2 AND state <> 'deleted'", string(tenant), filter.Fold(login)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = scim.ErrNotFound
	}
	return id, err
}

func (p people) Get(ctx context.Context, tx sqlstore.Tx, tenant scim.TenantID, ids []string, lock bool, fill func(id string) *scim.User) error {
	var keys []string
	for _, id := range ids {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil && strconv.FormatInt(n, 10) == id {
			keys = append(keys, id)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	text := "SELECT id, login, given, job, boss, badge, floor, admin, state FROM people WHERE tenant = $1 AND state <> 'deleted' AND id IN (" + strings.Join(keys, ", ") + ")"
	if lock && p.postgres {
		text += " FOR UPDATE"
	}
	rows, err := tx.QueryContext(ctx, text, string(tenant))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, login, state string
		var given, job, boss, badge sql.NullString
		var floor sql.NullInt64
		var admin bool
		if err := rows.Scan(&id, &login, &given, &job, &boss, &badge, &floor, &admin, &state); err != nil {
			return err
		}
		u := fill(id)
		u.UserName, u.Name.GivenName, u.Title, u.Enterprise.Manager.Value = login, given.String, job.String, boss.String
		u.Active, u.Administrator = state == "active", admin
		if badge.Valid {
			extend(u, func(o scim.Object) { o["badge"] = badge.String })
		}
		if floor.Valid {
			extend(u, func(o scim.Object) {
				desk, _ := o["desk"].(scim.Object)
				desk = maps.Clone(desk)
				if desk == nil {
					desk = scim.Object{}
				}
				desk["floor"] = floor.Int64
				o["desk"] = desk
			})
		}
	}
	return rows.Err()
}

func extend(u *scim.User, f func(scim.Object)) {
	if u.Extensions == nil {
		u.Extensions = map[string]scim.Object{}
	}
	if u.Extensions[storeURN] == nil {
		u.Extensions[storeURN] = scim.Object{}
	}
	f(u.Extensions[storeURN])
}

// columnsOf returns what Create and Update write.
func (people) columnsOf(u scim.User) []any {
	text := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	badge, _ := u.Extensions[storeURN]["badge"].(string)
	var floor any
	if desk, ok := u.Extensions[storeURN]["desk"].(scim.Object); ok && desk["floor"] != nil {
		floor = desk["floor"]
	}
	return []any{
		u.UserName, filter.Fold(u.UserName), text(u.Name.GivenName), text(filter.Fold(u.Name.GivenName)), text(u.Title),
		text(u.Enterprise.Manager.Value), text(filter.Fold(u.Enterprise.Manager.Value)), text(badge), floor, u.Administrator,
	}
}

const peopleColumns = "login, login_key, given, given_key, job, boss, boss_key, badge, floor, admin"

func (p people) Create(ctx context.Context, tx sqlstore.Tx, tenant scim.TenantID, u scim.User) (id string, err error) {
	state := "inactive"
	if u.Active {
		state = "active"
	}
	err = tx.QueryRowContext(ctx, "INSERT INTO people ("+peopleColumns+", tenant, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING CAST(id AS text)",
		append(p.columnsOf(u), string(tenant), state)...).Scan(&id)
	return id, err
}

func (p people) Update(ctx context.Context, tx sqlstore.Tx, tenant scim.TenantID, u scim.User) error {
	return p.change(ctx, tx, tenant, u.ID, "("+peopleColumns+") = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", p.columnsOf(u)...)
}

func (p people) SetState(ctx context.Context, tx sqlstore.Tx, tenant scim.TenantID, id string, state sqlstore.AccountState) error {
	names := map[sqlstore.AccountState]string{sqlstore.AccountActive: "active", sqlstore.AccountInactive: "inactive", sqlstore.AccountDeleted: "deleted"}
	return p.change(ctx, tx, tenant, id, "state = $1", names[state])
}

// change changes one row.
func (people) change(ctx context.Context, tx sqlstore.Tx, tenant scim.TenantID, id, set string, args ...any) error {
	args = append(args, string(tenant), id)
	n := len(args)
	result, err := tx.ExecContext(ctx, fmt.Sprintf("UPDATE people SET %s WHERE tenant = $%d AND id = CAST($%d AS bigint) AND state <> 'deleted'", set, n-1, n), args...)
	if err != nil {
		return err
	}
	changed, err := result.RowsAffected()
	if err == nil && changed != 1 {
		err = fmt.Errorf("%d people were changed", changed)
	}
	return err
}
