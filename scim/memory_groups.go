package scim

import (
	"context"
	"reflect"
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
)

// groupIndexes are the attributes identity providers look groups up by, besides members.
var groupIndexes = indexing{indexes: []indexed{{"displayName", true}, {"externalId", false}}, perManager: true}

// A groupRow is a stored group with its members. They may be many, so a change makes a row of
// chunks that are mostly those of the row before.
type groupRow struct {
	Group
	members members
}

// newGroupRow makes a row of a copy of g, without members.
func newGroupRow(g Group) *groupRow {
	g = g.clone()
	for _, s := range []*string{&g.ID, &g.Version, &g.ExternalID, &g.DisplayName} {
		*s = strings.Clone(*s)
	}
	for _, o := range g.Extensions {
		cloneText(o)
	}
	return &groupRow{Group: g}
}

func (r *groupRow) key() string            { return r.ID }
func (r *groupRow) manager() *string       { return &r.ManagedBy }
func (r *groupRow) is(version string) bool { return r.Version == version }

func (r *groupRow) postings() []posting {
	p := []posting{{0, filter.Fold(r.DisplayName)}}
	if r.ExternalID != "" {
		p = append(p, posting{1, r.ExternalID})
	}
	return p
}

func (r *groupRow) resource(*User) filter.Resource { return &r.Group }

// same reports whether a write of g would change no attribute. When it was sent is none.
func (r *groupRow) same(g *Group) bool {
	return r.DisplayName == g.DisplayName && r.ExternalID == g.ExternalID && r.ManagedBy == g.ManagedBy &&
		(len(r.Extensions) == 0 && len(g.Extensions) == 0 || reflect.DeepEqual(r.Extensions, g.Extensions))
}

// CreateGroup implements [GroupStore].
func (s *MemoryStore) CreateGroup(ctx context.Context, tenant TenantID, g Group, m MemberChange) (Group, error) {
	if err := ctx.Err(); err != nil {
		return Group{}, err
	}
	if g.ID == "" {
		g.ID = s.newID()
	}
	g.Version = s.version()
	r := newGroupRow(g)
	added, _ := members{}.difference(m.sorted())
	r.members = members{}.with(added, nil)
	if err := s.tenant(tenant).createGroup(r, added); err != nil {
		return Group{}, err
	}
	return r.clone(), nil
}

func (t *memoryTenant) createGroup(r *groupRow, added []string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.groups.byID[r.ID] != nil {
		return &ConflictError{"id"}
	}
	p := r.postings()
	if err := t.groups.taken(r, p[0]); err != nil {
		return err
	}
	t.groups.add(r, p)
	t.join(r.ID, added, nil)
	return nil
}

// Group implements [GroupStore].
func (s *MemoryStore) Group(ctx context.Context, tenant TenantID, id string) (Group, error) {
	if err := ctx.Err(); err != nil {
		return Group{}, err
	}
	r := s.tenant(tenant).group(id)
	if r == nil {
		return Group{}, ErrNotFound
	}
	return r.clone(), nil
}

func (t *memoryTenant) group(id string) *groupRow {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.groups.byID[id]
}

// Groups implements [GroupStore]. A look-up by an ID, a display name, an external ID or a member
// costs the same among many groups as among few; pages cost what those of Users do.
func (s *MemoryStore) Groups(ctx context.Context, tenant TenantID, q Query) (Page[Group], error) {
	if err := ctx.Err(); err != nil {
		return Page[Group]{}, err
	}
	t := s.tenant(tenant)
	f, err := t.groups.query(ctx, &t.mu, q)
	if err != nil {
		return Page[Group]{}, err
	}
	page := Page[Group]{Items: make([]Group, len(f.rows)), Total: f.total, Next: f.next, Previous: f.previous}
	for i, r := range f.rows {
		page.Items[i] = r.clone()
	}
	return page, nil
}

// UpdateGroup implements [GroupStore]. One member more or less costs the same in a large group as
// in a small one, nearly.
func (s *MemoryStore) UpdateGroup(ctx context.Context, tenant TenantID, g Group, m MemberChange) (Group, error) {
	if err := ctx.Err(); err != nil {
		return Group{}, err
	}
	was := g.Version
	g.Version = s.version()
	r, err := s.tenant(tenant).updateGroup(newGroupRow(g), was, m.sorted())
	if err != nil {
		return Group{}, err
	}
	return r.clone(), nil
}

func (t *memoryTenant) updateGroup(r *groupRow, version string, m MemberChange) (*groupRow, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, err := t.groups.current(r.ID, version)
	if err != nil {
		return nil, err
	}
	added, removed := old.members.difference(m)
	if len(added) == 0 && len(removed) == 0 && old.same(&r.Group) {
		return old, nil
	}
	p := r.postings()
	if err := t.groups.taken(r, p[0]); err != nil {
		return nil, err
	}
	r.members = old.members.with(added, removed)
	t.groups.remove(old)
	t.groups.add(r, p)
	t.join(r.ID, added, removed)
	return r, nil
}

// DeleteGroup implements [GroupStore].
func (s *MemoryStore) DeleteGroup(ctx context.Context, tenant TenantID, id, version string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := s.tenant(tenant)
	t.mu.Lock()
	defer t.mu.Unlock()
	r, err := t.groups.current(id, version)
	if err != nil {
		return err
	}
	t.groups.remove(r)
	_, removed := r.members.difference(MemberChange{Replace: true})
	t.join(id, nil, removed)
	return nil
}
