package scimtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A world is the reference, and how what a store calls things is called in the sequence.
type world struct {
	ref           *reference
	users, groups *filter.Registry

	ids      map[handle]string
	versions map[string][]string // of a resource, by key, the newest last
	cursors  map[int]cursor
	// own says that the store has IDs of its own, and order, then, how it puts them.
	own   bool
	order map[string][]string
}

// A cursor is how a listing can be continued: on the store, and on the reference.
type cursor struct {
	next, previous       string
	refNext, refPrevious string
	first, last          string // the IDs of the resources in question
}

func newWorld() (*world, error) {
	users, err := scim.UserRegistry(hostSchema)
	if err != nil {
		return nil, err
	}
	groups, err := scim.GroupRegistry(hostGroupSchema)
	return &world{
		ref: new(reference), users: users, groups: groups,
		ids: make(map[handle]string), versions: make(map[string][]string), cursors: make(map[int]cursor), order: make(map[string][]string),
	}, err
}

// copy returns the world as it is, to come back to when a transaction fails.
func (w *world) copy() *world {
	c := *w
	c.ref = w.ref.copy()
	c.ids, c.cursors, c.order = maps.Clone(w.ids), maps.Clone(w.cursors), maps.Clone(w.order)
	c.versions = make(map[string][]string)
	for k, v := range w.versions {
		c.versions[k] = slices.Clone(v)
	}
	return &c
}

// isUser reports whether a verb is about users, and not groups.
func (v verb) isUser() bool {
	return slices.Contains([]verb{createUser, readUser, listUsers, updateUser, deleteUser}, v)
}

// key names a resource among users and groups, whose IDs may be alike.
func (v verb) key(id string) string {
	if v.isUser() {
		return "user " + id
	}
	return "group " + id
}

var madeHandle = regexp.MustCompile(`^[ug][0-9]+$`)

// id returns the ID that a handle stands for. What was never made has the ID it would be made under.
func (w *world) id(h handle) string {
	if other, ok := strings.CutPrefix(string(h), "~"); ok {
		return otherCase(w.id(handle(other)))
	}
	if id, ok := w.ids[h]; ok {
		return id
	}
	if madeHandle.MatchString(string(h)) {
		return proposed(h)
	}
	return string(h)
}

func (w *world) idsOf(list []handle) []string {
	ids := make([]string, 0, len(list))
	for _, h := range list {
		ids = append(ids, w.id(h))
	}
	return ids
}

// proposed is the ID under which a resource is created: in no order, and for two of them with no
// difference but the case.
func proposed(h handle) string {
	n, _ := strconv.Atoi(string(h[1:]))
	id := fmt.Sprintf("%c%03d-model-%c", 'a'+rune(n/2*7%26), n/2, h[0])
	if n%2 == 1 {
		return strings.ToUpper(id)
	}
	return id
}

