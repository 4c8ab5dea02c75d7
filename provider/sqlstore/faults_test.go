package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
)

// down expects an error that tells a client to come again.
func down(t *testing.T, err error, what string) {
	t.Helper()
	var u *scim.UnavailableError
	if !errors.As(err, &u) || u.RetryAfter <= 0 || u.Cause == nil {
		t.Errorf("%s: got %v, want a *scim.UnavailableError that says when and why", what, err)
	}
}

// operations are one call of each kind, on user 0, which is there.
func operations(s *sqlstore.Store) map[string]func(context.Context) error {
	changed := entraUser(0)
	changed.Title = "changed"
	return map[string]func(context.Context) error{
		"read": func(ctx context.Context) error { _, err := s.User(ctx, "acme", entraUser(0).ID); return err },
		"list": func(ctx context.Context) error {
			_, err := s.Users(ctx, "acme", scim.Query{Scope: scim.Scope{All: true}, Limit: 10, Total: true})
			return err
		},
		"create": func(ctx context.Context) error { return create(ctx, s.Stores(), 1) },
		"update": func(ctx context.Context) error { _, err := s.UpdateUser(ctx, "acme", changed); return err },
		"group": func(ctx context.Context) error {
			_, err := s.CreateGroup(ctx, "acme", scim.Group{Meta: scim.Meta{ID: "g"}, DisplayName: "g"}, scim.MemberChange{})
			return err
		},
		"transact": func(ctx context.Context) error {
			return s.Transact(ctx, "acme", func(ctx context.Context, in scim.Stores) error { return create(ctx, in, 2) })
		},
	}
}

var reads = map[string]bool{"read": true, "list": true}

// untouched expects user 0 as it was made, and nothing else.
func untouched(t *testing.T, s *sqlstore.Store) {
	t.Helper()
	p, err := s.Users(t.Context(), "acme", scim.Query{Scope: scim.Scope{All: true}, Limit: 10, Total: true})
	if err != nil || p.Total != 1 || p.Items[0].Title != entraUser(0).Title {
		t.Errorf("%d users, %v; want the one that was there as it was", p.Total, err)
	}
	if p, err := s.Groups(t.Context(), "acme", scim.Query{Scope: scim.Scope{All: true}, Total: true}); err != nil || p.Total != 0 {
		t.Errorf("%d groups, %v; want none", p.Total, err)
	}
}

// works expects all operations to work, without a restart.
func works(t *testing.T, s *sqlstore.Store) {
	t.Helper()
	for name, do := range operations(s) {
		if err := do(t.Context()); err != nil {
			t.Errorf("afterwards, %s: %v", name, err)
		}
	}
}

func fileStore(t *testing.T, file, more string) (*sqlstore.Store, *sql.DB) {
	t.Helper()
	db := openDB(t, "sqlite", strings.Replace(sqlstore.DSN(file), "busy_timeout(5000)", "busy_timeout(30)", 1)+more)
	s, err := sqlstore.NewSQLite(t.Context(), db, sqlstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, db
}

func TestSQLiteLocked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "test.db")
	s, _ := fileStore(t, file, "")
	if err := create(t.Context(), s.Stores(), 0); err != nil {
		t.Fatal(err)
	}
	other, err := openDB(t, "sqlite", sqlstore.DSN(file)).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	for name, do := range operations(s) {
		if err := do(t.Context()); reads[name] && err != nil {
			t.Errorf("%s: %v; readers do not wait for writers", name, err)
		} else if !reads[name] {
			down(t, err, name)
		}
	}
	untouched(t, s)
	if _, err := other.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	works(t, s)
}

func TestSQLiteFull(t *testing.T) {
	file := filepath.Join(t.TempDir(), "test.db")
	s, db := fileStore(t, file, "&_pragma=max_page_count(60)")
	if err := create(t.Context(), s.Stores(), 0); err != nil {
		t.Fatal(err)
	}
	big := entraUser(9)
	big.Title = strings.Repeat("x", 300_000)
	_, err := s.CreateUser(t.Context(), "acme", big)
	down(t, err, "create what does not fit")
	_, err = s.CreateGroup(t.Context(), "acme", scim.Group{Meta: scim.Meta{ID: "g"}, DisplayName: "g"}, scim.MemberChange{Add: strings.Fields(strings.Repeat("m ", 10) + longIDs(10_000))})
	down(t, err, "create a group that does not fit")
	err = s.Transact(t.Context(), "acme", func(ctx context.Context, in scim.Stores) error {
		_, err := in.Users.CreateUser(ctx, "acme", big)
		return errors.Join(err, create(ctx, in, 3)) // goes on, though there is nothing to go on with
	})
	down(t, err, "a transaction that does not fit")
	untouched(t, s)
	works(t, s)
	if integrity(t, db) != "ok" {
		t.Error("the database is damaged")
	}
}

