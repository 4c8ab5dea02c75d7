package scimtest

import (
	"context"
	"fmt"
	"hash/fnv"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A mutant is a store with one thing wrong, and hooks to make it so.
type mutant struct {
	users    *userHooks
	groups   *groupHooks
	transact func(context.Context, scim.TenantID, func(context.Context, scim.Stores) error) error
}

func (m *mutant) stores() scim.Stores {
	return scim.Stores{Users: m.users, Groups: m.groups, Transact: m.transact}
}

// overMemory is a mutant of a MemoryStore, overReference one of the reference.
func overMemory() *mutant {
	s := new(scim.MemoryStore)
	return &mutant{userHooksOf(s), groupHooksOf(s), nil}
}

func overReference() *mutant {
	r := new(reference)
	return &mutant{userHooksOf(r), groupHooksOf(r), r.transact}
}

// sequenceMutants are wrong in a way that a sequence of operations shows.
var sequenceMutants = []struct {
	name  string
	over  func() *mutant
	plant func(*mutant)
}{
	{"a user is written over a version that is gone", overMemory, func(m *mutant) {
		m.users.in(func(u *scim.User) { u.Version = "" })
	}},
	{"a group is written over a version that is gone", overMemory, func(m *mutant) {
		m.groups.updated(func(next func(scim.Group, change) (scim.Group, error), _ ctx, _ tenant, g scim.Group, c change) (scim.Group, error) {
			g.Version = ""
			return next(g, c)
		})
	}},
	{"deletes do not compare versions", overMemory, func(m *mutant) {
		remove := m.users.remove
		m.users.remove = func(c ctx, t tenant, id, _ string) error { return remove(c, t, id, "") }
	}},
	{"names are folded by strings.ToLower", overMemory, func(m *mutant) { m.foldNames(strings.ToLower) }},
	{"names are not folded", overMemory, func(m *mutant) { m.foldNames(func(s string) string { return s }) }},
	{"the total is the size of the page", overMemory, func(m *mutant) {
		m.users.answered(func(q scim.Query, p *users) {
			if q.Total {
				p.Total = len(p.Items)
			}
		})
	}},
	{"users are read from any tenant", overMemory, func(m *mutant) {
		user := m.users.user
		m.users.user = func(c ctx, t tenant, id string) (u scim.User, err error) {
			for _, t := range append([]tenant{t}, modelTenants...) {
				if u, err = user(c, t, id); err == nil {
					break
				}
			}
			return u, err
		}
	}},
	{"tenants are compared without case", overMemory, func(m *mutant) {
		list := m.users.users
		m.users.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			return list(c, tenant(strings.ToLower(string(t))), q)
		}
	}},
	{"listings ignore the scope", overMemory, func(m *mutant) {
		m.users.asked(func(q *scim.Query) { q.Scope = everyone })
	}},
	{"queries by ID ignore the scope", overMemory, func(m *mutant) {
		m.users.asked(func(q *scim.Query) {
			if q.IDs != nil {
				q.Scope = everyone
			}
		})
	}},
	{"queries by ID ignore the filter", overMemory, func(m *mutant) {
		m.users.asked(func(q *scim.Query) {
			if q.IDs != nil {
				q.Filter = nil
			}
		})
	}},
	{"no IDs are all IDs", overMemory, func(m *mutant) {
		m.users.asked(func(q *scim.Query) {
			if len(q.IDs) == 0 {
				q.IDs = nil
			}
		})
	}},
	{"GroupsOf ignores the scope", overMemory, func(m *mutant) {
		of := m.groups.of
		m.groups.of = func(c ctx, t tenant, _ scim.Scope, users []string) (map[string][]scim.Member, error) {
			return of(c, t, everyone, users)
		}
	}},
	{"GroupsOf forgets the last group", overMemory, func(m *mutant) {
		of := m.groups.of
		m.groups.of = func(c ctx, t tenant, s scim.Scope, users []string) (map[string][]scim.Member, error) {
			all, err := of(c, t, s, users)
			for user, groups := range all {
				if len(groups) > 2 {
					all[user] = groups[:2]
				}
			}
			return all, err
		}
	}},
	{"users are in the order of their last change", overMemory, func(m *mutant) {
		m.users.sorted(func(all []scim.User) {
			slices.SortStableFunc(all, func(a, b scim.User) int { return a.LastModified.Compare(b.LastModified) })
		})
	}},
	{"a member is listed twice", overMemory, func(m *mutant) {
		m.groups.listed(func(p *members) {
			if len(p.Items) == 2 {
				p.Items = append(p.Items, p.Items[1])
			}
		})
	}},
	{"of three new members one is lost", overMemory, func(m *mutant) {
		m.groups.asked(func(c *change) { c.Add = c.Add[:min(2, len(c.Add))] })
	}},
	{"replaced members stay", overMemory, func(m *mutant) {
		m.groups.asked(func(c *change) { c.Replace = false })
	}},
	{"who is forgotten leaves one group", overMemory, func(m *mutant) {
		m.groups.forget = func(c ctx, t tenant, user string) error {
			of, err := m.groups.of(c, t, everyone, []string{user})
			if len(of[user]) == 0 || err != nil {
				return err
			}
			g, err := m.groups.group(c, t, of[user][0].Value)
			if err != nil {
				return err
			}
			_, err = m.groups.update(c, t, g, change{Remove: []string{user}})
			return err
		}
	}},
	{"groups keep their version when a member is forgotten", overMemory, func(m *mutant) {
		kept := make(map[string]string)
		forget, group := m.groups.forget, m.groups.group
		m.groups.forget = func(c ctx, t tenant, user string) error {
			of, _ := m.groups.of(c, t, everyone, []string{user})
			for _, g := range of[user] {
				old, _ := group(c, t, g.Value)
				kept[g.Value] = old.Version
			}
			return forget(c, t, user)
		}
		m.groups.group = func(c ctx, t tenant, id string) (scim.Group, error) {
			g, err := group(c, t, id)
			if kept[id] != "" {
				g.Version = kept[id]
			}
			return g, err
		}
	}},
	{"an idle change gives a version", overMemory, func(m *mutant) {
		m.groups.updated(func(next func(scim.Group, change) (scim.Group, error), c ctx, t tenant, g scim.Group, d change) (scim.Group, error) {
			was := g.Version
			got, err := next(g, d)
			if err == nil && got.Version == was {
				got.Version += "+"
			}
			return got, err
		})
	}},
	{"a deleted user keeps its name", overMemory, func(m *mutant) {
		taken := make(map[string]bool)
		create, remove := m.users.create, m.users.remove
		m.users.remove = func(c ctx, t tenant, id, version string) error {
			u, _ := m.users.user(c, t, id)
			err := remove(c, t, id, version)
			if err == nil {
				taken[string(t)+filter.Fold(u.UserName)] = true
			}
			return err
		}
		m.users.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
			if taken[string(t)+filter.Fold(u.UserName)] {
				return u, &scim.ConflictError{Attribute: "userName"}
			}
			return create(c, t, u)
		}
	}},
	{"an address that changed still finds", overMemory, func(m *mutant) {
		had := make(map[string][]string)
		m.users.out(func(u *scim.User) {
			for _, e := range u.Emails {
				had[filter.Fold(e.Value)] = append(had[filter.Fold(e.Value)], u.ID)
			}
		})
		m.users.asked(func(q *scim.Query) {
			if r, key, ok := q.Filter.Point(); ok && r.String() == "emails.value" && q.IDs == nil {
				q.Filter, q.IDs = nil, append([]string{}, had[key]...)
			}
		})
	}},
	{"an offset is one too many", overMemory, func(m *mutant) {
		m.users.asked(func(q *scim.Query) {
			if q.Offset > 0 {
				q.Offset++
			}
		})
	}},
	{"versions are made of the content", overMemory, func(m *mutant) { m.hashVersions() }},
	{"who is adopted is answered so and stays native", overMemory, func(m *mutant) {
		m.users.updated(func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error) {
			manager := u.ManagedBy
			if old, err := m.users.user(c, t, u.ID); err == nil && old.ManagedBy == native {
				u.ManagedBy = native
			}
			got, err := next(u)
			if err == nil {
				got.ManagedBy = manager
			}
			return got, err
		})
	}},
	{"integers pass through a float", overMemory, func(m *mutant) {
		m.users.out(dynamicFault(func(v any) any {
			if n, ok := v.(int64); ok {
				return int64(float64(n))
			}
			return v
		}))
	}},
	{"IDs are compared without case", overMemory, func(m *mutant) {
		user := m.users.user
		m.users.user = func(c ctx, t tenant, id string) (scim.User, error) {
			if u, err := user(c, t, id); err == nil {
				return u, nil
			}
			return user(c, t, otherCase(id))
		}
	}},
	{"names of groups are unique in the tenant", overMemory, func(m *mutant) {
		create := m.groups.create
		m.groups.create = func(c ctx, t tenant, g scim.Group, d change) (scim.Group, error) {
			p, _ := m.groups.groups(c, t, scim.Query{Scope: everyone, Limit: unlimited})
			for _, o := range p.Items {
				if filter.Fold(o.DisplayName) == filter.Fold(g.DisplayName) {
					return g, &scim.ConflictError{Attribute: "displayName"}
				}
			}
			return create(c, t, g, d)
		}
	}},

	{"what was written before a transaction failed stays", overMemory, func(m *mutant) {
		m.transact = func(c ctx, _ tenant, f func(context.Context, scim.Stores) error) error { return f(c, m.stores()) }
	}},
	{"what was written before a panic stays", overReference, func(m *mutant) {
		transact := m.transact
		m.transact = func(c ctx, t tenant, f func(context.Context, scim.Stores) error) error {
			var panicked any
			err := transact(c, t, func(c ctx, s scim.Stores) error {
				defer func() { panicked = recover() }()
				return f(c, s)
			})
			if panicked != nil {
				panic(panicked)
			}
			return err
		}
	}},
	{"a failed transaction is told as a success", overReference, func(m *mutant) {
		transact := m.transact
		m.transact = func(c ctx, t tenant, f func(context.Context, scim.Stores) error) error {
			transact(c, t, f)
			return nil
		}
	}},

	{"resources without a value come first", overReference, func(m *mutant) {
		m.users.answered(func(q scim.Query, p *users) {
			if q.Sort.By.IsZero() || q.Sort.Descending {
				return
			}
			slices.SortStableFunc(p.Items, func(a, b scim.User) int {
				_, x := q.Sort.By.SortKey(&a)
				_, y := q.Sort.By.SortKey(&b)
				return map[[2]bool]int{{true, false}: 1, {false, true}: -1}[[2]bool{x, y}]
			})
		})
	}},
	{"the order asked for is ignored", overReference, func(m *mutant) {
		m.users.asked(func(q *scim.Query) { q.Sort = scim.Order{} })
	}},
	{"what ties stays in order when descending", overReference, func(m *mutant) {
		m.users.answered(func(q scim.Query, p *users) {
			if !q.Sort.Descending || q.Sort.By.IsZero() || len(p.Items) < 2 {
				return
			}
			a, _ := q.Sort.By.SortKey(&p.Items[0])
			if b, _ := q.Sort.By.SortKey(&p.Items[1]); a == b {
				p.Items[0], p.Items[1] = p.Items[1], p.Items[0]
			}
		})
	}},
	{"a next page begins one too late", overReference, func(m *mutant) {
		list := m.users.users
		m.users.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			if q.After == "" {
				return list(c, t, q)
			}
			q.Limit++
			p, err := list(c, t, q)
			p.Items = p.Items[min(1, len(p.Items)):]
			return p, err
		}
	}},
	{"a page before is the first page", overReference, func(m *mutant) {
		m.users.asked(func(q *scim.Query) { q.Before = "" })
	}},
	{"a page before the end names no Next", overReference, func(m *mutant) {
		m.users.answered(func(q scim.Query, p *users) {
			if q.Offset > 0 {
				p.Next = ""
			}
		})
	}},
	{"what is no position begins anew", overReference, func(m *mutant) {
		list := m.users.users
		m.users.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			if _, err := q.Sort.Place(q.After); q.After != "" && err != nil {
				q.After = ""
			}
			return list(c, t, q)
		}
	}},
}

