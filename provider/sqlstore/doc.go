// Package sqlstore keeps users and groups in SQLite or in PostgreSQL, over database/sql. It imports
// no driver: the host opens the database with the one it prefers, and keeps it.
//
//	db, err := sql.Open("sqlite", sqlstore.DSN("gatehouse.db")) // import _ "modernc.org/sqlite"
//	…
//	store, err := sqlstore.NewSQLite(ctx, db, sqlstore.Config{})
//	…
//	handler, err := scim.New(store.Stores(), auth, config)
//
// [NewSQLite] and [NewPostgres] bring the tables up to date, also when many processes start at
// once, and refuse a database that a newer version of this package has changed. All tables begin
// with scim_, and may live in the host's own database; [Migrations] has their definitions for a host
// that applies them itself.
//
// # What it promises
//
// It passes the suites of package scimtest. A write that has returned is on disk: SQLite is refused
// unless it runs with synchronous=FULL, and PostgreSQL does so unless told otherwise. User names are
// unique in their tenant, and display names among the groups of their manager, by an index. Updates
// compare and swap versions in the statement that writes. Any number of processes may share one
// database.
//
// Look-ups by id, userName, externalId, e-mail address, the paths of [Config.Index], a group's
// displayName and a member's id read an index, whatever the size of the tenant, and so do pages
// after a position. Other filters are conditions that the database evaluates row by row. Both
// databases answer them exactly as [filter.Bound.Match] does, since all comparisons are of keys made
// in Go.
//
// # Transactions
//
// Stores has a Transact: the endpoint's changes, and what a host's Policy.Check does with the
// connection that [In] returns, commit together. A host that has a transaction of its own calls the
// store inside it by [Store.WithTx].
//
// In SQLite one connection writes, and requests that wait for it share a commit: each is undone
// alone if it fails. In PostgreSQL transactions that the database ends for a deadlock or a
// serialization failure are tried again.
//
// # Users in a table of the host
//
// A host that has users already keeps them where they are: [NewBeside] stores what the host's table
// does not hold beside it, in the same transactions.
//
// # When the database fails
//
// What may pass is a [scim.UnavailableError], which a client is told as 503 with Retry-After: a
// database that is locked, full, read-only, out of connections, restarting or gone. Anything else is
// an error of its own. The store needs no restart afterwards; it keeps nothing but connections and
// prepared statements.
package sqlstore
