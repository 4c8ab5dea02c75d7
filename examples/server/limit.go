package main

import (
	"net/netip"
	"sync"
	"time"
)

// Limits of sign-in. An office behind one address signs in in the morning, and nobody types faster.
const (
	addressBurst = 30
	addressEvery = 2 * time.Second
	loginBurst   = 6
	loginEvery   = time.Minute
	// maxBuckets bounds how many addresses or names are remembered, of which strangers have many.
	maxBuckets = 10_000
)

// A limiter lets through a burst of attempts for each key, and then one at a time.
type limiter struct {
	burst int
	every time.Duration
	now   func() time.Time

	mu   sync.Mutex
	full map[string]time.Time // when the bucket of a key is full again; full ones are not kept
}

func newLimiter(burst int, every time.Duration, now func() time.Time) *limiter {
	return &limiter{burst: burst, every: every, now: now, full: make(map[string]time.Time)}
}

// take returns 0 if an attempt may be made, and else how long to wait.
func (l *limiter) take(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	full := l.full[key]
	if full.Before(now) {
		full = now
	}
	full = full.Add(l.every)
	if wait := full.Sub(now) - time.Duration(l.burst)*l.every; wait > 0 {
		return wait
	}
	if len(l.full) >= maxBuckets {
		l.forgetSome(now)
	}
	l.full[key] = full
	return 0
}

// forgetSome makes room: of what is full, and where that is nothing, of any.
func (l *limiter) forgetSome(now time.Time) {
	for key, full := range l.full {
		if !full.After(now) {
			delete(l.full, key)
		}
	}
	for key := range l.full {
		if len(l.full) < maxBuckets/2 {
			return
		}
		delete(l.full, key)
	}
}

// forget gives a key its burst back.
func (l *limiter) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.full, key)
}

// addressKey is what is counted of an address: of IPv6 the network, since whoever has one has all of it.
func addressKey(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return addr
	}
	if ip = ip.Unmap(); ip.Is6() {
		if network, err := ip.WithZone("").Prefix(64); err == nil {
			return network.String()
		}
	}
	return ip.String()
}
