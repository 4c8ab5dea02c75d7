package scimtest

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

type (
	groups  = scim.Page[scim.Group]
	members = scim.Page[scim.Member]
	change  = scim.MemberChange
)

// groupHooks is a store of groups in which each method can be replaced.
type groupHooks struct {
	create  func(ctx, tenant, scim.Group, change) (scim.Group, error)
	group   func(ctx, tenant, string) (scim.Group, error)
	groups  func(ctx, tenant, scim.Query) (groups, error)
	update  func(ctx, tenant, scim.Group, change) (scim.Group, error)
	remove  func(ctx, tenant, string, string) error
	members func(ctx, tenant, string, string, int) (members, error)
	of      func(ctx, tenant, scim.Scope, []string) (map[string][]scim.Member, error)
	forget  func(ctx, tenant, string) error
}

func groupHooksOf(s scim.GroupStore) *groupHooks {
	return &groupHooks{s.CreateGroup, s.Group, s.Groups, s.UpdateGroup, s.DeleteGroup, s.Members, s.GroupsOf, s.Forget}
}

func (h *groupHooks) CreateGroup(c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
	return h.create(c, t, g, m)
}

func (h *groupHooks) Group(c ctx, t tenant, id string) (scim.Group, error) { return h.group(c, t, id) }
func (h *groupHooks) Groups(c ctx, t tenant, q scim.Query) (groups, error) { return h.groups(c, t, q) }

func (h *groupHooks) UpdateGroup(c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
	return h.update(c, t, g, m)
}

func (h *groupHooks) DeleteGroup(c ctx, t tenant, id, version string) error {
	return h.remove(c, t, id, version)
}

func (h *groupHooks) Members(c ctx, t tenant, group, after string, limit int) (members, error) {
	return h.members(c, t, group, after, limit)
}

func (h *groupHooks) GroupsOf(c ctx, t tenant, in scim.Scope, users []string) (map[string][]scim.Member, error) {
	return h.of(c, t, in, users)
}

func (h *groupHooks) Forget(c ctx, t tenant, user string) error { return h.forget(c, t, user) }

// asked changes what is asked of the members by a create or an update.
func (h *groupHooks) asked(f func(*change)) {
	create, update := h.create, h.update
	h.create = func(c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
		f(&m)
		return create(c, t, g, m)
	}
	h.update = func(c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
		f(&m)
		return update(c, t, g, m)
	}
}

// updated changes what an update does.
func (h *groupHooks) updated(f func(next func(scim.Group, change) (scim.Group, error), c ctx, t tenant, g scim.Group, m change) (scim.Group, error)) {
	update := h.update
	h.update = func(c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
		return f(func(g scim.Group, m change) (scim.Group, error) { return update(c, t, g, m) }, c, t, g, m)
	}
}

// listed changes what a page of members shows.
func (h *groupHooks) listed(f func(*members)) {
	next := h.members
	h.members = func(c ctx, t tenant, group, after string, limit int) (members, error) {
		p, err := next(c, t, group, after, limit)
		f(&p)
		return p, err
	}
}

