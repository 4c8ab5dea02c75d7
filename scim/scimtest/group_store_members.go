package scimtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync/atomic"

	"github.com/seed-30109bde/gatehouse/scim"
)

// What is promised of the members of groups.
var memberPromises = []promise{
	{"members change by deltas", "members are added, removed and replaced as asked, each is there once, and the others stay", membersByDeltas},
	{"an idle change", "an update that changes neither attributes nor members keeps the version and the group as it was", idleChange},
	{"one call, one commit", "the attributes and the members of one call are stored together or not at all", oneCommit},
	{"one call, one sight", "who reads sees the attributes and the members of one call together", oneSight},
	{"no member is lost", "of members added concurrently without a version none is lost", noMemberLost},
	{"members in pages", "members are listed in the order of their IDs, each once, also when some come or go between two pages", membersInPages},
	{"ten thousand members", "a group of ten thousand takes one more, and one less, like a small one", tenThousand},
	{"groups of users in scope", "GroupsOf names no group that is outside the scope; the zero Scope sees none", groupsInScope},
	{"groups of users", "GroupsOf names every group of every user asked for, in the order of IDs, and nobody else's", groupsOfUsers},
	{"the forgotten", "a user that is forgotten is in no group; only the groups that lose a member get a new version", theForgotten},
	{"deleted groups", "a deleted group has no members, and nobody is in it any more", deletedGroups},
	{"members and tenants", "the members of one tenant's groups are unknown to another", membersAndTenants},
	{"canceled calls", "a call about members whose context is canceled fails and changes nothing", canceledMemberCalls},
}

// inGroup expects a group to have just these members, in this order.
func (t *trial) inGroup(id string, want ...string) {
	t.Helper()
	t.equal(t.members(id, 1000), want, "the members of the group")
}

// members reads all members of a group in pages.
func (t *trial) members(id string, limit int) []string {
	t.Helper()
	var all []string
	for after := ""; ; {
		p, err := t.groups.Members(t.Context(), red, id, after, limit)
		t.must(err, "members after %q", after)
		if len(p.Items) > limit {
			t.broken("a page of at most %d members has %d", limit, len(p.Items))
		}
		if p.Total != -1 {
			t.broken("the total of a page of members is %d, want -1", p.Total)
		}
		for _, m := range p.Items {
			all = append(all, m.Value)
		}
		if p.Next == "" {
			return all
		}
		if p.Next == after {
			t.must(errors.New("the page leads to itself"), "members after %q", after)
		}
		after = p.Next
	}
}

// groupsOf returns the display names of the groups of one user, by the ID of the group.
func (t *trial) groupsOf(user string) []string {
	t.Helper()
	of, err := t.groups.GroupsOf(t.Context(), red, everyone, []string{user})
	t.must(err, "groups of %q", user)
	return each(of[user], func(m scim.Member) string { return m.Display })
}

// asMembers returns IDs as members.
func asMembers(ids []string) []scim.Member {
	var out []scim.Member
	for _, id := range ids {
		out = append(out, scim.Member{Value: id})
	}
	return out
}

