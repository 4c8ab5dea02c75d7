package saml

import (
	"crypto/sha256"
	"sync"
)

// A replayKey is the digest of a key, so that each takes the same room however long it was.
type replayKey [sha256.Size]byte

// A replay is a key that was used, and the Unix time until which that is remembered.
type replay struct {
	key   replayKey
	until int64
}

// A replayShard is a part of a MemoryReplays. Neither the map nor the heap holds a pointer: the
// garbage collector has nothing to follow.
type replayShard struct {
	mu     sync.Mutex
	keys   map[replayKey]struct{}
	byTime []replay // the same keys, a heap: the first expires first
	_      [64]byte // the lock of the next shard is in another cache line
}

// use remembers a key, unless it is remembered already or no place is left.
func (s *replayShard) use(m *MemoryReplays, r replay, now int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prune(m, now)
	if _, used := s.keys[r.key]; used {
		return ErrReplayed
	}
	if !m.take() {
		return errReplaysFull
	}
	s.keys[r.key] = struct{}{}
	s.push(r)
	return nil
}

// prune forgets what has expired, and returns how many keys that were.
func (s *replayShard) prune(m *MemoryReplays, now int64) (freed int64) {
	for len(s.byTime) > 0 && s.byTime[0].until <= now {
		delete(s.keys, s.byTime[0].key)
		s.pop()
		freed++
	}
	if freed > 0 {
		m.used.Add(-freed)
	}
	return freed
}

// push puts a key in its place in the heap. Keys come about in the order in which they expire, so
// few have to move.
func (s *replayShard) push(r replay) {
	s.byTime = append(s.byTime, r)
	h := s.byTime
	i := len(h) - 1
	for i > 0 && h[(i-1)/2].until > r.until {
		h[i] = h[(i-1)/2]
		i = (i - 1) / 2
	}
	h[i] = r
}

// pop removes the first key of the heap.
func (s *replayShard) pop() {
	h := s.byTime
	n := len(h) - 1
	last, i := h[n], 0
	for {
		child := 2*i + 1
		if child+1 < n && h[child+1].until < h[child].until {
			child++
		}
		if child >= n || h[child].until >= last.until {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = last
	s.byTime = h[:n]
}