var groupFaults = []struct {
	fault, breaks string
	plant         func(*groupHooks)
}{
	{"extensions are not updated", "every attribute", func(h *groupHooks) {
		h.updated(func(next func(scim.Group, change) (scim.Group, error), c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			old, _ := h.group(c, t, g.ID)
			g.Extensions = old.Extensions
			return next(g, m)
		})
	}},
	{"created now", "every attribute", func(h *groupHooks) {
		next := h.create
		h.create = func(c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			g.Created = time.Now()
			return next(c, t, g, m)
		}
	}},
	{"the members of the caller are put in order", "groups are copied", func(h *groupHooks) {
		h.asked(func(m *change) { slices.Sort(m.Add) })
	}},
	{"the members to remove are put in order", "groups are copied", func(h *groupHooks) {
		h.asked(func(m *change) { slices.Sort(m.Remove) })
	}},
	{"the maps of the caller are kept", "groups are copied", func(h *groupHooks) {
		create, group := h.create, h.group
		var kept map[string]scim.Object
		h.create = func(c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			kept = g.Extensions
			return create(c, t, g, m)
		}
		h.group = func(c ctx, t tenant, id string) (scim.Group, error) {
			g, err := group(c, t, id)
			g.Extensions = kept
			return g, err
		}
	}},
	{"names are unique in the tenant", "one name per manager", func(h *groupHooks) {
		next := h.create
		h.create = func(c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			p, _ := h.groups(c, t, scim.Query{Scope: everyone, Limit: 100})
			for _, o := range p.Items {
				if filter.Fold(o.DisplayName) == filter.Fold(g.DisplayName) {
					return g, &scim.ConflictError{Attribute: "displayName"}
				}
			}
			return next(c, t, g, m)
		}
	}},
	{"names of native groups need not be unique", "one name per manager", func(h *groupHooks) {
		h.renamed(func(g *scim.Group) bool { return g.ManagedBy == native })
	}},
	{"changing hands overlooks the name", "one name per manager", func(h *groupHooks) {
		h.updated(func(next func(scim.Group, change) (scim.Group, error), c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			got, err := next(g, m)
			if old, _ := h.group(c, t, g.ID); isConflict(err) && old.ManagedBy != g.ManagedBy {
				return g, nil
			}
			return got, err
		})
	}},

	{"filters do not see members", "filters", func(h *groupHooks) {
		h.matched(func(g *scim.Group, _ []scim.Member) filter.Resource { return g })
	}},
	{"filters see one member only", "filters", func(h *groupHooks) {
		h.matched(func(g *scim.Group, m []scim.Member) filter.Resource { return g.WithMembers(m[:min(1, len(m))]) })
	}},
	{"IDs of members are folded in filters", "filters", func(h *groupHooks) {
		h.matched(func(g *scim.Group, m []scim.Member) filter.Resource {
			for i := range m {
				m[i].Value = strings.ToLower(m[i].Value)
			}
			return g.WithMembers(m)
		})
	}},

	{"an add replaces", "members change by deltas", func(h *groupHooks) {
		h.asked(func(m *change) { m.Replace = m.Replace || len(m.Add) > 0 })
	}},
	{"a replace adds", "members change by deltas", func(h *groupHooks) {
		h.asked(func(m *change) { m.Replace = false })
	}},
	{"a replace by nobody does nothing", "members change by deltas", func(h *groupHooks) {
		h.asked(func(m *change) { m.Replace = m.Replace && len(m.Add) > 0 })
	}},
	{"a remove beside an add is not made", "members change by deltas", func(h *groupHooks) {
		h.asked(func(m *change) {
			if len(m.Add) > 0 {
				m.Remove = nil
			}
		})
	}},
	{"a remove of all is not made", "members change by deltas", func(h *groupHooks) {
		h.asked(func(m *change) {
			if len(m.Remove) == 3 && !slices.Contains(m.Remove, "nobody") {
				m.Remove = nil
			}
		})
	}},
	{"IDs of members are folded", "members change by deltas", func(h *groupHooks) {
		h.asked(func(m *change) {
			m.Remove = slices.Clone(m.Remove)
			for i := range m.Remove {
				m.Remove[i] = strings.ToLower(m.Remove[i])
			}
		})
	}},
	{"a rename empties the group", "members change by deltas", func(h *groupHooks) {
		h.updated(func(next func(scim.Group, change) (scim.Group, error), c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			m.Replace = m.Replace || m.IsZero()
			return next(g, m)
		})
	}},
	{"a member added twice is there twice", "members change by deltas", func(h *groupHooks) {
		double := make(map[string]bool)
		h.asked(func(m *change) {
			for i, id := range m.Add {
				double[id] = double[id] || slices.Contains(m.Add[:i], id)
			}
		})
		h.listed(func(p *members) {
			var all []scim.Member
			for _, m := range p.Items {
				if all = append(all, m); double[m.Value] {
					all = append(all, m)
				}
			}
			p.Items = all
		})
	}},
	{"a change of members keeps the version", "members change by deltas", func(h *groupHooks) {
		h.updated(func(next func(scim.Group, change) (scim.Group, error), c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			version := g.Version
			g, err := next(g, m)
			if !m.IsZero() {
				g.Version = version
			}
			return g, err
		})
	}},

	{"an idle change gives a version", "an idle change", func(h *groupHooks) {
		h.updated(func(next func(scim.Group, change) (scim.Group, error), c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			id := g.ExternalID
			g.ExternalID += "~"
			g, err := next(g, m)
			if err != nil {
				return g, err
			}
			g.ExternalID = id
			return next(g, change{})
		})
	}},
	{"an idle change of members gives a version", "an idle change", func(h *groupHooks) {
		h.updated(func(next func(scim.Group, change) (scim.Group, error), c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			if m.IsZero() {
				return next(g, m)
			}
			g, err := next(g, change{Add: []string{"~"}})
			if err != nil {
				return g, err
			}
			m.Remove = append(slices.Clone(m.Remove), "~")
			return next(g, m)
		})
	}},
	{"an idle change writes the time", "an idle change", func(h *groupHooks) {
		group, last := h.group, make(map[string]time.Time)
		h.updated(func(next func(scim.Group, change) (scim.Group, error), c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			when := g.LastModified
			g, err := next(g, m)
			g.LastModified, last[g.ID] = when, when
			return g, err
		})
		h.group = func(c ctx, t tenant, id string) (scim.Group, error) {
			g, err := group(c, t, id)
			if when, ok := last[id]; ok {
				g.LastModified = when
			}
			return g, err
		}
	}},
	{"an idle change compares nothing", "an idle change", func(h *groupHooks) {
		h.updated(func(next func(scim.Group, change) (scim.Group, error), c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			old, err := h.group(c, t, g.ID)
			if err == nil && m.IsZero() && old.DisplayName == g.DisplayName && difference(old.Extensions, g.Extensions) == "" {
				return old, nil
			}
			return next(g, m)
		})
	}},
	{"a change of an extension is idle", "an idle change", func(h *groupHooks) {
		h.updated(func(next func(scim.Group, change) (scim.Group, error), c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			if old, _ := h.group(c, t, g.ID); old.Version == g.Version && m.IsZero() && old.DisplayName == g.DisplayName {
				return old, nil
			}
			return next(g, m)
		})
	}},

	{"members are written before the name is compared", "one call, one commit", func(h *groupHooks) {
		h.updated(func(next func(scim.Group, change) (scim.Group, error), c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			old, _ := h.group(c, t, g.ID)
			if g.Version != "" && old.Version != g.Version {
				return g, scim.ErrStale
			}
			got, err := next(old, m)
			if err != nil {
				return got, err
			}
			g.Version = got.Version
			return next(g, change{})
		})
	}},
	{"members are written without comparison", "one call, one commit", func(h *groupHooks) {
		h.updated(func(next func(scim.Group, change) (scim.Group, error), c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			got, err := next(g, m)
			if errors.Is(err, scim.ErrStale) {
				old, _ := h.group(c, t, g.ID)
				next(old, m)
			}
			return got, err
		})
	}},
	{"a refused create leaves members", "one call, one commit", func(h *groupHooks) {
		create, of := h.create, h.of
		left := make(map[string][]scim.Member)
		h.create = func(c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			got, err := create(c, t, g, m)
			if isConflict(err) {
				for _, id := range m.Add {
					left[id] = []scim.Member{{Value: g.ID, Display: g.DisplayName}}
				}
			}
			return got, err
		}
		h.of = func(c ctx, t tenant, in scim.Scope, users []string) (map[string][]scim.Member, error) {
			all, err := of(c, t, in, users)
			for _, id := range users {
				all[id] = append(all[id], left[id]...)
			}
			return all, err
		}
	}},
	{"attributes are written, then members", "one call, one sight", func(h *groupHooks) {
		h.updated(func(next func(scim.Group, change) (scim.Group, error), c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			g, err := next(g, change{})
			if err != nil {
				return g, err
			}
			pause()
			return next(g, m)
		})
	}},
	{"an add reads all members and writes them", "no member is lost", func(h *groupHooks) {
		h.updated(func(next func(scim.Group, change) (scim.Group, error), c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			p, err := h.members(c, t, g.ID, "", 1000)
			if err != nil {
				return g, err
			}
			pause()
			all := slices.Clone(m.Add)
			for _, o := range p.Items {
				if !slices.Contains(m.Remove, o.Value) {
					all = append(all, o.Value)
				}
			}
			return next(g, change{Replace: true, Add: all})
		})
	}},

	{"a page of members begins after a number of them", "members in pages", func(h *groupHooks) {
		next := h.members
		h.members = func(c ctx, t tenant, group, after string, limit int) (members, error) {
			from, _ := strconv.Atoi(after)
			p, err := next(c, t, group, "", 1000)
			if err != nil {
				return p, err
			}
			p.Items = p.Items[min(from, len(p.Items)):]
			if p.Next = ""; len(p.Items) > limit {
				p.Items, p.Next = p.Items[:limit], strconv.Itoa(from+limit)
			}
			return p, nil
		}
	}},
	{"the last page of members is not named", "members in pages", func(h *groupHooks) {
		h.listed(func(p *members) {
			if len(p.Items) < 5 {
				p.Next = ""
			}
		})
	}},
	{"a page of members begins with the last of the one before", "members in pages", func(h *groupHooks) {
		next := h.members
		h.members = func(c ctx, t tenant, group, after string, limit int) (members, error) {
			p, err := next(c, t, group, after, limit)
			if after != "" && err == nil {
				p.Items = append([]scim.Member{{Value: after}}, p.Items...)
			}
			return p, err
		}
	}},
	{"members are ordered without case", "members in pages", func(h *groupHooks) {
		h.listed(func(p *members) {
			slices.SortFunc(p.Items, func(a, b scim.Member) int { return strings.Compare(filter.Fold(a.Value), filter.Fold(b.Value)) })
		})
	}},
	{"no group has no members", "members in pages", func(h *groupHooks) {
		next := h.members
		h.members = func(c ctx, t tenant, group, after string, limit int) (members, error) {
			p, err := next(c, t, group, after, limit)
			if errors.Is(err, scim.ErrNotFound) {
				return members{Total: -1}, nil
			}
			return p, err
		}
	}},
	{"pages of members are counted", "members in pages", func(h *groupHooks) {
		h.listed(func(p *members) { p.Total = len(p.Items) })
	}},
	{"only a thousand members are kept", "ten thousand members", func(h *groupHooks) {
		h.asked(func(m *change) { m.Add = m.Add[:min(1000, len(m.Add))] })
	}},
	{"only a thousand members are removed", "ten thousand members", func(h *groupHooks) {
		h.asked(func(m *change) { m.Remove = m.Remove[:min(1000, len(m.Remove))] })
	}},

	{"groups of a user are in no order", "groups of users", func(h *groupHooks) {
		h.answered(func(all map[string][]scim.Member) {
			for _, groups := range all {
				slices.Reverse(groups)
			}
		})
	}},
	{"groups of a user have no names", "groups of users", func(h *groupHooks) {
		h.answered(func(all map[string][]scim.Member) {
			for _, groups := range all {
				for i := range groups {
					groups[i].Display = ""
				}
			}
		})
	}},
	{"groups of a user are shown whatever the scope", "groups of users in scope", func(h *groupHooks) {
		next := h.of
		h.of = func(c ctx, t tenant, _ scim.Scope, users []string) (map[string][]scim.Member, error) {
			return next(c, t, everyone, users)
		}
	}},
	{"only the first user has groups", "groups of users", func(h *groupHooks) {
		next := h.of
		h.of = func(c ctx, t tenant, in scim.Scope, users []string) (map[string][]scim.Member, error) {
			return next(c, t, in, users[:min(1, len(users))])
		}
	}},
	{"a user asked for twice has groups twice", "groups of users", func(h *groupHooks) {
		next := h.of
		h.of = func(c ctx, t tenant, in scim.Scope, users []string) (map[string][]scim.Member, error) {
			all := make(map[string][]scim.Member)
			for _, user := range users {
				one, err := next(c, t, in, []string{user})
				if err != nil {
					return nil, err
				}
				all[user] = append(all[user], one[user]...)
			}
			return all, nil
		}
	}},

	{"one group does not forget", "the forgotten", func(h *groupHooks) {
		h.forget = func(c ctx, t tenant, user string) error {
			all, err := h.of(c, t, everyone, []string{user})
			if err != nil || len(all[user]) == 0 {
				return err
			}
			g, err := h.group(c, t, all[user][0].Value)
			if err == nil {
				_, err = h.update(c, t, g, change{Remove: []string{user}})
			}
			return err
		}
	}},
	{"every group gets a version when one forgets", "the forgotten", func(h *groupHooks) {
		next := h.forget
		h.forget = func(c ctx, t tenant, user string) error {
			p, _ := h.groups(c, t, scim.Query{Scope: everyone, Limit: 100})
			for _, g := range p.Items {
				g, _ = h.update(c, t, g, change{Add: []string{"~"}})
				h.update(c, t, g, change{Remove: []string{"~"}})
			}
			return next(c, t, user)
		}
	}},
	{"a group that forgets keeps its version", "the forgotten", func(h *groupHooks) {
		forget, group, kept := h.forget, h.group, make(map[string]string)
		h.forget = func(c ctx, t tenant, user string) error {
			p, _ := h.groups(c, t, scim.Query{Scope: everyone, Limit: 100})
			for _, g := range p.Items {
				if kept[g.ID] == "" {
					kept[g.ID] = g.Version
				}
			}
			return forget(c, t, user)
		}
		h.group = func(c ctx, t tenant, id string) (scim.Group, error) {
			g, err := group(c, t, id)
			if kept[id] != "" {
				g.Version = kept[id]
			}
			return g, err
		}
	}},
	{"forgetting nobody is an error", "the forgotten", func(h *groupHooks) {
		next := h.forget
		h.forget = func(c ctx, t tenant, user string) error {
			if all, _ := h.of(c, t, everyone, []string{user}); len(all[user]) == 0 {
				return scim.ErrNotFound
			}
			return next(c, t, user)
		}
	}},
	{"memberships outlive the group", "deleted groups", func(h *groupHooks) {
		remove, of := h.remove, h.of
		var left []scim.Member
		h.remove = func(c ctx, t tenant, id, version string) error {
			g, _ := h.group(c, t, id)
			err := remove(c, t, id, version)
			if err == nil {
				left = append(left, scim.Member{Value: id, Display: g.DisplayName})
			}
			return err
		}
		h.of = func(c ctx, t tenant, in scim.Scope, users []string) (map[string][]scim.Member, error) {
			all, err := of(c, t, in, users)
			for _, id := range users {
				all[id] = append(all[id], left...)
			}
			return all, err
		}
	}},
	{"a stale delete takes the members", "deleted groups", func(h *groupHooks) {
		next := h.remove
		h.remove = func(c ctx, t tenant, id, version string) error {
			err := next(c, t, id, version)
			if errors.Is(err, scim.ErrStale) {
				g, _ := h.group(c, t, id)
				h.update(c, t, g, change{Replace: true})
			}
			return err
		}
	}},

	{"members are shown to other tenants", "members and tenants", func(h *groupHooks) {
		next := h.members
		h.members = func(c ctx, _ tenant, group, after string, limit int) (members, error) {
			return next(c, red, group, after, limit)
		}
	}},
	{"groups of a user are shown to other tenants", "members and tenants", func(h *groupHooks) {
		next := h.of
		h.of = func(c ctx, _ tenant, in scim.Scope, users []string) (map[string][]scim.Member, error) {
			return next(c, red, in, users)
		}
	}},
	{"a user is forgotten in every tenant", "members and tenants", func(h *groupHooks) {
		next := h.forget
		h.forget = func(c ctx, _ tenant, user string) error { return next(c, red, user) }
	}},
	{"members are changed from other tenants", "members and tenants", func(h *groupHooks) {
		next := h.update
		h.update = func(c ctx, _ tenant, g scim.Group, m change) (scim.Group, error) { return next(c, red, g, m) }
	}},
	{"forgetting cannot be canceled", "canceled calls", func(h *groupHooks) {
		next := h.forget
		h.forget = func(c ctx, t tenant, user string) error { return next(context.WithoutCancel(c), t, user) }
	}},
	{"listing members cannot be canceled", "canceled calls", func(h *groupHooks) {
		next := h.members
		h.members = func(c ctx, t tenant, group, after string, limit int) (members, error) {
			return next(context.WithoutCancel(c), t, group, after, limit)
		}
	}},

	// The promises that users and groups share are broken by the faults of users; a few of them
	// show that the suite of groups asks too.
	{"an update compares nothing", "compare and swap", func(h *groupHooks) {
		h.updated(func(next func(scim.Group, change) (scim.Group, error), c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
			g.Version = ""
			return next(g, m)
		})
	}},
	{"a read finds groups of other tenants", "tenants are apart", func(h *groupHooks) {
		next := h.group
		h.group = func(c ctx, _ tenant, id string) (scim.Group, error) { return next(c, red, id) }
	}},
	{"a manager sees all", "scopes", func(h *groupHooks) {
		next := h.groups
		h.groups = func(c ctx, t tenant, q scim.Query) (groups, error) {
			q.Scope.All = q.Scope.All || q.Scope.Manager != ""
			return next(c, t, q)
		}
	}},
	{"names need not be unique", "names are folded", func(h *groupHooks) {
		h.renamed(func(*scim.Group) bool { return true })
	}},
	{"the total is that of the page", "totals", func(h *groupHooks) {
		next := h.groups
		h.groups = func(c ctx, t tenant, q scim.Query) (groups, error) {
			p, err := next(c, t, q)
			if q.Total {
				p.Total = len(p.Items)
			}
			return p, err
		}
	}},
}

