package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
)

var errNo = errors.New("no")

// has reports which of the users 0 to n-1 are stored.
func has(t *testing.T, s scim.UserStore, n int) (there []int) {
	t.Helper()
	for i := range n {
		switch _, err := s.User(context.Background(), "acme", entraUser(i).ID); {
		case err == nil:
			there = append(there, i)
		case !errors.Is(err, scim.ErrNotFound):
			t.Fatal(err)
		}
	}
	return there
}

func create(ctx context.Context, s scim.Stores, n int) error {
	_, err := s.Users.CreateUser(ctx, "acme", entraUser(n))
	return err
}

func TestTransact(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s, ctx := newStore(t, e, sqlstore.Config{}), t.Context()
		stores := s.Stores()

		err := stores.Transact(ctx, "acme", func(ctx context.Context, in scim.Stores) error {
			if err := create(ctx, in, 0); err != nil {
				return err
			}
			if there := has(t, in.Users, 1); len(there) != 1 {
				t.Error("a transaction does not see what it wrote")
			}
			if there := has(t, s, 1); len(there) != 0 {
				t.Error("others see what is not committed")
			}
			_, err := in.Groups.CreateGroup(ctx, "acme", scim.Group{Meta: scim.Meta{ID: "g0"}, DisplayName: "g"}, scim.MemberChange{Add: []string{"m"}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}

		err = stores.Transact(ctx, "acme", func(ctx context.Context, in scim.Stores) error {
			return errors.Join(create(ctx, in, 1), in.Groups.DeleteGroup(ctx, "acme", "g0", ""), errNo)
		})
		if !errors.Is(err, errNo) {
			t.Errorf("got %v, want the error of the function", err)
		}

		func() {
			defer func() {
				if what := recover(); what != "alas" {
					t.Errorf("recovered %v, want what the function panicked with", what)
				}
			}()
			stores.Transact(ctx, "acme", func(ctx context.Context, in scim.Stores) error {
				if err := create(ctx, in, 1); err != nil {
					t.Error(err)
				}
				panic("alas")
			})
		}()

		// A part of a transaction that fails is undone alone, also where PostgreSQL would not go on.
		err = stores.Transact(ctx, "acme", func(ctx context.Context, in scim.Stores) error {
			if err := create(ctx, in, 2); err != nil {
				return err
			}
			err := in.Transact(ctx, "acme", func(ctx context.Context, in scim.Stores) error {
				return errors.Join(create(ctx, in, 3), errNo)
			})
			if !errors.Is(err, errNo) {
				t.Errorf("got %v from within", err)
			}
			taken := entraUser(2)
			taken.ID = "other"
			var conflict *scim.ConflictError
			if _, err := in.Users.CreateUser(ctx, "acme", taken); !errors.As(err, &conflict) {
				t.Errorf("got %v, want a conflict", err)
			}
			renamed := entraUser(2)
			renamed.UserName = entraUser(0).UserName
			if _, err := in.Users.UpdateUser(ctx, "acme", renamed); !errors.As(err, &conflict) {
				t.Errorf("got %v, want a conflict", err)
			}
			return create(ctx, in, 4)
		})
		if err != nil {
			t.Error(err)
		}

		if there := has(t, s, 6); !slices.Equal(there, []int{0, 2, 4}) {
			t.Errorf("the users %v are stored, want 0, 2 and 4", there)
		}
		if p, err := s.Members(ctx, "acme", "g0", "", 10); err != nil || len(p.Items) != 1 {
			t.Errorf("the group has %v, %v", p.Items, err)
		}
	})
}

// TestHostTransaction has statements of the host and of the store commit together, either in the
// transaction of the other.
func TestHostTransaction(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db, ctx := e.open(t), t.Context()
		s, err := e.new(ctx, db, sqlstore.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := db.Exec("CREATE TABLE audit (what text)"); err != nil {
			t.Fatal(err)
		}
		audit := func(tx sqlstore.Tx, what string) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO audit (what) VALUES ($1)", what)
			return err
		}

		for n, fails := range []bool{false, true} {
			err := s.Transact(ctx, "acme", func(ctx context.Context, in scim.Stores) error {
				tx, ok := sqlstore.In(in)
				if !ok {
					t.Fatal("the stores of a transaction are in none")
				}
				if err := errors.Join(create(ctx, in, n), audit(tx, fmt.Sprint("ours ", n))); err != nil {
					return err
				}
				var rows int
				if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM audit WHERE what = $1", fmt.Sprint("ours ", n)).Scan(&rows); err != nil || rows != 1 {
					t.Errorf("%d rows within, %v", rows, err)
				}
				if fails {
					return errNo
				}
				return nil
			})
			if errors.Is(err, errNo) != fails || !fails && err != nil {
				t.Errorf("%d: %v", n, err)
			}
		}
		if _, ok := sqlstore.In(s.Stores()); ok {
			t.Error("the store itself is in a transaction")
		}
		if _, ok := sqlstore.In(scim.Stores{Users: new(scim.MemoryStore)}); ok {
			t.Error("a store of another kind is in a transaction")
		}

		for n, commits := range []bool{true, false} {
			tx := begin(t, e, db)
			within := s.WithTx(tx)
			if err := errors.Join(create(ctx, within.Stores(), 10+n), audit(tx, fmt.Sprint("theirs ", n))); err != nil {
				t.Fatal(err)
			}
			// What fails within leaves the rest as it is.
			again := entraUser(10 + n)
			again.ID = "other"
			var conflict *scim.ConflictError
			if _, err := within.CreateUser(ctx, "acme", again); !errors.As(err, &conflict) {
				t.Errorf("got %v, want a conflict", err)
			}
			if there := has(t, within, 12); !slices.Contains(there, 10+n) {
				t.Error("the transaction does not see what it wrote")
			}
			end := "ROLLBACK"
			if commits {
				end = "COMMIT"
			}
			if _, err := tx.ExecContext(ctx, end); err != nil {
				t.Fatal(err)
			}
			tx.Close()
		}

		if there := has(t, s, 12); !slices.Equal(there, []int{0, 10}) {
			t.Errorf("the users %v are stored, want 0 and 10", there)
		}
		var rows int
		if err := db.QueryRow("SELECT count(*) FROM audit WHERE what IN ('ours 0', 'theirs 0')").Scan(&rows); err != nil || rows != 2 {
			t.Errorf("%d rows of the host, %v", rows, err)
		}
		if err := db.QueryRow("SELECT count(*) FROM audit").Scan(&rows); err != nil || rows != 2 {
			t.Errorf("%d rows of the host in all, %v", rows, err)
		}
	})
}

