package main

import (
	"context"
	"crypto/rand"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/seed-30109bde/gatehouse/extension"
)

// entraFlag makes Entra ID write PATCH as RFC 7644 has it, as a query of the tenant URL.
const entraFlag = "aadOptscim062020"

// entraUser is what Entra ID creates: with the URN of a custom extension missing among the schemas.
func entraUser(p employee, flag bool) any {
	body := map[string]any{
		"schemas":     []string{userSchema, enterpriseSchema},
		"externalId":  p.ID,
		"userName":    p.UserName,
		"active":      (&cycle{flag: flag}).boolean(true),
		"displayName": p.DisplayName(),
		"emails":      []any{map[string]any{"primary": true, "type": "work", "value": p.UserName}},
		"meta":        map[string]any{"resourceType": "User"},
		"name":        map[string]any{"formatted": p.DisplayName(), "familyName": p.Family, "givenName": p.Given},
		"roles":       []any{},
	}
	if p.Title != "" {
		body["title"] = p.Title
	}
	if m := ninjaOne(p); len(m) > 0 {
		body[extension.URN] = m
	}
	return body
}

// differences are the operations by which Entra ID makes a user what the directory has, each with its path.
func (c *cycle) differences(p employee, found map[string]any) []patchOperation {
	var list []patchOperation
	for _, a := range mappedOf(p) {
		switch is := a.is(found); {
		case a.wanted == "" || is == a.wanted: // what is empty is never provisioned
		case is == "":
			list = append(list, c.add(a.path, a.wanted))
		default:
			list = append(list, c.replace(a.path, a.wanted))
		}
	}
	if found["active"] != true {
		list = append(list, c.replace("active", c.boolean(true)))
	}
	return list
}

// oktaUser is what Okta creates: with a random password, and without groups.
func oktaUser(p employee) any {
	body := map[string]any{
		"schemas":     []string{userSchema, extension.URN},
		"userName":    p.UserName,
		"name":        map[string]any{"givenName": p.Given, "familyName": p.Family},
		"emails":      []any{map[string]any{"primary": true, "value": p.UserName, "type": "work"}},
		"displayName": p.DisplayName(),
		"locale":      "en-US",
		"externalId":  p.ID,
		"groups":      []any{},
		"password":    rand.Text(),
		"active":      true,
	}
	if p.Title != "" {
		body["title"] = p.Title
	}
	if m := ninjaOne(p); len(m) > 0 {
		body[extension.URN] = m
	}
	return body
}

// oktaMerged is the whole user as Okta puts it: what the server has, and in it what the directory has.
func oktaMerged(p employee, found map[string]any) any {
	body := maps.Clone(found)
	body["active"] = true
	body["displayName"] = p.DisplayName()
	if p.Title != "" {
		body["title"] = p.Title
	}
	body["emails"] = []any{map[string]any{"primary": true, "value": p.UserName, "type": "work"}}
	name, _ := found["name"].(map[string]any)
	name = maps.Clone(name)
	if name == nil {
		name = map[string]any{}
	}
	name["givenName"], name["familyName"] = p.Given, p.Family
	delete(name, "formatted")
	body["name"] = name
	more, _ := found[extension.URN].(map[string]any)
	more = maps.Clone(more)
	if more == nil {
		more = map[string]any{}
	}
	maps.Copy(more, ninjaOne(p))
	if len(more) > 0 {
		body[extension.URN] = more
	}
	return body
}

// group brings a group and its direct members to the server.
func (c *cycle) group(ctx context.Context, name string, people []employee, ids map[string]string) error {
	var wanted, ours []string
	for _, p := range people {
		id := ids[p.UserName]
		if id == "" {
			continue
		}
		ours = append(ours, id)
		if p.InScope() && p.Has(name) {
			wanted = append(wanted, id)
		}
	}
	query := filterQuery("displayName", name)
	if c.product == productEntra {
		query = "excludedAttributes=members&" + query
	} else {
		query += "&startIndex=1&count=100"
	}
	r, err := c.send(ctx, "Look for the group "+name, http.MethodGet, "/Groups?"+query, nil)
	if err != nil {
		return err
	}
	if r.status != http.StatusOK {
		c.became(name, becameFailed, r.sentence())
		return nil
	}
	id, what := textOf(r.first(), "id"), becameUpdated
	var members []string
	switch {
	case id == "" && len(wanted) == 0:
		c.became(name, becameSkipped, "nobody is in it")
		return nil
	case id == "":
		if id, err = c.createGroup(ctx, name); err != nil || id == "" {
			return err
		}
		what = becameCreated
	default:
		if members, err = c.members(ctx, name, id); err != nil {
			return err
		}
	}
	return c.setMembers(ctx, name, id, what, memberships{
		add:    slices.DeleteFunc(slices.Clone(wanted), func(m string) bool { return slices.Contains(members, m) }),
		remove: slices.DeleteFunc(slices.Clone(members), func(m string) bool { return slices.Contains(wanted, m) || !slices.Contains(ours, m) }),
	})
}

