package provider

import (
	"context"
	"crypto/rand"
	"slices"

	"github.com/seed-30109bde/gatehouse/scim"
)

// rolesAtOnce is of how many users the roles are set before a change of a group is answered; those of the
// others follow through [Service.Maintain].
const rolesAtOnce = 50

// maintainRoles is of how many users one call of Maintain sets the roles.
const maintainRoles = 2000

// reassign notes, in the transaction of a change, whose roles it may change.
func (r *ruling) reassign(ctx context.Context) error {
	if r.s.config.Roles == nil || r.stores.Groups == nil {
		return nil
	}
	after, _ := ctx.Value(afterKey{}).(*afterwards)
	note := func(users []string) error {
		q := queue{rand.Text(), users}
		if after != nil && len(users) > 0 {
			after.roles = append(after.roles, q)
		}
		return r.st.Enqueue(ctx, r.By.Tenant, q.stamp, users...)
	}
	switch {
	case r.GroupBefore != nil:
		return r.reassignMembers(ctx, note)
	case r.Before == nil:
		return nil
	case r.After == nil, r.Before.NinjaOne.UserType != r.After.NinjaOne.UserType:
		return note([]string{r.Before.ID})
	}
	return nil
}

// reassignMembers notes who comes into a group that gives roles, or goes.
func (r *ruling) reassignMembers(ctx context.Context, note func([]string) error) error {
	id := r.GroupBefore.ID
	if !slices.ContainsFunc(r.p.Provisioning.Mapping, func(m RoleMapping) bool { return m.Group == id }) {
		return nil
	}
	if err := note(slices.Concat(r.Members.Add, r.Members.Remove)); err != nil {
		return err
	}
	if r.GroupAfter != nil && !r.Members.Replace {
		return nil
	}
	return eachMember(ctx, r.stores.Groups, r.By.Tenant, id, func(users []string) (bool, error) { return true, note(users) })
}

// giveNow sets the roles of those whom a change concerns, if they are few. What fails is left to
// maintenance: the change is stored.
func (s *Service) giveNow(ctx context.Context, tenant scim.TenantID) error {
	after, ok := ctx.Value(afterKey{}).(*afterwards)
	if !ok || s.config.Roles == nil {
		return nil
	}
	left := rolesAtOnce
	for _, q := range after.roles {
		if !after.joined { // it may have been looked at before the change was stored
			if err := s.config.Store.Enqueue(ctx, tenant, q.stamp, q.users...); err != nil {
				return err
			}
		}
		for _, user := range q.users {
			if left--; left < 0 {
				break
			}
			if err := s.giveQueued(ctx, Queued{tenant, user, q.stamp}); err != nil {
				s.config.Logger.WarnContext(ctx, "the roles of a user could not be set; it is tried again", "tenant", tenant, "user", user, "error", err)
			}
		}
	}
	after.roles = nil
	return nil
}

// maintainQueue sets the roles of users that have to be looked at.
func (s *Service) maintainQueue(ctx context.Context) (more bool, err error) {
	if s.config.Roles == nil {
		return false, nil
	}
	var last Queued
	for done := 0; done < maintainRoles; {
		page, err := s.config.Store.Queued(ctx, last, maintainPage)
		if err != nil {
			return false, err
		}
		for _, q := range page {
			if err := s.giveQueued(ctx, q); err != nil {
				s.config.Logger.ErrorContext(ctx, "the roles of a user could not be set; it is tried again", "tenant", q.Tenant, "user", q.User, "error", err)
			}
			last = q
		}
		if done += len(page); len(page) < maintainPage {
			return false, nil
		}
	}
	return true, nil
}
