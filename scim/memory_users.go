package scim

import (
	"context"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
)

// userIndexes are the attributes identity providers look users up by.
var userIndexes = indexing{indexes: []indexed{{"userName", true}, {"externalId", false}, {"emails.value", true}}}

// A userRow is a stored user.
type userRow struct{ User }

// newUserRow makes a row of a copy of u.
func newUserRow(u User) (*userRow, []posting) {
	r := &userRow{u.clone()}
	p := r.postings()
	compact(r, p)
	return r, p
}

func (r *userRow) key() string                  { return r.ID }
func (r *userRow) matches(f *filter.Bound) bool { return f.Match(&r.User) }

func (r *userRow) postings() []posting {
	p := make([]posting, 1, 2+len(r.Emails))
	p[0] = posting{0, filter.Fold(r.UserName)}
	if r.ExternalID != "" {
		p = append(p, posting{1, r.ExternalID})
	}
	first := len(p)
	for _, e := range r.Emails {
		if e.Value != "" {
			p = append(p, posting{2, filter.Fold(e.Value)})
		}
	}
	mails := p[first:]
	slices.SortFunc(mails, func(a, b posting) int { return strings.Compare(a.key, b.key) })
	return p[:first+len(slices.Compact(mails))]
}

// CreateUser implements [UserStore].
func (s *MemoryStore) CreateUser(ctx context.Context, tenant TenantID, u User) (User, error) {
	if err := ctx.Err(); err != nil {
		return User{}, err
	}
	if u.ID == "" {
		u.ID = s.newID()
	}
	u.Version = s.version()
	r, p := newUserRow(u)
	if err := s.tenant(tenant).createUser(r, p); err != nil {
		return User{}, err
	}
	return r.clone(), nil
}

func (t *memoryTenant) createUser(r *userRow, p []posting) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.users.byID[r.ID] != nil {
		return &ConflictError{"id"}
	}
	if err := t.users.taken(&r.Meta, p[0]); err != nil {
		return err
	}
	t.users.add(r, p)
	return nil
}

// User implements [UserStore].
func (s *MemoryStore) User(ctx context.Context, tenant TenantID, id string) (User, error) {
	if err := ctx.Err(); err != nil {
		return User{}, err
	}
	t := s.tenant(tenant)
	t.mu.RLock()
	r := t.users.byID[id]
	t.mu.RUnlock()
	if r == nil {
		return User{}, ErrNotFound
	}
	return r.clone(), nil
}

// Users implements [UserStore]. A look-up by an ID, a user name, an external ID or an e-mail
// address costs the same among many users as among few; so does a page without a filter.
func (s *MemoryStore) Users(ctx context.Context, tenant TenantID, q Query) (Page[User], error) {
	if err := ctx.Err(); err != nil {
		return Page[User]{}, err
	}
	t := s.tenant(tenant)
	rows, total, err := t.users.query(ctx, &t.mu, q)
	if err != nil {
		return Page[User]{}, err
	}
	page := Page[User]{Items: make([]User, len(rows)), Total: total}
	for i, r := range rows {
		page.Items[i] = r.clone()
	}
	return page, nil
}

// UpdateUser implements [UserStore].
func (s *MemoryStore) UpdateUser(ctx context.Context, tenant TenantID, u User) (User, error) {
	if err := ctx.Err(); err != nil {
		return User{}, err
	}
	was := u.Version
	u.Version = s.version()
	r, p := newUserRow(u)
	if err := s.tenant(tenant).updateUser(r, p, was); err != nil {
		return User{}, err
	}
	return r.clone(), nil
}

func (t *memoryTenant) updateUser(r *userRow, p []posting, version string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, err := t.users.current(r.ID, version)
	if err != nil {
		return err
	}
	if err := t.users.taken(&r.Meta, p[0]); err != nil {
		return err
	}
	t.users.remove(old)
	t.users.add(r, p)
	return nil
}

// DeleteUser implements [UserStore].
func (s *MemoryStore) DeleteUser(ctx context.Context, tenant TenantID, id, version string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := s.tenant(tenant)
	t.mu.Lock()
	defer t.mu.Unlock()
	r, err := t.users.current(id, version)
	if err != nil {
		return err
	}
	t.users.remove(r)
	return nil
}
