package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// How long a client should wait before it comes again.
const (
	soon  = time.Second      // a lock, a deadlock
	later = 10 * time.Second // a restart, a failover
	long  = time.Minute      // a full disk: somebody has to see to it
)

// unavailable returns an error of the database as the endpoint takes it: what may pass as a
// *scim.UnavailableError, everything else as it is.
func unavailable(err error) error {
	if err == nil || isOurs(err) {
		return err
	}
	if wait, ok := passing(err); ok {
		return &scim.UnavailableError{RetryAfter: wait, Cause: err}
	}
	return err
}

// told returns an error as unavailable does. One that the tables do not fit is explained, if a newer
// release has changed them meanwhile.
func (d *database) told(ctx context.Context, err error) error {
	err = unavailable(err)
	if err == nil || isOurs(err) || !misfit(err) {
		return err
	}
	if have, asked := tablesVersion(context.WithoutCancel(ctx), d.db); asked == nil && have > d.version {
		return fmt.Errorf("%w: %w", &NewerSchemaError{have, d.version}, err)
	}
	return err
}

// misfit reports whether a statement does not fit the tables: SQLITE_ERROR, or a class 42 SQLSTATE.
func misfit(err error) bool {
	code, ok := sqliteCode(err)
	return ok && code == 1 || strings.HasPrefix(sqlState(err), "42")
}

// isOurs reports whether an error says what it means already.
func isOurs(err error) bool {
	_, conflict := errors.AsType[*scim.ConflictError](err)
	_, down := errors.AsType[*scim.UnavailableError](err)
	_, refused := errors.AsType[*scim.Refusal](err)
	_, taken := errors.AsType[*provider.Taken](err)
	return conflict || down || refused || taken || errors.Is(err, provider.ErrNotFound) || errors.Is(err, provider.ErrStale) || errors.Is(err, scim.ErrNotFound) || errors.Is(err, scim.ErrStale) ||
		errors.Is(err, scim.ErrPosition) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// passing reports whether an error of the database may pass, and in what time.
func passing(err error) (wait time.Duration, ok bool) {
	if state := sqlState(err); state != "" {
		return passingState(state)
	}
	if code, ok := sqliteCode(err); ok {
		return passingCode(code)
	}
	if unsent(err) {
		return soon, true
	}
	var network net.Error
	switch {
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.As(err, &network):
		return later, true
	}
	return 0, false
}

// sqlState returns the SQLSTATE of an error of PostgreSQL, which drivers offer by this method.
func sqlState(err error) string {
	if e, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err); ok {
		return e.SQLState()
	}
	return ""
}

const uniqueViolation = "23505"

// aborted reports whether PostgreSQL ended a transaction for the sake of others, so that it may be
// tried again at once.
func aborted(err error) bool { return strings.HasPrefix(sqlState(err), "40") }

// unsent reports whether pgx failed before it had sent a statement, as on a connection that was
// closed meanwhile.
func unsent(err error) bool {
	e, ok := errors.AsType[interface {
		error
		SafeToRetry() bool
	}](err)
	return ok && e.SafeToRetry()
}

// passingState judges an SQLSTATE (PostgreSQL, appendix A).
func passingState(state string) (time.Duration, bool) {
	switch state {
	case "53100": // disk full
		return long, true
	case "25006": // read-only transaction: a standby, or default_transaction_read_only
		return later, true
	case "55P03", "57014": // lock not available, statement timeout
		return soon, true
	case "57P01", "57P02", "57P03": // shutdown, crash, starting up
		return later, true
	case "26000", "25P02": // a prepared statement, or a transaction, that a pooler lost
		return soon, true
	}
	switch state[:min(2, len(state))] {
	case "08", "53", "58": // connection, resources, the operating system's I/O
		return later, true
	case "40":
		return soon, true
	}
	return 0, false
}

// sqliteCode returns the primary result code of an error of SQLite.
func sqliteCode(err error) (int, bool) {
	e, ok := errors.AsType[interface {
		error
		Code() int
	}](err)
	if !ok {
		return 0, false
	}
	return e.Code() & 0xFF, true
}

// passingCode judges a result code (sqlite.org/rescode.html).
func passingCode(code int) (time.Duration, bool) {
	switch code {
	case 5, 6, 9, 15: // BUSY, LOCKED, INTERRUPT, PROTOCOL: a race for a lock
		return soon, true
	case 8, 10, 14: // READONLY, IOERR, CANTOPEN
		return later, true
	case 7, 13: // NOMEM, FULL
		return long, true
	}
	return 0, false
}
