package scimtest

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// A side is one principal: how it reaches the endpoint, what it has, and what others may learn of it.
type side struct {
	index int
	host  Host

	// alone is held by every request of the side, and by one that must be the only one.
	alone sync.RWMutex
	count map[string]*tally // by kind

	mu     sync.Mutex
	shown  []*resource // what the others ask for
	fixed  []*resource // those of them that are never deleted
	cursor []string
	taken  string // the first answer to a create of a name that is taken
}

// A tally counts the resources of a side. While requests are under way their number is between two
// bounds.
type tally struct{ creating, created, deleting, deleted atomic.Int64 }

// during calls f and returns how many resources there were at least and at most while it ran.
func (t *tally) during(f func()) (least, most int64) {
	created, deleted := t.created.Load(), t.deleted.Load()
	f()
	return created - t.deleting.Load(), t.creating.Load() - deleted
}

// A resource is a user or a group of a side.
type resource struct {
	kind                           string // Users or Groups
	id, name, external, mail, mark string
	etag                           string
	members                        map[string]bool
	common                         bool // its name is no canary
}

// show lets the others know a resource.
func (s *side) show(r *resource, fixed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	copied := *r
	copied.members = nil
	if fixed {
		s.fixed = append(s.fixed, &copied)
	}
	const most = 64
	if s.shown = append(s.shown, &copied); len(s.shown) > most {
		s.shown = s.shown[1:]
	}
}

// some returns a resource of a kind that the others may know, or nil.
func (s *side) some(random *rand.Rand, kind string, fixed bool) *resource {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.shown
	if fixed {
		list = s.fixed
	}
	for range 8 {
		if len(list) > 0 {
			if r := pick(random, list); r.kind == kind {
				return r
			}
		}
	}
	return nil
}
