package saml

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"
)

var replayEpoch = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

// A replayClock is moved by hand.
type replayClock struct{ offset atomic.Int64 }

func (c *replayClock) now() time.Time          { return replayEpoch.Add(time.Duration(c.offset.Load())) }
func (c *replayClock) advance(d time.Duration) { c.offset.Add(int64(d)) }

func TestMemoryReplaysFull(t *testing.T) {
	const limit = 100
	var clock replayClock
	m := NewMemoryReplays(limit, clock.now)
	use := func(key string, d time.Duration) error { return m.Use(t.Context(), key, clock.now().Add(d)) }
	for i := range limit {
		if err := use(fmt.Sprint("key ", i), time.Duration(1+i%2)*time.Minute); err != nil {
			t.Fatalf("key %d of %d: %v", i, limit, err)
		}
	}
	for i := range 2 * replayShards { // whatever shard they fall under
		if err := use(fmt.Sprint("more ", i), time.Minute); !errors.Is(err, errReplaysFull) || errors.Is(err, ErrReplayed) {
			t.Fatalf("a key too many: got %v, want %v", err, errReplaysFull)
		}
	}
	for i := range limit {
		if err := use(fmt.Sprint("key ", i), time.Minute); !errors.Is(err, ErrReplayed) {
			t.Fatalf("key %d of a full cache: got %v, want %v", i, err, ErrReplayed)
		}
	}
	clock.advance(time.Minute)
	for i := range limit / 2 {
		if err := use(fmt.Sprint("next ", i), time.Minute); err != nil {
			t.Fatalf("key %d after half have expired: %v", i, err)
		}
	}
	if err := use("one more", time.Minute); !errors.Is(err, errReplaysFull) {
		t.Fatalf("full again: got %v, want %v", err, errReplaysFull)
	}
	for i := 1; i < limit; i += 2 {
		if err := use(fmt.Sprint("key ", i), time.Minute); !errors.Is(err, ErrReplayed) {
			t.Fatalf("key %d has not expired: got %v, want %v", i, err, ErrReplayed)
		}
	}
}

// The cache answers as a map does that forgets nothing and knows when each key expires.
func TestMemoryReplaysAgainstModel(t *testing.T) {
	const limit = 40
	random := rand.New(rand.NewPCG(1, 2))
	var clock replayClock
	m := NewMemoryReplays(limit, clock.now)
	model := make(map[string]time.Time)
	for step := range 50_000 {
		clock.advance(time.Duration(random.IntN(3000)) * time.Millisecond)
		now := clock.now().Truncate(time.Second)
		live := 0
		for _, until := range model {
			if until.After(now) {
				live++
			}
		}
		key := fmt.Sprint(random.IntN(150))
		until := now.Add(time.Duration(random.IntN(100)-5) * time.Second)
		var want error
		switch {
		case !until.After(now):
			want = errReplayLate
		case model[key].After(now):
			want = ErrReplayed
		case live == limit:
			want = errReplaysFull
		default:
			model[key] = until
		}
		if err := m.Use(t.Context(), key, until); err != want {
			t.Fatalf("step %d: got %v, want %v", step, err, want)
		}
	}
	if used := m.used.Load(); used > limit {
		t.Errorf("%d keys, limit %d", used, limit)
	}
}

func TestMemoryReplaysKeepsNothingExpired(t *testing.T) {
	var clock replayClock
	m := NewMemoryReplays(0, clock.now)
	for i := range 10_000 {
		if err := m.Use(t.Context(), fmt.Sprint(i), clock.now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	clock.advance(time.Hour)
	for i := range 10 * replayShards {
		if err := m.Use(t.Context(), fmt.Sprint("new ", i), clock.now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if used := m.used.Load(); used != 10*replayShards {
		t.Errorf("%d keys are kept, %d have not expired", used, 10*replayShards)
	}
	for i := range m.shards {
		if s := &m.shards[i]; len(s.keys) != len(s.byTime) {
			t.Errorf("shard %d: %d keys, %d times", i, len(s.keys), len(s.byTime))
		}
	}
}

func TestMemoryReplaysDefault(t *testing.T) {
	for _, limit := range []int{0, -1, math.MinInt} {
		if got := NewMemoryReplays(limit, time.Now).limit; got != DefaultReplays {
			t.Errorf("limit %d: got %d, want %d", limit, got, DefaultReplays)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("no clock, and no panic")
		}
	}()
	NewMemoryReplays(1, nil)
}

func TestRoundUp(t *testing.T) {
	for _, c := range []struct {
		at   time.Time
		want int64
	}{
		{time.Unix(7, 0), 7},
		{time.Unix(7, 1), 8},
		{time.Unix(7, 999_999_999), 8},
		{time.Unix(-7, 1), -6},
		{time.Date(9999, 12, 31, 23, 59, 59, 5, time.UTC), 253402300800},
	} {
		if got := roundUp(c.at); got != c.want {
			t.Errorf("%v: got %d, want %d", c.at, got, c.want)
		}
	}
}

func BenchmarkMemoryReplays(b *testing.B) {
	keys := make([]string, 1<<16)
	for i := range keys {
		keys[i] = fmt.Sprintf("%064x", i)
	}
	ctx := context.Background()
	b.Run("use", func(b *testing.B) { // each key expires after 2¹⁶ others
		var clock replayClock
		m := NewMemoryReplays(0, clock.now)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			clock.advance(time.Second)
			if err := m.Use(ctx, keys[i%len(keys)], clock.now().Add(time.Duration(len(keys))*time.Second)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("replay", func(b *testing.B) {
		var clock replayClock
		m := NewMemoryReplays(0, clock.now)
		until := clock.now().Add(time.Hour)
		m.Use(ctx, keys[0], until)
		b.ReportAllocs()
		for b.Loop() {
			if err := m.Use(ctx, keys[0], until); err != ErrReplayed {
				b.Fatal(err)
			}
		}
	})
	b.Run("full", func(b *testing.B) {
		var clock replayClock
		m := NewMemoryReplays(1<<12, clock.now)
		until := clock.now().Add(time.Hour)
		for _, key := range keys[:1<<12] {
			m.Use(ctx, key, until)
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if err := m.Use(ctx, keys[1<<12+i%(1<<12)], until); err != errReplaysFull {
				b.Fatal(err)
			}
		}
	})
	b.Run("parallel", func(b *testing.B) {
		var clock replayClock
		var n atomic.Int64
		m := NewMemoryReplays(0, clock.now)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				i := n.Add(1)
				clock.advance(time.Second)
				m.Use(ctx, keys[int(i)%len(keys)], clock.now().Add(time.Duration(len(keys))*time.Second))
			}
		})
	})
}
