package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
)

// hold occupies the writer of a SQLite store until the returned function is called, so that whoever
// writes meanwhile waits, and shares the next commit.
func hold(t *testing.T, s *sqlstore.Store) (release func()) {
	t.Helper()
	entered, leave, done := make(chan bool), make(chan bool), make(chan error)
	go func() {
		done <- s.Transact(context.Background(), "acme", func(context.Context, scim.Stores) error {
			close(entered)
			<-leave
			return nil
		})
	}()
	<-entered
	return func() {
		close(leave)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// await waits until so many writes wait.
func await(s *sqlstore.Store, n int) {
	for s.Waiting() < n {
		runtime.Gosched()
	}
}

// TestSharedCommit has writes of all kinds of outcomes share commits: each has its own.
func TestSharedCommit(t *testing.T) {
	s := newStore(t, sqliteEngine, sqlstore.Config{})
	release := hold(t, s)

	const each = sqlstore.MaxBatch // of five kinds: more than one commit takes
	gone, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	errs := make([]error, 5*each)
	for n := range each {
		wg.Go(func() { errs[n] = create(t.Context(), s.Stores(), n) })
		wg.Go(func() { // fails after it has written
			errs[each+n] = s.Transact(t.Context(), "acme", func(ctx context.Context, in scim.Stores) error {
				return errors.Join(create(ctx, in, each+n), errNo)
			})
		})
		wg.Go(func() { // panics
			defer func() { errs[2*each+n], _ = recover().(error) }()
			s.Transact(t.Context(), "acme", func(ctx context.Context, in scim.Stores) error {
				create(ctx, in, 2*each+n)
				panic(fmt.Errorf("panic %d", n))
			})
		})
		wg.Go(func() { errs[3*each+n] = create(gone, s.Stores(), 3*each+n) })
		wg.Go(func() { // its context ends while it writes
			ctx, cancel := context.WithCancel(t.Context())
			errs[4*each+n] = s.Transact(ctx, "acme", func(ctx context.Context, in scim.Stores) error {
				err := create(ctx, in, 4*each+n)
				cancel()
				return errors.Join(err, create(ctx, in, 5*each+n))
			})
		})
	}
	await(s, 5*each)
	cancel()
	for s.Waiting() > 4*each { // those whose context is done leave
		runtime.Gosched()
	}
	release()
	wg.Wait()

	for n := range each {
		if errs[n] != nil {
			t.Errorf("create %d: %v", n, errs[n])
		}
		if !errors.Is(errs[each+n], errNo) {
			t.Errorf("one that fails: %v", errs[each+n])
		}
		if err := errs[2*each+n]; err == nil || err.Error() != fmt.Sprintf("panic %d", n) {
			t.Errorf("panic %d: recovered %v", n, err)
		}
		for _, err := range []error{errs[3*each+n], errs[4*each+n]} {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("canceled: %v", err)
			}
		}
	}
	want := make([]int, each)
	for n := range want {
		want[n] = n
	}
	if there := has(t, s, 6*each); !slices.Equal(there, want) {
		t.Errorf("the users %v are stored, want the first %d", there, each)
	}
}

// TestWriterExits ends the goroutine that leads in the middle of its write, as a FailNow would: the
// others are told, and the store goes on.
func TestWriterExits(t *testing.T) {
	s := newStore(t, sqliteEngine, sqlstore.Config{})
	release := hold(t, s)
	ended := make(chan bool)
	go func() {
		defer close(ended)
		s.Transact(t.Context(), "acme", func(ctx context.Context, in scim.Stores) error {
			create(ctx, in, 0)
			runtime.Goexit()
			return nil
		})
	}()
	await(s, 1)
	other := make(chan error)
	go func() { other <- create(t.Context(), s.Stores(), 1) }()
	await(s, 2)
	release()
	<-ended
	var down *scim.UnavailableError
	if err := <-other; !errors.As(err, &down) {
		t.Errorf("the one behind: %v, want that it comes again", err)
	}
	if err := create(t.Context(), s.Stores(), 2); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if there := has(t, s, 3); !slices.Equal(there, []int{2}) {
		t.Errorf("the users %v are stored, want 2", there)
	}
}

// TestLostTransaction ends the transaction that others share, as SQLite does by itself when a disk
// is full: nothing of theirs is there, they are told, and the store goes on.
func TestLostTransaction(t *testing.T) {
	s := newStore(t, sqliteEngine, sqlstore.Config{})
	release := hold(t, s)
	var wg sync.WaitGroup
	errs := make([]error, 3)
	for n, do := range []func() error{
		func() error { return create(t.Context(), s.Stores(), 0) },
		func() error {
			return s.Transact(t.Context(), "acme", func(ctx context.Context, in scim.Stores) error {
				tx, _ := sqlstore.In(in)
				_, err := tx.ExecContext(ctx, "ROLLBACK")
				return errors.Join(err, errNo)
			})
		},
		func() error { return create(t.Context(), s.Stores(), 2) },
	} {
		wg.Go(func() { errs[n] = do() })
		await(s, n+1) // in this order
	}
	release()
	wg.Wait()
	if there := has(t, s, 3); len(there) != 0 || errs[0] == nil || errs[1] == nil || errs[2] == nil {
		t.Errorf("the users %v are stored, errors %v; want none, and errors for all", there, errs)
	}
	for n := range 3 {
		if err := create(t.Context(), s.Stores(), n); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
}

// TestCloseTellsWaiting closes a store for which writes wait.
func TestCloseTellsWaiting(t *testing.T) {
	s := newStore(t, sqliteEngine, sqlstore.Config{})
	release := hold(t, s)
	done := make(chan error)
	go func() { done <- create(t.Context(), s.Stores(), 0) }()
	await(s, 1)
	s.Close()
	if err := <-done; err == nil {
		t.Error("a write that waited when the store was closed succeeded")
	}
	release()
}
