package scimtest

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/seed-30109bde/gatehouse/scim"
)

// Overlaps counts the pairs of requests, of different principals, that had a call of a store under
// way at the same time, and makes them meet: a call waits a little for one of another principal, so
// that there are many. The zero Overlaps has counted none.
//
// It knows whose a call is by the context of the request, which the handler passes on to its stores.
type Overlaps struct {
	mu     sync.Mutex        // held for everything but count and busy
	inside map[*underway]int // how many calls each request has under way
	last   int64             // number of a request
	busy   [sides]atomic.Int32
	count  atomic.Int64
}

// An underway is a request, in its context.
type underway struct {
	side   int
	number int64          // from 1, given when it meets others first
	met    map[int64]bool // the numbers of those it met
}

// underwayKey is the key of the context value that is the *underway.
type underwayKey struct{}

// Count returns how many pairs of requests have met until now.
func (o *Overlaps) Count() int { return int(o.count.Load()) }

// Wrap returns stores that do what s does, and are watched. Transact itself is not counted: while
// one transaction waits for another no two of them are in a store.
func (o *Overlaps) Wrap(s scim.Stores) scim.Stores {
	if s.Users != nil {
		s.Users = watchedUsers{o, s.Users}
	}
	if s.Groups != nil {
		s.Groups = watchedGroups{o, s.Groups}
	}
	if transact := s.Transact; transact != nil {
		s.Transact = func(ctx context.Context, tenant scim.TenantID, f func(context.Context, scim.Stores) error) error {
			return transact(ctx, tenant, func(ctx context.Context, inner scim.Stores) error { return f(ctx, o.Wrap(inner)) })
		}
	}
	return s
}

// patience is how often a call lets others run before it goes on alone.
const patience = 100

// enter is called when a call begins, and what it returns when it ends.
func (o *Overlaps) enter(ctx context.Context) (leave func()) {
	r, ok := ctx.Value(underwayKey{}).(*underway)
	if !ok {
		return func() {}
	}
	o.meet(r)
	for n := 0; n < patience && !o.company(r.side); n++ {
		runtime.Gosched()
	}
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.busy[r.side].Add(-1)
		if o.inside[r]--; o.inside[r] == 0 {
			delete(o.inside, r)
		}
	}
}

// meet notes that a request has a call under way, and counts whom it meets there.
func (o *Overlaps) meet(r *underway) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.inside == nil {
		o.inside = make(map[*underway]int)
	}
	if r.number == 0 {
		o.last++
		r.number = o.last
	}
	for other := range o.inside {
		if other.side == r.side || r.met[other.number] || other.met[r.number] {
			continue
		}
		if r.met == nil {
			r.met = make(map[int64]bool)
		}
		r.met[other.number] = true
		o.count.Add(1)
	}
	o.inside[r]++
	o.busy[r.side].Add(1)
}

// company reports whether a call of another side is under way.
func (o *Overlaps) company(side int) bool {
	for i := range o.busy {
		if i != side && o.busy[i].Load() > 0 {
			return true
		}
	}
	return false
}

type watchedUsers struct {
	o *Overlaps
	s scim.UserStore
}

// CreateUser is that of the store, watched.
func (w watchedUsers) CreateUser(ctx context.Context, t scim.TenantID, u scim.User) (scim.User, error) {
	defer w.o.enter(ctx)()
	return w.s.CreateUser(ctx, t, u)
}

// User is that of the store, watched.
func (w watchedUsers) User(ctx context.Context, t scim.TenantID, id string) (scim.User, error) {
	defer w.o.enter(ctx)()
	return w.s.User(ctx, t, id)
}

// Users is that of the store, watched.
func (w watchedUsers) Users(ctx context.Context, t scim.TenantID, q scim.Query) (scim.Page[scim.User], error) {
	defer w.o.enter(ctx)()
	return w.s.Users(ctx, t, q)
}

// UpdateUser is that of the store, watched.
func (w watchedUsers) UpdateUser(ctx context.Context, t scim.TenantID, u scim.User) (scim.User, error) {
	defer w.o.enter(ctx)()
	return w.s.UpdateUser(ctx, t, u)
}

// DeleteUser is that of the store, watched.
func (w watchedUsers) DeleteUser(ctx context.Context, t scim.TenantID, id, version string) error {
	defer w.o.enter(ctx)()
	return w.s.DeleteUser(ctx, t, id, version)
}

type watchedGroups struct {
	o *Overlaps
	s scim.GroupStore
}

// CreateGroup is that of the store, watched.
func (w watchedGroups) CreateGroup(ctx context.Context, t scim.TenantID, g scim.Group, m scim.MemberChange) (scim.Group, error) {
	defer w.o.enter(ctx)()
	return w.s.CreateGroup(ctx, t, g, m)
}

// Group is that of the store, watched.
func (w watchedGroups) Group(ctx context.Context, t scim.TenantID, id string) (scim.Group, error) {
	defer w.o.enter(ctx)()
	return w.s.Group(ctx, t, id)
}

// Groups is that of the store, watched.
func (w watchedGroups) Groups(ctx context.Context, t scim.TenantID, q scim.Query) (scim.Page[scim.Group], error) {
	defer w.o.enter(ctx)()
	return w.s.Groups(ctx, t, q)
}

// UpdateGroup is that of the store, watched.
func (w watchedGroups) UpdateGroup(ctx context.Context, t scim.TenantID, g scim.Group, m scim.MemberChange) (scim.Group, error) {
	defer w.o.enter(ctx)()
	return w.s.UpdateGroup(ctx, t, g, m)
}

// DeleteGroup is that of the store, watched.
func (w watchedGroups) DeleteGroup(ctx context.Context, t scim.TenantID, id, version string) error {
	defer w.o.enter(ctx)()
	return w.s.DeleteGroup(ctx, t, id, version)
}

// Members is that of the store, watched.
func (w watchedGroups) Members(ctx context.Context, t scim.TenantID, group, after string, limit int) (scim.Page[scim.Member], error) {
	defer w.o.enter(ctx)()
	return w.s.Members(ctx, t, group, after, limit)
}

// GroupsOf is that of the store, watched.
func (w watchedGroups) GroupsOf(ctx context.Context, t scim.TenantID, scope scim.Scope, users []string) (map[string][]scim.Member, error) {
	defer w.o.enter(ctx)()
	return w.s.GroupsOf(ctx, t, scope, users)
}

// Forget is that of the store, watched.
func (w watchedGroups) Forget(ctx context.Context, t scim.TenantID, user string) error {
	defer w.o.enter(ctx)()
	return w.s.Forget(ctx, t, user)
}

var (
	_ scim.UserStore  = watchedUsers{}
	_ scim.GroupStore = watchedGroups{}
)