func (c *cycle) createGroup(ctx context.Context, name string) (string, error) {
	body := map[string]any{
		"schemas": []string{groupSchema, entraGroupSchema}, "externalId": objectID("group " + name), "displayName": name,
		"meta": map[string]any{"resourceType": "Group"},
	}
	if c.product == productOkta {
		body = map[string]any{"schemas": []string{groupSchema}, "displayName": name, "members": []any{}}
	}
	r, err := c.send(ctx, "Create the group "+name, http.MethodPost, "/Groups", body)
	if err != nil {
		return "", err
	}
	if r.status/100 != 2 {
		c.became(name, becameFailed, r.sentence())
		return "", nil
	}
	return textOf(r.body, "id"), nil
}

// members asks who is in a group: the products remember that from cycle to cycle, and this one does not.
func (c *cycle) members(ctx context.Context, name, id string) ([]string, error) {
	r, err := c.send(ctx, "See who is in the group "+name, http.MethodGet, "/Groups/"+url.PathEscape(id), nil)
	if err != nil {
		return nil, err
	}
	var ids []string
	list, _ := r.body["members"].([]any)
	for _, v := range list {
		m, _ := v.(map[string]any)
		ids = append(ids, textOf(m, "value"))
	}
	return ids, nil
}

type memberships struct{ add, remove []string }

// setMembers sends who comes and who goes: Entra ID in two requests, Okta in one.
func (c *cycle) setMembers(ctx context.Context, name, id, what string, m memberships) error {
	type request struct {
		purpose string
		list    []patchOperation
	}
	var requests []request
	if c.product == productOkta {
		var list []patchOperation
		for _, member := range m.remove {
			list = append(list, patchOperation{Op: "remove", Path: `members[value eq "` + member + `"]`})
		}
		if len(m.add) > 0 {
			list = append(list, patchOperation{"add", "members", memberValues(m.add, false)})
		}
		if len(list) > 0 {
			requests = append(requests, request{"Change the members of " + name, list})
		}
	} else {
		if len(m.add) > 0 {
			requests = append(requests, request{"Add members to " + name, []patchOperation{c.add("members", memberValues(m.add, true))}})
		}
		if len(m.remove) > 0 {
			requests = append(requests, request{"Remove members of " + name, c.removals(m.remove)})
		}
	}
	if len(requests) == 0 && what == becameUpdated {
		what = becameUnchanged
	}
	for _, q := range requests {
		r, err := c.send(ctx, q.purpose, http.MethodPatch, "/Groups/"+url.PathEscape(id), c.patch(q.list...))
		if err != nil {
			return err
		}
		if r.status/100 != 2 {
			c.became(name, becameFailed, r.sentence())
			return nil
		}
	}
	c.became(name, what, "")
	return nil
}

// removals are those of Entra ID: with a list as value, which means these alone, or by filters.
func (c *cycle) removals(ids []string) []patchOperation {
	if !c.flag {
		return []patchOperation{{"Remove", "members", memberValues(ids, true)}}
	}
	var list []patchOperation
	for _, id := range ids {
		list = append(list, patchOperation{Op: "remove", Path: `members[value eq "` + id + `"]`})
	}
	return list
}

// memberValues are members as they are sent; Entra ID adds a reference that is null.
func memberValues(ids []string, reference bool) []any {
	var list []any
	for _, id := range ids {
		m := map[string]any{"value": id}
		if reference {
			m["$ref"] = nil
		}
		list = append(list, m)
	}
	return list
}