func membersByDeltas(t *trial) {
	start := []string{"b", "c", "d"}
	for n, c := range []struct {
		change scim.MemberChange
		want   []string
	}{
		{scim.MemberChange{}, []string{"b", "c", "d"}},
		{scim.MemberChange{Add: []string{"e"}}, []string{"b", "c", "d", "e"}},
		{scim.MemberChange{Add: []string{"a", "c", "a", "a"}}, []string{"a", "b", "c", "d"}},
		{scim.MemberChange{Add: []string{"B", "b "}}, []string{"B", "b", "b ", "c", "d"}},
		{scim.MemberChange{Remove: []string{"c", "nobody", "c"}}, []string{"b", "d"}},
		{scim.MemberChange{Remove: []string{"B", "C"}}, []string{"b", "c", "d"}},
		{scim.MemberChange{Remove: []string{"d", "b", "c"}}, nil},
		{scim.MemberChange{Add: []string{"e"}, Remove: []string{"b"}}, []string{"c", "d", "e"}},
		{scim.MemberChange{Replace: true, Add: []string{"x", "c", "x"}}, []string{"c", "x"}},
		{scim.MemberChange{Replace: true}, nil},
	} {
		g := t.makeGroup(fmt.Sprint("engines ", n), start...)
		other := t.makeGroup(fmt.Sprint("others ", n), start...)
		changed := t.changeGroup(g, c.change)
		t.equal(t.members(g.ID, 1000), c.want, "%q, then %+v", start, c.change)
		t.equal(t.members(other.ID, 1000), start, "another group, after %+v", c.change)
		t.equal(changed.DisplayName, g.DisplayName, "its name")
		if !slices.Equal(c.want, start) && changed.Version == g.Version {
			t.broken("%q, then %+v: the version stays", start, c.change)
		}
	}
	g := t.makeGroup("engines", "b", "a", "b")
	t.inGroup(g.ID, "a", "b")
	g.DisplayName = "motors"
	g = t.changeGroup(g, scim.MemberChange{})
	t.inGroup(g.ID, "a", "b")
}

func idleChange(t *trial) {
	g := groupOf(t.newItem(entra, "engines"))
	g.ExternalID = "x1"
	g.Extensions = map[string]scim.Object{hostGroupURN: dynamic()}
	g = t.storeGroup(g, "a", "b")
	for _, m := range []scim.MemberChange{
		{}, {Add: []string{"a"}}, {Add: []string{"b", "a", "b"}}, {Remove: []string{"c"}}, {Add: []string{"a"}, Remove: []string{"c"}},
		{Replace: true, Add: []string{"b", "a"}},
	} {
		for _, version := range []string{g.Version, ""} {
			same := t.readGroup(g.ID)
			same.Version, same.LastModified = version, epoch.AddDate(0, 0, 1)
			t.equal(t.changeGroup(same, m), g, "%+v, version %q: the answer", m, version)
			t.equal(t.readGroup(g.ID), g, "%+v, version %q: read", m, version)
		}
	}
	t.inGroup(g.ID, "a", "b")

	stale := g
	stale.Version = "another"
	_, err := t.groups.UpdateGroup(t.Context(), red, stale, scim.MemberChange{})
	t.refused(err, scim.ErrStale, "an idle change of another version")
	g.Extensions = map[string]scim.Object{hostGroupURN: {"badge": "other"}}
	if got := t.changeGroup(g, scim.MemberChange{}); got.Version == g.Version {
		t.broken("another value in an extension, and the version stays")
	}
}

func oneCommit(t *trial) {
	t.makeGroup("taken")
	g := t.makeGroup("engines", "a", "b")
	m := scim.MemberChange{Add: []string{"c"}, Remove: []string{"a"}}
	try := func(name, version string) error {
		changed := g
		changed.DisplayName, changed.ExternalID, changed.Version = name, "x1", version
		_, err := t.groups.UpdateGroup(t.Context(), red, changed, m)
		return err
	}
	unchanged := func(when string) {
		t.equal(t.readGroup(g.ID), g, "the group, after %s", when)
		t.equal(t.members(g.ID, 1000), []string{"a", "b"}, "its members, after %s", when)
		t.equal(t.groupsOf("c"), []string(nil), "the groups of who was to come, after %s", when)
		t.equal(t.groupsOf("a"), []string{"engines"}, "the groups of who was to go, after %s", when)
	}
	t.conflicts(try("Taken", g.Version), "rename to a name that is taken")
	unchanged("a conflict")
	t.conflicts(try("Taken", ""), "the same without a version")
	unchanged("a conflict without a version")
	t.refused(try("motors", "another"), scim.ErrStale, "another version")
	unchanged("a stale write")

	_, err := t.groups.CreateGroup(t.Context(), red, groupOf(t.newItem(entra, "ENGINES")), scim.MemberChange{Add: []string{"c"}})
	t.conflicts(err, "create one of the name")
	unchanged("a refused create")

	changed := g
	changed.DisplayName = "motors"
	changed = t.changeGroup(changed, m)
	t.equal(t.readGroup(g.ID), changed, "the group, after a change of both")
	t.inGroup(g.ID, "b", "c")
	t.equal(t.groupsOf("c"), []string{"motors"}, "the groups of who came")
}

