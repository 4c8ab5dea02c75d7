package scimtest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// TestGroupStore tests that a store keeps every promise of [scim.GroupStore]: a subtest each,
// whose failure says which promise was broken. open returns an empty store; it is called anew for
// each promise. The store may choose its own IDs and any form of version. Members are IDs, of
// users that the suite does not make.
func TestGroupStore(t *testing.T, open func(t *testing.T) scim.GroupStore) {
	for _, p := range groupPromises {
		t.Run(p.name, func(t *testing.T) { tryGroups(t, p, open(t)) })
	}
}

// tryGroups puts one promise to the test.
func tryGroups(r reporter, p promise, store scim.GroupStore) {
	t := &trial{reporter: r, promise: p.promise, groups: store}
	registry, err := scim.GroupRegistry(hostGroupSchema)
	t.must(err, "registry")
	t.kind = groupKind{store, registry}
	p.check(t)
}

// groupPromises is the contract of a GroupStore.
var groupPromises = slices.Concat([]promise{
	{"every attribute", "a group is stored and answered with every attribute it was given, and loses those it was not", everyGroupAttribute},
	{"groups are copied", "a store keeps and changes nothing it was given, and the caller may change what it got", groupsCopied},
	{"one name per manager", "a display name is unique among the groups of one manager, or of none, and not among all", oneNamePerManager},
	{"filters", "a filter finds exactly the groups that Bound.Match says, members included", groupFilters},
}, memberPromises, writePromises, namePromises, scopePromises, pagePromises)

// hostGroupURN is a schema that a host adds to groups.
const hostGroupURN = "urn:example:gatehouse:store:2.0:Group"

var hostGroupSchema = []byte(`{"id": "` + hostGroupURN + `", "name": "Host", "description": "What a host adds.", "attributes": [
	{"name": "badge", "type": "string", "caseExact": true},
	{"name": "level", "type": "integer"}
]}`)

// makeGroup stores a group of one manager with members.
func (t *trial) makeGroup(name string, members ...string) scim.Group {
	t.Helper()
	return t.storeGroup(groupOf(t.newItem(entra, name)), members...)
}

func (t *trial) storeGroup(g scim.Group, members ...string) scim.Group {
	t.Helper()
	g, err := t.groups.CreateGroup(t.Context(), red, g, scim.MemberChange{Add: members})
	t.must(err, "create %q", g.DisplayName)
	return g
}

func (t *trial) readGroup(id string) scim.Group {
	t.Helper()
	g, err := t.groups.Group(t.Context(), red, id)
	t.must(err, "read %q", id)
	return g
}

func (t *trial) changeGroup(g scim.Group, m scim.MemberChange) scim.Group {
	t.Helper()
	got, err := t.groups.UpdateGroup(t.Context(), red, g, m)
	t.must(err, "update %q, members %+v", g.DisplayName, m)
	return got
}

func everyGroupAttribute(t *trial) {
	full := func() scim.Group {
		return scim.Group{
			DisplayName: "Analytical Engines", Extensions: map[string]scim.Object{hostGroupURN: dynamic()},
			Meta: scim.Meta{ManagedBy: entra, ExternalID: "x1", Created: epoch, LastModified: epoch.Add(time.Millisecond)},
		}
	}
	keeps := func(g, want scim.Group, when string) {
		t.Helper()
		want.ID, want.Version = g.ID, g.Version
		t.equal(g, want, "%s: the answer", when)
		t.equal(t.readGroup(g.ID), want, "%s: read", when)
		p, err := t.groups.Groups(t.Context(), red, scim.Query{Scope: everyone, Limit: 10})
		t.must(err, "list")
		t.equal(p.Items, []scim.Group{want}, "%s: listed", when)
	}
	g := full()
	g.ID = t.newID()
	g = t.storeGroup(g)
	keeps(g, full(), "created")

	other := full()
	other.DisplayName, other.ExternalID, other.ManagedBy = "Engines", strings.Repeat("x", 100), okta
	other.LastModified = epoch.AddDate(0, 0, 1)
	other.Extensions = map[string]scim.Object{hostGroupURN: {"badge": strings.Repeat("%", 10_000)}}
	other.ID, other.Version = g.ID, g.Version
	g = t.changeGroup(other, scim.MemberChange{})
	keeps(g, other, "changed")

	emptied := scim.Group{DisplayName: "Engines", Meta: scim.Meta{ID: g.ID, Created: epoch, LastModified: epoch}}
	keeps(t.changeGroup(emptied, scim.MemberChange{}), emptied, "emptied")
}

