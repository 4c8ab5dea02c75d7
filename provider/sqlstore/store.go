package sqlstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A Config is what a [Store] needs to know beside its database. The zero Config will do for a host
// without schemas of its own.
type Config struct {
	// Schemas are the host's extensions, the same as [scim.Config.Schemas]. All processes that
	// share a database give the same: a row written by one that does not know a schema is not
	// found by its attributes.
	Schemas [][]byte

	// Index lists further attributes of users by which a filter with eq is to be a point look-up,
	// by path and behind the URN of their schema. Those that are looked up by every identity
	// provider are anyway.
	Index []string
}

// A Store keeps users and groups in a database. It implements [scim.UserStore] and
// [scim.GroupStore], and [Store.Stores] puts both together with their transactions.
type Store struct {
	*database
	tx Tx // nil: each call commits
}

var (
	_ scim.UserStore  = (*Store)(nil)
	_ scim.GroupStore = (*Store)(nil)
)

// A database is what all the stores of one share, in and out of transactions.
type database struct {
	db      *sql.DB
	dialect *dialect
	reads   Tx         // outside of transactions
	commits *committer // of SQLite
	version int64      // of the tables, as this release knows them
	users   *kind
	groups  *kind
}

// DSN returns the data source name under which modernc.org/sqlite opens a file as a store needs it.
func DSN(file string) string { return "file:" + escapePath(file) + "?" + pragmas }

// escapePath keeps a name from being taken for a part of the URI that it is put in.
func escapePath(name string) string { return (&url.URL{Path: name}).EscapedPath() }

// pragmas are how modernc.org/sqlite is told what [NewSQLite] asks for.
const pragmas = "_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(ON)"

// NewSQLite returns the store in a SQLite database, whose tables it makes or brings up to date. It
// fails if connections are not set up as they must be, and says how to open them, or if the tables
// are of a newer release. db needs two connections or more: one writes. It stays the host's; close
// the store first.
func NewSQLite(ctx context.Context, db *sql.DB, config Config) (*Store, error) {
	if db.Stats().MaxOpenConnections == 1 {
		return nil, errors.New("sqlstore: the database is limited to one connection; a writer and a reader need one each, so SetMaxOpenConns to 2 or more")
	}
	if err := checkSQLite(ctx, db); err != nil {
		return nil, err
	}
	d := &database{db: db, dialect: sqlite, reads: &prepared{from: db}, commits: &committer{db: db}}
	return open(ctx, d, config)
}

// NewPostgres returns the store in a PostgreSQL database, of version 12 or newer and in UTF-8, whose
// tables it makes or brings up to date. It fails if the tables are of a newer release. db stays the
// host's.
func NewPostgres(ctx context.Context, db *sql.DB, config Config) (*Store, error) {
	if err := checkPostgres(ctx, db); err != nil {
		return nil, err
	}
	return open(ctx, &database{db: db, dialect: postgres, reads: db}, config)
}

func open(ctx context.Context, d *database, config Config) (*Store, error) {
	var err error
	if d.users, err = userKind(config); err != nil {
		return nil, err
	}
	if d.groups, err = groupKind(config); err != nil {
		return nil, err
	}
	if d.version, err = migrate(ctx, d.db, d.dialect); err != nil {
		return nil, unavailable(err)
	}
	s := &Store{database: d}
	if err := s.refold(ctx); err != nil {
		return nil, unavailable(err)
	}
	return s, nil
}

// Close gives back the connection and the statements the store holds. The database stays open, and
// calls under way finish or fail.
func (s *Store) Close() error {
	if s.commits != nil {
		s.commits.close()
		s.reads.(*prepared).close()
	}
	return nil
}

// Stores returns the stores for scim.New, with their transactions.
func (s *Store) Stores() scim.Stores {
	return scim.Stores{Users: s, Groups: s, Transact: s.Transact}
}

// at returns where statements that read are run.
func (s *Store) at() Tx {
	if s.tx != nil {
		return s.tx
	}
	return s.reads
}

// newID returns an ID for a resource that came without. The endpoint proposes IDs in the order of
// time, so this is for hosts.
func newID(id string) string { return cmp.Or(id, rand.Text()) }

// newVersion returns a version no resource ever had: not even one that comes back with a backup.
func newVersion() string { return rand.Text() }

// checkSQLite looks at a connection as the host opens them.
func checkSQLite(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return unavailable(fmt.Errorf("sqlstore: connect: %w", err))
	}
	defer conn.Close()
	for _, c := range []struct {
		pragma string
		ok     func(string) bool
		why    string
	}{
		{"journal_mode", func(v string) bool { return v == "wal" }, "readers and the writer would wait for one another"},
		{"synchronous", func(v string) bool { return v == "2" || v == "3" }, "a write that was acknowledged could be lost with the power"},
		{"busy_timeout", func(v string) bool { return v != "0" }, "a second process would make writes fail at once"},
		{"foreign_keys", func(v string) bool { return v == "1" }, "members of deleted groups would stay"},
		{"encoding", func(v string) bool { return v == "UTF-8" }, "texts would be compared in another order"},
	} {
		var value string
		if err := conn.QueryRowContext(ctx, "PRAGMA "+c.pragma).Scan(&value); err != nil {
			return unavailable(fmt.Errorf("sqlstore: PRAGMA %s: %w", c.pragma, err))
		}
		if !c.ok(value) {
			return fmt.Errorf("sqlstore: the SQLite database has %s=%s: %s. With modernc.org/sqlite, open it as file:NAME?%s", c.pragma, value, c.why, pragmas)
		}
	}
	return nil
}

func checkPostgres(ctx context.Context, db *sql.DB) error {
	var encoding string
	var version int
	err := db.QueryRowContext(ctx, "SELECT pg_encoding_to_char(encoding), current_setting('server_version_num')::int FROM pg_database WHERE datname = current_database()").Scan(&encoding, &version)
	switch {
	case err != nil:
		return unavailable(fmt.Errorf("sqlstore: connect: %w", err))
	case version < 12_00_00:
		return fmt.Errorf("sqlstore: PostgreSQL %d is too old; it takes version 12 or newer", version/10_000)
	case encoding != "UTF8":
		return fmt.Errorf("sqlstore: the PostgreSQL database is in %s; create one with ENCODING 'UTF8'", encoding)
	}
	return nil
}
