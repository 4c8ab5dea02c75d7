package provider

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A RolePreview says what a mapping would change.
type RolePreview struct {
	Gain, Lose []RoleChange // by user name
	Skipped    []RoleChange // roles that are not for users of their type
	More       bool         // there are more users than were looked at
}

// A RoleChange is a role and who is concerned.
type RoleChange struct {
	User, UserName string
	Role           Role
}

// maxPreviewed bounds the users that a preview looks at.
const maxPreviewed = 2000

// PreviewRoles says what [Service.MapRoles] would change for who is in the groups now. It refuses what
// MapRoles refuses.
func (s *Service) PreviewRoles(ctx context.Context, a Actor, id ID, mapping []RoleMapping) (RolePreview, error) {
	p, err := s.config.Store.Provider(ctx, a.Tenant, id)
	if err != nil {
		return RolePreview{}, err
	}
	if err := s.checkMapping(ctx, a, &p, mapping); err != nil {
		return RolePreview{}, err
	}
	known, err := s.config.Roles.List(ctx, a.Tenant)
	if err != nil {
		return RolePreview{}, err
	}
	var out RolePreview
	seen := map[string]bool{}
	for _, group := range changedGroups(p.Provisioning.Mapping, mapping) {
		err := eachMember(ctx, s.config.Stores.Groups, a.Tenant, group, func(users []string) (bool, error) {
			users = slices.DeleteFunc(users, func(u string) bool { return seen[u] })
			if out.More = out.More || len(seen)+len(users) > maxPreviewed; out.More {
				users = users[:max(0, maxPreviewed-len(seen))]
			}
			for _, u := range users {
				seen[u] = true
			}
			return !out.More, s.previewRoles(ctx, a.Tenant, &p, mapping, known, users, &out)
		})
		if err != nil {
			return RolePreview{}, err
		}
	}
	for _, list := range [][]RoleChange{out.Gain, out.Lose, out.Skipped} {
		slices.SortFunc(list, func(a, b RoleChange) int {
			return cmp.Or(cmp.Compare(a.UserName, b.UserName), cmp.Compare(a.Role.ID, b.Role.ID))
		})
	}
	return out, nil
}

// previewRoles looks at some users.
func (s *Service) previewRoles(ctx context.Context, tenant scim.TenantID, p *Provider, mapping []RoleMapping, known []Role, users []string, out *RolePreview) error {
	scope := scim.Scope{Manager: string(p.ID)}
	groups, err := s.config.Stores.Groups.GroupsOf(ctx, tenant, scope, users)
	if err != nil {
		return err
	}
	for _, id := range users {
		u, err := s.config.Stores.Users.User(ctx, tenant, id)
		switch {
		case errors.Is(err, scim.ErrNotFound) || err == nil && !scope.Sees(u.ManagedBy):
			continue
		case err != nil:
			return err
		}
		before, _ := desired(p.Provisioning.Mapping, known, groups[id], u.NinjaOne.UserType)
		after, wrong := desired(mapping, known, groups[id], u.NinjaOne.UserType)
		note := func(list *[]RoleChange, has, not []string) {
			for _, role := range has {
				if r, _ := roleOf(known, role); !slices.Contains(not, role) {
					*list = append(*list, RoleChange{id, u.UserName, r})
				}
			}
		}
		note(&out.Gain, after, before)
		note(&out.Lose, before, after)
		for _, r := range wrong {
			out.Skipped = append(out.Skipped, RoleChange{id, u.UserName, r})
		}
	}
	return nil
}
