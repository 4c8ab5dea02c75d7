// Ownusers is a host that had users before it had SCIM. They stay in its own table, with its own
// keys; what identity providers bring along is kept beside it, in the same database and the same
// transactions.
//
//	go run ./examples/ownusers
//	go run ./examples/ownusers -keys uuid
//	go run ./examples/ownusers -db postgres://postgres@127.0.0.1:5432/postgres
//
// The table is in table.go, the five methods over it are in accounts.go, and what the host decides
// is in policy.go. It speaks plain HTTP, and therefore on the loopback interface only.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`address` to listen on")
	db := flag.String("db", "", "`database`: the URL of a PostgreSQL, or the name of a SQLite file; without it, a file that is gone at the end")
	keys := flag.String("keys", "int", "what the table of users has for keys: `int or uuid`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *addr, *db, *keys, os.Stdout); err != nil {
		log.Fatal("ownusers: ", err)
	}
}

// run serves until ctx is done.
func run(ctx context.Context, addr, name, keys string, out io.Writer) error {
	if name == "" {
		dir, err := os.MkdirTemp("", "ownusers")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		name = filepath.Join(dir, "host.db")
	}
	db, kind, err := open(name, keys)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := makeTable(ctx, db, kind); err != nil {
		return err
	}
	if err := hire(ctx, db, kind); err != nil {
		return err
	}
	users, err := newUsers(ctx, db, kind, sqlstore.Config{})
	if err != nil {
		return err
	}

	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	site := "http://" + listener.Addr().String()
	token := cmp.Or(os.Getenv("GATEHOUSE_TOKEN"), rand.Text())
	endpoint, err := newEndpoint(users, site+"/ws/scim/v2", token)
	if err != nil {
		return err
	}
	ada, err := accounts{kind}.Find(ctx, db, tenant, staff[0].UserName)
	if err != nil {
		return err
	}
	if err := welcome(out, site, token, ada); err != nil {
		return err
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			showTables(w, r, db)
			return
		}
		endpoint.ServeHTTP(w, r)
	})
	server := &http.Server{Handler: handler, ReadTimeout: time.Minute}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// open opens the database, and says what its table of users is made of.
func open(name, keys string) (*sql.DB, kind, error) {
	driver, dsn := "sqlite", sqlstore.DSN(name)
	if strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://") {
		driver, dsn = "pgx", name
	}
	kind, err := kindOf(driver, keys)
	if err != nil {
		return nil, kind, err
	}
	db, err := sql.Open(driver, dsn)
	return db, kind, err
}

// newUsers returns the store of the users of our table.
func newUsers(ctx context.Context, db *sql.DB, k kind, config sqlstore.Config) (*sqlstore.Beside, error) {
	newStore := sqlstore.NewSQLite
	if k.postgres {
		newStore = sqlstore.NewPostgres
	}
	store, err := newStore(ctx, db, config)
	if err != nil {
		return nil, err
	}
	return sqlstore.NewBeside(ctx, store, accounts{k}, k.accountTable())
}

// newEndpoint returns the SCIM endpoint: one customer, with one identity provider.
func newEndpoint(users *sqlstore.Beside, base, token string) (*scim.Handler, error) {
	auth := new(scim.Tokens)
	auth.Add(token, scim.Principal{Tenant: tenant, Manager: "entra", Key: "1"})
	return scim.New(users.Stores(), auth, scim.Config{
		BaseURL: func(*http.Request) string { return base },
		Policy:  scim.Policy{Adopt: adopt, Check: audit},
	})
}
