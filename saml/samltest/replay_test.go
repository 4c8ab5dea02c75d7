package samltest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
)

func TestMemoryReplays(t *testing.T) {
	TestReplayCache(t, func(t *testing.T, now func() time.Time) saml.ReplayCache {
		return saml.NewMemoryReplays(2000, now)
	})
}

// A cache that refuses a replay with an error of its own around ErrReplayed passes, and one that
// keeps times in whole seconds, rounded up.
func TestReplayCacheMayDiffer(t *testing.T) {
	TestReplayCache(t, func(t *testing.T, now func() time.Time) saml.ReplayCache {
		c := saml.NewMemoryReplays(2000, now)
		return useFunc(func(ctx context.Context, key string, until time.Time) error {
			if err := c.Use(ctx, key, until.Add(time.Second-1).Truncate(time.Second)); err != nil {
				return fmt.Errorf("table replays: %w", err)
			}
			return nil
		})
	})
}

// useFunc is a cache made of a function.
type useFunc func(ctx context.Context, key string, until time.Time) error

func (f useFunc) Use(ctx context.Context, key string, until time.Time) error {
	return f(ctx, key, until)
}

// A replayNotebook keeps what a trial reports instead of failing a test.
type replayNotebook struct {
	ctx   context.Context
	mu    sync.Mutex
	notes []string
}

func (r *replayNotebook) Context() context.Context { return r.ctx }
func (r *replayNotebook) Helper()                  {}

func (r *replayNotebook) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

func TestReplayFaults(t *testing.T) {
	for _, f := range replayFaults {
		t.Run(f.fault, func(t *testing.T) {
			i := slices.IndexFunc(replayPromises, func(p replayPromise) bool { return p.name == f.breaks })
			if i < 0 {
				t.Fatalf("no promise %q", f.breaks)
			}
			p, clock := replayPromises[i], newReplayClock()
			r := &replayNotebook{ctx: t.Context()}
			tryReplays(r, p, f.plant(clock.now), clock)
			if len(r.notes) == 0 {
				t.Fatalf("not found by %q", p.name)
			}
			for _, n := range r.notes {
				if !strings.Contains(n, p.promise) {
					t.Errorf("the report does not name the promise: %s", n)
				}
			}
			t.Log(r.notes[0])
		})
	}
}

// A promise that no fault breaks may be one that nothing can break.
func TestEveryReplayPromiseCanBeBroken(t *testing.T) {
	seen := make(map[string]bool)
	for _, p := range replayPromises {
		if seen[p.name] {
			t.Errorf("two promises are called %q", p.name)
		}
		seen[p.name] = true
		if !slices.ContainsFunc(replayFaults, func(f replayFault) bool { return f.breaks == p.name }) {
			t.Errorf("no planted fault breaks %q", p.name)
		}
	}
}