func longIDs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "member-%060d ", i)
	}
	return b.String()
}

func integrity(t *testing.T, db *sql.DB) (said string) {
	t.Helper()
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&said); err != nil {
		t.Fatal(err)
	}
	return said
}

// TestSQLiteReadOnly has the operating system, or a setting, refuse writes.
func TestSQLiteReadOnly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "test.db")
	s, _ := fileStore(t, file, "")
	if err := create(t.Context(), s.Stores(), 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Exec(t.Context(), "PRAGMA query_only = ON"); err != nil { // of the connection that writes
		t.Fatal(err)
	}
	for name, do := range operations(s) {
		if err := do(t.Context()); reads[name] && err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !reads[name] {
			down(t, err, name)
		}
	}
	untouched(t, s)
}

// TestSQLiteGone replaces the file by a folder, and puts it back.
func TestSQLiteGone(t *testing.T) {
	dir := t.TempDir()
	_, err := sqlstore.NewSQLite(t.Context(), openDB(t, "sqlite", sqlstore.DSN(filepath.Join(dir, "no", "folder.db"))), sqlstore.Config{})
	down(t, err, "open in a folder that is not there")

	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlstore.NewSQLite(t.Context(), openDB(t, "sqlite", sqlstore.DSN(text)), sqlstore.Config{}); err == nil || !strings.Contains(err.Error(), "not a database") {
		t.Errorf("open a text: %v", err)
	}
}

func TestPostgresGone(t *testing.T) {
	schema := newSchema(t)
	db := openSchema(t, schema, "application_name", schema)
	s, err := sqlstore.NewPostgres(t.Context(), db, sqlstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := create(t.Context(), s.Stores(), 0); err != nil {
		t.Fatal(err)
	}
	admin := openDB(t, "pgx", postgresDSN(t))
	cut := func() {
		if _, err := admin.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", schema); err != nil {
			t.Fatal(err)
		}
	}
	err = s.Transact(t.Context(), "acme", func(ctx context.Context, in scim.Stores) error {
		err := create(ctx, in, 1)
		cut()
		return errors.Join(err, create(ctx, in, 2))
	})
	down(t, err, "in the middle of a transaction")
	err = s.Transact(t.Context(), "acme", func(ctx context.Context, in scim.Stores) error {
		err := create(ctx, in, 1)
		cut()
		return err
	})
	down(t, err, "before the commit")
	untouched(t, s)
	works(t, s)
}

