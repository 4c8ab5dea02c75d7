package provider

import (
	"slices"
	"sync"

	"github.com/seed-30109bde/gatehouse/scim"
)

// How much of what happened is kept in memory, and of how many providers: strangers make refusals.
const (
	keptRecent   = 100
	keptRecentOf = 1000
)

// A recent has the last things that happened with each provider, in this process.
type recent[T any] struct {
	mu   sync.Mutex
	of   map[recentKey][]T // the oldest first
	last []recentKey       // the one that nothing happened with for longest first
}

type recentKey struct {
	tenant   scim.TenantID
	provider ID
}

// keep remembers something.
func (l *recent[T]) keep(tenant scim.TenantID, id ID, v T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[recentKey][]T{}
	}
	key := recentKey{tenant, id}
	l.touch(key)
	list := append(l.of[key], v)
	if len(list) >= 2*keptRecent { // seldom, since it copies
		list = slices.Clone(list[len(list)-keptRecent:])
	}
	l.of[key] = list
}

// touch makes a provider the last one, and forgets the first where there are too many.
func (l *recent[T]) touch(key recentKey) {
	if n := len(l.last); n > 0 && l.last[n-1] == key {
		return
	}
	if i := slices.Index(l.last, key); i >= 0 {
		l.last = slices.Delete(l.last, i, i+1)
	}
	if l.last = append(l.last, key); len(l.last) > keptRecentOf {
		delete(l.of, l.last[0])
		l.last = slices.Delete(l.last, 0, 1)
	}
}

// list returns the last ones of a provider, the latest first.
func (l *recent[T]) list(tenant scim.TenantID, id ID) []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.of[recentKey{tenant, id}]
	list = slices.Clone(list[max(0, len(list)-keptRecent):])
	slices.Reverse(list)
	return list
}

// find returns one of a tenant that matches; nil = there is none.
func (l *recent[T]) find(tenant scim.TenantID, matches func(*T) bool) *T {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, list := range l.of {
		if key.tenant != tenant {
			continue
		}
		for i := range list {
			if matches(&list[i]) {
				v := list[i]
				return &v
			}
		}
	}
	return nil
}
