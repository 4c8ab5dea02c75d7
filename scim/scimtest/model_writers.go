package scimtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A writerPromise is a promise that is put to the test by many who write at once.
type writerPromise struct {
	name, promise string
	check         func(*writers)
	of            func(scim.Stores) bool // whether the stores have what it is about; nil if all do
}

var writerPromises = []writerPromise{
	{"concurrent increments", "of concurrent updates by version none that was acknowledged is lost, and none was of an old version", (*writers).increments, nil},
	{"concurrent members", "the members of a group are those that were added and not removed, whoever else changes it", (*writers).crowd, func(s scim.Stores) bool { return s.Groups != nil }},
	{"concurrent creates", "of concurrent creates of one name exactly one succeeds, the others are conflicts", (*writers).winners, nil},
	{"concurrent names", "whatever is created, renamed and deleted at once, no listing shows a name twice, and what is left is what was acknowledged", (*writers).pool, nil},
	{"concurrent transactions", "transactions that run at once are each carried out whole or not at all", (*writers).transfers, func(s scim.Stores) bool { return s.Transact != nil }},
}

// writers is one promise put to the test on empty stores.
type writers struct {
	*trial
	Model
	stores scim.Stores

	mu   sync.Mutex
	seen map[string]string // what a version of a resource showed
}

// race puts a promise to the test.
func (m Model) race(r reporter, p writerPromise, s scim.Stores) {
	t := &trial{reporter: r, promise: p.promise, users: s.Users, groups: s.Groups}
	users, err := scim.UserRegistry(hostSchema)
	t.must(err, "registry")
	t.kind = userKind{s.Users, users}
	p.check(&writers{trial: t, Model: m, stores: s, seen: make(map[string]string)})
}

// together has every writer take its turns, by chances of its own, while two read until the writers
// are done. Writers go on for a while where readers are slow, so that there is something to see.
func (w *writers) together(turn func(i int, random *rand.Rand) error, read func() error) {
	var left, reads atomic.Int64
	left.Store(int64(w.Writers))
	write := func(i int) error {
		defer left.Add(-1)
		random := rand.New(rand.NewPCG(uint64(i), 1))
		for n := 0; n < w.Turns || reads.Load() < enoughReads && n < mostTurns*w.Turns; n++ {
			if err := turn(i, random); err != nil {
				return fmt.Errorf("writer %d: %w", i, err)
			}
		}
		return nil
	}
	for _, err := range w.atOnce(w.Writers+2, func(i int) error {
		if i < w.Writers {
			return write(i)
		}
		for left.Load() > 0 {
			if err := read(); err != nil {
				return fmt.Errorf("who reads meanwhile: %w", err)
			}
			reads.Add(1)
		}
		return nil
	}) {
		if err != nil {
			w.broken("%v", err)
		}
	}
}

// How many reads writers wait for, and how many times their turns they take at most.
const (
	enoughReads = 10
	mostTurns   = 50
)

// until calls f again while the store is unavailable, or the version was stale: each time it is,
// somebody else was faster, which has an end.
func (w *writers) until(f func() error) error {
	for n := 0; ; n++ {
		err := f()
		switch {
		case errors.Is(err, scim.ErrStale) && n < mostStale:
		case n < tries && unavailable(w.Context(), err):
		default:
			return err
		}
	}
}

// mostStale is how often a version may be stale, far beyond what others write.
const mostStale = 10_000

// patiently calls f again while the store is unavailable. A stale version is an answer.
func (w *writers) patiently(f func() error) (err error) {
	for n := 0; n < tries; n++ {
		if err = f(); !unavailable(w.Context(), err) {
			break
		}
	}
	return err
}

// show remembers what a version of a resource showed, and says if it showed something else before.
func (w *writers) show(i item) error {
	key, now := i.ID+" "+i.Version, i.Name+" "+i.ExternalID
	w.mu.Lock()
	defer w.mu.Unlock()
	if was, known := w.seen[key]; known && was != now {
		return fmt.Errorf("the version %q of %q is %q and was %q", i.Version, i.ID, now, was)
	}
	w.seen[key] = now
	return nil
}

// number reads and writes the number that a counter holds.
func number(i item) (n int) {
	fmt.Sscan(i.ExternalID, &n)
	return n
}

// add adds to a counter by compare and swap.
func (w *writers) add(id string, by int) error {
	return w.until(func() error {
		i, err := w.get(w.Context(), red, id)
		if err != nil {
			return err
		}
		i.ExternalID = fmt.Sprint(number(i) + by)
		if i, err = w.update(w.Context(), red, i); err != nil {
			return err
		}
		return w.show(i)
	})
}

