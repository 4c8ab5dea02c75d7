package scimtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A worker sends requests of one side, one at a time, about resources that no other worker touches:
// so it knows what it must be told.
type worker struct {
	*mixture
	side   *side
	index  int
	random *rand.Rand
	mark   string // a canary that all its resources have
	serial int
	users  []*resource
	groups []*resource
}

// mostOwned is how many users, and how many groups, a worker keeps.
const mostOwned = 6

// actions are what a worker does, and how often.
var actions = []struct {
	weight int
	do     func(*worker)
	groups bool // it needs groups
}{
	{10, (*worker).createUser, false},
	{8, (*worker).readOwn, false},
	{8, (*worker).patchUser, false},
	{4, (*worker).putUser, false},
	{5, (*worker).deleteUser, false},
	{6, (*worker).listOwn, false},
	{6, (*worker).page, false},
	{2, (*worker).count, false},
	{5, (*worker).createGroup, true},
	{6, (*worker).patchGroup, true},
	{3, (*worker).deleteGroup, true},
	{16, (*worker).askByID, false},
	{8, (*worker).askByFilter, false},
	{5, (*worker).askForMember, true},
	{4, (*worker).askWithVersion, false},
	{3, (*worker).askWithCursor, false},
	{4, (*worker).takeName, false},
	{8, (*worker).ask, false},
}

func (w *worker) work() {
	w.mark = w.canaries.make(w.side.index, 'k')
	w.make("Users", true)
	if w.mixture.groups {
		w.make("Groups", true)
	}
	total := 0
	for _, a := range actions {
		total += a.weight
	}
	for !w.over() {
		n := w.random.IntN(total)
		for _, a := range actions {
			if n -= a.weight; n < 0 {
				if !a.groups || w.mixture.groups {
					a.do(w)
				}
				break
			}
		}
	}
}

// servesGroups asks the endpoint to create a group, and to delete it.
func (m *mixture) servesGroups() bool {
	w := &worker{mixture: m, side: m.sides[0], random: rand.New(rand.NewPCG(m.Seed, 0))}
	e := w.send("POST", "/Groups", object{"schemas": []string{groupURN}, "displayName": "probe"}.String())
	if e.code != 201 {
		return false
	}
	w.send("DELETE", "/Groups/"+url.PathEscape(e.string("id")), "")
	return true
}

const (
	userURN  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN = "urn:ietf:params:scim:schemas:core:2.0:Group"
)

// An object is a body.
type object map[string]any

// String is for reports.
func (o object) String() string {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // it is made of strings
	}
	return string(text)
}

// canary makes a canary of this side.
func (w *worker) canary(kind byte) string {
	text := w.canaries.make(w.side.index, kind)
	if w.random.IntN(4) == 0 {
		return strings.ToUpper(text)
	}
	return text
}

// userBody describes a user as this worker sends it, with a canary wherever one goes.
func (w *worker) userBody(r *resource) object {
	o := object{
		"schemas": []string{userURN}, "userName": r.name, "externalId": r.external, "nickName": r.mark,
		"displayName": w.canary('d'), "title": w.canary('t'), "active": w.random.IntN(4) > 0,
		"name":                              object{"givenName": w.canary('d'), "familyName": w.canary('d')},
		"emails":                            []object{{"value": r.mail, "type": "work", "primary": true}},
		"urn:example:unknown:2.0:" + "User": object{"note": w.canary('e')},
		scim.EnterpriseURN:                  object{"department": w.canary('e'), "employeeNumber": w.canary('e')},
	}
	maps.Copy(o, w.user)
	return o
}

func (w *worker) groupBody(r *resource) object {
	var members []object
	for _, id := range slices.Sorted(maps.Keys(r.members)) {
		members = append(members, object{"value": id, "display": w.canary('d')})
	}
	return object{"schemas": []string{groupURN}, "displayName": r.name, "externalId": r.external, "members": members}
}

func (w *worker) body(r *resource) object {
	if r.kind == "Groups" {
		return w.groupBody(r)
	}
	return w.userBody(r)
}