func otherCase(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

// stored returns the Meta of a resource of the reference.
func (w *world) stored(v verb, tenant scim.TenantID, id string) (scim.Meta, bool) {
	t := w.ref.tenant(tenant)
	if v.isUser() {
		if i := t.user(id); i >= 0 {
			return t.users[i].Meta, true
		}
		return scim.Meta{}, false
	}
	if i := t.group(id); i >= 0 {
		return t.groups[i].Meta, true
	}
	return scim.Meta{}, false
}

// version returns what an operation gives as the version of a resource.
func (w *world) version(o *operation, id string) string {
	all := w.versions[o.do.key(id)]
	now, there := w.stored(o.do, o.tenant, id)
	switch {
	case o.version == noVersion:
		return ""
	case o.version == currentVersion && there:
		return now.Version
	case o.version == staleVersion && len(all) > 1:
		return all[len(all)-2]
	}
	return "another"
}

// resolve makes a call of an operation. It is not ok if there is nothing to continue.
func (w *world) resolve(o *operation) (c call, ok bool, err error) {
	c = call{do: o.do, tenant: o.tenant, id: w.id(o.on), walk: o.walk, users: w.idsOf(o.by.some)}
	c.version = w.version(o, c.id)
	c.user, c.group = copyUser(o.user), copyGroup(o.group)
	c.user.ID, c.group.ID = c.id, c.id
	c.user.Version, c.group.Version = c.version, c.version
	if o.do == createUser || o.do == createGroup {
		id := proposed(o.on)
		if taken := w.id(o.underID); o.underID != "" {
			if _, there := w.stored(o.do, o.tenant, taken); there {
				id = taken
			}
		}
		c.user.ID, c.group.ID = id, id
		c.user.Version, c.group.Version = "", ""
	}
	c.change = scim.MemberChange{Replace: o.change.replace, Add: w.idsOf(o.change.add), Remove: w.idsOf(o.change.remove)}
	// Two handles may be one ID, and no ID is in both lists.
	c.change.Remove = slices.DeleteFunc(c.change.Remove, func(id string) bool { return slices.Contains(c.change.Add, id) })
	c.query, err = w.query(o)
	if err != nil || o.continues == 0 {
		return c, true, err
	}
	ok = w.continued(o, &c)
	return c, ok, nil
}

// inQuotes writes a text as it stands within the quotes of a filter.
func inQuotes(s string) string {
	text, _ := json.Marshal(s)
	return string(text[1 : len(text)-1])
}

var inBraces = regexp.MustCompile(`\{~?[ug][0-9]+\}`)

func (w *world) query(o *operation) (scim.Query, error) {
	q := scim.Query{Scope: o.scope, Offset: o.offset, Limit: o.limit, Total: o.total}
	registry := w.groups
	if o.do.isUser() {
		registry = w.users
	}
	if o.by.given {
		q.IDs = w.idsOf(o.by.some)
	}
	if o.filter != "" {
		f, err := filter.Parse(inBraces.ReplaceAllStringFunc(o.filter, func(h string) string { return inQuotes(w.id(handle(h[1 : len(h)-1]))) }))
		if err != nil {
			return q, err
		}
		if q.Filter, err = f.Bind(registry); err != nil {
			return q, err
		}
	}
	if o.sort != "" {
		by, ok := registry.Ref(o.sort)
		if !ok || !by.Sortable() {
			return q, fmt.Errorf("scimtest: nothing is sorted by %s", o.sort)
		}
		q.Sort.By = by
	}
	q.Sort.Descending = o.descending
	if o.misplaced {
		q.After = "nowhere"
	}
	return q, nil
}

// continued makes a call continue an earlier listing, if that named where.
func (w *world) continued(o *operation, c *call) bool {
	from, ok := w.cursors[o.continues]
	c.query.After, c.after, c.query.Offset = from.next, from.refNext, 0
	id := from.last
	if o.backwards {
		c.query.After, c.after = "", ""
		c.query.Before, c.before = from.previous, from.refPrevious
		id = from.first
	}
	if !ok || c.query.After == "" && c.query.Before == "" {
		return false
	}
	if !w.own {
		return true
	}
	// Where a resource that is gone stood, only the store knows.
	position, there := w.position(o.do, o.tenant, c.query.Sort, id)
	return there && position == c.after+c.before
}

// position is where a resource of the reference stands now.
func (w *world) position(v verb, tenant scim.TenantID, o scim.Order, id string) (string, bool) {
	t := w.ref.tenant(tenant)
	if v.isUser() {
		if i := t.user(id); i >= 0 {
			u := t.users[i]
			return o.Position(&u, id), true
		}
		return "", false
	}
	if i := t.group(id); i >= 0 {
		g := t.groups[i].Group
		return o.Position(&g, id), true
	}
	return "", false
}

// handlesOf returns all handles of a kind, 'u' or 'g', in the order in which they were made.
func (w *world) handlesOf(kind byte) []handle {
	var all []handle
	for h := range w.ids {
		if h[0] == kind {
			all = append(all, h)
		}
	}
	slices.SortFunc(all, func(a, b handle) int {
		m, _ := strconv.Atoi(string(a[1:]))
		n, _ := strconv.Atoi(string(b[1:]))
		return m - n
	})
	return all
}
