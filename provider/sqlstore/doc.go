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
// # Cost
//
// Requests to the endpoint with a token, of users at random, in microseconds; on two cores, with a
// disk that takes 0.3 ms to make a commit durable:
//
//	                            SQLite                PostgreSQL
//	users in the tenant      1,000   1,000,000      1,000   1,000,000
//	userName eq                 44          60        190         202
//	externalId eq               59          67        244         274
//	work e-mail                 59          80        267         307
//	by id                       47          52        215         246
//	PATCH of one attribute     411         498        941       1,249
//	a page of 100 by cursor  2,300       2,700      2,900       3,400
//	the last page of 100
//	by startIndex            2,700      85,000      3,300      94,000
//
// A look-up among a thousand times as many users reads two or three pages of an index more. By
// startIndex a page costs what it takes to count up to it in an index; by cursor the last of 10,000
// pages costs what the first does (2.7 and 3.3 ms, with 12 MiB of memory for all of them). To add a
// member to a group of 100,000 costs what it costs in one of ten. The table is of
//
//	GATEHOUSE_BENCH_USERS=1000,1000000 go test -run '^$' -bench Scale ./provider/sqlstore
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
