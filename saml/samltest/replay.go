package samltest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
)

// TestReplayCache tests that a cache keeps every promise of [saml.ReplayCache]: a subtest each,
// whose failure says which promise was broken. open returns an empty cache with room for 2,000 keys,
// which asks now for the time; it is called anew for each promise. The clock stands still until a
// promise moves it. Times may be kept in whole seconds if they are rounded up.
func TestReplayCache(t *testing.T, open func(t *testing.T, now func() time.Time) saml.ReplayCache) {
	for _, p := range replayPromises {
		t.Run(p.name, func(t *testing.T) {
			clock := newReplayClock()
			tryReplays(t, p, open(t, clock.now), clock)
		})
	}
}

// A replayPromise is one sentence of the contract, and how to find out whether it is kept.
type replayPromise struct {
	name, promise string
	check         func(*replayTrial)
}

var replayPromises = []replayPromise{
	{"once", "the first use of a key returns nil, and every later one ErrReplayed", usedOnce},
	{"at once", "of concurrent uses of a key exactly one returns nil, and the others ErrReplayed", usedAtOnce},
	{"at once again", "of concurrent uses of a key that has expired exactly one returns nil, and the others ErrReplayed", usedAtOnceAgain},
	{"until", "a key is remembered until the very time that was given", usedUntil},
	{"first time counts", "a replay does not change how long the key is remembered", firstTimeCounts},
	{"free again", "a key whose time is over is free to be used once more", freeAgain},
	{"keys are apart", "keys are different if one character is, or if one is longer, up to 128 characters", keysApart},
	{"many keys", "a key is not forgotten because many others are used", manyKeys},
	{"any zone", "until is a moment, whatever its time zone", anyZone},
	{"far away", "until may be thousands of years away", farAway},
	{"too late", "a key whose time is already over was perhaps used and forgotten: its use returns an error", tooLate},
	{"canceled", "a use whose context is canceled returns an error that is no verdict, and uses nothing", canceled},
}

// A replayReporter is told what was found. It is a *testing.T, but in the tests of the suite.
type replayReporter interface {
	Context() context.Context
	Helper()
	Errorf(format string, args ...any)
}

// A replayTrial is one promise put to the test on an empty cache.
type replayTrial struct {
	replayReporter
	promise string
	cache   saml.ReplayCache
	*replayClock
}

// tryReplays puts one promise to the test.
func tryReplays(r replayReporter, p replayPromise, cache saml.ReplayCache, clock *replayClock) {
	p.check(&replayTrial{r, p.promise, cache, clock})
}

// A replayClock stands still until it is moved.
type replayClock struct {
	mu sync.Mutex
	t  time.Time
}

func newReplayClock() *replayClock {
	return &replayClock{t: time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)}
}

