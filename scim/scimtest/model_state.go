package scimtest

import (
	"github.com/seed-30109bde/gatehouse/scim"
)

// The tenants of a sequence. What is in one of them is nothing to the others, whatever their names.
var modelTenants = []scim.TenantID{red, blue, "Red"}

// modelScopes are all that a query can be made with.
var modelScopes = []scim.Scope{
	everyone, {Manager: entra}, {Manager: okta}, {Manager: entra, AndNative: true}, {AndNative: true}, {Manager: "Entra"}, {},
}

// strangers are members that are no users.
var strangers = []handle{"nobody", "Nobody", "0", "é"}

// state returns the operations that read all there is to see: for every tenant and scope all users
// and groups, for every group its members, for everybody the groups they are in.
func (w *world) state(groups bool) []operation {
	users, made := w.handlesOf('u'), w.handlesOf('g')
	members := append(append([]handle{}, strangers...), users...)
	var all []operation
	for _, tenant := range modelTenants {
		add := func(o operation) {
			o.tenant = tenant
			all = append(all, o)
		}
		for _, scope := range modelScopes {
			add(operation{do: listUsers, listing: listing{scope: scope, limit: unlimited, total: true}})
			if groups {
				add(operation{do: listGroups, listing: listing{scope: scope, limit: unlimited, total: true}})
				add(operation{do: listOf, listing: listing{scope: scope, by: handles{true, members}}})
			}
		}
		add(operation{do: listUsers, listing: listing{scope: everyone, by: handles{true, users}, limit: unlimited, total: true}})
		for _, h := range users {
			if _, there := w.stored(readUser, tenant, w.id(h)); there {
				add(operation{do: readUser, on: h})
			}
		}
		for _, h := range made {
			if _, there := w.stored(readGroup, tenant, w.id(h)); there {
				add(operation{do: readGroup, on: h})
				add(operation{do: listMembers, on: h, listing: listing{limit: 3}})
			}
		}
	}
	return all
}
