package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
)

// postgresVariable names the PostgreSQL server that tests may use, as a URL.
const postgresVariable = "GATEHOUSE_TEST_POSTGRES"

// backend is a database the server runs on.
type backend struct {
	name string
	// fresh returns what to give -db for an empty database that nobody else uses.
	fresh func(testing.TB) string
	// open opens it behind the server's back.
	open func(t testing.TB, db string) *sql.DB
	// impatient is the same database for a server that does not wait long for others.
	impatient func(db string, wait time.Duration) string
	store     func(context.Context, *sql.DB, sqlstore.Config) (*sqlstore.Store, error)
	// hold keeps everybody else from changing the members of groups until it is released, and waiting
	// returns when somebody wants to.
	hold    func(t testing.TB, db string) (release func())
	waiting func(t testing.TB, db string)
	// settle waits until the database has noticed that a server is gone.
	settle func(t testing.TB, db string)
}

var (
	onSQLite = backend{
		name:      "SQLite",
		fresh:     freshFile,
		open:      func(t testing.TB, db string) *sql.DB { return openDB(t, "sqlite", sqlstore.DSN(db)) },
		impatient: impatient,
		store:     sqlstore.NewSQLite,
		hold: func(t testing.TB, db string) func() {
			return hold(t, openDB(t, "sqlite", sqlstore.DSN(db)), "BEGIN IMMEDIATE")
		},
		waiting: func(testing.TB, string) { time.Sleep(500 * time.Millisecond) }, // SQLite cannot be asked
		settle:  func(testing.TB, string) {},
	}
	onPostgres = backend{
		name:      "PostgreSQL",
		fresh:     freshSchema,
		open:      func(t testing.TB, db string) *sql.DB { return openDB(t, "pgx", db) },
		impatient: func(db string, _ time.Duration) string { return db },
		store:     sqlstore.NewPostgres,
		hold: func(t testing.TB, db string) func() {
			return hold(t, openDB(t, "pgx", withParameter(t, db, "application_name", "holder")), "BEGIN; LOCK TABLE scim_members IN EXCLUSIVE MODE")
		},
		waiting: func(t testing.TB, db string) { awaitSessions(t, db, "count(*) > 0", "wait_event_type = 'Lock'") },
		settle:  func(t testing.TB, db string) { awaitSessions(t, db, "count(*) = 0", "TRUE") },
	}
)

// onEach runs a test on each database, beside others.
func onEach(t *testing.T, test func(*testing.T, backend)) {
	for _, b := range []backend{onSQLite, onPostgres} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			test(t, b)
		})
	}
}

// impatient is a file whose locks are waited for no longer than that.
func impatient(file string, wait time.Duration) string {
	return strings.Replace(sqlstore.DSN(file), "busy_timeout(5000)", fmt.Sprintf("busy_timeout(%d)", wait.Milliseconds()), 1)
}

func freshFile(t testing.TB) string { return filepath.Join(t.TempDir(), "test.db") }

func openDB(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// testPostgres returns the URL of the server that tests may use, or skips.
func testPostgres(t testing.TB) string {
	t.Helper()
	dsn := os.Getenv(postgresVariable)
	if dsn == "" {
		t.Skipf("%s names no PostgreSQL", postgresVariable)
	}
	return dsn
}

// freshSchema makes a schema of its own, which is dropped at the end.
func freshSchema(t testing.TB) string {
	t.Helper()
	dsn := testPostgres(t)
	admin := openDB(t, "pgx", dsn)
	name := "gatehouse_test_" + strings.ToLower(rand.Text())
	if _, err := admin.Exec("CREATE SCHEMA " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP SCHEMA " + name + " CASCADE"); err != nil {
			t.Errorf("drop the schema: %v", err)
		}
	})
	return withParameter(t, withParameter(t, dsn, "search_path", name), "application_name", name)
}

// withParameter sets a parameter of a URL.
func withParameter(t testing.TB, dsn, key, value string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(key, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// awaitSessions waits until something is so of the sessions of a server. One that was killed has them
// for a while: PostgreSQL does what they were sent before it looks whether anybody is there.
func awaitSessions(t testing.TB, db, is, where string) {
	t.Helper()
	u, err := url.Parse(db)
	if err != nil {
		t.Fatal(err)
	}
	admin := openDB(t, "pgx", testPostgres(t))
	defer admin.Close()
	query := "SELECT " + is + " FROM pg_stat_activity WHERE application_name = $1 AND " + where
	await(t, admin, query, u.Query().Get("application_name"))
}

// await waits until the answer is true.
func await(t testing.TB, db *sql.DB, query string, args ...any) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		var ok bool
		switch err := db.QueryRow(query, args...).Scan(&ok); {
		case err != nil:
			t.Fatal(err)
		case ok:
			return
		case time.Now().After(deadline):
			t.Fatalf("%s %v: still not", query, args)
		}
	}
}