// foldNames makes names unique under another fold: what only filter.Fold takes for the same is
// stored under a name that nobody has.
func (m *mutant) foldNames(fold func(string) string) {
	create, n := m.users.create, 0
	m.users.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
		p, err := m.users.users(c, t, scim.Query{Scope: everyone, Limit: unlimited})
		if err != nil {
			return u, err
		}
		same := slices.ContainsFunc(p.Items, func(o scim.User) bool { return fold(o.UserName) == fold(u.UserName) })
		got, err := create(c, t, u)
		if !isConflict(err) || same {
			return got, err
		}
		name := u.UserName
		n++
		u.UserName = fmt.Sprint("hidden ", n)
		got, err = create(c, t, u)
		got.UserName = name
		return got, err
	}
}

// hashVersions makes the version of a user of what it is, so that it comes back when that does.
func (m *mutant) hashVersions() {
	shown := func(u scim.User) string {
		u.Version, u.LastModified = "", epoch
		h := fnv.New64()
		fmt.Fprintf(h, "%+v", u)
		return fmt.Sprintf("%x", h.Sum64())
	}
	update, user := m.users.update, m.users.user
	m.users.out(func(u *scim.User) {
		if u.ID != "" {
			u.Version = shown(*u)
		}
	})
	m.users.update = func(c ctx, t tenant, u scim.User) (scim.User, error) {
		if now, err := user(c, t, u.ID); err == nil && u.Version == shown(now) {
			u.Version = now.Version
		}
		got, err := update(c, t, u)
		got.Version = shown(got)
		return got, err
	}
	remove := m.users.remove
	m.users.remove = func(c ctx, t tenant, id, version string) error {
		if now, err := user(c, t, id); err == nil && version == shown(now) {
			version = now.Version
		}
		return remove(c, t, id, version)
	}
}

