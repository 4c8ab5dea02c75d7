package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
)

// The tables of the host. login_key is the login as it is compared, without case. A user who was
// deleted keeps the row, which orders and tickets refer to, and gives up the login.
const tables = `
CREATE TABLE IF NOT EXISTS users (
	id            %s,
	tenant        text NOT NULL,
	login         text NOT NULL,
	login_key     text %s NOT NULL,
	given_name    text NOT NULL,
	family_name   text NOT NULL,
	active        boolean NOT NULL,
	administrator boolean NOT NULL DEFAULT FALSE,
	deleted_at    timestamp
);
CREATE UNIQUE INDEX IF NOT EXISTS users_login ON users (tenant, login_key) WHERE deleted_at IS NULL;
CREATE TABLE IF NOT EXISTS audit (
	tenant  text NOT NULL,
	actor   text NOT NULL,
	action  text NOT NULL,
	subject text NOT NULL
);`

// accountTable tells the store how to find its way in the table. Filters on names, which have no
// column here, make it look at users one by one.
func (k kind) accountTable() sqlstore.AccountTable {
	return sqlstore.AccountTable{
		From:   "users AS a",
		Tenant: "a.tenant",
		ID:     "CAST(a.id AS text)",
		Join:   "a.id = CAST(r.id AS " + k.keyType + ")",
		Live:   "a.deleted_at IS NULL",
		Held:   []string{"userName", "active", "name.givenName", "name.familyName"},
		Columns: map[string]string{
			"userName": "a.login_key",
			"active":   "CASE WHEN a.active THEN '1' ELSE '0' END",
		},
	}
}

// A kind of table is what differs between databases and between keys. A host has one.
type kind struct {
	postgres  bool
	id        string // the definition of the column
	keyType   string // its type
	collation string // of what is compared byte by byte
	lock      string // ends a SELECT of rows that will be changed
	// key returns an ID as the column has it. It is not ok if the text is not how the database
	// would write it: then it is nobody's.
	key func(id string) (key any, ok bool)
	// newKey makes a key; nil, if the database does.
	newKey func() string
}

func kindOf(driver, keys string) (kind, error) {
	k := kind{postgres: driver == "pgx", key: intKey, keyType: "bigint"}
	if k.postgres {
		k.collation, k.lock = `COLLATE "C"`, " FOR UPDATE"
	}
	switch {
	case keys == "int" && k.postgres:
		k.id = "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
	case keys == "int": // AUTOINCREMENT: no key is given twice
		k.id = "integer PRIMARY KEY AUTOINCREMENT"
	case keys == "uuid":
		k.keyType, k.key, k.newKey = "uuid", uuidKey, newUUID
		if !k.postgres {
			k.keyType = "text"
		}
		k.id = k.keyType + " PRIMARY KEY"
	default:
		return k, fmt.Errorf("there are no keys of type %q; int and uuid are", keys)
	}
	return k, nil
}

func intKey(id string) (any, bool) {
	n, err := strconv.ParseInt(id, 10, 64)
	return n, err == nil && strconv.FormatInt(n, 10) == id
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func uuidKey(id string) (any, bool) { return id, uuidForm.MatchString(id) }

// newUUID returns a UUID of version 7 (RFC 9562 §5.7, with method 3 of §6.2): in the order of time,
// so that new rows are at the end of every index.
func newUUID() string {
	now := time.Now()
	fraction := uint16(now.Nanosecond() % 1e6 * (1 << 12) / 1e6)
	b := binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli())<<16|7<<12|uint64(fraction))
	b = append(b, make([]byte, 8)...)
	rand.Read(b[8:])
	b[8] = b[8]&0x3F | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// makeTable makes the tables, if they are not there.
func makeTable(ctx context.Context, db *sql.DB, k kind) error {
	for text := range strings.SplitSeq(fmt.Sprintf(tables, k.id, k.collation), ";\n") {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("make the tables: %w", err)
		}
	}
	return nil
}

// staff are the users who were there before.
var staff = []scim.User{
	{UserName: "ada@example.com", Active: true, Name: scim.Name{GivenName: "Ada", FamilyName: "Lovelace"}},
	{UserName: "grace@example.com", Active: true, Name: scim.Name{GivenName: "Grace", FamilyName: "Hopper"}},
	{UserName: "edsger@partner.example", Active: true, Name: scim.Name{GivenName: "Edsger", FamilyName: "Dijkstra"}},
	{UserName: "root@example.com", Active: true, Administrator: true},
}

// hire adds the staff to a table that is empty.
func hire(ctx context.Context, db *sql.DB, k kind) error {
	var there int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM users").Scan(&there); err != nil || there > 0 {
		return err
	}
	for _, u := range staff {
		if _, err := (accounts{k}).Create(ctx, db, tenant, u); err != nil {
			return fmt.Errorf("add %s: %w", u.UserName, err)
		}
	}
	return nil
}