func oneSight(t *trial) {
	g := t.makeGroup("group 0", "user 0")
	see := t.filter(`(displayName eq "group 0" and members.value eq "user 0") or (displayName eq "group 1" and members.value eq "user 1")`)
	var done atomic.Bool
	write := func() error {
		defer done.Store(true)
		g := g
		for n := 1; n <= 100; n++ {
			g.DisplayName = fmt.Sprint("group ", n%2)
			var err error
			if g, err = t.groups.UpdateGroup(t.Context(), red, g, scim.MemberChange{Replace: true, Add: []string{fmt.Sprint("user ", n%2)}}); err != nil {
				return err
			}
		}
		return nil
	}
	for _, err := range t.atOnce(4, func(n int) error {
		if n == 0 {
			return write()
		}
		for !done.Load() {
			p, err := t.groups.Groups(t.Context(), red, scim.Query{Scope: everyone, Filter: see, Limit: 10})
			if err == nil && len(p.Items) != 1 {
				err = errors.New("the filter found the name of one call with the members of another")
			}
			if err != nil {
				return err
			}
		}
		return nil
	}) {
		t.must(err, "concurrently")
	}
}

func noMemberLost(t *trial) {
	const workers, each = 8, 12
	g := t.makeGroup("engines")
	g.Version = ""
	var want []string
	for n := range workers * each {
		want = append(want, fmt.Sprintf("user%03d", n))
	}
	for _, err := range t.atOnce(workers, func(n int) error {
		for k := range each {
			if _, err := t.groups.UpdateGroup(t.Context(), red, g, scim.MemberChange{Add: []string{want[n*each+k]}}); err != nil {
				return err
			}
		}
		return nil
	}) {
		t.must(err, "add a member")
	}
	t.inGroup(g.ID, want...)
	for _, err := range t.atOnce(workers, func(n int) error {
		_, err := t.groups.UpdateGroup(t.Context(), red, g, scim.MemberChange{Remove: slices.Clone(want[n*each:][:each])})
		return err
	}) {
		t.must(err, "remove members")
	}
	t.inGroup(g.ID)
}

func membersInPages(t *trial) {
	ids := []string{"0", "10", "9", "A", "B", "a", "aa", "b", "c", "c d", "é", "日本"} // in the order of their bytes
	shuffled := slices.Clone(ids)
	slices.Reverse(shuffled)
	g := t.makeGroup("engines", shuffled...)
	for _, limit := range []int{1, 2, 5, 11, 12, 13, 1000, math.MaxInt32} {
		t.equal(t.members(g.ID, limit), ids, "in pages of %d", limit)
	}

	p, err := t.groups.Members(t.Context(), red, g.ID, "", 4)
	t.must(err, "the first page")
	t.changeGroup(g, scim.MemberChange{Remove: []string{"9", "A", "B"}, Add: []string{"00", "a0"}})
	rest, err := t.groups.Members(t.Context(), red, g.ID, p.Next, 1000)
	t.must(err, "the second page")
	got := each(append(p.Items, rest.Items...), func(m scim.Member) string { return m.Value })
	t.equal(got, []string{"0", "10", "9", "A", "a", "a0", "aa", "b", "c", "c d", "é", "日本"}, "with a change between two pages")

	_, err = t.groups.Members(t.Context(), red, "nobody", "", 10)
	t.refused(err, scim.ErrNotFound, "the members of a group that is not there")
	t.inGroup(t.makeGroup("empty").ID)
}