func groupsCopied(t *trial) {
	given := groupOf(t.newItem(entra, "engines"))
	given.Extensions = map[string]scim.Object{hostGroupURN: dynamic()}
	add := []string{"u2", "u1", "u2"}
	created, err := t.groups.CreateGroup(t.Context(), red, given, scim.MemberChange{Add: add})
	t.must(err, "create")
	t.equal(add, []string{"u2", "u1", "u2"}, "the members CreateGroup was given, afterwards")
	t.equal(given.Extensions[hostGroupURN], dynamic(), "the extension CreateGroup was given, afterwards")
	spoilObject(given.Extensions[hostGroupURN])
	spoilObject(created.Extensions[hostGroupURN])
	clear(add)

	g := t.readGroup(created.ID)
	t.equal(g.Extensions[hostGroupURN], dynamic(), "read, after what was given and got was changed")
	t.inGroup(g.ID, "u1", "u2")
	spoilObject(g.Extensions[hostGroupURN])
	g = t.readGroup(created.ID)
	t.equal(g.Extensions[hostGroupURN], dynamic(), "read, after what Group returned was changed")

	add, remove := []string{"u4", "u3", "u4"}, []string{"u2", "u1", "u2"}
	g = t.changeGroup(g, scim.MemberChange{Add: add, Remove: remove})
	t.equal(add, []string{"u4", "u3", "u4"}, "the members UpdateGroup was to add, afterwards")
	t.equal(remove, []string{"u2", "u1", "u2"}, "the members UpdateGroup was to remove, afterwards")
	clear(add)
	clear(remove)
	t.inGroup(g.ID, "u3", "u4")

	page, err := t.groups.Members(t.Context(), red, g.ID, "", 10)
	t.must(err, "members")
	clear(page.Items)
	t.inGroup(g.ID, "u3", "u4")
}

func oneNamePerManager(t *trial) {
	for _, manager := range []string{entra, okta, native, "Entra"} {
		t.make(red, manager, "Engines")
		_, err := t.create(t.Context(), red, t.newItem(manager, "ENGINES"))
		t.conflicts(err, "create another for manager %q", manager)
	}
	t.equal(len(t.found(red, t.equals("displayName", "engines"))), 4, "groups of the name, each with another manager")

	moving := t.make(red, "google", "engines")
	moving.ManagedBy = okta
	_, err := t.update(t.Context(), red, moving)
	t.conflicts(err, "change hands to a manager with a group of the name")
	moving.Name = "notes"
	moving = t.change(red, moving)
	moving.ManagedBy, moving.Name = "google", "Engines"
	t.change(red, moving)
}

// filteredGroups are the groups that filters are asked about, by name; the values are members.
var filteredGroups = map[string][]string{
	"Engines": {"ada", "babbage"}, "Compilers": {"grace", "ada"}, "Émigrés": {"edsger"}, "Empty": nil, "100%": {"Ada"}, "a_b": {"grace"},
}

var filtersOfGroups = []string{
	`displayName eq "ENGINES"`, `displayName eq "émigrés"`, `displayName sw "E"`, `displayName co "%"`, `displayName co "_"`, `displayName ne "Engines"`,
	`displayName eq "engines" and externalId eq "x-Engines"`, `externalId eq "x-Empty"`, `externalId ew "s"`,
	`members.value eq "ada"`, `members[value eq "ada"]`, `members eq "Ada"`, `members[value eq "ada"] and members[value eq "grace"]`,
	`members.value eq "ada" and displayName eq "compilers"`, `members.value eq "ada" and not (members.value eq "babbage")`,
	`not (members.value eq "ada")`, `members.value ne "ada"`, `members.value eq "ada" or displayName sw "em"`, `members.value sw "a"`, `members.value gt "b"`,
	`members pr`, `not (members pr)`, `members.value eq "ada" and members.value ne "grace"`,
	hostGroupURN + `:badge eq "b-Empty"`, hostGroupURN + `:level gt 5`,
	`meta.lastModified gt "2026-01-15T10:00:06.123Z"`,
}

func groupFilters(t *trial) {
	for name, members := range filteredGroups {
		g := groupOf(t.newItem([]string{entra, okta, native}[len(name)%3], name))
		g.ExternalID = "x-" + name
		g.LastModified = epoch.Add(time.Duration(len(name)) * time.Second)
		g.Extensions = map[string]scim.Object{hostGroupURN: {"badge": "b-" + name, "level": int64(len(name))}}
		t.storeGroup(g, members...)
	}
	p, err := t.groups.Groups(t.Context(), red, scim.Query{Scope: everyone, Limit: math.MaxInt32})
	t.must(err, "list")
	text := slices.Concat(filtersOfGroups, []string{
		fmt.Sprintf("id eq %q", p.Items[0].ID),
		fmt.Sprintf(`id eq %q and members.value eq %q`, p.Items[0].ID, append(filteredGroups[p.Items[0].DisplayName], "nobody")[0]),
	})
	if len(filteredGroups[p.Items[0].DisplayName]) == 0 {
		text = text[:len(text)-1] // it has nobody to ask for
	}
	for _, f := range text {
		t.judge(f, len(p.Items), func(b *filter.Bound) []string {
			var want []string
			for _, g := range p.Items {
				if b.Match(g.WithMembers(asMembers(filteredGroups[g.DisplayName]))) {
					want = append(want, g.DisplayName)
				}
			}
			return want
		})
	}
}
