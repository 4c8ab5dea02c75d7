package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// settings keep what all servers of a database share, such as keys.
type settings interface {
	// share returns the value of a name. If there is none it is made: of servers that make one at once
	// the first one's counts.
	share(ctx context.Context, name string, fresh func() ([]byte, error)) ([]byte, error)
}

// memorySettings are those of one server.
type memorySettings map[string][]byte

func (m memorySettings) share(_ context.Context, name string, fresh func() ([]byte, error)) (value []byte, err error) {
	if _, ok := m[name]; !ok {
		if m[name], err = fresh(); err != nil {
			return nil, err
		}
	}
	return m[name], nil
}

// A table keeps settings in the database.
type table struct{ db *sql.DB }

// newTable makes the table if there is none. Servers that start at once may be in each other's way:
// then it is there the second time.
func newTable(ctx context.Context, db *sql.DB) (table, error) {
	const create = "CREATE TABLE IF NOT EXISTS server_settings (name text PRIMARY KEY, value text NOT NULL)"
	_, err := db.ExecContext(ctx, create)
	if err != nil {
		if _, again := db.ExecContext(ctx, create); again != nil {
			return table{}, errors.Join(err, again)
		}
	}
	return table{db}, nil
}

func (t table) share(ctx context.Context, name string, fresh func() ([]byte, error)) ([]byte, error) {
	value, err := t.get(ctx, name)
	if !errors.Is(err, sql.ErrNoRows) {
		return value, err
	}
	made, err := fresh()
	if err != nil {
		return nil, err
	}
	if _, err := t.db.ExecContext(ctx, "INSERT INTO server_settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", name, string(made)); err != nil {
		return nil, fmt.Errorf("cannot keep the setting %q: %w", name, err)
	}
	return t.get(ctx, name)
}

// get returns the value of a name, or sql.ErrNoRows.
func (t table) get(ctx context.Context, name string) ([]byte, error) {
	var text string
	if err := t.db.QueryRowContext(ctx, "SELECT value FROM server_settings WHERE name = $1", name).Scan(&text); err != nil {
		return nil, fmt.Errorf("cannot read the setting %q: %w", name, err)
	}
	return []byte(text), nil
}
