package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A committer runs all writes of a SQLite database on one connection. Requests that come while
// another commits wait, and then share a commit: one of them leads, and runs each in a savepoint of
// its own. So a disk that takes milliseconds to make a commit durable takes them once for all who
// wait, and no goroutine is needed.
type committer struct {
	db *sql.DB

	mu      sync.Mutex
	led     bool // somebody leads
	closed  bool
	waiting []*job

	conn  *sql.Conn // the leader's
	stmts prepared
}

// A job is a write of one request.
type job struct {
	ctx  context.Context
	do   func(Tx) error
	err  error
	what any       // it panicked with
	wake chan bool // true: lead; false: done
}

// maxBatch bounds how many writes share a commit, and so how long the first waits for the last.
const maxBatch = 64

// errClosed is what a store says that was closed.
var errClosed = errors.New("sqlstore: the store is closed")

// run has do run in a transaction, and returns when it is committed or undone.
func (c *committer) run(ctx context.Context, do func(Tx) error) error {
	j := &job{ctx: ctx, do: do, wake: make(chan bool, 1)}
	c.mu.Lock()
	switch {
	case c.closed:
		c.mu.Unlock()
		return errClosed
	case c.led:
		c.waiting = append(c.waiting, j)
		c.mu.Unlock()
		if !c.await(j) {
			return ctx.Err()
		}
	default:
		c.led = true
		c.mu.Unlock()
		c.lead(j)
	}
	if j.what != nil {
		panic(j.what)
	}
	return j.err
}

// await waits for a job that others may carry out. It reports false if nobody has begun and its
// context is done.
func (c *committer) await(j *job) bool {
	select {
	case lead := <-j.wake:
		if lead {
			c.lead(j)
		}
		return true
	case <-j.ctx.Done():
	}
	c.mu.Lock()
	i := slices.Index(c.waiting, j)
	if i >= 0 {
		c.waiting = slices.Delete(c.waiting, i, i+1)
	}
	c.mu.Unlock()
	if i >= 0 {
		return false
	}
	if <-j.wake { // it was on its way
		c.lead(j)
	}
	return true
}

// lead carries out j and those who wait, tells them, and hands over.
func (c *committer) lead(j *job) {
	c.mu.Lock()
	n := min(len(c.waiting), maxBatch-1)
	batch := append([]*job{j}, c.waiting[:n]...)
	c.waiting = slices.Delete(c.waiting, 0, n)
	c.mu.Unlock()

	var err error = errExit
	defer func() {
		if err == errExit {
			c.drop()
		}
		for _, b := range batch {
			if err != nil && !b.failed() {
				b.err = err
			}
		}
		for _, b := range batch[1:] {
			b.wake <- false
		}
		c.handOver()
	}()
	err = c.transaction(batch)
}

// errExit is what the others of a batch are told when the goroutine that leads it ends in a job, as
// by FailNow of a test.
var errExit = &scim.UnavailableError{RetryAfter: soon, Cause: errors.New("sqlstore: the goroutine that wrote has ended")}

// handOver lets the next who waits lead.
func (c *committer) handOver() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		c.led = false
		return
	}
	next := c.waiting[0]
	c.waiting = slices.Delete(c.waiting, 0, 1)
	next.wake <- true
}

// transaction commits what the jobs of a batch do. If it returns an error, nothing of any was
// committed; else what those did that have no error.
func (c *committer) transaction(batch []*job) error {
	// The commit belongs to all: the leader's request may end without them.
	ctx := context.WithoutCancel(batch[0].ctx)
	if err := c.connect(ctx); err != nil {
		return err
	}
	if err := c.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		c.reset(ctx)
		return err
	}
	alone := len(batch) == 1
	for _, j := range batch {
		if alone {
			j.run(c)
			continue
		}
		if err := c.exec(ctx, "SAVEPOINT job"); err != nil {
			c.reset(ctx)
			return err
		}
		if j.run(c); j.failed() {
			if err := c.exec(ctx, "ROLLBACK TO job"); err != nil {
				c.reset(ctx)
				return fmt.Errorf("sqlstore: the transaction was lost to another write: %w", errors.Join(j.err, err))
			}
		}
		if err := c.exec(ctx, "RELEASE job"); err != nil {
			c.reset(ctx)
			return err
		}
	}
	if alone && batch[0].failed() {
		c.reset(ctx)
		return nil
	}
	if err := c.exec(ctx, "COMMIT"); err != nil {
		c.reset(ctx)
		return err
	}
	return nil
}

// run calls what the job is to do. A panic is the job's own: its caller has it, not the leader.
func (j *job) run(c *committer) {
	if j.err = j.ctx.Err(); j.err != nil {
		return
	}
	defer func() { j.what = recover() }()
	j.err = j.do(&writing{c})
}

func (j *job) failed() bool { return j.err != nil || j.what != nil }

// connect has a connection ready.
func (c *committer) connect(ctx context.Context) error {
	if c.conn != nil {
		return nil
	}
	conn, err := c.db.Conn(ctx)
	if err != nil {
		return err
	}
	c.conn = conn
	c.stmts.from = conn
	return nil
}

// reset undoes a transaction, if there is one still, and if that cannot be done, gives the
// connection up.
func (c *committer) reset(ctx context.Context) {
	if err := c.exec(ctx, "ROLLBACK"); err == nil {
		return
	}
	// It may be that there was nothing to undo: SQLite does so by itself after some errors. A
	// transaction that cannot be begun tells.
	if err := c.exec(ctx, "BEGIN"); err == nil && c.exec(ctx, "ROLLBACK") == nil {
		return
	}
	c.drop()
}

// drop closes the connection.
func (c *committer) drop() {
	c.stmts.close()
	if c.conn != nil {
		c.conn.Raw(func(any) error { return driver.ErrBadConn }) // not to be used again
		c.conn.Close()
		c.conn = nil
	}
}

func (c *committer) exec(ctx context.Context, text string) error {
	_, err := c.stmts.ExecContext(ctx, text)
	return err
}

// close waits for whoever leads, and gives the connection back. Those who wait are told.
func (c *committer) close() {
	c.mu.Lock()
	c.closed = true
	led := c.led
	waiting := c.waiting
	c.waiting = nil
	c.mu.Unlock()
	for _, j := range waiting {
		j.err = errClosed
		j.wake <- false
	}
	if led {
		return // its connection is closed with the database
	}
	c.stmts.close()
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// writing is the transaction as a job sees it. A statement is not begun when the job's context is
// done, and not interrupted: SQLite would undo the transaction of all.
type writing struct{ c *committer }

// ExecContext runs a statement.
func (w *writing) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return w.c.stmts.ExecContext(context.WithoutCancel(ctx), text, args...)
}

// QueryContext runs a query.
func (w *writing) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return w.c.stmts.QueryContext(context.WithoutCancel(ctx), text, args...)
}

// QueryRowContext runs a query of one row.
func (w *writing) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	return w.c.stmts.QueryRowContext(context.WithoutCancel(ctx), text, args...)
}
