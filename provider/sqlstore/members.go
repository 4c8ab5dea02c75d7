package sqlstore

import (
	"context"
	"slices"

	"github.com/seed-30109bde/gatehouse/scim"
)

// memberBatch is how many members one statement adds or removes.
const memberBatch = 5_000

// changeMembers changes the members of the group n, and reports whether anybody came or went.
func (s *Store) changeMembers(ctx context.Context, tx Tx, tenant scim.TenantID, n int64, m scim.MemberChange) (bool, error) {
	if m.Replace {
		var err error
		if m, err = s.difference(ctx, tx, n, m.Add); err != nil {
			return false, err
		}
	}
	removed, err := s.removeMembers(ctx, tx, n, m.Remove)
	if err != nil {
		return false, err
	}
	added, err := s.addMembers(ctx, tx, tenant, n, m.Add)
	return removed+added > 0, err
}

// difference returns what makes want of the members of the group n. All are read, and only those
// that come and go are written.
func (s *Store) difference(ctx context.Context, tx Tx, n int64, want []string) (m scim.MemberChange, err error) {
	wanted := make(map[string]bool, len(want)) // true: not there yet
	for _, id := range want {
		wanted[id] = true
	}
	have, err := column[string](ctx, tx, fixed("SELECT member FROM scim_members WHERE group_n = ?", n))
	if err != nil {
		return m, err
	}
	for _, id := range have {
		if _, ok := wanted[id]; ok {
			wanted[id] = false
		} else {
			m.Remove = append(m.Remove, id)
		}
	}
	for id, missing := range wanted {
		if missing {
			m.Add = append(m.Add, id)
		}
	}
	slices.Sort(m.Add) // in the order of the index
	return m, nil
}

// column reads one column.
func column[T any](ctx context.Context, tx Tx, st *statement) (out []T, err error) {
	err = each(ctx, tx, st, func(scan func(...any) error) error {
		var v T
		err := scan(&v)
		out = append(out, v)
		return err
	})
	return out, err
}

// addMembers adds those who are not there, and returns how many that were.
func (s *Store) addMembers(ctx context.Context, tx Tx, tenant scim.TenantID, n int64, ids []string) (added int64, err error) {
	for batch := range slices.Chunk(ids, memberBatch) {
		rows, err := exec(ctx, tx, "INSERT INTO scim_members (group_n, member, tenant)"+
			" SELECT CAST(? AS bigint), e.value, CAST(? AS text) FROM ("+s.dialect.texts("?")+") AS e WHERE TRUE ON CONFLICT DO NOTHING",
			n, string(tenant), jsonList(batch))
		if err != nil {
			return added, err
		}
		added += rows
	}
	return added, nil
}

// removeMembers removes those who are there, and returns how many that were.
func (s *Store) removeMembers(ctx context.Context, tx Tx, n int64, ids []string) (removed int64, err error) {
	for batch := range slices.Chunk(ids, memberBatch) {
		rows, err := run(ctx, tx, numbered("DELETE FROM scim_members WHERE "+s.dialect.members, n, jsonList(batch)))
		if err != nil {
			return removed, err
		}
		removed += rows
	}
	return removed, nil
}

// Members implements [scim.GroupStore].
func (s *Store) Members(ctx context.Context, tenant scim.TenantID, group, after string, limit int) (scim.Page[scim.Member], error) {
	page := scim.Page[scim.Member]{Total: -1}
	var n int64
	err := one(ctx, s.at(), fixed("SELECT n FROM scim_groups WHERE tenant = ? AND id = ?", string(tenant), group), &n)
	if err := current(err, "", ""); err != nil {
		return page, s.told(ctx, err)
	}
	limit = max(limit, 0)
	ids, err := column[string](ctx, s.at(), fixed("SELECT member FROM scim_members WHERE group_n = ? AND member > ? ORDER BY member LIMIT ?", n, after, limit+1))
	if err != nil {
		return page, s.told(ctx, err)
	}
	if more := len(ids) > limit; more {
		ids = ids[:limit]
		if limit > 0 {
			page.Next = ids[limit-1]
		}
	}
	page.Items = make([]scim.Member, len(ids))
	for i, id := range ids {
		page.Items[i].Value = id
	}
	return page, nil
}

// GroupsOf implements [scim.GroupStore].
func (s *Store) GroupsOf(ctx context.Context, tenant scim.TenantID, scope scim.Scope, users []string) (map[string][]scim.Member, error) {
	all := map[string][]scim.Member{}
	err := s.groupsOf(ctx, tenant, users, func(user, manager string, g scim.Member) {
		if scope.Sees(manager) {
			all[user] = append(all[user], g)
		}
	})
	return all, s.told(ctx, err)
}

// groupsOf calls f with the groups of users, in the order of their IDs.
func (s *Store) groupsOf(ctx context.Context, tenant scim.TenantID, users []string, f func(user, manager string, g scim.Member)) error {
	st := fixed("SELECT m.member, g.managed_by, g.id, g.display FROM scim_members AS m JOIN scim_groups AS g ON g.n = m.group_n WHERE m.tenant = ? AND ", string(tenant))
	if len(users) == 1 {
		st.put("m.member = ?", users[0])
	} else {
		st.put(s.dialect.among("m.member", "?"), jsonList(users))
	}
	st.put(" ORDER BY g.id")
	return each(ctx, s.at(), st, func(scan func(...any) error) error {
		var user, manager string
		var g scim.Member
		err := scan(&user, &manager, &g.Value, &g.Display)
		if err == nil {
			f(user, manager, g)
		}
		return err
	})
}

// Forget implements [scim.GroupStore].
func (s *Store) Forget(ctx context.Context, tenant scim.TenantID, user string) error {
	return s.told(ctx, s.write(ctx, false, func(tx Tx) error {
		groups, err := column[int64](ctx, tx, fixed("SELECT n FROM scim_groups WHERE n IN (SELECT group_n FROM scim_members WHERE tenant = ? AND member = ?) ORDER BY n"+s.dialect.lock, string(tenant), user))
		if err != nil {
			return err
		}
		for _, n := range groups { // a user is in a few
			removed, err := exec(ctx, tx, "DELETE FROM scim_members WHERE group_n = ? AND member = ?", n, user)
			if err != nil {
				return err
			}
			if removed == 0 { // somebody else did
				continue
			}
			if _, err := exec(ctx, tx, "UPDATE scim_groups SET version = ? WHERE n = ?", newVersion(), n); err != nil {
				return err
			}
		}
		return nil
	}))
}
