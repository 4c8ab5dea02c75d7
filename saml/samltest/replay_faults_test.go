package samltest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
)

// A replayFault is a cache that breaks a promise.
type replayFault struct {
	fault, breaks string
	plant         func(now func() time.Time) saml.ReplayCache
}

// changed is a correct cache that is told, and tells, something else.
func altered(change func(c saml.ReplayCache, now func() time.Time) useFunc) func(func() time.Time) saml.ReplayCache {
	return func(now func() time.Time) saml.ReplayCache {
		return change(saml.NewMemoryReplays(2000, now), now)
	}
}

// retimed is a correct cache that is told another time.
func retimed(change func(now, until time.Time) time.Time) func(func() time.Time) saml.ReplayCache {
	return altered(func(c saml.ReplayCache, now func() time.Time) useFunc {
		return func(ctx context.Context, key string, until time.Time) error {
			return c.Use(ctx, key, change(now(), until))
		}
	})
}

// renamed is a correct cache that is told another key.
func renamed(change func(key string) string) func(func() time.Time) saml.ReplayCache {
	return altered(func(c saml.ReplayCache, _ func() time.Time) useFunc {
		return func(ctx context.Context, key string, until time.Time) error {
			return c.Use(ctx, change(key), until)
		}
	})
}

// A looseMap looks first and writes later, and another may come between.
type looseMap struct {
	mu      sync.Mutex
	until   map[string]time.Time
	now     func() time.Time
	oneStep func(seen bool) bool // whether to look and write in one step after all
	extend  bool                 // a replay writes its own time
	max     int                  // forgets any key beyond so many, 0 = never
}

func (m *looseMap) Use(ctx context.Context, key string, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !until.After(m.now()) {
		return errors.New("late")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	old, seen := m.until[key]
	if !m.oneStep(seen) {
		m.mu.Unlock()
		time.Sleep(time.Millisecond) // lets others run between the steps
		m.mu.Lock()
	}
	replayed := old.After(m.now())
	if !replayed || m.extend {
		m.until[key] = until
	}
	for k := range m.until {
		if m.max > 0 && len(m.until) > m.max && k != key {
			delete(m.until, k)
		}
	}
	if replayed {
		return saml.ErrReplayed
	}
	return nil
}

func loose(set func(*looseMap)) func(func() time.Time) saml.ReplayCache {
	return func(now func() time.Time) saml.ReplayCache {
		m := &looseMap{until: make(map[string]time.Time), now: now, oneStep: func(bool) bool { return true }}
		set(m)
		return m
	}
}

var replayFaults = []replayFault{
	{"nothing is remembered", "once", func(func() time.Time) saml.ReplayCache {
		return useFunc(func(context.Context, string, time.Time) error { return nil })
	}},
	{"nothing is accepted", "once", func(func() time.Time) saml.ReplayCache {
		return useFunc(func(context.Context, string, time.Time) error { return saml.ErrReplayed })
	}},
	{"a replay is any error", "once", altered(func(c saml.ReplayCache, _ func() time.Time) useFunc {
		return func(ctx context.Context, key string, until time.Time) error {
			if c.Use(ctx, key, until) != nil {
				return errors.New("duplicate key")
			}
			return nil
		}
	})},
	{"it looks, then writes", "at once", loose(func(m *looseMap) {
		m.oneStep = func(bool) bool { return false }
	})},
	{"a database that is locked refuses", "at once", func(now func() time.Time) saml.ReplayCache {
		c := saml.NewMemoryReplays(2000, now)
		var mu sync.Mutex
		return useFunc(func(ctx context.Context, key string, until time.Time) error {
			if !mu.TryLock() {
				return errors.New("locked")
			}
			defer mu.Unlock()
			time.Sleep(time.Millisecond)
			return c.Use(ctx, key, until)
		})
	}},
	{"what has expired is removed, then written", "at once again", loose(func(m *looseMap) {
		m.oneStep = func(seen bool) bool { return !seen }
	})},
	{"times are cut to seconds", "until", retimed(func(now, until time.Time) time.Time {
		return until.Truncate(time.Second)
	})},
	{"a key is remembered for ten minutes", "until", retimed(func(now, until time.Time) time.Time {
		return now.Add(10 * time.Minute)
	})},
	{"times are kept for a day at most", "until", retimed(func(now, until time.Time) time.Time {
		if day := now.Add(24 * time.Hour); until.After(day) {
			return day
		}
		return until
	})},
	{"a replay writes its time", "first time counts", loose(func(m *looseMap) { m.extend = true })},
	{"nothing expires", "free again", retimed(func(now, until time.Time) time.Time {
		return until.AddDate(1, 0, 0)
	})},
	{"what was forgotten once is never remembered again", "free again", altered(func(c saml.ReplayCache, _ func() time.Time) useFunc {
		accepted := make(map[string]int)
		return func(ctx context.Context, key string, until time.Time) error {
			err := c.Use(ctx, key, until)
			if err == nil {
				accepted[key]++
			}
			if accepted[key] > 1 {
				return nil
			}
			return err
		}
	})},
	{"keys are cut", "keys are apart", renamed(func(key string) string { return key[:min(len(key), 100)] })},
	{"keys are cut at the front", "keys are apart", renamed(func(key string) string { return key[max(0, len(key)-64):] })},
	{"keys are numbers", "keys are apart", renamed(func(key string) string {
		for len(key) > 1 && key[0] == '0' {
			key = key[1:]
		}
		return key
	})},
	{"any key gives way when there are a thousand", "many keys", loose(func(m *looseMap) { m.max = 1000 })},
	{"it is full at a thousand", "many keys", func(now func() time.Time) saml.ReplayCache {
		return saml.NewMemoryReplays(1000, now)
	}},
	{"local times are kept without their zone", "any zone", retimed(func(now, until time.Time) time.Time {
		y, m, d := until.Date()
		return time.Date(y, m, d, until.Hour(), until.Minute(), until.Second(), until.Nanosecond(), time.UTC)
	})},
	{"times are counted in nanoseconds", "far away", retimed(func(now, until time.Time) time.Time {
		return time.Unix(0, until.UnixNano())
	})},
	{"times are counted in 32 bits", "far away", retimed(func(now, until time.Time) time.Time {
		return time.Unix(int64(int32(until.Unix())), 0)
	})},
	{"late is as good as never", "too late", altered(func(c saml.ReplayCache, now func() time.Time) useFunc {
		return func(ctx context.Context, key string, until time.Time) error {
			if !until.After(now()) {
				return nil
			}
			return c.Use(ctx, key, until)
		}
	})},
	{"the context is not asked", "canceled", altered(func(c saml.ReplayCache, _ func() time.Time) useFunc {
		return func(_ context.Context, key string, until time.Time) error {
			return c.Use(context.Background(), key, until)
		}
	})},
	{"canceled is a verdict", "canceled", altered(func(c saml.ReplayCache, _ func() time.Time) useFunc {
		return func(ctx context.Context, key string, until time.Time) error {
			if c.Use(ctx, key, until) != nil {
				return saml.ErrReplayed
			}
			return nil
		}
	})},
	{"a canceled use counts", "canceled", altered(func(c saml.ReplayCache, _ func() time.Time) useFunc {
		return func(ctx context.Context, key string, until time.Time) error {
			err := c.Use(context.WithoutCancel(ctx), key, until)
			return errors.Join(err, ctx.Err())
		}
	})},
}
