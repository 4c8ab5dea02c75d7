package main

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

const (
	sweepEvery = 24 * time.Hour // how often all are looked for whom something is kept of
	sweepSoon  = time.Second    // until it goes on
	maxSwept   = 100            // at a time
)

// A sweeper removes what the server keeps of users who are gone. Servers that share a database do it each: what
// one has removed the others do not find.
type sweeper struct {
	db    *sql.DB
	users scim.UserStore
	now   func() time.Time
	after string    // the last one who was looked for
	next  time.Time // when it goes on
}

// keepers are the tables with rows of users.
var keepers = []string{"server_accounts", "server_links", "server_roles", "server_sessions"}

// sweep looks for the next maxSwept users and returns when it wants to go on.
func (s *sweeper) sweep(ctx context.Context) (next time.Time, err error) {
	if s.now().Before(s.next) {
		return s.next, nil
	}
	kept, err := s.kept(ctx)
	for i := 0; i < len(kept) && err == nil; i++ {
		_, err = s.users.User(ctx, tenant, kept[i])
		if errors.Is(err, scim.ErrNotFound) { // for good: nobody gets an ID that somebody has had
			err = s.forget(ctx, kept[i])
		}
		if err == nil {
			s.after = kept[i]
		}
	}
	switch {
	case err != nil:
		s.next = s.now().Add(time.Minute)
	case len(kept) == maxSwept:
		s.next = s.now().Add(sweepSoon)
	default:
		s.after, s.next = "", s.now().Add(sweepEvery)
	}
	return s.next, err
}

// kept returns whom something is kept of.
func (s *sweeper) kept(ctx context.Context) (users []string, err error) {
	var query string
	for i, table := range keepers {
		if i > 0 {
			query += " UNION "
		}
		query += "SELECT user_id FROM (SELECT DISTINCT user_id FROM " + table + " WHERE user_id > $1 ORDER BY user_id LIMIT $2) AS " + table + "_of"
	}
	rows, err := s.db.QueryContext(ctx, query+" ORDER BY user_id LIMIT $2", s.after, maxSwept)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var user string
		if err := rows.Scan(&user); err != nil {
			return nil, err
		}
		users = append(users, user)
	}
	return users, rows.Err()
}

// forget removes what is kept of a user. The last account stays: a database without one is new, and the next
// server to start would make an administrator, perhaps the one who was deleted.
func (s *sweeper) forget(ctx context.Context, user string) error {
	for _, table := range keepers {
		statement := "DELETE FROM " + table + " WHERE user_id = $1"
		if table == "server_accounts" {
			statement += " AND EXISTS (SELECT 1 FROM server_accounts AS other WHERE other.user_id <> $1)"
		}
		if _, err := s.db.ExecContext(ctx, statement, user); err != nil {
			return err
		}
	}
	return nil
}
