package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A Role is one that the host gives to users.
type Role struct {
	ID            string
	Name          string
	UserType      string // whose role it is: extension.Technician or extension.EndUser
	Administrator bool   // it makes a system administrator, and is never given by a group
}

// Roles are the host's.
type Roles interface {
	// List returns the roles of a tenant, those that cannot be mapped too.
	List(ctx context.Context, tenant scim.TenantID) ([]Role, error)
	// SetProvisioned makes the given roles those that a user has from an identity provider, in place of
	// the ones that were set so before. Roles given in another way are kept apart and stay. A user
	// who is not there is no error. It reports whether that has changed anything.
	SetProvisioned(ctx context.Context, tenant scim.TenantID, user string, roles []string) (changed bool, err error)
}

// A RoleMapping gives the members of a group some roles. The group is named by its ID: it may be renamed.
type RoleMapping struct {
	Group string
	Roles []string // IDs
}

// maxMappings bounds the groups that are mapped, and the roles of each.
const maxMappings = 500

// A Queued is a user whose roles have to be looked at.
type Queued struct {
	Tenant scim.TenantID
	User   string
	Stamp  string // of the call of [Store.Enqueue]
}

// MapRoles sets which groups of a provider give which roles, in place of what was mapped before. It
// applies to who is in the groups already, in steps, through [Service.Maintain]. Roles that the provider
// may not hand out are refused, see [Grants]; so are those of administrators.
func (s *Service) MapRoles(ctx context.Context, a Actor, id ID, mapping []RoleMapping) (Provider, error) {
	before, err := s.config.Store.Provider(ctx, a.Tenant, id)
	if err != nil {
		return Provider{}, err
	}
	if err := s.checkMapping(ctx, a, &before, mapping); err != nil {
		return Provider{}, err
	}
	p, err := s.change(ctx, a, id, "", func(ctx context.Context, st Store, p *Provider) ([]Event, error) {
		if problem := p.Provisioning.Grants.refusesRoles(mapping, s.grantsPage()); problem != nil {
			return nil, problem
		}
		before = p.clone()
		p.Provisioning.Mapping = mapping
		if err := s.enqueueChanged(ctx, st, a.Tenant, before.Provisioning.Mapping, mapping); err != nil {
			return nil, err
		}
		return []Event{{Type: EventRolesMapped, Details: map[string]string{"groups": strconv.Itoa(len(mapping))}}}, nil
	})
	if err != nil {
		return Provider{}, err
	}
	// Once more, for who has come in between.
	return p, s.enqueueChanged(ctx, s.config.Store, a.Tenant, before.Provisioning.Mapping, mapping)
}

// checkMapping says what of a mapping cannot be meant.
func (s *Service) checkMapping(ctx context.Context, a Actor, p *Provider, mapping []RoleMapping) error {
	bad := func(format string, args ...any) error {
		return &Problem{Code: ProblemPolicy, Detail: fmt.Sprintf(format, args...)}
	}
	if s.config.Roles == nil || s.config.Stores.Groups == nil {
		return bad("Roles are not given by groups here.")
	}
	groups := s.config.Stores.Groups
	if page, err := groups.Groups(ctx, a.Tenant, scim.Query{Scope: scim.Scope{Manager: string(p.ID)}, Limit: 1}); err != nil {
		return err
	} else if len(page.Items) == 0 && len(mapping) > 0 {
		return &Problem{Code: ProblemState, Detail: "No group was received from this identity provider yet. Have it push groups, then map them to roles here."}
	}
	known, err := s.config.Roles.List(ctx, a.Tenant)
	if err != nil {
		return err
	}
	if len(mapping) > maxMappings {
		return bad("Up to %d groups can be mapped.", maxMappings)
	}
	for i, m := range mapping {
		g, err := groups.Group(ctx, a.Tenant, m.Group)
		switch {
		case errors.Is(err, scim.ErrNotFound) || err == nil && g.ManagedBy != string(p.ID):
			return bad("There is no group %q of this provider.", shorten(m.Group))
		case err != nil:
			return err
		case slices.ContainsFunc(mapping[:i], func(o RoleMapping) bool { return o.Group == m.Group }):
			return bad("The group %q is mapped twice.", shorten(g.DisplayName))
		case len(m.Roles) == 0 || len(m.Roles) > maxMappings:
			return bad("The group %q is mapped to %d roles.", shorten(g.DisplayName), len(m.Roles))
		}
		for _, id := range m.Roles {
			switch r, ok := roleOf(known, id); {
			case !ok:
				return bad("There is no role %q.", shorten(id))
			case r.Administrator:
				return bad("The role %q makes an administrator, which no identity provider does.", shorten(r.Name))
			}
		}
	}
	if problem := p.Provisioning.Grants.refusesRoles(mapping, s.grantsPage()); problem != nil {
		return problem
	}
	return nil
}

// refusesRoles says which role of a mapping may not be handed out; nil = all may.
func (g *Grants) refusesRoles(mapping []RoleMapping, page string) error {
	for _, m := range mapping {
		for _, id := range m.Roles {
			if !g.AnyRole && !slices.Contains(g.Roles, id) {
				return &Problem{Code: ProblemPolicy, Detail: fmt.Sprintf("This provider may not hand out the role %q; see %s.", shorten(id), page)}
			}
		}
	}
	return nil
}

