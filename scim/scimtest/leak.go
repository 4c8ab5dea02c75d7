package scimtest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

// An Isolation says how long the requests of principals that must not see each other are mixed. The
// zero Isolation suits a test that is run with every change.
type Isolation struct {
	// Overlaps is how many to reach: pairs of requests of different principals that were in calls of
	// a store at the same time. 0 means 2,000.
	Overlaps int
	// Requests ends the test where stores let few calls overlap; 0 means 10 for each overlap.
	Requests int
	// Workers is how many requests a principal has under way at once; 0 means 2.
	Workers int
	// Seed is that of what is asked. In which order the answers come is for the scheduler.
	Seed uint64
}

// A Site is one endpoint as three principals reach it: two identity providers of one tenant, and
// one of another tenant, whose manager has the name of the first. It has no users and no groups,
// and limits nobody's rate.
type Site struct {
	First, Second, Neighbor Host
	// User is what a user must have beside a userName, where the host asks for more, such as the
	// attributes of an extension by its URN.
	User map[string]any
}

// TestIsolation is the test of the zero [Isolation].
func TestIsolation(t *testing.T, open func(t *testing.T, o *Overlaps) Site) {
	Isolation{}.Test(t, open)
}

// Test tests that nothing of one principal reaches another. All three send requests at once, over
// all that the endpoint serves. Whatever they send carries canaries, texts of their own, and
// every answer is searched for those of the others; what they learn of each other, IDs, names,
// versions and cursors, they use, and must be told what they are told of things that do not exist.
// Every total has to be what its principal has created.
//
// open returns the endpoint, over stores that were wrapped by [Overlaps.Wrap]: calls of different
// principals wait for each other there and are counted. The test logs how many it had.
func (i Isolation) Test(t *testing.T, open func(t *testing.T, o *Overlaps) Site) {
	o := new(Overlaps)
	m := i.mix(t, open(t, o), o)
	t.Logf("%d overlaps in %d requests", o.Count(), m.requests.Load())
}

func (i Isolation) withDefaults() Isolation {
	if i.Overlaps <= 0 {
		i.Overlaps = 2_000
	}
	if i.Requests <= 0 {
		i.Requests = 10 * i.Overlaps
	}
	if i.Workers <= 0 {
		i.Workers = 2
	}
	return i
}

// sides is how many principals there are.
const sides = 3

var sideNames = [sides]string{"the first provider", "the second provider of the tenant", "the neighbor"}

// A mixture is the requests of all sides at one endpoint.
type mixture struct {
	reporter
	Isolation
	overlaps *Overlaps
	user     map[string]any
	canaries canaries
	sides    [sides]*side
	groups   bool // the endpoint serves groups

	requests atomic.Int64
	mu       sync.Mutex
	failures int
}

// mostFailures is how many are reported before the test ends.
const mostFailures = 3

// mix sends requests until there were enough overlaps, and reports what went wrong.
func (i Isolation) mix(r reporter, site Site, o *Overlaps) *mixture {
	m := &mixture{reporter: r, Isolation: i.withDefaults(), overlaps: o, user: site.User}
	for n, h := range []Host{site.First, site.Second, site.Neighbor} {
		m.sides[n] = &side{index: n, host: h, count: map[string]*tally{"Users": {}, "Groups": {}}}
	}
	m.groups = m.servesGroups()
	var done sync.WaitGroup
	for n := range m.Workers * sides {
		w := &worker{mixture: m, side: m.sides[n%sides], index: n / sides, random: rand.New(rand.NewPCG(m.Seed, uint64(n)))}
		done.Go(w.work)
	}
	done.Wait()
	if o.Count() == 0 && m.failures == 0 {
		r.Errorf("no two calls of different principals overlapped in %d requests: are the stores wrapped, and is the context of the request passed on to them?", m.requests.Load())
	}
	return m
}

// over reports whether the test has ended.
func (m *mixture) over() bool {
	if m.overlaps.Count() >= m.Overlaps || m.requests.Load() >= int64(m.Requests) || m.Context().Err() != nil {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.failures >= mostFailures
}

// fail reports what a side saw that it must not have.
func (m *mixture) fail(e *exchanged, format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failures++; m.failures > mostFailures {
		return
	}
	m.Errorf("at overlap %d, request %d, %s: %s\nsent\n%s\nreceived\n%s", m.overlaps.Count(), m.requests.Load(),
		sideNames[e.side], fmt.Sprintf(format, args...), indent(shortened(e.sent)), indent(shortened(e.text)))
}

// shownBytes is how much of a request or an answer a report repeats.
const shownBytes = 1200

func shortened(s string) string {
	if len(s) > shownBytes {
		return s[:shownBytes] + " …"
	}
	return s
}

// search looks for what others sent, and this request did not.
func (m *mixture) search(e *exchanged) {
	own := 'a' + byte(e.side)
	var sent map[string]canary
	for text, c := range m.canaries.in(e.text) {
		if c.side == own {
			continue
		}
		if sent == nil {
			sent = m.canaries.in(e.sent)
		}
		if _, asked := sent[text]; asked || int(c.side-'a') >= sides {
			continue
		}
		m.fail(e, "the answer shows %q, a %s of %s", text, canaryKinds[c.kind], sideNames[c.side-'a'])
		return
	}
}