func (c *replayClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *replayClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// in returns the time after so long.
func (c *replayClock) in(d time.Duration) time.Time { return c.now().Add(d) }

// broken reports what was seen instead of what was promised. The trial goes on.
func (t *replayTrial) broken(format string, args ...any) {
	t.Helper()
	t.Errorf("promised: %s\nbroken:   %s", t.promise, fmt.Sprintf(format, args...))
}

// accepts expects a key to be usable, replayed expects that it was used.
func (t *replayTrial) accepts(key string, until time.Time, when string) {
	t.Helper()
	if err := t.cache.Use(t.Context(), key, until); err != nil {
		t.broken("%s: got error %v, want none", when, err)
	}
}

func (t *replayTrial) replayed(key string, until time.Time, when string) {
	t.Helper()
	if err := t.cache.Use(t.Context(), key, until); !errors.Is(err, saml.ErrReplayed) {
		t.broken("%s: got error %v, want ErrReplayed", when, err)
	}
}

// replayKeyOf returns a key as package saml makes them: 64 hexadecimal digits.
func replayKeyOf(i int) string { return fmt.Sprintf("%064x", i) }

func usedOnce(t *replayTrial) {
	until := t.in(5 * time.Minute)
	t.accepts(replayKeyOf(1), until, "the first use")
	t.replayed(replayKeyOf(1), until, "the second use")
	t.advance(time.Minute)
	t.replayed(replayKeyOf(1), until, "the third use, a minute later")
	t.accepts(replayKeyOf(2), until, "the first use of another key")
}

// race uses each of some keys in goroutines that start together.
func (t *replayTrial) race(keys, uses int, until time.Time, when string) {
	t.Helper()
	errs := make([]error, keys*uses)
	var begin, end sync.WaitGroup
	begin.Add(1)
	for i := range errs {
		end.Go(func() {
			begin.Wait()
			errs[i] = t.cache.Use(t.Context(), replayKeyOf(i%keys), until)
		})
	}
	begin.Done()
	end.Wait()
	accepted := make([]int, keys)
	for i, err := range errs {
		if err == nil {
			accepted[i%keys]++
		} else if !errors.Is(err, saml.ErrReplayed) {
			t.broken("%s: got error %v, want none or ErrReplayed", when, err)
		}
	}
	for i, n := range accepted {
		if n != 1 {
			t.broken("%s: key %d was accepted %d times in %d uses", when, i, n, uses)
		}
	}
}

func usedAtOnce(t *replayTrial) { t.race(8, 16, t.in(5*time.Minute), "new keys") }

func usedAtOnceAgain(t *replayTrial) {
	for i := range 8 {
		t.accepts(replayKeyOf(i), t.in(time.Minute), "the first use")
	}
	t.advance(2 * time.Minute)
	t.race(8, 16, t.in(5*time.Minute), "keys that have expired")
}

func usedUntil(t *replayTrial) {
	for i, d := range []time.Duration{1900 * time.Millisecond, time.Minute + 500*time.Millisecond, time.Hour, 30 * 24 * time.Hour} {
		until := t.in(d)
		t.accepts(replayKeyOf(i), until, "the first use")
		t.advance(d - 10*time.Millisecond)
		t.replayed(replayKeyOf(i), until, fmt.Sprintf("10 ms before the %v are over", d))
	}
}

func firstTimeCounts(t *replayTrial) {
	t.accepts(replayKeyOf(1), t.in(time.Hour), "the first use, for an hour")
	t.replayed(replayKeyOf(1), t.in(time.Minute), "the second use, for a minute")
	t.advance(10 * time.Minute)
	t.replayed(replayKeyOf(1), t.in(time.Minute), "10 minutes later")
}

func freeAgain(t *replayTrial) {
	for _, round := range []string{"first", "second", "third"} {
		t.accepts(replayKeyOf(1), t.in(time.Minute), "the "+round+" time, the first use")
		t.replayed(replayKeyOf(1), t.in(time.Minute), "the "+round+" time, the second use")
		t.advance(time.Minute + 2*time.Second)
	}
}

func keysApart(t *replayTrial) {
	until := t.in(5 * time.Minute)
	for _, n := range []int{40, 64, 128} { // SHA-1, SHA-256 and SHA-512
		zeros := strings.Repeat("0", n-1)
		for _, key := range []string{zeros + "0", zeros + "1", "1" + zeros} {
			t.accepts(key, until, fmt.Sprintf("the first use of one of %d characters", n))
		}
	}
	last := strings.Repeat("0", 127) + "1"
	t.replayed(last, until, "the second use of one of 128 characters")
}

func manyKeys(t *replayTrial) {
	const many = 1500
	for i := range many {
		t.accepts(replayKeyOf(i), t.in(time.Hour), fmt.Sprintf("the first use of key %d", i))
	}
	for i := 0; i < many; i += 25 {
		t.replayed(replayKeyOf(i), t.in(time.Hour), fmt.Sprintf("key %d after %d", i, many))
	}
}

func anyZone(t *replayTrial) {
	for i, hours := range []int{-12, 14} {
		zone := time.FixedZone("somewhere", hours*60*60)
		d := 2 * time.Hour
		t.accepts(replayKeyOf(i), t.in(d).In(zone), "the first use")
		t.advance(d - time.Minute)
		t.replayed(replayKeyOf(i), t.in(time.Minute).In(zone), "a minute before it is over")
		t.advance(time.Minute + 2*time.Second)
		t.accepts(replayKeyOf(i), t.in(d).In(zone), "after it is over")
	}
}

func farAway(t *replayTrial) {
	for _, year := range []int{2039, 2263, 9999} {
		until := time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC)
		t.accepts(replayKeyOf(year), until, fmt.Sprintf("the first use, until %d", year))
		t.advance(time.Hour)
		t.replayed(replayKeyOf(year), until, fmt.Sprintf("an hour later, until %d", year))
	}
}

func tooLate(t *replayTrial) {
	until := t.in(time.Minute)
	t.accepts(replayKeyOf(1), until, "the first use")
	t.advance(time.Minute + 2*time.Second)
	for i, key := range []string{replayKeyOf(1), replayKeyOf(2)} {
		if t.cache.Use(t.Context(), key, until) == nil {
			t.broken("key %d after its time is over: accepted", i+1)
		}
	}
}

func canceled(t *replayTrial) {
	until := t.in(5 * time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	t.accepts(replayKeyOf(1), until, "the first use of a key")
	for i := 1; i <= 2; i++ {
		err := t.cache.Use(ctx, replayKeyOf(i), until)
		if err == nil || errors.Is(err, saml.ErrReplayed) {
			t.broken("key %d with a canceled context: got error %v, want one that is no verdict", i, err)
		}
	}
	t.accepts(replayKeyOf(2), until, "after a use that was canceled")
	t.replayed(replayKeyOf(1), until, "the second use, after one that was canceled")
}