func roleOf(known []Role, id string) (Role, bool) {
	i := slices.IndexFunc(known, func(r Role) bool { return r.ID == id })
	if i < 0 {
		return Role{}, false
	}
	return known[i], true
}

// changedGroups returns the groups that give other roles than before.
func changedGroups(before, after []RoleMapping) []string {
	var out []string
	for _, pair := range [2][2][]RoleMapping{{before, after}, {after, before}} {
		for _, m := range pair[0] {
			same := slices.ContainsFunc(pair[1], func(o RoleMapping) bool { return o.Group == m.Group && slices.Equal(o.Roles, m.Roles) })
			if !same && !slices.Contains(out, m.Group) {
				out = append(out, m.Group)
			}
		}
	}
	return out
}

// rolePage is how many members are read, and noted, at once.
const rolePage = 1000

// eachMember calls f with the members of a group, a page at a time. One that is gone has none.
func eachMember(ctx context.Context, groups scim.GroupStore, tenant scim.TenantID, group string, f func([]string) (bool, error)) error {
	for after := ""; ; {
		page, err := groups.Members(ctx, tenant, group, after, rolePage)
		if errors.Is(err, scim.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		users := make([]string, len(page.Items))
		for i, m := range page.Items {
			users[i] = m.Value
		}
		if more, err := f(users); err != nil || !more || page.Next == "" {
			return err
		}
		after = page.Next
	}
}

// enqueueChanged notes that the roles have to be looked at of the members of groups that give others.
func (s *Service) enqueueChanged(ctx context.Context, st Store, tenant scim.TenantID, before, after []RoleMapping) error {
	for _, group := range changedGroups(before, after) {
		err := eachMember(ctx, s.config.Stores.Groups, tenant, group, func(users []string) (bool, error) {
			return true, st.Enqueue(ctx, tenant, rand.Text(), users...)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// desired returns the roles that groups give to a user, sorted, and those that are not for users of this
// type.
func desired(mapping []RoleMapping, known []Role, groups []scim.Member, userType string) (roles []string, wrong []Role) {
	for _, m := range mapping {
		if !slices.ContainsFunc(groups, func(g scim.Member) bool { return g.Value == m.Group }) {
			continue
		}
		for _, id := range m.Roles {
			switch r, ok := roleOf(known, id); {
			case !ok || r.Administrator:
			case r.UserType != userType:
				wrong = append(wrong, r)
			default:
				roles = append(roles, id)
			}
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles), wrong
}

// maxLooks bounds how often the roles of a user are looked at again that change meanwhile.
const maxLooks = 5

// giveRoles sets the roles of a user to what the groups say, and looks again: of two at once, the last
// to set them has seen the latest state, or repeats.
func (s *Service) giveRoles(ctx context.Context, q Queued) error {
	var set []string
	for look := range maxLooks {
		now, provider, skip, err := s.rolesNow(ctx, q)
		if err != nil || skip {
			return err
		}
		if look > 0 && slices.Equal(now, set) {
			return nil
		}
		changed, err := s.config.Roles.SetProvisioned(ctx, q.Tenant, q.User, now)
		if err != nil {
			return err
		}
		if set = now; changed {
			err := s.act(ctx, nobody(q.Tenant), func(context.Context, Store) ([]Event, error) {
				return []Event{{Type: EventRolesSet, Provider: provider, User: q.User, Details: map[string]string{"roles": shorten(strings.Join(now, ","))}}}, nil
			})
			if err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("provider: the roles of user %s change all the time", q.User)
}

// rolesNow returns the roles that a user should have from an identity provider. skip says that it is none
// of our business: nobody manages the user.
func (s *Service) rolesNow(ctx context.Context, q Queued) (roles []string, id ID, skip bool, err error) {
	u, err := s.config.Stores.Users.User(ctx, q.Tenant, q.User)
	switch {
	case errors.Is(err, scim.ErrNotFound) || err == nil && u.ManagedBy == Deleted:
		return nil, "", false, nil
	case err != nil || u.ManagedBy == "":
		return nil, "", true, err
	}
	p, err := s.config.Store.Provider(ctx, q.Tenant, ID(u.ManagedBy))
	if errors.Is(err, ErrNotFound) {
		return nil, "", true, nil
	}
	if err != nil {
		return nil, "", false, err
	}
	known, err := s.config.Roles.List(ctx, q.Tenant)
	if err != nil {
		return nil, "", false, err
	}
	groups, err := s.config.Stores.Groups.GroupsOf(ctx, q.Tenant, scim.Scope{Manager: u.ManagedBy}, []string{q.User})
	if err != nil {
		return nil, "", false, err
	}
	roles, wrong := desired(p.Provisioning.Mapping, known, groups[q.User], u.NinjaOne.UserType)
	for _, r := range wrong {
		err := s.once(ctx, q.Tenant, "role "+string(p.ID)+" "+q.User+" "+r.ID+" "+u.NinjaOne.UserType, Event{
			Type: EventRoleSkipped, Provider: p.ID, User: q.User, Details: map[string]string{"role": r.Name, "user_type": r.UserType},
		})
		if err != nil {
			return nil, "", false, err
		}
	}
	return roles, p.ID, false, nil
}

// giveQueued sets the roles of a user that has to be looked at, and forgets that.
func (s *Service) giveQueued(ctx context.Context, q Queued) error {
	if err := s.giveRoles(ctx, q); err != nil {
		return err
	}
	return s.config.Store.Dequeue(ctx, q)
}