func TestPostgresReadOnly(t *testing.T) {
	schema := newSchema(t)
	first, err := sqlstore.NewPostgres(t.Context(), openSchema(t, schema), sqlstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := create(t.Context(), first.Stores(), 0); err != nil {
		t.Fatal(err)
	}
	s, err := sqlstore.NewPostgres(t.Context(), openSchema(t, schema, "default_transaction_read_only", "on"), sqlstore.Config{})
	if err != nil {
		t.Fatalf("open a standby whose tables are up to date: %v", err)
	}
	for name, do := range operations(s) {
		if err := do(t.Context()); reads[name] && err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !reads[name] {
			down(t, err, name)
		}
	}
	untouched(t, s)
}

func TestPostgresUnreachable(t *testing.T) {
	postgresDSN(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nobody listens there
	_, err = sqlstore.NewPostgres(t.Context(), openDB(t, "pgx", "postgres://nobody@"+l.Addr().String()+"/none?sslmode=disable"), sqlstore.Config{})
	down(t, err, "open")
}

// TestLockTimeout has a row locked by the host for longer than PostgreSQL is told to wait.
func TestPostgresLockTimeout(t *testing.T) {
	schema := newSchema(t)
	db := openSchema(t, schema, "lock_timeout", "20ms")
	s, err := sqlstore.NewPostgres(t.Context(), db, sqlstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := create(t.Context(), s.Stores(), 0); err != nil {
		t.Fatal(err)
	}
	tx := begin(t, postgresEngine, db)
	defer tx.Close()
	if _, err := tx.ExecContext(t.Context(), "SELECT 1 FROM scim_users FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	down(t, operations(s)["update"](t.Context()), "update")
	if _, err := tx.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	works(t, s)
}

// TestCanceled ends calls by their context while they wait.
func TestCanceled(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db := e.open(t)
		s, err := e.new(t.Context(), db, sqlstore.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := create(t.Context(), s.Stores(), 0); err != nil {
			t.Fatal(err)
		}
		for name, do := range operations(s) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := do(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
		}
		untouched(t, s)
		works(t, s)
	})
}

// TestNewerMeanwhile has a newer release change the tables under a process that runs.
func TestNewerMeanwhile(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db := e.open(t)
		s, err := e.new(t.Context(), db, sqlstore.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := create(t.Context(), s.Stores(), 0); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{
			"ALTER TABLE scim_users RENAME COLUMN document TO contents",
			"INSERT INTO scim_schema_version (version_id, is_applied) VALUES (9000, TRUE)",
		} {
			if _, err := db.Exec(text); err != nil {
				t.Fatal(err)
			}
		}
		for name, do := range operations(s) {
			var newer *sqlstore.NewerSchemaError
			if err := do(t.Context()); name != "group" && (!errors.As(err, &newer) || newer.Have != 9000) {
				t.Errorf("%s: got %v, want an error that says why", name, err)
			}
		}
	})
}

type stateError string

func (e stateError) Error() string    { return "state " + string(e) }
func (e stateError) SQLState() string { return string(e) }

type codeError int

func (e codeError) Error() string { return fmt.Sprint("code ", int(e)) }
func (e codeError) Code() int     { return int(e) }

// TestPassing holds which errors are told to come again.
func TestPassing(t *testing.T) {
	for _, err := range []error{
		stateError("53100"), stateError("53300"), stateError("57P01"), stateError("57P03"), stateError("08006"), stateError("40001"), stateError("40P01"),
		stateError("25006"), stateError("55P03"), stateError("57014"), stateError("58030"),
		codeError(5), codeError(5 | 2<<8), codeError(6), codeError(7), codeError(8 | 1<<8), codeError(10 | 3<<8), codeError(13), codeError(14),
		sql.ErrConnDone, &net.OpError{Op: "dial", Err: errors.New("no route")},
	} {
		if wait, ok := sqlstore.Passing(fmt.Errorf("wrapped: %w", err)); !ok || wait < time.Second {
			t.Errorf("%v: wait %s, %t; it may pass", err, wait, ok)
		}
	}
	for _, err := range []error{
		stateError("42P01"), stateError("22021"), stateError("23505"), stateError("XX001"), codeError(1), codeError(11), codeError(19), codeError(26), errNo, sql.ErrNoRows,
	} {
		if _, ok := sqlstore.Passing(err); ok {
			t.Errorf("%v: it will not pass", err)
		}
	}
}

// TestOddQueries asks what a store cannot, or need not, answer.
func TestOddQueries(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s, ctx := newStore(t, e, sqlstore.Config{}), t.Context()
		groups, err := scim.GroupRegistry()
		if err != nil {
			t.Fatal(err)
		}
		members, _ := groups.Ref("members")
		if _, err := s.Groups(ctx, "acme", scim.Query{Scope: scim.Scope{All: true}, Sort: scim.Order{By: members}, Limit: 1}); err == nil || !strings.Contains(err.Error(), "members") {
			t.Errorf("sorted by members: %v, want an error that names them", err)
		}
		users, err := scim.UserRegistry()
		if err != nil {
			t.Fatal(err)
		}
		name, _ := users.Ref("userName")
		mail, _ := users.Ref("emails.value")
		for _, value := range []string{"a\x00b", "\xff", strings.Repeat("long", 5_000)} {
			for _, ref := range []filter.Ref{name, mail} {
				if p, err := s.Users(ctx, "acme", scim.Query{Scope: scim.Scope{All: true}, Filter: filter.Equal(users, ref, value), Limit: 1, Total: true}); err != nil || p.Total != 0 {
					t.Errorf("%s eq %.10q: %d users, %v", ref, value, p.Total, err)
				}
			}
		}
		for _, id := range []string{"", "a\x00b", "\xff", strings.Repeat("long", 5_000), "' OR 1=1 --", "$1"} {
			if _, err := s.User(ctx, "acme", id); !errors.Is(err, scim.ErrNotFound) {
				t.Errorf("read %.20q: %v, want ErrNotFound", id, err)
			}
			if p, err := s.Users(ctx, "acme", scim.Query{Scope: scim.Scope{All: true}, IDs: []string{id}, Limit: 1, Total: true}); err != nil || p.Total != 0 {
				t.Errorf("list %.20q: %d users, %v", id, p.Total, err)
			}
		}
		long := entraUser(1)
		long.UserName = strings.Repeat("a", 3_000)
		if _, err := s.CreateUser(ctx, "acme", long); err == nil || !strings.Contains(err.Error(), "3000 bytes") {
			t.Errorf("a name of 3,000 bytes: %v, want an error that says so", err)
		}
		long = entraUser(2)
		long.Emails[0].Value = strings.Repeat("e", 9_000)
		if _, err := s.CreateUser(ctx, "acme", long); err != nil {
			t.Error(err)
		}
		if p, err := s.Users(ctx, "acme", scim.Query{Scope: scim.Scope{All: true}, Filter: filter.Equal(users, mail, long.Emails[0].Value), Limit: 1, Total: true}); err != nil || p.Total != 1 {
			t.Errorf("an address of 9,000 bytes: %d users, %v", p.Total, err)
		}
	})
}
