package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// maxTries bounds how often a transaction is begun that PostgreSQL ends for the sake of others, or
// that does not reach it.
const maxTries = 20

// patience is how long the second try waits at most, and the others in proportion.
const patience = 5 * time.Millisecond

// Transact runs f with stores whose writes commit together when f returns nil, and not at all
// otherwise. It may run f again. In a transaction of the store or of the host it is a savepoint.
//
// f uses the stores it is given, and no other of this database: in SQLite a write by another would
// wait for f, which waits for it. There f runs while all others wait to write: it is the place for
// statements, not for the network.
func (s *Store) Transact(ctx context.Context, _ scim.TenantID, f func(context.Context, scim.Stores) error) error {
	return s.told(ctx, s.write(ctx, true, func(tx Tx) error {
		return f(ctx, (&Store{s.database, tx}).Stores())
	}))
}

// WithTx returns the store as part of a transaction of the host: what it does commits with it, and
// not before. In SQLite that has to have begun with BEGIN IMMEDIATE, or it may fail where it would
// have to wait for another writer. After an error of the store the transaction is as if the call had
// not been made, unless the database has ended it.
func (s *Store) WithTx(tx Tx) *Store { return &Store{s.database, tx} }

// In returns the transaction that stores given to a function by Transact belong to, such as those of
// [scim.Policy.Check], for statements of the host that are to commit with it. It reports false for
// stores of another kind, and outside of a transaction.
func In(stores scim.Stores) (Tx, bool) {
	s, ok := stores.Users.(interface{ within() Tx })
	if !ok {
		return nil, false
	}
	tx := s.within()
	return tx, tx != nil
}

// within returns the transaction the store is part of, nil if none.
func (s *Store) within() Tx { return s.tx }

// write runs f where what it does is committed together or not at all. risky says that f may fail
// after it has written, or by an error that ends a transaction of PostgreSQL and not the database.
func (s *Store) write(ctx context.Context, risky bool, f func(Tx) error) error {
	switch {
	case s.tx != nil && (risky || s.dialect.savepoints):
		return savepoint(ctx, s.tx, f)
	case s.tx != nil:
		return f(s.tx)
	case s.commits != nil:
		return s.commits.run(ctx, f)
	}
	for try := 1; ; try++ {
		err := s.transaction(ctx, f)
		if err == nil || !aborted(err) && !unsent(err) || try == maxTries {
			return err
		}
		select { // not in step with the other
		case <-ctx.Done():
			return err
		case <-time.After(rand.N(time.Duration(try) * patience)):
		}
	}
}

// transaction runs f in a transaction of PostgreSQL.
func (s *Store) transaction(ctx context.Context, f func(Tx) error) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// database/sql would race with the commit when ctx is done. Statements look at it themselves.
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // also if f panics; nothing after a commit
	if err := f(tx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return tx.Commit()
}

// savepoint runs f so that it can be undone alone. It is undone by hand also where the database
// undoes the rest: then there is no savepoint any more, and nothing to say about that.
func savepoint(ctx context.Context, tx Tx, f func(Tx) error) (err error) {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT scim"); err != nil {
		return err
	}
	done := false
	defer func() {
		if done {
			return
		}
		undo := context.WithoutCancel(ctx)
		_, e1 := tx.ExecContext(undo, "ROLLBACK TO SAVEPOINT scim")
		_, e2 := tx.ExecContext(undo, "RELEASE SAVEPOINT scim")
		if e := errors.Join(e1, e2); e != nil && err != nil {
			err = fmt.Errorf("%w (and the transaction is lost: %w)", err, e)
		}
	}()
	if err := f(tx); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "RELEASE SAVEPOINT scim"); err != nil {
		return err
	}
	done = true
	return nil
}
