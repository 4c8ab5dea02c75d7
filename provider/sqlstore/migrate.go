package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/seed-30109bde/gatehouse/filter"
)

//go:embed migrations
var migrations embed.FS

// versionTable is where the version of the tables is kept.
const versionTable = "scim_schema_version"

// Migrations returns the definitions of the tables, in files for goose: for a host that applies
// migrations with its own tool, before it calls [NewSQLite] or [NewPostgres], in a table of versions
// named scim_schema_version. They are added to and never changed.
func Migrations(d filter.Dialect) fs.FS {
	dir := "migrations/sqlite"
	if d == filter.Postgres {
		dir = "migrations/postgres"
	}
	sub, err := fs.Sub(migrations, dir)
	if err != nil {
		panic(err) // the path is valid
	}
	return sub
}

// A NewerSchemaError is returned for a database whose tables a newer version of this package made.
type NewerSchemaError struct{ Have, Know int64 }

// Error says what to do.
func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("sqlstore: the tables have version %d, made by a newer release; this one knows versions up to %d: update it, or restore a backup from before the update", e.Have, e.Know)
}

// startTries is how often the migration of a SQLite database is tried again when another process
// makes it at the same time.
const startTries = 20

// migrate brings the tables up to date, and returns their version. Where they are, it only reads.
func migrate(ctx context.Context, db *sql.DB, d *dialect) (version int64, err error) {
	options := []goose.ProviderOption{goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true)}
	if d == postgres {
		options = append(options, goose.WithSessionLocker(schemaLock{}))
	}
	p, err := goose.NewProvider(d.goose, db, Migrations(d.filter), options...)
	if err != nil {
		return 0, fmt.Errorf("sqlstore: migrations: %w", err)
	}
	sources := p.ListSources()
	version = sources[len(sources)-1].Version
	for try := 1; ; try++ {
		have, err := tablesVersion(ctx, db)
		switch {
		case err == nil && have == version:
			return version, nil
		case err == nil && have > version:
			return version, &NewerSchemaError{have, version}
		case err != nil && !misfit(err):
			return version, fmt.Errorf("sqlstore: the version of the tables: %w", err)
		}
		err = up(ctx, db, d, p)
		if err == nil || d == postgres || try == startTries || ctx.Err() != nil {
			return version, err
		}
		if _, locked := passing(err); locked {
			return version, err
		}
		select { // another process was quicker: look again
		case <-ctx.Done():
		case <-time.After(time.Duration(try) * 10 * time.Millisecond):
		}
	}
}

// A schemaLock lets one process at a time make the tables of a schema of PostgreSQL. The others wait
// for it, and not for those who make tables elsewhere in the database.
type schemaLock struct{}

// SessionLock waits for the lock.
func (schemaLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(hashtext('"+versionTable+"'), hashtext(current_schema()))")
	return err
}

// SessionUnlock gives the lock back.
func (schemaLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock(hashtext('"+versionTable+"'), hashtext(current_schema()))")
	return err
}

// tablesVersion reads the version of the tables. It is a misfit if there are none yet.
func tablesVersion(ctx context.Context, db *sql.DB) (version int64, err error) {
	err = db.QueryRowContext(ctx, "SELECT COALESCE(max(version_id), 0) FROM "+versionTable).Scan(&version)
	return version, err
}

// up makes the tables, or brings them up to date.
func up(ctx context.Context, db *sql.DB, d *dialect, p *goose.Provider) error {
	if d == sqlite {
		if err := lockable(ctx, db); err != nil {
			return fmt.Errorf("sqlstore: migrations: %w", err)
		}
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("sqlstore: migrations: %w", err)
	}
	return nil
}

// lockable reports what is in the way of writing to a SQLite database, such as another program that
// does, for longer than the connection waits.
func lockable(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	_, err = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	return err
}
