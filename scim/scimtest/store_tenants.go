package scimtest

import (
	"fmt"
	"slices"

	"github.com/seed-30109bde/gatehouse/scim"
)

// What is promised about who sees what.
var scopePromises = []promise{
	{"tenants are apart", "no call made for one tenant sees or touches what belongs to another", tenantsApart},
	{"tenants share no names", "a name that is taken in one tenant is free in another", tenantsShareNoNames},
	{"scopes", "a query sees what its scope says: nobody, one manager's, these and the native ones, or all", scopes},
	{"changed hands", "a resource that changes its manager is seen by the new one and no more by the old one", changedHands},
	{"queries by ID", "a query with IDs answers with those of them that exist and that it could see without, each once", queriesByID},
}

func tenantsApart(t *trial) {
	ada := t.newItem(entra, "ada")
	ada.ExternalID = "x1"
	ada = t.store(red, ada)
	for _, other := range []scim.TenantID{blue, "Red", "red ", "re", ""} {
		_, err := t.get(t.Context(), other, ada.ID)
		t.refused(err, scim.ErrNotFound, "read from tenant %q", other)
		changed := ada
		changed.Name = "eve"
		for _, version := range []string{ada.Version, ""} {
			changed.Version = version
			_, err = t.update(t.Context(), other, changed)
			t.refused(err, scim.ErrNotFound, "update from tenant %q", other)
			t.refused(t.delete(t.Context(), other, ada.ID, version), scim.ErrNotFound, "delete from tenant %q", other)
		}
		for _, q := range []scim.Query{
			{}, {IDs: []string{ada.ID}}, {Filter: t.equals("id", ada.ID)}, {Filter: t.equals("externalId", "x1")},
			{Filter: t.equals(t.nameAttribute(), "ada")}, {Filter: t.filter(t.nameAttribute() + ` sw "a"`)},
		} {
			q.Scope = everyone
			t.equal(namesOf(t.all(other, q)), []string(nil), "list from tenant %q with IDs %q, filter %q", other, q.IDs, q.Filter)
		}
	}
	t.equal(t.all(red, scim.Query{Scope: everyone}), []item{ada}, "after all that")
}

func tenantsShareNoNames(t *trial) {
	first := t.make(red, entra, "ada")
	second := t.make(blue, entra, "Ada")
	t.equal(t.found(red, t.equals(t.nameAttribute(), "ada")), []string{"ada"}, "look the red one up")
	t.equal(t.found(blue, t.equals(t.nameAttribute(), "ada")), []string{"Ada"}, "look the blue one up")
	t.drop(red, first.ID)
	t.equal(t.read(blue, second.ID), second, "the blue one, after the red one was deleted")
}

func scopes(t *trial) {
	managers := map[string]string{"e1": entra, "o1": okta, "n1": native, "e2": entra, "n2": native, "E1": "Entra", "o2": okta, "e3": entra + " "}
	var all []string
	for _, name := range []string{"e1", "o1", "n1", "e2", "n2", "o2", "e3"} { // E1 would be e1
		all = append(all, t.make(red, managers[name], name).ID)
	}
	all = append(all, t.make(red, managers["E1"], "f1").ID)

	for _, c := range []struct {
		scope scim.Scope
		want  []string
	}{
		{scim.Scope{}, nil},
		{scim.Scope{Manager: entra}, []string{"e1", "e2"}},
		{scim.Scope{Manager: okta}, []string{"o1", "o2"}},
		{scim.Scope{Manager: "Entra"}, []string{"f1"}},
		{scim.Scope{Manager: "nobody"}, nil},
		{scim.Scope{Manager: okta, AndNative: true}, []string{"n1", "n2", "o1", "o2"}},
		{scim.Scope{Manager: "nobody", AndNative: true}, []string{"n1", "n2"}},
		{scim.Scope{AndNative: true}, []string{"n1", "n2"}},
		{scim.Scope{All: true}, []string{"e1", "e2", "e3", "f1", "n1", "n2", "o1", "o2"}},
		{scim.Scope{All: true, Manager: okta}, []string{"e1", "e2", "e3", "f1", "n1", "n2", "o1", "o2"}},
	} {
		for _, q := range []scim.Query{{}, {IDs: all}, {Filter: t.filter(t.nameAttribute() + " pr")}} {
			q.Scope = c.scope
			got := slices.Sorted(slices.Values(namesOf(t.all(red, q))))
			t.equal(got, c.want, "scope %+v, IDs %t, filter %q", c.scope, q.IDs != nil, q.Filter)
		}
		for _, name := range []string{"e1", "o1", "n1", "f1"} {
			var want []string
			if slices.Contains(c.want, name) {
				want = []string{name}
			}
			got := namesOf(t.all(red, scim.Query{Scope: c.scope, Filter: t.equals(t.nameAttribute(), name)}))
			t.equal(got, want, "scope %+v, %s eq %q", c.scope, t.nameAttribute(), name)
		}
		if p := t.page(red, scim.Query{Scope: c.scope, Total: true}); p.Total != len(c.want) {
			t.broken("scope %+v: the total alone is %d, want %d", c.scope, p.Total, len(c.want))
		}
	}
}