// counters makes users that each hold a number.
func (w *writers) counters(n, start int) []string {
	var ids []string
	for k := range n {
		i := w.newItem(entra, fmt.Sprint("counter ", k))
		i.ExternalID = fmt.Sprint(start)
		ids = append(ids, w.store(red, i).ID)
	}
	return ids
}

func (w *writers) increments() {
	ids := w.counters(3, 0)
	acknowledged := make([]atomic.Int64, len(ids))
	w.together(func(_ int, random *rand.Rand) error {
		k := random.IntN(len(ids))
		err := w.add(ids[k], 1)
		if err == nil {
			acknowledged[k].Add(1)
		}
		return err
	}, func() error {
		for k, id := range ids {
			least := int(acknowledged[k].Load())
			i, err := w.get(w.Context(), red, id)
			if err != nil {
				return ignoreUnavailable(err)
			}
			if err := w.show(i); err != nil {
				return err
			}
			if number(i) < least {
				return fmt.Errorf("a read shows %d after %d increments were acknowledged", number(i), least)
			}
		}
		return nil
	})
	for k, id := range ids {
		if got, want := number(w.read(red, id)), int(acknowledged[k].Load()); got != want {
			w.broken("%d increments were acknowledged, and the sum is %d", want, got)
		}
	}
}

// ignoreUnavailable is for reads that come again anyway.
func ignoreUnavailable(err error) error {
	var u *scim.UnavailableError
	if errors.As(err, &u) {
		return nil
	}
	return err
}

// winners has all create one name, in other case and for other managers.
func (w *writers) winners() {
	spelled := []string{"ada", "Ada", "aDa", "adA", "ADa", "aDA", "AdA", "ADA"}
	kinds := []kind{w.kind}
	if w.groups != nil {
		registry, err := scim.GroupRegistry(hostGroupSchema)
		w.must(err, "registry")
		kinds = append(kinds, groupKind{w.groups, registry})
	}
	for _, k := range kinds {
		w.kind = k
		names := max(2, w.Turns/8)
		for n := range names {
			w.oneOf(w.atOnce(w.Writers, func(i int) error {
				managers := []string{entra}
				if k.nameAttribute() == "userName" {
					managers = []string{entra, okta, native}
				}
				one := w.newItem(managers[i%len(managers)], fmt.Sprint(spelled[i%len(spelled)], n))
				return w.patiently(func() error { _, err := w.create(w.Context(), red, one); return err })
			}))
		}
		if n := len(w.all(red, scim.Query{Scope: everyone})); n != names {
			w.broken("there are %d of %d names", n, names)
		}
	}
}

// transfers moves numbers between counters, some of them only half the way.
func (w *writers) transfers() {
	const start = 100
	ids := w.counters(4, start)
	moved := make([]atomic.Int64, len(ids))
	half := errors.New("half the way")
	w.together(func(_ int, random *rand.Rand) error {
		from := random.IntN(len(ids))
		to := (from + 1 + random.IntN(len(ids)-1)) % len(ids)
		fail := random.IntN(4) == 0
		err := w.until(func() error {
			return w.stores.Transact(w.Context(), red, func(ctx context.Context, s scim.Stores) error {
				return w.transfer(ctx, s, ids[from], ids[to], func() error {
					if fail {
						return half
					}
					return nil
				})
			})
		})
		switch {
		case err == nil && !fail:
			moved[from].Add(-1)
			moved[to].Add(1)
		case !errors.Is(err, half) || !fail:
			return fmt.Errorf("a transaction that was to fail: %t, got error %v", fail, err)
		}
		return nil
	}, func() error {
		_, err := w.get(w.Context(), red, ids[0])
		return ignoreUnavailable(err)
	})
	for k, id := range ids {
		if got, want := number(w.read(red, id)), start+int(moved[k].Load()); got != want {
			w.broken("counter %d: transfers were acknowledged that make it %d, and it is %d", k, want, got)
		}
	}
}

func (w *writers) transfer(ctx context.Context, s scim.Stores, from, to string, midway func() error) error {
	change := func(id string, by int) error {
		u, err := s.Users.User(ctx, red, id)
		if err != nil {
			return err
		}
		u.ExternalID = fmt.Sprint(number(ofUser(u)) + by)
		_, err = s.Users.UpdateUser(ctx, red, u)
		return err
	}
	if err := change(from, -1); err != nil {
		return err
	}
	if err := midway(); err != nil {
		return err
	}
	return change(to, 1)
}

// poolNames are what pool fights for, in two spellings each.
var poolNames = []string{"ada", "ADA", "émilie", "ÉMILIE", "kelvin", "\u212Aelvin", "grace", "Grace"}

