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
type userRow struct {
	packed     string
	managedBy  string
	extensions map[string]Object
}

// newUserRow makes a row of a copy of u, and its keys.
func newUserRow(u *User) (*userRow, []posting) {
	p := userPostings(u)
	r := &userRow{pack(u, p), u.ManagedBy, cloneObjects(u.Extensions)}
	for _, o := range r.extensions {
		cloneText(o)
	}
	return r, p
}

// view reads the row into u, which shares the extensions with it.
func (r *userRow) view(u *User) {
	unpack(r.packed, u)
	u.ManagedBy, u.Extensions = r.managedBy, r.extensions
}

// copyTo reads the row into a User for the caller.
func (r *userRow) copyTo(u *User) {
	r.view(u)
	u.Extensions = cloneObjects(r.extensions)
}

func (r *userRow) copied() User {
	var u User
	r.copyTo(&u)
	return u
}

func (r *userRow) key() string {
	u := unpacker(r.packed)
	return u.text()
}

func (r *userRow) manager() *string { return &r.managedBy }

func (r *userRow) is(version string) bool {
	u := unpacker(r.packed)
	u.text() // the ID
	return u.text() == version
}

func (r *userRow) postings() []posting {
	var u User
	r.view(&u)
	return userPostings(&u)
}

func (r *userRow) matches(f *filter.Bound, scratch *User) bool {
	r.view(scratch)
	return f.Match(scratch)
}

func (r *userRow) resource(scratch *User) filter.Resource {
	r.view(scratch)
	return scratch
}

func userPostings(u *User) []posting {
	p := make([]posting, 1, 2+len(u.Emails))
	p[0] = posting{0, filter.Fold(u.UserName)}
	if u.ExternalID != "" {
		p = append(p, posting{1, u.ExternalID})
	}
	first := len(p)
	for _, e := range u.Emails {
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
	r, p := newUserRow(&u)
	if err := s.tenant(tenant).createUser(r, p); err != nil {
		return User{}, err
	}
	return r.copied(), nil
}

func (t *memoryTenant) createUser(r *userRow, p []posting) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.users.byID[r.key()] != nil {
		return &ConflictError{"id"}
	}
	if err := t.users.taken(r, p[0]); err != nil {
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
	return r.copied(), nil
}

// Users implements [UserStore]. A look-up by an ID, a user name, an external ID or an e-mail
// address costs the same among many users as among few; so does a page without a filter after or
// before another one. A sorted page costs a look at every user.
func (s *MemoryStore) Users(ctx context.Context, tenant TenantID, q Query) (Page[User], error) {
	if err := ctx.Err(); err != nil {
		return Page[User]{}, err
	}
	t := s.tenant(tenant)
	f, err := t.users.query(ctx, &t.mu, q)
	if err != nil {
		return Page[User]{}, err
	}
	page := Page[User]{Items: make([]User, len(f.rows)), Total: f.total, Next: f.next, Previous: f.previous}
	for i, r := range f.rows {
		r.copyTo(&page.Items[i])
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
	r, p := newUserRow(&u)
	if err := s.tenant(tenant).updateUser(r, p, was); err != nil {
		return User{}, err
	}
	return r.copied(), nil
}

func (t *memoryTenant) updateUser(r *userRow, p []posting, version string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, err := t.users.current(r.key(), version)
	if err != nil {
		return err
	}
	if err := t.users.taken(r, p[0]); err != nil {
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