// hold begins a transaction, and returns what ends it.
func hold(t testing.TB, db *sql.DB, begin string) (release func()) {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	runSQL(t, conn, begin)
	return func() {
		runSQL(t, conn, "ROLLBACK")
		conn.Close()
	}
}

func runSQL(t testing.TB, on interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, text string) {
	t.Helper()
	if _, err := on.ExecContext(t.Context(), text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// TestKeeps has the next server find what the one before was given.
func TestKeeps(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		s := start(t, "-db", db)
		status, body := s.send(t, "POST", "/Users", newcomer)
		if status != 201 {
			t.Fatalf("%d %s", status, body)
		}
		ada := readUser(t, body)
		status, body = s.send(t, "POST", "/Groups", fmt.Sprintf(`{"displayName": "Staff", "members": [{"value": %q}]}`, ada.ID))
		if status != 201 {
			t.Fatalf("%d %s", status, body)
		}
		if code := s.stop(t); code != exitOK || s.stderr.String() != "" {
			t.Fatalf("it ended with %d and said %q", code, s.stderr)
		}

		s = start(t, "-db", db)
		if want := ": it holds 2 users and 1 group of Acme."; !strings.Contains(s.stdout.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, s.stdout)
		}
		if status, body := s.send(t, "GET", "/Users/"+ada.ID, ""); status != 200 || readUser(t, body).Extension != ada.Extension || !strings.Contains(body, `"display":"Staff"`) {
			t.Errorf("%d %s, want the user as created, in the group", status, body)
		}
		if status, body := s.send(t, "POST", "/Users", newcomer); status != 409 {
			t.Errorf("the name is given again: %d %s", status, body)
		}
	})
}

// TestFile checks that others cannot read the file, nor those beside it, and that none of these is
// left when the server has ended.
func TestFile(t *testing.T) {
	db := freshFile(t)
	s := start(t, "-db", db)
	if want := db + " was created;"; !strings.Contains(s.stdout.String(), want) {
		t.Errorf("it does not say %q:\n%s", want, s.stdout)
	}
	for _, name := range []string{db, db + "-wal", db + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Error(err)
		} else if mode := info.Mode().Perm(); mode != 0o600 && runtime.GOOS != "windows" {
			t.Errorf("%s has the mode %v, want 0600", name, mode)
		}
	}
	if code := s.stop(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if left, err := os.ReadDir(filepath.Dir(db)); err != nil || len(left) != 1 {
		t.Errorf("beside the database there is something: %v %v", left, err)
	}
}

func TestDefaultDatabase(t *testing.T) {
	c, err := parseConfig(t.Context(), nil, new(buffer))
	if err != nil || c.db != "gatehouse.db" {
		t.Errorf("the database is %q (%v)", c.db, err)
	}
}

// TestFileNames uses names that mean something to SQLite, to a URI or to the server.
func TestFileNames(t *testing.T) {
	names := []string{"a b?c%41#é&.db", "./memory", "x=1;y.db"}
	if runtime.GOOS != "windows" {
		names = append(names, ":memory:", "./postgres:", "./file:x", "a\nb")
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			s := start(t, "-db", name)
			if status, body := s.send(t, "POST", "/Users", newcomer); status != 201 {
				t.Fatalf("%d %s", status, body)
			}
			s.stop(t)
			if left, err := os.ReadDir("."); err != nil || len(left) != 1 || left[0].Name() != strings.TrimPrefix(name, "./") {
				t.Errorf("there is %v (%v), want the database alone", left, err)
			}
			if again := start(t, "-db", name); !strings.Contains(again.stdout.String(), shown(name)+" exists: it holds 2 users and no groups ") {
				t.Errorf("the user is gone:\n%s", again.stdout)
			}
		})
	}
}

// TestSettings gives SQLite a URI, and checks that its file is made like any other.
func TestSettings(t *testing.T) {
	dir := t.TempDir()
	uri := strings.Replace(sqlstore.DSN(filepath.Join(dir, "a b.db")), "busy_timeout(5000)", "busy_timeout(1000)", 1)
	s := start(t, "-db", uri)
	if status, body := s.send(t, "POST", "/Users", newcomer); status != 201 {
		t.Fatalf("%d %s", status, body)
	}
	info, err := os.Stat(filepath.Join(dir, "a b.db"))
	if err != nil || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("the file is %v (%v), want mode 0600", info, err)
	}
}