// A poolState is what pool was told.
type poolState struct {
	mu      sync.Mutex
	live    []string          // IDs that may be there
	created map[string]bool   // by ID
	deleted map[string]int    // by ID, how often it was acknowledged
	named   map[string]string // by ID and version, the name that was acknowledged
	from    map[string]int    // by ID and version, how many updates started from it
}

// pool creates, renames and deletes users with a few names.
func (w *writers) pool() {
	s := &poolState{created: make(map[string]bool), deleted: make(map[string]int), named: make(map[string]string), from: make(map[string]int)}
	w.together(func(_ int, random *rand.Rand) error {
		err := w.patiently(func() error { return w.poolTurn(s, random) })
		if w.poolAnswer(err) {
			return nil
		}
		return err
	}, w.poolRead)
	for key, n := range s.from {
		if n > 1 {
			w.broken("%d updates of one version succeeded: %s", n, key)
		}
	}
	left := make(map[string]bool)
	for _, i := range w.all(red, scim.Query{Scope: everyone}) {
		left[i.ID] = true
		if name, known := s.named[i.ID+" "+i.Version]; !known || name != i.Name {
			w.broken("%q is left with the version %q, which was acknowledged for %q", i.Name, i.Version, name)
		}
	}
	for id := range s.created {
		if n := s.deleted[id]; n > 1 || left[id] == (n == 1) {
			w.broken("%q was created, deleted %d times, and is there: %t", id, n, left[id])
		}
	}
	if len(left) > len(s.created) {
		w.broken("%d users are left, and %d were created", len(left), len(s.created))
	}
}

// poolAnswer reports whether an error is one that is to be expected.
func (w *writers) poolAnswer(err error) bool {
	return errors.Is(err, scim.ErrNotFound) || errors.Is(err, scim.ErrStale) || w.isConflict(err)
}

func (w *writers) poolTurn(s *poolState, random *rand.Rand) error {
	name := pick(random, poolNames)
	s.mu.Lock()
	id := ""
	if len(s.live) > 0 {
		id = pick(random, s.live)
	}
	s.mu.Unlock()
	switch n := random.IntN(10); {
	case id == "" || n < 4:
		i, err := w.create(w.Context(), red, w.newItem(pick(random, []string{entra, okta}), name))
		return s.acknowledge(i, "", err)
	case n < 6:
		err := w.delete(w.Context(), red, id, "")
		s.mu.Lock()
		defer s.mu.Unlock()
		if err == nil {
			s.deleted[id]++
			s.live = slices.DeleteFunc(s.live, func(l string) bool { return l == id })
		}
		return err
	}
	i, err := w.get(w.Context(), red, id)
	if err != nil {
		return err
	}
	was := i.Version
	i.Name = name
	i, err = w.update(w.Context(), red, i)
	return s.acknowledge(i, was, err)
}

// acknowledge notes that a write of an item succeeded, and of which version.
func (s *poolState) acknowledge(i item, was string, err error) error {
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if was == "" {
		s.created[i.ID] = true
		s.live = append(s.live, i.ID)
	} else if was != i.Version {
		s.from[i.ID+" "+was]++
	}
	s.named[i.ID+" "+i.Version] = i.Name
	return nil
}

// poolRead lists users in pages, and expects each page to be of one moment.
func (w *writers) poolRead() error {
	q := scim.Query{Scope: everyone, Limit: 3, Total: true}
	if by, ok := w.registry().Ref("userName"); ok {
		q.Sort.By = by
	}
	for offset := range 4 {
		q.Offset = offset
		if offset == 0 {
			q.Limit = unlimited
		}
		p, err := w.list(w.Context(), red, q)
		if err != nil {
			return ignoreUnavailable(err)
		}
		if p.Total > len(poolNames)/2 || len(p.Items) > 0 && p.Total < offset+len(p.Items) || offset == 0 && p.Total != len(p.Items) {
			return fmt.Errorf("a page of %d users, after %d others, with the total %d; there are %d names", len(p.Items), offset, p.Total, len(poolNames)/2)
		}
		keys := each(p.Items, func(i item) string { return filter.Fold(i.Name) })
		if once := slices.Compact(slices.Sorted(slices.Values(keys))); len(once) != len(keys) {
			return fmt.Errorf("a page shows a name twice: %q", namesOf(p.Items))
		}
		if !slices.IsSorted(keys) {
			return fmt.Errorf("a page by user name is not sorted: %q", namesOf(p.Items))
		}
		q.Limit = 3
	}
	return nil
}
