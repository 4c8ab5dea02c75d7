package scimtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A comparison plays a sequence on a store and on the reference.
type comparison struct {
	*world
}

// step plays one operation and says where the store differs from the reference, or "".
func (c *comparison) step(ctx context.Context, s scim.Stores, o *operation) string {
	if o.do == transact {
		return c.transact(ctx, s, o)
	}
	cl, ok, err := c.resolve(o)
	if err != nil {
		return fmt.Sprintf("the suite is wrong: %v", err)
	}
	if !ok {
		return ""
	}
	if c.own && slices.Contains([]verb{listUsers, listGroups, listOf}, o.do) {
		if d := c.learnOrder(ctx, s, o); d != "" {
			return d
		}
	}
	before := c.content(cl)
	forgotten := c.groupsWith(cl)
	got := cl.on(ctx, s)
	want := c.expected(ctx, cl, got)
	if d := c.compare(cl, got, want); d != "" {
		return d
	}
	if got.err != nil {
		return ""
	}
	return c.note(ctx, s, o, cl, got, want, before, forgotten)
}

// expected carries a call out on the reference, which takes over the ID and the version.
func (c *comparison) expected(ctx context.Context, cl call, got outcome) outcome {
	if got.err == nil {
		switch cl.do {
		case createUser, createGroup:
			c.ref.given.id, c.ref.given.version = got.meta.ID, got.meta.Version
		case updateUser, updateGroup:
			c.ref.given.version = got.meta.Version
		}
	}
	if cl.after != "" || cl.before != "" {
		cl.query.After, cl.query.Before = cl.after, cl.before
	}
	want := cl.on(ctx, c.ref.stores())
	c.ref.given.id, c.ref.given.version = "", ""
	return want
}

// compare says how two outcomes of a call differ.
func (c *comparison) compare(cl call, got, want outcome) string {
	if errors.Is(want.err, errTakenID) && got.err != nil {
		return "" // how a store refuses to create under an ID that is taken is its own
	}
	if !slices.ContainsFunc(kindsOf(want.err), func(kind string) bool { return slices.Contains(kindsOf(got.err), kind) }) {
		return fmt.Sprintf("got %s, want %s", answered(got), answered(want))
	}
	if got.err != nil {
		return ""
	}
	if d := difference(got.value, want.value); d != "" {
		return d
	}
	switch {
	case cl.do != listUsers && cl.do != listGroups:
		return ""
	case got.total != want.total:
		return fmt.Sprintf("got the total %d, want %d", got.total, want.total)
	case cl.walk:
		return ""
	case want.next != "" && got.next == "":
		return "the page names no Next, and resources follow"
	case want.previous != "" && got.previous == "":
		return "the page names no Previous, and resources precede it"
	case want.count == 0 && got.next+got.previous != "":
		return "a page without items names where to go on"
	}
	return ""
}

func answered(o outcome) string {
	if o.err != nil {
		return fmt.Sprintf("error %q", o.err)
	}
	return "no error"
}

// kindsOf returns what an error is to the caller of a store; of errors that were joined, each.
func kindsOf(err error) (kinds []string) {
	if err == nil {
		return []string{"none"}
	}
	for kind, target := range map[string]error{"not found": scim.ErrNotFound, "stale": scim.ErrStale, "position": scim.ErrPosition} {
		if errors.Is(err, target) {
			kinds = append(kinds, kind)
		}
	}
	var conflict *scim.ConflictError
	if errors.As(err, &conflict) {
		kinds = append(kinds, "conflict for "+conflict.Attribute)
	}
	if kinds == nil {
		kinds = []string{"of no documented kind"}
	}
	return kinds
}

// content is what a write may leave as it was: a resource without its version and its time.
func (c *comparison) content(cl call) any {
	t := c.ref.tenant(cl.tenant)
	switch cl.do {
	case updateUser:
		if i := t.user(cl.id); i >= 0 {
			u := copyUser(t.users[i])
			u.Version, u.LastModified = "", epoch
			return u
		}
	case updateGroup:
		if i := t.group(cl.id); i >= 0 {
			g := t.groups[i]
			g.Version, g.LastModified = "", epoch
			return []any{g.Group, g.members}
		}
	}
	return nil
}

// groupsWith returns the IDs of the groups that a call to forget is about.
func (c *comparison) groupsWith(cl call) (ids []string) {
	if cl.do != forget {
		return nil
	}
	t := c.ref.tenant(cl.tenant)
	for _, i := range t.groupsWith(cl.id) {
		ids = append(ids, t.groups[i].ID)
	}
	return ids
}

// note remembers the IDs, versions and positions that a call brought, and says what is wrong with
// them.
func (c *comparison) note(ctx context.Context, s scim.Stores, o *operation, cl call, got, want outcome, before any, forgotten []string) string {
	switch cl.do {
	case createUser, createGroup:
		return c.noteCreated(o, cl, got)
	case updateUser, updateGroup:
		idle := difference(c.content(cl), before) == ""
		return c.noteVersion(cl.do, cl.id, got.meta.Version, idle)
	case forget:
		return c.noteForgotten(ctx, s, cl.tenant, forgotten)
	case listUsers, listGroups:
		c.noteCursor(o, cl, got, want)
	}
	return ""
}

