package scim

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
)

// A MemoryStore keeps users and groups in memory: for tests, and for a first try. It passes both
// suites of scimtest, and forgets everything when the process ends. The zero MemoryStore is empty
// and ready to use.
//
// What is stored never changes: a write puts a new record in the place of the old one. So a lock
// is held to find records and to place them, and never while a filter is matched or an answer is
// copied; and a query sees the users or groups of one moment.
//
// It keeps the IDs it is offered, and makes one where none is. Members have no display names.
type MemoryStore struct {
	writes  atomic.Uint64 // makes versions and IDs
	mu      sync.RWMutex
	tenants map[TenantID]*memoryTenant
}

var (
	_ UserStore  = (*MemoryStore)(nil)
	_ GroupStore = (*MemoryStore)(nil)
)

// A memoryTenant is what the store keeps of one tenant.
type memoryTenant struct {
	mu      sync.RWMutex // held for everything below
	users   table[*userRow]
	groups  table[*groupRow]
	members index[string] // ID of a member to the IDs of its groups
}

func newMemoryTenant() *memoryTenant {
	t := &memoryTenant{users: newTable[*userRow](userIndexes), groups: newTable[*groupRow](groupIndexes)}
	t.groups.also = t.groupsByMember
	return t
}

// tenant returns what is kept of a tenant. Nobody has to announce one.
func (s *MemoryStore) tenant(id TenantID) *memoryTenant {
	s.mu.RLock()
	t := s.tenants[id]
	s.mu.RUnlock()
	if t != nil {
		return t
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t = s.tenants[id]; t != nil {
		return t
	}
	if s.tenants == nil {
		s.tenants = make(map[TenantID]*memoryTenant)
	}
	t = newMemoryTenant()
	s.tenants[id] = t
	return t
}

// version returns a version that no resource of the store ever had.
func (s *MemoryStore) version() string { return strconv.FormatUint(s.writes.Add(1), 36) }

// newID returns an ID for a resource that came without: in the order of creation, and not to be
// guessed.
func (s *MemoryStore) newID() string { return fmt.Sprintf("%012x-%s", s.writes.Add(1), rand.Text()) }
