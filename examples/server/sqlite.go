package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
)

// isURI reports whether a database is a URI, which SQLite is given as it is, settings and all.
func isURI(db string) bool { return strings.HasPrefix(db, "file:") }

// uriFile returns the file that a URI names, and "" if SQLite is not to make it.
func uriFile(uri string) (string, error) {
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return "", err
	case u.Query().Has("mode"):
		return "", nil
	case u.Opaque != "":
		return url.PathUnescape(u.Opaque)
	}
	return u.Path, nil
}

// openSQLite opens a file, and makes it if there is none.
func openSQLite(ctx context.Context, name string) (*database, error) {
	file, dsn := name, ""
	var err error
	if isURI(name) {
		dsn = name
		file, err = uriFile(name)
	} else if file, err = filepath.Abs(name); err == nil { // an absolute name has no meaning of its own, as :memory: has
		dsn = sqlstore.DSN(file) + "&mode=rw" // it is made here; if it is taken away, no other is made in its place
	}
	if err != nil {
		return nil, err
	}
	created, err := createFile(file)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, explainSQLite(name, err)
	}
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	store, err := patiently(ctx, db)
	if err != nil {
		db.Close()
		return nil, explainSQLite(name, err)
	}
	d, users, groups, err := newDatabase(ctx, db, store)
	if err != nil {
		db.Close()
		return nil, explainSQLite(name, err)
	}
	d.note = fmt.Sprintf("%s exists: %s.", shown(name), content(users, groups))
	if created {
		d.note = fmt.Sprintf("%s was created; users and groups are kept in it.", shown(name))
	}
	return d, nil
}

// createFile makes an empty file that only this user can read, and reports false if there is one.
// SQLite gives the files beside it the same mode. A file that is there is not touched: closing it
// would end the locks that this process has on it.
func createFile(name string) (created bool, err error) {
	if name == "" {
		return false, nil
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			return false, fmt.Errorf("%s is a directory; name a file in it with -db", shown(name))
		}
		return false, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("cannot create the database %s: there is no directory %s", shown(filepath.Base(name)), shown(filepath.Dir(name)))
	case err != nil:
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = e.Err
		}
		return false, fmt.Errorf("cannot create the database %s: %w", shown(name), err)
	}
	return true, f.Close()
}

// A file that another server is just making is locked for a moment, and SQLite does not wait then, however
// patient the DSN is: it is tried again so often, and so much later.
const (
	openTries = 10
	openPause = 50 * time.Millisecond
)

// patiently makes a store of a database.
func patiently(ctx context.Context, db *sql.DB) (store *sqlstore.Store, err error) {
	for range openTries {
		if store, err = sqlstore.NewSQLite(ctx, db, sqlstore.Config{}); !isLocked(err) {
			return store, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(openPause):
		}
	}
	return store, err
}

// isLocked reports whether another program has the file.
func isLocked(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code()&0xFF == sqlite3.SQLITE_BUSY || e.Code()&0xFF == sqlite3.SQLITE_LOCKED)
}

// explainSQLite says why a file cannot be used.
func explainSQLite(name string, err error) error {
	code := 0
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		code = e.Code() & 0xFF
	}
	switch name := shown(name); code {
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%s is not a SQLite database; it was left as it is, so name another file with -db", name)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%s is locked by another program; wait for that one, or end it", name)
	case sqlite3.SQLITE_READONLY:
		return fmt.Errorf("%s cannot be written; change its permissions, or name another file with -db", name)
	default:
		return fmt.Errorf("cannot use the database %s: %s", name, oneLine(err))
	}
}
