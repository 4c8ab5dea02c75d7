package scimtest

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-30109bde/gatehouse/scim"
)

func TestReferenceUsers(t *testing.T) {
	TestUserStore(t, func(*testing.T) scim.UserStore { return new(reference) })
}

func TestReferenceGroups(t *testing.T) {
	TestGroupStore(t, func(*testing.T) scim.GroupStore { return new(reference) })
}

func TestModelOfReference(t *testing.T) {
	TestModel(t, func(*testing.T) scim.Stores { return new(reference).stores() })
}

func TestModelWithoutGroups(t *testing.T) {
	Model{Seeds: []uint64{1}}.Test(t, func(*testing.T) scim.Stores { return scim.Stores{Users: new(reference)} })
}

// keyed gives resources IDs of its own, and puts them in the order in which they were created, which
// is not that of their IDs.
func keyed() scim.Stores {
	r := new(reference)
	users, groups := userHooksOf(r), groupHooksOf(r)
	n := 0
	next := func(rank *map[string]int) string {
		n++
		id := fmt.Sprintf("%d~%c", 1000-n*7%1000, 'a'+rune(n%26))
		if *rank == nil {
			*rank = make(map[string]int)
		}
		(*rank)[id] = n
		return id
	}
	create, makeGroup := users.create, groups.create
	users.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
		r.mu.Lock()
		u.ID = next(&r.tenant(t).userRank)
		r.mu.Unlock()
		return create(c, t, u)
	}
	groups.create = func(c ctx, t tenant, g scim.Group, m change) (scim.Group, error) {
		r.mu.Lock()
		g.ID = next(&r.tenant(t).groupRank)
		r.mu.Unlock()
		return makeGroup(c, t, g, m)
	}
	return scim.Stores{Users: users, Groups: groups}
}

func TestModelOfStoreWithKeysOfItsOwn(t *testing.T) {
	TestModel(t, func(*testing.T) scim.Stores { return keyed() })
}

// A busy store says that it is unavailable now and then, and is asked again.
func TestModelOfBusyStore(t *testing.T) {
	Model{Seeds: []uint64{1}, Steps: 60, Turns: 5}.Test(t, func(*testing.T) scim.Stores {
		r := new(reference)
		users := userHooksOf(r)
		var n atomic.Int64
		update := users.update
		users.update = func(c ctx, t tenant, u scim.User) (scim.User, error) {
			if n.Add(1)%5 == 0 {
				return scim.User{}, &scim.UnavailableError{}
			}
			return update(c, t, u)
		}
		return scim.Stores{Users: users, Groups: r}
	})
}

// A seed is one sequence, whatever the store makes of it.
func TestSequencesAreTheSame(t *testing.T) {
	text := func(seed uint64, s scim.Stores) string {
		all, err := sequence(seed, 200, s)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		write(&b, all, 0)
		return b.String()
	}
	one := text(1, new(reference).stores())
	other := keyed()
	other.Transact = new(reference).transact
	if text(1, other) != one || text(1, new(reference).stores()) != one {
		t.Error("one seed made two sequences")
	}
	if text(2, other) == one {
		t.Error("two seeds made one sequence")
	}
	for _, c := range chances {
		said := ": " + string(c.do) + " "
		if c.do == transact {
			said = "in one transaction"
		}
		if !strings.Contains(one, said) {
			t.Errorf("no operation to %s", c.do)
		}
	}
}

// A store that fails once and not again is reported all the same.
func TestModelOfFickleStore(t *testing.T) {
	var n atomic.Int64
	notes := record(t, func(r reporter) {
		Model{}.withDefaults().sequence(r, 1, func() scim.Stores {
			s := new(reference)
			users := userHooksOf(s)
			user := users.user
			users.user = func(c context.Context, t tenant, id string) (scim.User, error) {
				if n.Add(1) == 3 {
					return scim.User{}, scim.ErrStale
				}
				return user(c, t, id)
			}
			return scim.Stores{Users: users, Groups: s, Transact: s.transact}
		})
	})
	if len(notes) != 1 || !strings.Contains(notes[0], "not the same twice") {
		t.Errorf("reported: %q", notes)
	}
}
