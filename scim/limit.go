package scim

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"
)

// Limits bound what one request may cost. A zero field is the default.
type Limits struct {
	// Body is the size of a request body, in bytes; default 1 MiB, a hundred times the largest
	// user seen.
	Body int64
	// GroupBody is the same for groups, whose members travel in it; default 16 MiB, about
	// 200,000 members as Okta sends them.
	GroupBody int64
	// Operations is how many operations one PATCH may have; default 10,000, since some clients
	// send one for each member.
	Operations int
	// PageSize is how many resources one answer lists at most; default 200. A request for more
	// gets so many; with a cursor and Config.Strict it is refused, as RFC 9865 §2.1 has it.
	PageSize int
	// CursorLifetime is for how long the cursor of a listing is good; default 1 hour, at least a
	// second. Each page has new ones.
	CursorLifetime time.Duration
	// Rate is how many requests a second one token may sustain, with bursts of ten seconds' worth;
	// default 1,000. It is never below 25, which Entra ID asks for. Negative means no limit. The
	// count is kept per process.
	Rate int
}

// Defaults of Limits, and the lowest Rate.
const (
	defaultBody           = 1 << 20
	defaultGroupBody      = 16 << 20
	defaultOperations     = 10_000
	defaultPageSize       = 200
	defaultCursorLifetime = 1 * time.Hour
	defaultRate           = 1_000
	minimumRate           = 25
	usualPage             = 100
)

func (l Limits) withDefaults() (Limits, error) {
	if l.Body < 0 || l.GroupBody < 0 || l.Operations < 0 || l.PageSize < 0 || l.CursorLifetime < 0 {
		return l, fmt.Errorf("scim: Config.Limits: a limit is negative")
	}
	if 0 < l.CursorLifetime && l.CursorLifetime < time.Second {
		return l, fmt.Errorf("scim: Config.Limits.CursorLifetime is %v; it takes a client a second at least to ask for the next page", l.CursorLifetime)
	}
	if 0 < l.Rate && l.Rate < minimumRate {
		return l, fmt.Errorf("scim: Config.Limits.Rate is %d; identity providers need at least %d requests a second", l.Rate, minimumRate)
	}
	for _, d := range []struct {
		field *int
		value int
	}{{&l.Operations, defaultOperations}, {&l.PageSize, defaultPageSize}, {&l.Rate, defaultRate}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if l.Body == 0 {
		l.Body = defaultBody
	}
	if l.GroupBody == 0 {
		l.GroupBody = defaultGroupBody
	}
	if l.CursorLifetime == 0 {
		l.CursorLifetime = defaultCursorLifetime
	}
	return l, nil
}

// usualPage returns how many resources an answer lists when the request does not say.
func (l Limits) usualPage() int { return min(usualPage, l.PageSize) }

// A Limiter decides whether a principal may make a request now. It returns 0 if so, else after how
// long to ask again: the answer is a 429 that says so. It may be called concurrently.
type Limiter interface {
	Allow(ctx context.Context, who Principal) (wait time.Duration)
}

// buckets is the default Limiter: a token bucket for each key, in this process.
type buckets struct {
	rate, burst float64
	now         func() time.Time

	mu sync.Mutex
	m  map[Principal]*bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// maxBuckets bounds the map; only authenticated keys get in it. Beyond it full buckets are
// dropped, which forgets nothing; if all are in use, any one is.
const maxBuckets = 10_000

func newBuckets(rate int, now func() time.Time) *buckets {
	return &buckets{rate: float64(rate), burst: 10 * float64(rate), now: now, m: map[Principal]*bucket{}}
}

// Allow takes one from the principal's bucket.
func (b *buckets) Allow(_ context.Context, who Principal) time.Duration {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.m[who]
	if k == nil {
		b.prune(now)
		k = &bucket{left: b.burst, at: now}
		b.m[who] = k
	}
	k.left = b.level(k, now)
	k.at = now
	if k.left < 1 {
		return time.Duration(math.Ceil((1 - k.left) / b.rate * float64(time.Second)))
	}
	k.left--
	return 0
}

func (b *buckets) level(k *bucket, now time.Time) float64 {
	return min(b.burst, k.left+b.rate*max(0, now.Sub(k.at).Seconds()))
}

func (b *buckets) prune(now time.Time) {
	if len(b.m) < maxBuckets {
		return
	}
	for who, k := range b.m {
		if b.level(k, now) >= b.burst {
			delete(b.m, who)
		}
	}
	for who := range b.m {
		if len(b.m) < maxBuckets {
			return
		}
		delete(b.m, who)
	}
}