// make creates a user or a group. A fixed one is never deleted, nor renamed.
func (w *worker) make(kind string, fixed bool) {
	r := &resource{kind: kind, mark: w.mark, external: w.canary('x'), name: w.mark + " " + w.canary('g')}
	if kind == "Users" {
		r.name, r.mail = w.canary('n')+"@example.com", w.canary('m')+"@example.com"
		if w.serial++; w.side.index != 1 && !fixed && w.random.IntN(3) == 0 { // the neighbor has users of the same names
			r.name, r.common = fmt.Sprintf("common-%d-%d@example.com", w.index, w.serial), true
		}
	} else {
		r.members = make(map[string]bool)
		for _, u := range w.users {
			if w.random.IntN(2) == 0 {
				r.members[u.id] = true
			}
		}
	}
	w.side.alone.RLock() // until it is counted
	defer w.side.alone.RUnlock()
	tally := w.side.count[kind]
	tally.creating.Add(1)
	e := w.sendAlone("POST", "/"+kind, w.body(r).String())
	if r.id = e.string("id"); e.code != 201 || r.id == "" {
		tally.creating.Add(-1)
		w.fail(e, "create one of the %s: got status %d, want 201 and an id", kind, e.code)
		return
	}
	tally.created.Add(1)
	r.etag = w.etag(e)
	w.canaries.learn(w.side.index, r.id)
	w.own(r)
	w.side.show(r, fixed)
}

// own keeps a resource among those of this worker, the fixed ones first.
func (w *worker) own(r *resource) {
	if r.kind == "Groups" {
		w.groups = append(w.groups, r)
		return
	}
	w.users = append(w.users, r)
}

func (w *worker) createUser() {
	if len(w.users) < mostOwned {
		w.make("Users", false)
	}
}

func (w *worker) createGroup() {
	if len(w.groups) < mostOwned {
		w.make("Groups", false)
	}
}

func pathOf(r *resource) string { return "/" + r.kind + "/" + url.PathEscape(r.id) }

// readOwn reads a resource, which is as this worker left it.
func (w *worker) readOwn() {
	r := w.ofMine()
	if r == nil {
		return
	}
	e := w.send("GET", pathOf(r), "")
	if !w.wants(e, 200, "read an own resource") {
		return
	}
	name := "userName"
	if r.kind == "Groups" {
		name = "displayName"
	}
	if e.string("id") != r.id || !strings.EqualFold(e.string(name), r.name) {
		w.fail(e, "the answer is another resource than %q, %q", r.id, r.name)
	}
	tag := w.etag(e)
	if tag != "" && r.etag != "" && tag != r.etag {
		w.fail(e, "the ETag is %q and was %q, and nobody changed the resource", tag, r.etag)
	}
	r.etag = tag
	if r.kind == "Groups" {
		got, want := slices.Sorted(slices.Values(e.values("members", "value"))), slices.Sorted(maps.Keys(r.members))
		if !slices.Equal(got, want) {
			w.fail(e, "the members are %q, want %q", got, want)
		}
	}
}

// ofMine returns a resource of this worker, or nil.
func (w *worker) ofMine() *resource {
	if all := slices.Concat(w.users, w.groups); len(all) > 0 {
		return pick(w.random, all)
	}
	return nil
}

// changed takes over the version that a write was answered with.
func (w *worker) changed(r *resource, e *exchanged) {
	if r.etag = w.etag(e); r.etag == "" {
		if meta, ok := e.value["meta"].(map[string]any); ok {
			r.etag, _ = meta["version"].(string)
		}
	}
	w.side.show(r, false)
}

func patchOp(ops ...object) string {
	return object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": ops}.String()
}

func (w *worker) patchUser() {
	if len(w.users) == 0 {
		return
	}
	r := pick(w.random, w.users)
	e := w.send("PATCH", pathOf(r), patchOp(
		object{"op": "replace", "path": "title", "value": w.canary('t')},
		object{"op": "Replace", "path": scim.EnterpriseURN + ":department", "value": w.canary('e')},
		object{"op": "add", "value": object{"displayName": w.canary('d')}},
	))
	if w.wants(e, 200, "change an own user") {
		w.changed(r, e)
	}
}

func (w *worker) putUser() {
	if len(w.users) == 0 {
		return
	}
	r := pick(w.random, w.users)
	if e := w.send("PUT", pathOf(r), w.userBody(r).String()); w.wants(e, 200, "replace an own user") {
		w.changed(r, e)
	}
}

// forgotten takes a user out of the groups of this worker, which get new versions.
func (w *worker) forgotten(user string) {
	for _, g := range w.groups {
		if g.members[user] {
			delete(g.members, user)
			g.etag = ""
		}
	}
}

// drop deletes a resource that is not fixed.
func (w *worker) drop(list *[]*resource) {
	if len(*list) < 2 {
		return
	}
	i := 1 + w.random.IntN(len(*list)-1)
	r := (*list)[i]
	w.side.alone.RLock() // until it is counted
	defer w.side.alone.RUnlock()
	tally := w.side.count[r.kind]
	tally.deleting.Add(1)
	if e := w.sendAlone("DELETE", pathOf(r), ""); !w.wants(e, 204, "delete an own resource") {
		tally.deleting.Add(-1)
		return
	}
	tally.deleted.Add(1)
	*list = slices.Delete(*list, i, i+1)
	if r.kind == "Users" {
		w.forgotten(r.id)
	}
}