var reported = regexp.MustCompile(`seed (\d+), step (\d+) of \d+`)
var shortest = regexp.MustCompile(`shows a difference, (\d+) of`)

func TestSequenceMutants(t *testing.T) {
	for _, mutation := range sequenceMutants {
		t.Run(mutation.name, func(t *testing.T) {
			model := Model{}.withDefaults()
			var notes []string
			for _, seed := range model.Seeds {
				notes = record(t, func(r reporter) {
					model.sequence(r, seed, func() scim.Stores {
						m := mutation.over()
						mutation.plant(m)
						return m.stores()
					})
				})
				if len(notes) > 0 {
					break
				}
			}
			if len(notes) == 0 {
				t.Fatalf("not found by %d seeds of %d steps", len(model.Seeds), model.Steps)
			}
			at, short := reported.FindStringSubmatch(notes[0]), shortest.FindStringSubmatch(notes[0])
			if at == nil || short == nil {
				t.Fatalf("the report does not say where, or has no short sequence:\n%s", notes[0])
			}
			t.Logf("found by seed %s at step %s, shortened to %s operations", at[1], at[2], short[1])
		})
	}
}

// raceMutants are wrong only while many write at once.
var raceMutants = []struct {
	name, breaks string
	over         func() *mutant
	plant        func(*mutant)
}{
	{"versions are compared, then the user is written", "concurrent increments", overMemory, func(m *mutant) {
		m.users.updated(func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error) {
			now, err := m.users.user(c, t, u.ID)
			if err != nil {
				return u, err
			}
			if u.Version != "" && now.Version != u.Version {
				return u, scim.ErrStale
			}
			pause()
			u.Version = ""
			return next(u)
		})
	}},
	{"members are read, then all are written", "concurrent members", overMemory, func(m *mutant) {
		m.groups.updated(func(next func(scim.Group, change) (scim.Group, error), c ctx, t tenant, g scim.Group, d change) (scim.Group, error) {
			p, err := m.groups.members(c, t, g.ID, "", unlimited)
			if err != nil {
				return g, err
			}
			runtime.Gosched()
			ids := each(p.Items, func(m scim.Member) string { return m.Value })
			return next(g, change{Replace: true, Add: changed(ids, d)})
		})
	}},
	{"a forgotten user comes back with the next write", "concurrent members", overMemory, func(m *mutant) {
		m.groups.forget = func(ctx, tenant, string) error { return nil }
	}},
	{"names are looked up, then taken", "concurrent creates", overMemory, func(m *mutant) { m.lookThenTake() }},
	{"names are looked up, then taken, in a pool", "concurrent names", overMemory, func(m *mutant) { m.lookThenTake() }},
	{"a total is counted before the page is read", "concurrent names", overMemory, func(m *mutant) {
		list := m.users.users
		m.users.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			count, err := list(c, t, scim.Query{Filter: q.Filter, Scope: q.Scope, IDs: q.IDs, Total: true})
			if err != nil {
				return count, err
			}
			pause()
			p, err := list(c, t, q)
			p.Total = count.Total
			return p, err
		}
	}},
	{"a delete that came too late succeeds", "concurrent names", overMemory, func(m *mutant) {
		remove := m.users.remove
		m.users.remove = func(c ctx, t tenant, id, version string) error {
			if _, err := m.users.user(c, t, id); err != nil {
				return err
			}
			pause()
			remove(c, t, id, version)
			return nil
		}
	}},
	{"transactions run as they come", "concurrent transactions", overMemory, func(m *mutant) {
		m.transact = func(c ctx, _ tenant, f func(context.Context, scim.Stores) error) error { return f(c, m.stores()) }
	}},
}

