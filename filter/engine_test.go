package filter

import (
	"context"
	"database/sql"
	"os"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

// An Engine is one connection to a database in which nothing outlives it: an empty SQLite in
// memory, or the schema PostgreSQL makes for the temporary tables of a connection and drops with
// it.
type Engine struct {
	Name    string
	Dialect Dialect
	Conn    *sql.Conn
}

// Engines returns SQLite and, if the environment names one, PostgreSQL.
func Engines(tb testing.TB) []Engine {
	tb.Helper()
	all := []Engine{{"SQLite", SQLite, open(tb, "sqlite", ":memory:")}}
	if dsn := os.Getenv("GATEHOUSE_TEST_POSTGRES"); dsn != "" {
		all = append(all, Engine{"PostgreSQL", Postgres, open(tb, "pgx", dsn)})
	}
	return all
}

// AllEngines also says that a database is missing, as a skipped test. Call it last.
func AllEngines(t *testing.T) {
	if os.Getenv("GATEHOUSE_TEST_POSTGRES") == "" {
		t.Run("PostgreSQL", func(t *testing.T) {
			t.Skip("GATEHOUSE_TEST_POSTGRES names no PostgreSQL, so conditions were compared with SQLite alone")
		})
	}
}

func open(tb testing.TB, driver, dsn string) *sql.Conn {
	tb.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := db.Conn(ctx)
	if err != nil {
		tb.Fatalf("%s: %v", driver, err)
	}
	tb.Cleanup(func() {
		conn.Close()
		db.Close()
	})
	return conn
}

// Exec runs a statement of the test.
func (e Engine) Exec(tb testing.TB, statement string, args ...any) {
	tb.Helper()
	if _, err := e.Conn.ExecContext(context.Background(), statement, args...); err != nil {
		tb.Fatalf("%s: %s: %v", e.Name, statement, err)
	}
}

// JSON is the type of the folded document.
func (e Engine) JSON() string {
	if e.Dialect == Postgres {
		return "jsonb"
	}
	return "text"
}