func (w *worker) deleteUser()  { w.drop(&w.users) }
func (w *worker) deleteGroup() { w.drop(&w.groups) }

func (w *worker) patchGroup() {
	if len(w.groups) == 0 || len(w.users) == 0 {
		return
	}
	g, u := pick(w.random, w.groups), pick(w.random, w.users)
	op := object{"op": "add", "path": "members", "value": []object{{"value": u.id}}}
	if g.members[u.id] {
		op = object{"op": "remove", "path": `members[value eq "` + u.id + `"]`}
	}
	e := w.send("PATCH", pathOf(g), patchOp(op))
	if e.code != 200 && e.code != 204 {
		w.fail(e, "change the members of an own group: got status %d", e.code)
		return
	}
	if g.members[u.id] {
		delete(g.members, u.id)
	} else {
		g.members[u.id] = true
	}
	w.changed(g, e)
}

// query writes the query of a listing.
func query(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return "?" + v.Encode()
}

// listOwn lists the resources of this worker, of which it knows all.
func (w *worker) listOwn() {
	list, kind, f := w.users, "/Users", fmt.Sprintf("nickName eq %q", w.mark)
	if w.mixture.groups && w.random.IntN(2) == 0 {
		list, kind, f = w.groups, "/Groups", fmt.Sprintf("displayName sw %q", w.mark)
	}
	start, n := 1+w.random.IntN(3), 1+w.random.IntN(4)
	e := w.send("GET", kind+query("filter", f, "startIndex", fmt.Sprint(start), "count", fmt.Sprint(n)), "")
	if !w.wants(e, 200, "list own resources") {
		return
	}
	if e.total() != int64(len(list)) {
		w.fail(e, "the total is %d, and there are %d", e.total(), len(list))
	}
	for _, id := range e.values("Resources", "id") {
		if !slices.ContainsFunc(list, func(r *resource) bool { return r.id == id }) {
			w.fail(e, "%q is listed, which is not of this worker", id)
		}
	}
}

// page lists a page of all that the side has.
func (w *worker) page() {
	kind := "Users"
	if w.mixture.groups && w.random.IntN(3) == 0 {
		kind = "Groups"
	}
	pairs := []string{"startIndex", fmt.Sprint(1 + w.random.IntN(8)), "count", fmt.Sprint(w.random.IntN(6))}
	if w.random.IntN(2) == 0 {
		pairs = append(pairs, "sortBy", pick(w.random, []string{"displayName", "userName", "externalId", "meta.lastModified"}), "sortOrder", pick(w.random, []string{"ascending", "descending"}))
	}
	if w.random.IntN(3) == 0 {
		pairs = append(pairs[2:], "cursor", "")
	}
	e := w.total(kind, pairs)
	c := e.string("nextCursor")
	if c == "" {
		return
	}
	w.side.mu.Lock()
	if w.side.cursor = append(w.side.cursor, c); len(w.side.cursor) > mostCursors {
		w.side.cursor = w.side.cursor[1:]
	}
	w.side.mu.Unlock()
	w.total(kind, append(pairs[:len(pairs)-1:len(pairs)-1], c))
}

// mostCursors is how many cursors of a side the others may learn.
const mostCursors = 64

// total sends a listing of all that the side has, and judges the total if there is one: a listing
// that is not served, sorted by a user name for groups, has none.
func (w *worker) total(kind string, pairs []string) *exchanged {
	var e *exchanged
	least, most := w.side.count[kind].during(func() { e = w.send("GET", "/"+kind+query(pairs...), "") })
	if n := e.total(); e.code == 200 && n >= 0 && (n < least || n > most) {
		w.fail(e, "the total is %d, and there are %d to %d", n, least, most)
	}
	return e
}

// count asks for the totals while nothing else of the side is under way.
func (w *worker) count() {
	w.side.alone.Lock()
	defer w.side.alone.Unlock()
	for kind, t := range w.side.count {
		if kind == "Groups" && !w.mixture.groups {
			continue
		}
		e := w.sendAlone("GET", "/"+kind+query("count", "0"), "")
		if want := t.created.Load() - t.deleted.Load(); w.wants(e, 200, "count") && e.total() != want {
			w.fail(e, "the total is %d, and there are %d", e.total(), want)
		}
	}
}
