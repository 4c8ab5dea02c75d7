package sqlstore_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

// postgresVariable names the PostgreSQL server that tests may use, as a URL.
const postgresVariable = "GATEHOUSE_TEST_POSTGRES"

// engine is a database the tests run on.
type engine struct {
	name string
	// open returns an empty database that nobody else uses.
	open func(testing.TB) *sql.DB
	new  func(context.Context, *sql.DB, sqlstore.Config) (*sqlstore.Store, error)
}

var (
	sqliteEngine   = engine{"SQLite", newSQLiteDB, sqlstore.NewSQLite}
	postgresEngine = engine{"PostgreSQL", newPostgresDB, sqlstore.NewPostgres}
)

// onEach runs a test on each database.
func onEach(t *testing.T, test func(*testing.T, engine)) {
	for _, e := range []engine{sqliteEngine, postgresEngine} {
		t.Run(e.name, func(t *testing.T) { test(t, e) })
	}
}

func newSQLiteDB(t testing.TB) *sql.DB {
	t.Helper()
	return openDB(t, "sqlite", sqlstore.DSN(filepath.Join(t.TempDir(), "test.db")))
}

func openDB(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// newPostgresDB makes a schema of its own, which is dropped at the end.
func newPostgresDB(t testing.TB) *sql.DB {
	t.Helper()
	return openSchema(t, newSchema(t), "deadlock_timeout", "10ms") // it is a second, which tests would wait out
}

func newSchema(t testing.TB) string {
	t.Helper()
	admin := openDB(t, "pgx", postgresDSN(t))
	name := "gatehouse_test_" + strings.ToLower(rand.Text())
	if _, err := admin.Exec("CREATE SCHEMA " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP SCHEMA " + name + " CASCADE"); err != nil {
			t.Errorf("drop the schema: %v", err)
		}
	})
	return name
}

// postgresDSN skips the test if there is none.
func postgresDSN(t testing.TB) string {
	t.Helper()
	dsn := os.Getenv(postgresVariable)
	if dsn == "" {
		t.Skipf("%s names no PostgreSQL", postgresVariable)
	}
	return dsn
}

// openSchema opens PostgreSQL so that a schema is all there is. More settings may follow, as names
// and values.
func openSchema(t testing.TB, schema string, settings ...string) *sql.DB {
	t.Helper()
	u, err := url.Parse(postgresDSN(t))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	for i := 0; i < len(settings); i += 2 {
		q.Set(settings[i], settings[i+1])
	}
	u.RawQuery = q.Encode()
	db := openDB(t, "pgx", u.String())
	db.SetMaxOpenConns(10)
	return db
}

func newStore(t testing.TB, e engine, config sqlstore.Config) *sqlstore.Store {
	t.Helper()
	s, err := e.new(context.Background(), e.open(t), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestUsers(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		scimtest.TestUserStore(t, func(t *testing.T) scim.UserStore {
			return newStore(t, e, sqlstore.Config{Schemas: scimtest.Schemas()})
		})
	})
}

func TestGroups(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		scimtest.TestGroupStore(t, func(t *testing.T) scim.GroupStore {
			return newStore(t, e, sqlstore.Config{Schemas: scimtest.Schemas()})
		})
	})
}
