package sqlstore

import (
	"context"

	"github.com/seed-30109bde/gatehouse/scim"
)

// Statements returns the statements that answer a query.
func (s *Store) Statements(groups bool, tenant scim.TenantID, q scim.Query) (page, count string, pageArgs, countArgs []any, err error) {
	k := s.users
	if groups {
		k = s.groups
	}
	l, err := s.listing(k, tenant, q)
	if err != nil {
		return "", "", nil, nil, err
	}
	p, c := l.page(), l.count()
	return p.String(), c.String(), p.args, c.args, nil
}

// Waiting returns how many writes wait for another.
func (s *Store) Waiting() int {
	s.commits.mu.Lock()
	defer s.commits.mu.Unlock()
	return len(s.commits.waiting)
}

// Exec runs a statement where the store writes.
func (s *Store) Exec(ctx context.Context, text string) error {
	return s.write(ctx, true, func(tx Tx) error {
		_, err := tx.ExecContext(ctx, text)
		return err
	})
}

// Passing is what errors.go knows of an error.
var Passing = passing

// MaxBatch is how many writes share a commit at most.
const MaxBatch = maxBatch