// lookThenTake looks a name up before it takes it, and lets others in between.
func (m *mutant) lookThenTake() {
	var mu sync.Mutex
	n := 0
	taken := func(c ctx, t tenant, u scim.User) error {
		p, err := m.users.users(c, t, scim.Query{Scope: everyone, Limit: unlimited})
		for _, o := range p.Items {
			if o.ID != u.ID && filter.Fold(o.UserName) == filter.Fold(u.UserName) {
				return &scim.ConflictError{Attribute: "userName"}
			}
		}
		pause()
		return err
	}
	create, update := m.users.create, m.users.update
	unique := func(u *scim.User) {
		mu.Lock()
		defer mu.Unlock()
		n++
		u.UserName = fmt.Sprintf("%s\x00%d", u.UserName, n)
	}
	m.users.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
		if err := taken(c, t, u); err != nil {
			return u, err
		}
		unique(&u)
		return create(c, t, u)
	}
	m.users.update = func(c ctx, t tenant, u scim.User) (scim.User, error) {
		if err := taken(c, t, u); err != nil {
			return u, err
		}
		unique(&u)
		return update(c, t, u)
	}
	m.users.out(func(u *scim.User) { u.UserName, _, _ = strings.Cut(u.UserName, "\x00") })
}

func TestRaceMutants(t *testing.T) {
	for _, mutation := range raceMutants {
		t.Run(mutation.name, func(t *testing.T) {
			model := Model{}.withDefaults()
			i := slices.IndexFunc(writerPromises, func(p writerPromise) bool { return p.name == mutation.breaks })
			if i < 0 {
				t.Fatalf("no promise %q", mutation.breaks)
			}
			m := mutation.over()
			mutation.plant(m)
			p := writerPromises[i]
			notes := record(t, func(r reporter) { model.race(r, p, m.stores()) })
			found(t, promise{name: p.name, promise: p.promise}, notes)
		})
	}
}

// A promise of the writers that no mutant breaks may be one that nothing can break.
func TestEveryWriterPromiseCanBeBroken(t *testing.T) {
	for _, p := range writerPromises {
		if !slices.ContainsFunc(raceMutants, func(m struct {
			name, breaks string
			over         func() *mutant
			plant        func(*mutant)
		}) bool {
			return m.breaks == p.name
		}) {
			t.Errorf("no mutant breaks %q", p.name)
		}
	}
}
