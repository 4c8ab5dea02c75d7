package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// tables are the server's own, beside those of the library. Times are milliseconds since 1970, and a digest
// is that of a secret which is not kept.
var tables = []string{
	`CREATE TABLE IF NOT EXISTS server_settings (name text PRIMARY KEY, value text NOT NULL)`,
	`CREATE TABLE IF NOT EXISTS server_accounts (user_id text PRIMARY KEY, password text NOT NULL, factor text NOT NULL,
		last_step bigint NOT NULL, failures bigint NOT NULL, locked_until bigint NOT NULL)`,
	`CREATE TABLE IF NOT EXISTS server_links (digest text PRIMARY KEY, user_id text NOT NULL, expires bigint NOT NULL)`,
	`CREATE TABLE IF NOT EXISTS server_sessions (digest text PRIMARY KEY, user_id text NOT NULL, provider text NOT NULL,
		session_index text NOT NULL, began bigint NOT NULL, expires bigint NOT NULL, pending bigint NOT NULL, rest text NOT NULL)`,
	`CREATE INDEX IF NOT EXISTS server_sessions_user ON server_sessions (user_id)`,
	`CREATE INDEX IF NOT EXISTS server_sessions_expires ON server_sessions (expires)`,
	`CREATE TABLE IF NOT EXISTS server_roles (user_id text NOT NULL, role text NOT NULL, provisioned bigint NOT NULL,
		PRIMARY KEY (user_id, role, provisioned))`,
}

// createTables makes what there is not. Servers that start at once may be in each other's way: then it is
// there the second time.
func createTables(ctx context.Context, db *sql.DB) error {
	for _, create := range tables {
		if _, err := db.ExecContext(ctx, create); err != nil {
			if _, again := db.ExecContext(ctx, create); again != nil {
				return errors.Join(err, again)
			}
		}
	}
	return nil
}

// changed runs a statement and returns how many rows it has changed. Everything the server writes is one
// statement: what two servers must not both do, one of them finds done.
func changed(ctx context.Context, db *sql.DB, statement string, args ...any) (int64, error) {
	result, err := db.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// settings keep what all servers of a database share, such as keys.
type settings struct{ db *sql.DB }

// share returns the value of a name. If there is none it is made: of servers that make one at once the first
// one's counts.
func (s settings) share(ctx context.Context, name string, fresh func() ([]byte, error)) ([]byte, error) {
	value, err := s.get(ctx, name)
	if !errors.Is(err, sql.ErrNoRows) {
		return value, err
	}
	made, err := fresh()
	if err != nil {
		return nil, err
	}
	if _, err := s.db.ExecContext(ctx, "INSERT INTO server_settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", name, string(made)); err != nil {
		return nil, fmt.Errorf("cannot keep the setting %q: %w", name, err)
	}
	return s.get(ctx, name)
}

// get returns the value of a name, or sql.ErrNoRows.
func (s settings) get(ctx context.Context, name string) ([]byte, error) {
	var text string
	if err := s.db.QueryRowContext(ctx, "SELECT value FROM server_settings WHERE name = $1", name).Scan(&text); err != nil {
		return nil, fmt.Errorf("cannot read the setting %q: %w", name, err)
	}
	return []byte(text), nil
}
