package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
)

const postgresExample = "postgres://acme@localhost:5432/acme"

// connectTimeout is how long PostgreSQL has to admit us, unless the URL has a connect_timeout.
const connectTimeout = 10 * time.Second

func isPostgres(db string) bool {
	return strings.HasPrefix(db, "postgres://") || strings.HasPrefix(db, "postgresql://")
}

// parsePostgres reads a URL. What it does not understand it does not repeat: the password is in
// there, and what cannot be read cannot be told apart.
func parsePostgres(db string) (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig(db)
	if file, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("-db names a file that cannot be read: %w", file)
	}
	if err != nil || strings.Contains(c.Host+c.Database, "@") {
		return nil, fmt.Errorf("-db is a URL of PostgreSQL that cannot be read; write one like %s, and in a name or a password %%3A %%2F %%3F %%23 %%40 for : / ? # @", postgresExample)
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectTimeout
	}
	return c, nil
}

func openPostgres(ctx context.Context, url string) (*database, error) {
	c, err := parsePostgres(url)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	store, err := sqlstore.NewPostgres(ctx, db, sqlstore.Config{})
	if err != nil {
		db.Close()
		return nil, explainPostgres(c, err)
	}
	d, users, groups, err := newDatabase(ctx, db, store)
	if err != nil {
		db.Close()
		return nil, explainPostgres(c, err)
	}
	d.note = fmt.Sprintf("Users and groups are kept in the PostgreSQL database %s: %s.", address(c), content(users, groups))
	return d, nil
}

// address is where a database is, without what is secret.
func address(c *pgx.ConnConfig) string {
	host := c.Host
	if !strings.HasPrefix(host, "/") { // else a socket
		host = net.JoinHostPort(host, strconv.Itoa(int(c.Port)))
	}
	database := c.Database
	if database == "" {
		database = c.User // as PostgreSQL does
	}
	return shown(database) + " at " + shown(host)
}

// explainPostgres says why a database cannot be used. The text of the driver is not for that: it
// names every address it tried, each on a line.
func explainPostgres(c *pgx.ConnConfig, err error) error {
	var why string
	pg, answered := errors.AsType[*pgconn.PgError](err)
	name, unknown := errors.AsType[*net.DNSError](err)
	network, _ := errors.AsType[*net.OpError](err)
	switch {
	case answered && pg.Code == "28P01":
		why = pg.Message + "; the password can be in the URL, in PGPASSWORD or in the file that PGPASSFILE names"
	case answered && pg.Code == "3D000":
		why = pg.Message + "; create it, with createdb for example"
	case answered:
		why = strings.TrimSpace(pg.Message + " " + pg.Detail)
	case unknown:
		why = name.Err
	case pgconn.Timeout(err):
		why = "it did not answer within " + c.ConnectTimeout.String()
	case network != nil:
		why = network.Err.Error()
	default:
		why = oneLine(err)
	}
	return fmt.Errorf("cannot use the PostgreSQL database %s: %s", address(c), why)
}
