package scim

import (
	"context"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
)

// members are the IDs of the members of a group. They never change; the zero members are none.
type members struct{ ids *ordered[memberID] }

type memberID string

func (id memberID) key() string { return string(id) }

// sorted returns m with its IDs in order, each once.
func (m MemberChange) sorted() MemberChange {
	m.Add = slices.Compact(slices.Sorted(slices.Values(m.Add)))
	m.Remove = slices.Compact(slices.Sorted(slices.Values(m.Remove)))
	return m
}

func (s members) has(id string) bool { return s.ids != nil && s.ids.has(id) }

// difference returns who would come and who would go. What m lists is sorted.
func (s members) difference(m MemberChange) (added, removed []string) {
	for _, id := range m.Add {
		if !s.has(id) {
			added = append(added, strings.Clone(id))
		}
	}
	if !m.Replace {
		return added, slices.DeleteFunc(m.Remove, func(id string) bool { return !s.has(id) })
	}
	for _, id := range s.all() {
		if _, stays := slices.BinarySearch(m.Add, string(id)); !stays {
			removed = append(removed, string(id))
		}
	}
	return added, removed
}

// with returns s after a difference.
func (s members) with(added, removed []string) members {
	if len(added) == 0 && len(removed) == 0 {
		return s
	}
	ids := new(ordered[memberID])
	if s.ids != nil {
		ids = s.ids.fork()
	}
	for _, id := range removed {
		ids.remove(id)
	}
	for _, id := range added {
		ids.put(memberID(id))
	}
	return members{ids}
}

// after returns up to limit IDs greater than id.
func (s members) after(id string, limit int) []memberID {
	if s.ids == nil {
		return nil
	}
	return s.ids.after(id, limit)
}

func (s members) all() []memberID {
	if s.ids == nil {
		return nil
	}
	return s.ids.after("", s.ids.size)
}

// asMembers is the form in which callers get IDs.
func asMembers(ids []memberID) []Member {
	out := make([]Member, len(ids))
	for i, id := range ids {
		out[i].Value = string(id)
	}
	return out
}

// join notes who came into a group and who left it.
func (t *memoryTenant) join(group string, added, removed []string) {
	for _, id := range added {
		t.members.add(id, group)
	}
	for _, id := range removed {
		t.members.remove(id, group)
	}
}

// groupsOf returns, in order, the groups a user is in.
func (t *memoryTenant) groupsOf(user string) []*groupRow {
	ids := t.members.all(user)
	slices.Sort(ids)
	rows := make([]*groupRow, 0, len(ids))
	for _, id := range ids {
		rows = append(rows, t.groups.byID[id])
	}
	return rows
}

// groupsByMember lets a filter find groups by a member.
func (t *memoryTenant) groupsByMember(ref filter.Ref, v filter.Value) (rows []*groupRow, ok bool) {
	if ref.String() != "members.value" || !ref.CaseExact() {
		return nil, false
	}
	return t.groupsOf(v.Text), true
}

// Members implements [GroupStore].
func (s *MemoryStore) Members(ctx context.Context, tenant TenantID, group, after string, limit int) (Page[Member], error) {
	if err := ctx.Err(); err != nil {
		return Page[Member]{}, err
	}
	r := s.tenant(tenant).group(group)
	if r == nil {
		return Page[Member]{}, ErrNotFound
	}
	limit = max(limit, 0)
	ids := r.members.after(after, limit)
	page := Page[Member]{Items: asMembers(ids), Total: -1}
	if n := len(ids); n > 0 && n == limit && len(r.members.after(ids[n-1].key(), 1)) > 0 {
		page.Next = ids[n-1].key()
	}
	return page, nil
}

// GroupsOf implements [GroupStore].
func (s *MemoryStore) GroupsOf(ctx context.Context, tenant TenantID, scope Scope, users []string) (map[string][]Member, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := s.tenant(tenant)
	t.mu.RLock()
	defer t.mu.RUnlock()
	all := make(map[string][]Member)
	for _, user := range users {
		if all[user] != nil {
			continue
		}
		for _, r := range t.groupsOf(user) {
			if scope.Sees(r.ManagedBy) {
				all[user] = append(all[user], Member{Value: r.ID, Display: r.DisplayName})
			}
		}
	}
	return all, nil
}

// Forget implements [GroupStore].
func (s *MemoryStore) Forget(ctx context.Context, tenant TenantID, user string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := s.tenant(tenant)
	t.mu.Lock()
	defer t.mu.Unlock()
	gone := []string{user}
	for _, old := range t.groupsOf(user) {
		r := &groupRow{old.Group, old.members.with(nil, gone)}
		r.Version = s.version()
		t.groups.remove(old)
		t.groups.add(r, r.postings())
		t.join(r.ID, nil, gone)
	}
	return nil
}

// A groupView is a group as a filter sees it. Members are listed only if the filter asks, and
// those it names come first: that a large group has one of them is then soon seen.
type groupView struct {
	*Group
	members members
	named   filter.Resource // the group with the members that the filter names
	names   int
	whole   filter.Resource // the group with all members, when it was needed
}

func (r *groupRow) matches(f *filter.Bound, _ *User) bool {
	v := groupView{Group: &r.Group, members: r.members}
	var named []Member
	for ref, want := range f.Equalities() {
		if ref.String() == "members.value" && r.members.has(want.Text) {
			named = append(named, Member{Value: want.Text})
		}
	}
	v.named, v.names = r.WithMembers(named), len(named)
	return f.Match(&v)
}

// Len implements [filter.Resource].
func (v *groupView) Len(r filter.Ref) int {
	switch {
	case r.Slot() < membersSlot:
		return v.Group.Len(r)
	case v.members.ids == nil:
		return 0
	}
	return v.names + v.members.ids.size
}

// Value implements [filter.Resource].
func (v *groupView) Value(r filter.Ref, i int) filter.Value {
	if r.Slot() < membersSlot || i < v.names {
		return v.named.Value(r, i)
	}
	if v.whole == nil {
		v.whole = v.WithMembers(asMembers(v.members.all()))
	}
	return v.whole.Value(r, i-v.names)
}