// begin returns a connection in a transaction of the host.
func begin(t *testing.T, e engine, db *sql.DB) *sql.Conn {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := "BEGIN"
	if e.name == sqliteEngine.name {
		text = "BEGIN IMMEDIATE"
	}
	if _, err := conn.ExecContext(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestDeadlock has transactions lock two users in either order, again and again: PostgreSQL ends one
// of two that wait for each other, and it is begun anew.
func TestDeadlock(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s, ctx := newStore(t, e, sqlstore.Config{}), t.Context()
		for n := range 2 {
			if err := create(ctx, s.Stores(), n); err != nil {
				t.Fatal(err)
			}
		}
		const workers, rounds = 4, 10
		var wg sync.WaitGroup
		errs := make([]error, workers)
		for w := range workers {
			wg.Go(func() {
				for r := range rounds {
					first, second := entraUser(w%2), entraUser(1-w%2)
					first.Title, second.Title = fmt.Sprint(w, " ", r), fmt.Sprint(w, " ", r)
					errs[w] = s.Transact(ctx, "acme", func(ctx context.Context, in scim.Stores) error {
						_, err := in.Users.UpdateUser(ctx, "acme", first)
						if err == nil {
							_, err = in.Users.UpdateUser(ctx, "acme", second)
						}
						return err
					})
					if errs[w] != nil {
						return
					}
				}
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		a, errA := s.User(ctx, "acme", entraUser(0).ID)
		b, errB := s.User(ctx, "acme", entraUser(1).ID)
		if errA != nil || errB != nil || a.Title != b.Title {
			t.Errorf("titles %q and %q, %v, %v; want those of one transaction", a.Title, b.Title, errA, errB)
		}
	})
}