func tenThousand(t *trial) {
	const n = 10_000
	var ids []string
	for k := range n {
		ids = append(ids, fmt.Sprintf("user%05d", k*7919%n))
	}
	g := t.makeGroup("engines", ids...)
	slices.Sort(ids)
	t.equal(t.members(g.ID, 1000), ids, "created")
	t.equal(t.members(g.ID, n), ids, "in one page")

	g = t.changeGroup(g, scim.MemberChange{Add: []string{"user05000a"}, Remove: []string{"user05000"}})
	ids[5000] = "user05000a"
	t.equal(t.members(g.ID, 999), ids, "one more, one less")
	t.equal(t.found(red, t.filter(`members.value eq "user05000a"`)), []string{"engines"}, "found by the one")

	g = t.changeGroup(g, scim.MemberChange{Remove: slices.Clone(ids[1000:9000])})
	ids = slices.Delete(ids, 1000, 9000)
	t.equal(t.members(g.ID, 1000), ids, "8,000 less")
	ids = append(slices.Clone(ids[1500:]), "zoe")
	g = t.changeGroup(g, scim.MemberChange{Replace: true, Add: slices.Clone(ids)})
	t.equal(t.members(g.ID, 1000), ids, "replaced")
}

func groupsOfUsers(t *trial) {
	byID := make(map[string]string)
	want := make(map[string][]scim.Member)
	for n := range 12 {
		name := fmt.Sprint("group ", n)
		users := []string{"all", fmt.Sprint("third ", n%3)}
		g := groupOf(t.newItem([]string{entra, okta, native}[n%3], name))
		g = t.storeGroup(g, users...)
		byID[g.ID] = name
	}
	order := idsOf(t.all(red, scim.Query{Scope: everyone}))
	for _, id := range order {
		m := scim.Member{Value: id, Display: byID[id]}
		want["all"] = append(want["all"], m)
		var n int
		fmt.Sscanf(byID[id], "group %d", &n)
		want[fmt.Sprint("third ", n%3)] = append(want[fmt.Sprint("third ", n%3)], m)
	}
	for _, asked := range [][]string{{"all"}, {"third 1", "nobody", "all", "third 0", "all", ""}, {"ALL"}, {}, nil} {
		got, err := t.groups.GroupsOf(t.Context(), red, everyone, asked)
		t.must(err, "groups of %q", asked)
		maps.DeleteFunc(got, func(_ string, groups []scim.Member) bool { return len(groups) == 0 })
		some := make(map[string][]scim.Member)
		for _, user := range asked {
			if want[user] != nil {
				some[user] = want[user]
			}
		}
		t.equal(got, some, "groups of %q", asked)
	}
	g := t.readGroup(order[0])
	g.DisplayName = "renamed"
	t.changeGroup(g, scim.MemberChange{})
	if got := t.groupsOf("all"); len(got) != 12 || got[0] != "renamed" {
		t.broken("after a rename: %q", got)
	}
}

func groupsInScope(t *trial) {
	for _, manager := range []string{entra, okta, native} {
		t.storeGroup(groupOf(t.newItem(manager, "of "+manager)), "ada")
	}
	for scope, want := range map[scim.Scope][]string{
		{}:                               nil,
		{Manager: entra}:                 {"of " + entra},
		{Manager: okta, AndNative: true}: {"of " + okta, "of " + native},
		{AndNative: true}:                {"of " + native},
		everyone:                         {"of " + entra, "of " + okta, "of " + native},
	} {
		of, err := t.groups.GroupsOf(t.Context(), red, scope, []string{"ada"})
		t.must(err, "groups of a user in %+v", scope)
		got := each(of["ada"], func(m scim.Member) string { return m.Display })
		slices.Sort(got)
		slices.Sort(want)
		t.equal(len(got), len(want), "how many groups in %+v", scope)
		if len(want) > 0 {
			t.equal(got, want, "groups in %+v", scope)
		}
	}
}