func changedHands(t *trial) {
	ada := t.make(red, native, "ada")
	t.make(red, entra, "grace")
	for _, to := range []string{entra, okta, native, entra} {
		from := ada.ManagedBy
		ada.ManagedBy = to
		ada = t.change(red, ada)
		for _, f := range []string{"", t.nameAttribute() + ` eq "ada"`, t.nameAttribute() + ` sw "ad"`} {
			q := scim.Query{}
			if f != "" {
				q.Filter = t.filter(f)
			}
			see := func(manager string) bool {
				q.Scope = scim.Scope{Manager: manager, AndNative: manager == native}
				return slices.Contains(namesOf(t.all(red, q)), "ada")
			}
			if see(from) || !see(to) {
				t.broken("moved from %q to %q: seen by the old one %t, by the new one %t, filter %q", from, to, see(from), see(to), f)
			}
		}
	}
}

func queriesByID(t *trial) {
	var id []string
	for n := range 6 {
		id = append(id, t.make(red, []string{entra, okta}[n%2], fmt.Sprint("n", n)).ID)
	}
	foreign := t.make(blue, entra, "foreign").ID
	for _, c := range []struct {
		what  string
		ids   []string
		scope scim.Scope
		where string
		want  []string
	}{
		{"none", []string{}, everyone, "", nil},
		{"one", []string{id[3]}, everyone, "", []string{"n3"}},
		{"some, one twice", []string{id[4], id[1], id[4]}, everyone, "", []string{"n1", "n4"}},
		{"unknown ones too", []string{"nobody", id[0], "", foreign}, everyone, "", []string{"n0"}},
		{"within a scope", id, scim.Scope{Manager: okta}, "", []string{"n1", "n3", "n5"}},
		{"within no scope", id, scim.Scope{}, "", nil},
		{"and a filter", id[:4], everyone, ` ne "n2"`, []string{"n0", "n1", "n3"}},
		{"and a look-up", id[:4], everyone, ` eq "n2"`, []string{"n2"}},
		{"and a look-up of another", id[:4], everyone, ` eq "n5"`, nil},
	} {
		q := scim.Query{IDs: c.ids, Scope: c.scope}
		if c.where != "" {
			q.Filter = t.filter(t.nameAttribute() + c.where)
		}
		t.equal(slices.Sorted(slices.Values(namesOf(t.all(red, q)))), c.want, "%s", c.what)
	}
	q := scim.Query{IDs: []string{id[0], id[2], id[4]}, Scope: everyone, Offset: 1, Limit: 1, Total: true}
	if p := t.page(red, q); len(p.Items) != 1 || p.Total != 3 {
		t.broken("a page of one of three: %d items, total %d", len(p.Items), p.Total)
	}
}