// answered changes what GroupsOf answers.
func (h *groupHooks) answered(f func(map[string][]scim.Member)) {
	next := h.of
	h.of = func(c ctx, t tenant, in scim.Scope, users []string) (map[string][]scim.Member, error) {
		all, err := next(c, t, in, users)
		f(all)
		return all, err
	}
}

// renamed keeps some groups under a name that no other has, and shows the one they were given.
func (h *groupHooks) renamed(some func(*scim.Group) bool) {
	create := h.create
	h.create = func(c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
		name := g.DisplayName
		if some(&g) {
			g.DisplayName += "|" + g.ID
		}
		g, err := create(c, t, g, m)
		g.DisplayName = name
		return g, err
	}
}

// matched answers filters by asking view for what they see of each group.
func (h *groupHooks) matched(view func(*scim.Group, []scim.Member) filter.Resource) {
	next := h.groups
	h.groups = func(c ctx, t tenant, q scim.Query) (groups, error) {
		f, offset, limit := q.Filter, q.Offset, q.Limit
		q.Filter, q.Offset, q.Limit = nil, 0, 1000
		p, err := next(c, t, q)
		p.Items = slices.DeleteFunc(p.Items, func(g scim.Group) bool {
			m, _ := h.members(c, t, g.ID, "", 1000)
			return !f.Match(view(&g, m.Items))
		})
		p.Total = len(p.Items)
		p.Items = p.Items[min(offset, len(p.Items)):]
		p.Items = p.Items[:min(limit, len(p.Items))]
		return p, err
	}
}
