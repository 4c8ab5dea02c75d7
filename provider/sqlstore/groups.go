package sqlstore

import (
	"context"
	"reflect"

	"github.com/seed-30109bde/gatehouse/scim"
)

// CreateGroup implements [scim.GroupStore].
func (s *Store) CreateGroup(ctx context.Context, tenant scim.TenantID, g scim.Group, m scim.MemberChange) (scim.Group, error) {
	g.ID, g.Version = newID(g.ID), newVersion()
	r, err := rowOf(s, ofGroups, tenant, &g)
	if err != nil {
		return scim.Group{}, err
	}
	err = s.write(ctx, false, func(tx Tx) error {
		n, err := insert(ctx, tx, s.groups, r, "display", g.DisplayName)
		if err != nil {
			return err
		}
		_, err = s.addMembers(ctx, tx, tenant, n, m.Add)
		return err
	})
	if err != nil {
		return scim.Group{}, s.told(ctx, err)
	}
	return decodeGroup(r.document, r.version)
}

// Group implements [scim.GroupStore].
func (s *Store) Group(ctx context.Context, tenant scim.TenantID, id string) (scim.Group, error) {
	g, err := get(ctx, s.at(), ofGroups, s.groups, tenant, id)
	return g, s.told(ctx, err)
}

// Groups implements [scim.GroupStore].
func (s *Store) Groups(ctx context.Context, tenant scim.TenantID, q scim.Query) (scim.Page[scim.Group], error) {
	page, err := list(ctx, s, ofGroups, tenant, q)
	return page, s.told(ctx, err)
}

// UpdateGroup implements [scim.GroupStore].
func (s *Store) UpdateGroup(ctx context.Context, tenant scim.TenantID, g scim.Group, m scim.MemberChange) (scim.Group, error) {
	was := g.Version
	g.Version = newVersion()
	r, err := rowOf(s, ofGroups, tenant, &g)
	if err != nil {
		return scim.Group{}, err
	}
	var out scim.Group
	err = s.write(ctx, true, func(tx Tx) (err error) {
		out, err = s.updateGroup(ctx, tx, tenant, r, &g, was, m)
		return err
	})
	if err != nil {
		return scim.Group{}, s.told(ctx, err)
	}
	return out, nil
}

// updateGroup updates a group in a transaction, whose lock on the row orders the changes of its
// members.
func (s *Store) updateGroup(ctx context.Context, tx Tx, tenant scim.TenantID, r *row, g *scim.Group, version string, m scim.MemberChange) (scim.Group, error) {
	var n int64
	var have, document string
	err := one(ctx, tx, fixed("SELECT n, version, document FROM scim_groups WHERE tenant = ? AND id = ?"+s.dialect.lock, r.tenant, r.id), &n, &have, &document)
	if err := current(err, have, version); err != nil {
		return scim.Group{}, err
	}
	old, err := decodeGroup([]byte(document), have)
	if err != nil {
		return scim.Group{}, err
	}
	same := old.DisplayName == g.DisplayName && old.ExternalID == g.ExternalID && old.ManagedBy == g.ManagedBy &&
		(len(old.Extensions) == 0 && len(g.Extensions) == 0 || reflect.DeepEqual(old.Extensions, g.Extensions))
	if !same {
		if err := taken(ctx, tx, s.groups, r); err != nil {
			return scim.Group{}, err
		}
	}
	moved, err := s.changeMembers(ctx, tx, tenant, n, m)
	switch {
	case err != nil:
		return scim.Group{}, err
	case same && !moved:
		return old, nil
	}
	_, err = exec(ctx, tx, "UPDATE scim_groups SET managed_by = ?, display_name = ?, external_id = ?, version = ?, display = ?, folded = ?, document = ? WHERE n = ?",
		r.managedBy, r.name, r.external, r.version, g.DisplayName, r.folded, string(r.document), n)
	if err != nil {
		return scim.Group{}, s.groups.conflict(err)
	}
	return decodeGroup(r.document, r.version)
}

// DeleteGroup implements [scim.GroupStore].
func (s *Store) DeleteGroup(ctx context.Context, tenant scim.TenantID, id, version string) error {
	return s.told(ctx, s.remove(ctx, s.groups, tenant, id, version))
}