func theForgotten(t *trial) {
	first, second, third := t.makeGroup("first", "ada", "grace"), t.makeGroup("second", "ada"), t.makeGroup("third", "grace", "Ada")
	for range 2 { // the second time there is nothing to forget
		t.must(t.groups.Forget(t.Context(), red, "ada"), "forget")
		t.inGroup(first.ID, "grace")
		t.inGroup(second.ID)
		t.inGroup(third.ID, "Ada", "grace")
	}
	t.must(t.groups.Forget(t.Context(), red, "nobody"), "forget who was never there")
	t.equal(t.groupsOf("ada"), []string(nil), "the groups of the forgotten")
	t.equal(t.found(red, t.filter(`members.value eq "ada"`)), []string(nil), "found by the forgotten")
	if t.readGroup(first.ID).Version == first.Version {
		t.broken("a group lost a member and keeps its version")
	}
	t.equal(t.readGroup(third.ID), third, "a group that lost nobody")
	_, err := t.groups.UpdateGroup(t.Context(), red, first, scim.MemberChange{Add: []string{"ada"}})
	t.refused(err, scim.ErrStale, "update of the version before")
	t.changeGroup(t.readGroup(first.ID), scim.MemberChange{Add: []string{"ada"}})
	t.equal(t.groupsOf("ada"), []string{"first"}, "the groups of one who came back")
}

func deletedGroups(t *trial) {
	g, other := t.makeGroup("engines", "ada", "grace"), t.makeGroup("others", "ada")
	t.refused(t.groups.DeleteGroup(t.Context(), red, g.ID, "another"), scim.ErrStale, "delete another version")
	t.inGroup(g.ID, "ada", "grace")
	t.drop(red, g.ID)
	_, err := t.groups.Members(t.Context(), red, g.ID, "", 10)
	t.refused(err, scim.ErrNotFound, "its members")
	t.equal(t.groupsOf("ada"), []string{"others"}, "the groups of a member")
	t.equal(t.groupsOf("grace"), []string(nil), "the groups of who was in no other")
	t.equal(t.found(red, t.filter(`members.value eq "ada"`)), []string{"others"}, "found by a member")
	t.inGroup(other.ID, "ada")
	t.inGroup(t.makeGroup("engines").ID)
}

func membersAndTenants(t *trial) {
	g := t.makeGroup("engines", "ada")
	_, err := t.groups.Members(t.Context(), blue, g.ID, "", 10)
	t.refused(err, scim.ErrNotFound, "members from the other tenant")
	of, err := t.groups.GroupsOf(t.Context(), blue, everyone, []string{"ada"})
	t.must(err, "groups from the other tenant")
	t.equal(len(of["ada"]), 0, "groups from the other tenant")
	t.must(t.groups.Forget(t.Context(), blue, "ada"), "forget in the other tenant")
	changed := g
	changed.Version = ""
	_, err = t.groups.UpdateGroup(t.Context(), blue, changed, scim.MemberChange{Replace: true})
	t.refused(err, scim.ErrNotFound, "update from the other tenant")
	t.equal(t.found(blue, t.filter(`members.value eq "ada"`)), []string(nil), "found by a member in the other tenant")
	t.inGroup(g.ID, "ada")
	t.equal(t.readGroup(g.ID), g, "the group")
}

func canceledMemberCalls(t *trial) {
	g := t.makeGroup("engines", "ada")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, listed := t.groups.Members(ctx, red, g.ID, "", 10)
	_, of := t.groups.GroupsOf(ctx, red, everyone, []string{"ada"})
	_, updated := t.groups.UpdateGroup(ctx, red, g, scim.MemberChange{Add: []string{"grace"}})
	for call, err := range map[string]error{
		"Members": listed, "GroupsOf": of, "UpdateGroup": updated, "Forget": t.groups.Forget(ctx, red, "ada"),
	} {
		if err == nil {
			t.broken("%s succeeded", call)
		}
	}
	t.inGroup(g.ID, "ada")
}
