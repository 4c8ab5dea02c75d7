package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

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

// migrate brings the tables up to date, and returns their version.
func migrate(ctx context.Context, db *sql.DB, d *dialect) (version int64, err error) {
	options := []goose.ProviderOption{goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true)}
	if d == postgres {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		if err != nil {
			return 0, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(d.goose, db, Migrations(d.filter), options...)
	if err != nil {
		return 0, fmt.Errorf("sqlstore: migrations: %w", err)
	}
	for try := 1; ; try++ {
		err := up(ctx, p)
		if err == nil || d == postgres || try == startTries || isNewer(err) || ctx.Err() != nil {
			return latest(p), err
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(try) * 10 * time.Millisecond):
		}
	}
}

func up(ctx context.Context, p *goose.Provider) error {
	if err := known(ctx, p); err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("sqlstore: migrations: %w", err)
	}
	return known(ctx, p)
}

// known refuses tables of a version this package does not know.
func known(ctx context.Context, p *goose.Provider) error {
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("sqlstore: the version of the tables: %w", err)
	}
	if last := latest(p); have > last {
		return &NewerSchemaError{have, last}
	}
	return nil
}

func latest(p *goose.Provider) int64 {
	sources := p.ListSources()
	return sources[len(sources)-1].Version
}

func isNewer(err error) bool {
	_, ok := errors.AsType[*NewerSchemaError](err)
	return ok
}
