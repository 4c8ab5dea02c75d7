package console

import (
	"net/url"
	"slices"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A groupsData is the list of groups.
type groupsData struct {
	Search, Source string
	Groups         []groupRow
	Sources        []choice
	Next           string
}

type groupRow struct {
	scim.Group
	Source string
	Roles  []string // that it gives, by name
}

// listGroups shows the groups that identity providers have sent.
func (c *call) listGroups() error {
	d := groupsData{Search: c.query("q"), Source: c.query("source")}
	page, err := c.service.Groups(c.ctx(), c.actor, provider.GroupQuery{Search: d.Search, Provider: provider.ID(d.Source), After: c.query("after")})
	if err != nil {
		return err
	}
	providers, err := c.service.Providers(c.ctx(), c.actor, provider.Query{Limit: maxChoices})
	if err != nil {
		return err
	}
	roles, err := c.service.Roles(c.ctx(), c.actor)
	if err != nil {
		return err
	}
	for _, g := range page.Items {
		row := groupRow{Group: g, Source: g.ManagedBy}
		for _, p := range providers.Providers {
			if string(p.ID) == g.ManagedBy {
				row.Source, row.Roles = p.Name, roleNames(p.Provisioning.Mapping, g.ID, roles)
			}
		}
		d.Groups = append(d.Groups, row)
	}
	for _, p := range providers.Providers {
		d.Sources = append(d.Sources, choice{ID: string(p.ID), Name: p.Name, Chosen: string(p.ID) == d.Source})
	}
	d.Next = c.next("/groups", page.Next)
	return c.render("groups", c.pages.text("Groups"), "groups", d)
}

// roleNames returns what the roles are called that a group gives.
func roleNames(mapping []provider.RoleMapping, group string, roles []provider.Role) (names []string) {
	for _, m := range mapping {
		if m.Group != group {
			continue
		}
		for _, id := range m.Roles {
			name := id
			if i := slices.IndexFunc(roles, func(r provider.Role) bool { return r.ID == id }); i >= 0 {
				name = roles[i].Name
			}
			names = append(names, name)
		}
	}
	return names
}

// A groupData is the page of a group.
type groupData struct {
	ID      string
	Name    string
	Source  string
	Members []scim.Member
	Next    string
}

// showGroup shows the members of a group.
func (c *call) showGroup() error {
	id := c.r.PathValue("group")
	g, err := c.service.Group(c.ctx(), c.actor, id)
	if err != nil {
		return err
	}
	page, err := c.service.Members(c.ctx(), c.actor, id, c.query("after"), 100)
	if err != nil {
		return err
	}
	names, err := c.providerNames()
	if err != nil {
		return err
	}
	members, err := c.named(page.Items)
	if err != nil {
		return err
	}
	d := groupData{ID: g.ID, Name: g.DisplayName, Source: g.ManagedBy, Members: members, Next: c.next("/groups/"+url.PathEscape(id), page.Next)}
	for _, p := range names {
		if p.ID == g.ManagedBy {
			d.Source = p.Name
		}
	}
	return c.render("group", g.DisplayName, "groups", d)
}

// named gives members their user names to be shown by. Who is no user, such as a group, stays as it is.
func (c *call) named(members []scim.Member) ([]scim.Member, error) {
	var ids []string
	for _, m := range members {
		ids = append(ids, m.Value)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	users, err := c.service.Users(c.ctx(), c.actor, provider.PeopleQuery{IDs: ids, Limit: len(ids)})
	if err != nil {
		return nil, err
	}
	members = slices.Clone(members)
	for i := range members {
		for _, u := range users.Items {
			if u.ID == members[i].Value {
				members[i].Display = u.UserName
			}
		}
	}
	return members, nil
}

// A rolesData is the mapping of groups to roles.
type rolesData struct {
	providerData
	Roles   []provider.Role // that can be mapped
	Rows    []mappingRow
	More    bool
	Preview *provider.RolePreview
	NoRoles bool // the host has none
}

// A mappingRow is a group with a box for each role.
type mappingRow struct {
	Group   scim.Group
	Choices []choice
}

// maxMapped bounds the groups on the page.
const maxMapped = 200

// showRoles is the page of the mapping.
func (c *call) showRoles() error { return c.roles(nil) }

func (c *call) roles(preview *provider.RolePreview) error {
	d := rolesData{Preview: preview}
	var err error
	if d.providerData, err = c.providerData("roles"); err != nil {
		return err
	}
	all, err := c.service.Roles(c.ctx(), c.actor)
	if err != nil {
		return err
	}
	d.NoRoles = len(all) == 0
	grants := d.P.Provisioning.Grants
	for _, r := range all {
		if !r.Administrator && (grants.AnyRole || slices.Contains(grants.Roles, r.ID)) {
			d.Roles = append(d.Roles, r)
		}
	}
	page, err := c.service.Groups(c.ctx(), c.actor, provider.GroupQuery{Provider: c.id, Limit: maxMapped})
	if err != nil {
		return err
	}
	d.More = page.Next != ""
	mapping := d.P.Provisioning.Mapping
	if c.r.PostForm.Has("mapping") {
		mapping = c.mapping(mapping)
	}
	for _, g := range page.Items {
		row := mappingRow{Group: g}
		for _, r := range d.Roles {
			chosen := slices.ContainsFunc(mapping, func(m provider.RoleMapping) bool { return m.Group == g.ID && slices.Contains(m.Roles, r.ID) })
			row.Choices = append(row.Choices, choice{ID: g.ID + " " + r.ID, Name: r.Name, Note: r.UserType, Chosen: chosen})
		}
		d.Rows = append(d.Rows, row)
	}
	return c.render("roles", d.title(), "providers", d)
}

// mapping reads the form; groups that it did not show keep what they have.
func (c *call) mapping(stored []provider.RoleMapping) (list []provider.RoleMapping) {
	shown := c.r.PostForm["group"]
	for _, m := range stored {
		if !slices.Contains(shown, m.Group) {
			list = append(list, m)
		}
	}
	for _, group := range shown {
		m := provider.RoleMapping{Group: group}
		for _, v := range c.r.PostForm["map"] {
			if len(v) > len(group) && v[:len(group)] == group && v[len(group)] == ' ' {
				m.Roles = append(m.Roles, v[len(group)+1:])
			}
		}
		if len(m.Roles) > 0 {
			list = append(list, m)
		}
	}
	return list
}

// mapRoles saves the mapping, or shows what it would change.
func (c *call) mapRoles() error {
	p, err := c.service.Provider(c.ctx(), c.actor, c.id)
	if err != nil {
		return err
	}
	mapping := c.mapping(p.Provisioning.Mapping)
	if c.field("preview") != "" {
		preview, err := c.service.PreviewRoles(c.ctx(), c.actor, c.id, mapping)
		if err != nil {
			return err
		}
		return c.roles(&preview)
	}
	if _, err := c.service.MapRoles(c.ctx(), c.actor, c.id, mapping); err != nil {
		return err
	}
	return c.back("/roles", "roles")
}
