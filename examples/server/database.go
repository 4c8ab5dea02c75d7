package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

const (
	defaultDatabase = "gatehouse.db"
	inMemory        = "memory" // instead of a file; one of that name is ./memory
)

// maxConnections bounds those to the database. PostgreSQL has 100 unless told otherwise, and they
// are for all processes.
const maxConnections = 16

// A database is where the server keeps users and groups.
type database struct {
	stores    scim.Stores
	providers provider.Store
	replays   saml.ReplayCache
	settings  settings
	own       *sql.DB // where the server's own tables are
	note      string  // a sentence about what is in it
	close     func() error
}

// checkDatabase refuses what -db cannot mean, before anything is opened.
func checkDatabase(db string) error {
	scheme, _, ok := strings.Cut(db, "://")
	switch {
	case db == "", strings.ContainsRune(db, 0):
		return fmt.Errorf("-db names no database: it is a file, a URL such as %s, or %s", postgresExample, inMemory)
	case isPostgres(db):
		_, err := parsePostgres(db)
		return err
	case isURI(db):
		if _, err := uriFile(db); err != nil {
			return errors.New("-db begins with file:, but is no URI; write ./file: for a file of that name")
		}
		return nil
	case ok && !strings.ContainsAny(scheme, `/\.`):
		return fmt.Errorf("-db cannot be a URL that begins with %s://: users and groups are kept in a file, which SQLite makes, or in PostgreSQL, as in %s", shown(scheme), postgresExample)
	}
	return nil
}

// openDatabase opens what -db names. Its errors are sentences for whoever started the server.
func openDatabase(ctx context.Context, db string) (*database, error) {
	switch {
	case db == inMemory:
		return openMemory(ctx)
	case isPostgres(db):
		return openPostgres(ctx, db)
	}
	return openSQLite(ctx, db)
}

// openMemory keeps everything in memory: users and groups in the simplest stores, and the server's own tables
// in a SQLite that is one connection.
func openMemory(ctx context.Context) (*database, error) {
	own, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	own.SetMaxOpenConns(1)
	if err := createTables(ctx, own); err != nil {
		return nil, errors.Join(err, own.Close())
	}
	store := new(scim.MemoryStore)
	return &database{
		stores:    scim.Stores{Users: store, Groups: store},
		providers: new(provider.MemoryStore),
		replays:   saml.NewMemoryReplays(saml.DefaultReplays, time.Now),
		settings:  settings{own},
		own:       own,
		note:      "Users and groups are kept in memory and are gone when the server ends.",
		close:     own.Close,
	}, nil
}

// newDatabase makes sure that the store can be read and written: what cannot is told now, and not to
// the first client.
func newDatabase(ctx context.Context, db *sql.DB, store *sqlstore.Store) (d *database, users, groups int, err error) {
	if err := store.DeleteUser(ctx, tenant, "", ""); !errors.Is(err, scim.ErrNotFound) { // nobody has no ID
		return nil, 0, 0, errors.Join(err, store.Close())
	}
	all := scim.Query{Scope: scim.Scope{All: true}, Total: true}
	u, err1 := store.Users(ctx, tenant, all)
	g, err2 := store.Groups(ctx, tenant, all)
	if err := errors.Join(err1, err2); err != nil {
		return nil, 0, 0, errors.Join(err, store.Close())
	}
	if err := createTables(ctx, db); err != nil {
		return nil, 0, 0, errors.Join(err, store.Close())
	}
	d = &database{
		stores: store.Stores(), providers: store.Providers(), replays: store.Replays(nil), settings: settings{db}, own: db,
		close: func() error { return errors.Join(store.Close(), db.Close()) },
	}
	return d, u.Total, g.Total, nil
}

// content says how much a database holds.
func content(users, groups int) string {
	return fmt.Sprintf("it holds %s and %s of %s", counted(users, "user"), counted(groups, "group"), tenantName)
}

// counted writes a number with its noun: no users, 1 user, 1,234 users.
func counted(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun + "s"
	case 1:
		return "1 " + noun
	}
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits + " " + noun + "s"
}

// shown writes a name into a sentence, in quotes where it needs them.
func shown(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` || strings.Contains(name, " ") {
		return quoted
	}
	return name
}

// oneLine makes one line of an error that has more, and leaves out who says it.
func oneLine(err error) string {
	if down, ok := errors.AsType[*scim.UnavailableError](err); ok {
		err = down.Cause
	}
	return strings.TrimPrefix(strings.Join(strings.Fields(err.Error()), " "), "sqlstore: ")
}