func TestContent(t *testing.T) {
	for _, c := range []struct {
		users, groups int
		want          string
	}{
		{0, 0, "it holds no users and no groups of Acme"},
		{1, 0, "it holds 1 user and no groups of Acme"},
		{999, 1, "it holds 999 users and 1 group of Acme"},
		{1234, 12, "it holds 1,234 users and 12 groups of Acme"},
		{1_000_000, 100_000, "it holds 1,000,000 users and 100,000 groups of Acme"},
	} {
		if got := content(c.users, c.groups); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestRefusedDatabases checks that what cannot be is one sentence, and that no password is in it.
func TestRefusedDatabases(t *testing.T) {
	t.Chdir(t.TempDir())
	text := strings.Repeat("Ada Lovelace,ada@example.com\n", 100)
	if err := os.WriteFile("users.csv", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		db   string
		want string
		code int
	}{
		{"", "names no database", exitUsage},
		{"a\x00b", "names no database", exitUsage},
		{"missing/x.db", "there is no directory", exitFailed},
		{".", "is a directory", exitFailed},
		{"users.csv", "users.csv is not a SQLite database", exitFailed},
		{"users.csv/x.db", "cannot create the database", exitFailed},
		{"file:x%zz.db", "is no URI", exitUsage},
		{"file:x.db", "journal_mode=delete", exitFailed},
		{"mysql://root:hunter2@localhost/acme", "begins with mysql://", exitUsage},
		{"http://localhost/", "in PostgreSQL, as in postgres://", exitUsage},
		{"postgres://acme:hunter2@127.0.0.1:1/acme", "acme at 127.0.0.1:1: ", exitFailed},
		{"postgresql://acme:hunter2@127.0.0.1:1/acme", "acme at 127.0.0.1:1: ", exitFailed},
		{"postgres://acme:hunter2@acme.invalid/acme", "acme at acme.invalid:5432: no such host", exitFailed},
		{"postgres://acme:ab/hunter2@127.0.0.1/acme", "cannot be read", exitUsage},
		{"postgres://acme:12/hunter2@127.0.0.1/acme", "cannot be read", exitUsage},
		{"postgres://acme:ab?hunter2@127.0.0.1:x/acme", "cannot be read", exitUsage},
		{"postgres://acme:hunter2", "cannot be read", exitUsage},
		{"postgres://acme:hunter2@127.0.0.1:1/acme?sslmode=sometimes", "cannot be read", exitUsage},
		{"postgres://acme:hunter2@127.0.0.1:1/acme?sslmode=verify-full&sslrootcert=missing.pem", "open missing.pem", exitUsage},
	} {
		t.Run(c.db, func(t *testing.T) { refused(t, c.db, c.code, c.want) })
	}
	if got, err := os.ReadFile("users.csv"); err != nil || string(got) != text {
		t.Errorf("the file that is no database was changed (%v)", err)
	}
}

// refused checks that the server does not start, and says why in one sentence without the password.
func refused(t *testing.T, db string, code int, want string) {
	t.Helper()
	stdout, stderr := new(buffer), new(buffer)
	ctx, cancel := context.WithTimeout(t.Context(), patience) // if it starts after all
	defer cancel()
	got := run(ctx, []string{"-addr", "127.0.0.1:0", "-db", db}, stdout, stderr)
	if said := stderr.String(); got != code || !oneSentence(said) || !strings.Contains(said, want) {
		t.Errorf("exit code %d, %q; want %d and a sentence with %q", got, said, code, want)
	}
	if strings.Contains(stderr.String(), "hunter2") {
		t.Errorf("the sentence has the password: %s", stderr)
	}
	if stdout.String() != "" {
		t.Errorf("it printed %q", stdout)
	}
}

// TestReadOnlyFile starts on a file that cannot be written. Nothing keeps root from writing to files,
// except to those of the kernel.
func TestReadOnlyFile(t *testing.T) {
	db := freshFile(t)
	start(t, "-db", db).stop(t)
	if err := os.Chmod(db, 0o400); err != nil {
		t.Fatal(err)
	}
	want := "test.db cannot be written"
	if os.Geteuid() == 0 {
		db, want = "/proc/sys/kernel/ostype", "/proc/sys/kernel/ostype"
	}
	refused(t, db, exitFailed, want)
}

// TestMissingDatabase asks a PostgreSQL that answers for what it does not have.
func TestMissingDatabase(t *testing.T) {
	u, err := url.Parse(testPostgres(t))
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/gatehouse_test_missing"
	refused(t, u.String(), exitFailed, `database "gatehouse_test_missing" does not exist; create it`)
}

// TestWrongPassword has a server that is none turn the password down.
func TestWrongPassword(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			b := pgproto3.NewBackend(conn, conn)
			b.ReceiveStartupMessage()
			b.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "28P01", Message: `password authentication failed for user "acme"`})
			b.Flush()
			conn.Close()
		}
	}()
	refused(t, "postgres://acme:hunter2@"+listener.Addr().String()+"/acme?sslmode=disable", exitFailed,
		`password authentication failed for user "acme"; the password can be`)
}

// TestNewerTables starts on tables that a newer release has made.
func TestNewerTables(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		start(t, "-db", db).stop(t)
		behind := b.open(t, db)
		if _, err := behind.Exec("INSERT INTO scim_schema_version (version_id, is_applied) VALUES (999, TRUE)"); err != nil {
			t.Fatal(err)
		}
		refused(t, db, exitFailed, "the tables have version 999, made by a newer release")
		if _, err := behind.Exec("DELETE FROM scim_schema_version WHERE version_id = 999"); err != nil {
			t.Fatal(err)
		}
		start(t, "-db", db) // nothing else was in its way
	})
}