func (c *comparison) noteCreated(o *operation, cl call, got outcome) string {
	id := got.meta.ID
	if id != cl.user.ID {
		c.own = true
	}
	switch {
	case id == "" || len(id) > 64:
		return fmt.Sprintf("the new ID is %q", id)
	case c.versions[o.do.key(id)] != nil:
		return fmt.Sprintf("the new ID %q was given before", id)
	}
	c.ids[o.on] = id
	return c.noteVersion(o.do, id, got.meta.Version, false)
}

// noteVersion expects a version that the resource never had. Where nothing changed it may have kept
// its own.
func (c *comparison) noteVersion(v verb, id, version string, idle bool) string {
	key := v.key(id)
	all := c.versions[key]
	switch {
	case idle && len(all) > 0 && all[len(all)-1] == version:
		return ""
	case version == "" || strings.ContainsFunc(version, func(r rune) bool { return r < '!' || '~' < r || r == '"' }):
		return fmt.Sprintf("the version %q cannot be an entity tag", version)
	case slices.Contains(all, version):
		return fmt.Sprintf("the resource changed, and its version %q is one that it had before", version)
	}
	c.versions[key] = append(all, version)
	return ""
}

// noteForgotten takes over the versions that groups got when they lost a member.
func (c *comparison) noteForgotten(ctx context.Context, s scim.Stores, tenant scim.TenantID, ids []string) string {
	t := c.ref.tenant(tenant)
	for _, id := range ids {
		got := call{do: readGroup, tenant: tenant, id: id}.on(ctx, s)
		if got.err != nil {
			return fmt.Sprintf("read the group %q, which lost a member: got error %q", id, got.err)
		}
		if d := c.noteVersion(readGroup, id, got.meta.Version, false); d != "" {
			return fmt.Sprintf("the group %q lost a member: %s", id, d)
		}
		g := &t.groups[t.group(id)]
		g.Version, g.LastModified = got.meta.Version, got.meta.LastModified
	}
	return ""
}

// noteCursor remembers how a listing is continued, where the page says.
func (c *comparison) noteCursor(o *operation, cl call, got, want outcome) {
	var ids []string
	switch items := want.value.(type) {
	case []scim.User:
		ids = each(items, func(u scim.User) string { return u.ID })
	case []scim.Group:
		ids = each(items, func(g scim.Group) string { return g.ID })
	}
	if len(ids) == 0 {
		return
	}
	at := cursor{next: got.next, previous: got.previous, first: ids[0], last: ids[len(ids)-1]}
	at.refNext, _ = c.position(cl.do, cl.tenant, cl.query.Sort, at.last)
	at.refPrevious, _ = c.position(cl.do, cl.tenant, cl.query.Sort, at.first)
	c.cursors[o.number] = at
}

// learnOrder asks a store that has keys of its own how it puts resources, which must not change.
func (c *comparison) learnOrder(ctx context.Context, s scim.Stores, o *operation) string {
	rank := func(v verb) (map[string]int, string) {
		got := call{do: v, tenant: o.tenant, query: scim.Query{Scope: everyone, Limit: unlimited}}.on(ctx, s)
		var now []string
		switch items := got.value.(type) {
		case []scim.User:
			now = each(items, func(u scim.User) string { return u.ID })
		case []scim.Group:
			now = each(items, func(g scim.Group) string { return g.ID })
		}
		key := string(v) + " " + string(o.tenant)
		both := func(list, other []string) []string {
			return slices.DeleteFunc(slices.Clone(list), func(id string) bool { return !slices.Contains(other, id) })
		}
		if d := difference(both(now, c.order[key]), both(c.order[key], now)); d != "" {
			return nil, "the order of resources changed: " + d
		}
		c.order[key] = now
		rank := make(map[string]int)
		for i, id := range now {
			rank[id] = i
		}
		return rank, ""
	}
	t, d := c.ref.tenant(o.tenant), ""
	if t.userRank, d = rank(listUsers); d != "" || s.Groups == nil {
		return d
	}
	t.groupRank, d = rank(listGroups)
	return d
}

// transact plays the operations of a transaction, and goes back to where it began unless it is
// committed.
func (c *comparison) transact(ctx context.Context, s scim.Stores, o *operation) string {
	began := c.world.copy()
	found := ""
	failed := errors.New("this transaction is to fail")
	inside := func(ctx context.Context, s scim.Stores) error {
		c.world, found = began.copy(), "" // a store may try again
		for i := range o.inside {
			if d := c.step(ctx, s, &o.inside[i]); d != "" {
				found = fmt.Sprintf("inside, %s\n%s", &o.inside[i], d)
				return failed
			}
		}
		switch o.end {
		case fails:
			return failed
		case panics:
			panic(failed)
		}
		return nil
	}
	panicked, err := runTransaction(ctx, s, o.tenant, inside)
	if o.end != commits {
		c.world = began
	}
	switch {
	case found != "":
		return found
	case o.end == commits && err != nil:
		return fmt.Sprintf("the transaction was to be committed, got error %q", err)
	case o.end == fails && !errors.Is(err, failed):
		return fmt.Sprintf("the transaction failed, got error %v, want that of the function", err)
	case o.end == panics && err == nil && !panicked:
		return "the function panicked, and the transaction succeeded"
	}
	return ""
}

// runTransaction calls Transact, again while the store is unavailable.
func runTransaction(ctx context.Context, s scim.Stores, tenant scim.TenantID, f func(context.Context, scim.Stores) error) (panicked bool, err error) {
	defer func() {
		if recover() != nil {
			panicked = true
		}
	}()
	for range tries {
		if err = s.Transact(ctx, tenant, f); !unavailable(ctx, err) {
			break
		}
	}
	return false, err
}
