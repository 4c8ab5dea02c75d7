package saml

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync/atomic"
	"time"
)

// DefaultReplays is how many keys a [MemoryReplays] remembers at once unless it is told otherwise.
// Most assertions are good for an hour at most, so this is 70 sign-ins a second. A key takes about
// 120 bytes: 30 MiB when it is full.
const DefaultReplays = 1 << 18

// replayShards is how many locks share the work. Callers wait for each other only if their keys
// fall under the same one.
const replayShards = 32

var (
	errReplaysFull = errors.New("saml: the replay cache is full of keys that have not expired")
	errReplayLate  = errors.New("saml: it is too late to use the key once")
)

// A MemoryReplays is a [ReplayCache] in the memory of one process: for a host that runs one, and for
// tests. What it remembers is lost when the process ends, and then an assertion that is still good
// works once more.
//
// It never forgets a key before its time. When it is full of keys that have not expired, Use returns
// an error that is no verdict, and nobody signs in until some have. Only what an identity provider
// has signed takes a place; tenants who must not be able to fill each other's need one cache each.
//
// It starts no goroutine: keys that have expired make room when others are used.
type MemoryReplays struct {
	limit  int64
	now    func() time.Time
	used   atomic.Int64 // of limit
	shards [replayShards]replayShard
}

var _ ReplayCache = (*MemoryReplays)(nil)

// NewMemoryReplays returns an empty cache with room for so many keys; 0 or less means
// [DefaultReplays]. It panics without a clock.
func NewMemoryReplays(limit int, now func() time.Time) *MemoryReplays {
	if now == nil {
		panic("saml: NewMemoryReplays: now is nil")
	}
	if limit <= 0 {
		limit = DefaultReplays
	}
	m := &MemoryReplays{limit: int64(limit), now: now}
	for i := range m.shards {
		m.shards[i].keys = make(map[replayKey]struct{})
	}
	return m
}

// Use implements [ReplayCache]. Times are rounded up to seconds. A key whose time is already over
// cannot be promised to work once, since it may have been used and forgotten: that is an error.
func (m *MemoryReplays) Use(ctx context.Context, key string, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now := m.now().Unix()
	r := replay{replayKey(sha256.Sum256([]byte(key))), roundUp(until)}
	if r.until <= now {
		return errReplayLate
	}
	s := &m.shards[r.key[0]%replayShards]
	err := s.use(m, r, now)
	if errors.Is(err, errReplaysFull) && m.prune(now) > 0 {
		err = s.use(m, r, now)
	}
	return err
}

// prune makes room in all shards, and returns how much. Each key is pruned once, so all calls
// together cost no more than the uses did.
func (m *MemoryReplays) prune(now int64) (freed int64) {
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		freed += s.prune(m, now)
		s.mu.Unlock()
	}
	return freed
}

// take takes a place, if one is left.
func (m *MemoryReplays) take() bool {
	for {
		n := m.used.Load()
		if n >= m.limit {
			return false
		}
		if m.used.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// roundUp returns the Unix time in seconds, never too early.
func roundUp(t time.Time) int64 {
	s := t.Unix()
	if t.Nanosecond() > 0 {
		s++
	}
	return s
}
