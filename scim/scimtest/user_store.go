package scimtest

import (
	"slices"
	"testing"

	"github.com/seed-30109bde/gatehouse/scim"
)

// TestUserStore tests that a store keeps every promise of [scim.UserStore]: a subtest each, whose
// failure says which promise was broken. open returns an empty store; it is called anew for each
// promise. The store may choose its own IDs and any form of version.
func TestUserStore(t *testing.T, open func(t *testing.T) scim.UserStore) {
	for _, p := range userPromises {
		t.Run(p.name, func(t *testing.T) { tryUsers(t, p, open(t)) })
	}
}

// tryUsers puts one promise to the test.
func tryUsers(r reporter, p promise, store scim.UserStore) {
	t := &trial{reporter: r, promise: p.promise, users: store}
	registry, err := scim.UserRegistry(hostSchema)
	t.must(err, "registry")
	t.kind = userKind{store, registry}
	p.check(t)
}

// userPromises is the contract of a UserStore.
var userPromises = slices.Concat([]promise{
	{"every attribute", "a user is stored and answered with every attribute it was given, and loses those it was not", everyUserAttribute},
	{"dynamic values", "the attributes of the host's extensions keep their types and their exact values", dynamicValues},
	{"facts of the host", "SSO, Administrator and Adopted are kept, and changed as they are told", factsOfTheHost},
	{"long values", "a value may be ten thousand bytes long, and an attribute have a hundred values", longValues},
	{"users are copied in", "a store keeps and changes nothing it was given", usersCopiedIn},
	{"users are copied out", "the caller may change what it got", usersCopiedOut},
	{"one name in the tenant", "a user name is unique in its tenant, whoever manages the users", oneNameInTenant},
	{"e-mail addresses", "a user is found by each e-mail address it has, in any case, and by none that it had", emailAddresses},
	{"filters", "a filter finds exactly the users that Bound.Match says", userFilters},
	{"sorted users", "users are sorted by any attribute that has a simple value: by that of the primary element of a list, or of the first", sortedUsers},
	{"long sort keys", "users are sorted by the whole of a long value, and listed in pages that end at one", longSortKeys},
}, writePromises, namePromises, scopePromises, pagePromises)

func (t *trial) makeUser(u scim.User) scim.User {
	t.Helper()
	u.ID = t.newID()
	got, err := t.users.CreateUser(t.Context(), red, u)
	t.must(err, "create %q", u.UserName)
	return got
}

func (t *trial) readUser(id string) scim.User {
	t.Helper()
	u, err := t.users.User(t.Context(), red, id)
	t.must(err, "read %q", id)
	return u
}

func (t *trial) changeUser(u scim.User) scim.User {
	t.Helper()
	got, err := t.users.UpdateUser(t.Context(), red, u)
	t.must(err, "update %q", u.UserName)
	return got
}

func (t *trial) listUsers(q scim.Query) []scim.User {
	t.Helper()
	q.Limit = 1000
	p, err := t.users.Users(t.Context(), red, q)
	t.must(err, "list")
	return p.Items
}

// keeps expects the store to have u as want, but for the ID and the version of u.
func (t *trial) keeps(u, want scim.User, when string) {
	t.Helper()
	want.ID, want.Version = u.ID, u.Version
	t.equal(u, want, "%s: the answer", when)
	t.equal(t.readUser(u.ID), want, "%s: read", when)
	for _, q := range []scim.Query{{}, {IDs: []string{u.ID}}, {Filter: t.equals("userName", u.UserName)}} {
		q.Scope = everyone
		t.equal(t.listUsers(q), []scim.User{want}, "%s: listed with IDs %q, filter %q", when, q.IDs, q.Filter)
	}
}

func everyUserAttribute(t *trial) {
	sparse := scim.User{Meta: scim.Meta{Created: epoch, LastModified: epoch}, UserName: "sparse"}
	u := t.makeUser(fullUser())
	t.keeps(u, fullUser(), "created")

	other := fullUser()
	other.Emails = []scim.MultiValue{{Value: "second@example.com"}, {Type: "work", Display: "no value"}}
	other.Addresses = other.Addresses[:1]
	other.Extensions = map[string]scim.Object{hostURN: {"badge": "B-8"}}
	other.Active, other.Name.GivenName, other.ManagedBy = false, "Augusta", okta
	other.LastModified = epoch.AddDate(0, 0, 1)
	stored := other
	stored.ID, stored.Version = u.ID, u.Version
	t.keeps(t.changeUser(stored), other, "changed")

	emptied := sparse
	emptied.ID = u.ID
	t.keeps(t.changeUser(emptied), sparse, "emptied")
	t.drop(red, u.ID)
	t.keeps(t.makeUser(sparse), sparse, "created with a name alone")
}

func dynamicValues(t *trial) {
	u := scim.User{Meta: scim.Meta{Created: epoch, LastModified: epoch}, UserName: "ada", Extensions: map[string]scim.Object{
		hostURN:               dynamic(),
		"urn:example:another": {"name": "in another schema", "Name": "in other case"},
	}}
	want := u
	want.Extensions = map[string]scim.Object{hostURN: dynamic(), "urn:example:another": u.Extensions["urn:example:another"]}
	t.keeps(t.makeUser(u), want, "created")
}

func factsOfTheHost(t *trial) {
	u := scim.User{UserName: "ada"}
	u = t.makeUser(u)
	for n := range 8 {
		u.SSO, u.Administrator, u.Adopted = n&1 == 1, n&2 == 2, n&4 == 4
		u.Title = string(rune('a' + n))
		want := u
		u = t.changeUser(u)
		t.keeps(u, want, "changed")
	}
}

func oneNameInTenant(t *trial) {
	t.make(red, entra, "ada")
	for _, manager := range []string{entra, okta, native} {
		_, err := t.create(t.Context(), red, t.newItem(manager, "Ada"))
		t.conflicts(err, "create for manager %q", manager)
	}
	t.make(red, native, "grace")
	_, err := t.create(t.Context(), red, t.newItem(entra, "grace"))
	t.conflicts(err, "create the name of a native user")
}

func emailAddresses(t *trial) {
	find := func(address string, want ...string) {
		t.Helper()
		for _, f := range []string{`emails.value eq "` + address + `"`, `emails[value eq "` + address + `"]`, `emails eq "` + address + `"`} {
			t.equal(slices.Sorted(slices.Values(t.found(red, t.filter(f)))), want, "%s", f)
		}
	}
	ada := t.makeUser(scim.User{UserName: "ada", Emails: []scim.MultiValue{
		{Value: "Ada@Example.com", Type: "work"}, {Value: "ada@example.com", Type: "home"}, {Value: "countess@example.com"},
	}})
	t.makeUser(scim.User{UserName: "grace", Emails: []scim.MultiValue{{Value: "countess@example.com"}}})
	find("ADA@example.com", "ada")
	find("countess@example.com", "ada", "grace")
	t.equal(t.found(red, t.filter(`emails[type eq "home" and value eq "countess@example.com"]`)), []string(nil), "an address of another type")

	ada.Emails = []scim.MultiValue{{Value: "augusta@example.com", Type: "work"}}
	ada = t.changeUser(ada)
	find("ada@example.com")
	find("countess@example.com", "grace")
	find("augusta@example.com", "ada")

	ada.Emails = nil
	ada = t.changeUser(ada)
	find("augusta@example.com")
	ada.Emails = []scim.MultiValue{{Value: "countess@example.com"}}
	ada = t.changeUser(ada)
	find("countess@example.com", "ada", "grace")
	t.drop(red, ada.ID)
	find("countess@example.com", "grace")
}
