package providertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

func keepsTests(t *trial) {
	p := t.put(red, t.draft("a"))
	want := full[provider.Test]()
	want.Provider = p.ID
	t.must("PutTest", t.PutTest(t.Context(), red, want))
	got, err := t.Test(t.Context(), red, p.ID, want.ID)
	t.must("Test", err)
	t.same("Test", got, want)
	least := provider.Test{ID: "least", Provider: p.ID, Began: when}
	t.must("PutTest", t.PutTest(t.Context(), red, least))
	got, err = t.Test(t.Context(), red, p.ID, "least")
	t.must("Test", err)
	t.same("Test", got, least)
	least.State = provider.TestFailed
	t.must("PutTest", t.PutTest(t.Context(), red, least))
	if got, err = t.Test(t.Context(), red, p.ID, "least"); err != nil || got.State != provider.TestFailed {
		t.broken("a test that was stored again: %+v, %v", got, err)
	}
	other := t.put(red, t.draft("b"))
	for _, c := range []struct {
		provider provider.ID
		id       string
	}{{other.ID, "least"}, {p.ID, "nobody"}, {"nobody", "least"}, {p.ID, "nul\x00"}} {
		if _, err := t.Test(t.Context(), red, c.provider, c.id); !errors.Is(err, provider.ErrNotFound) {
			t.broken("test %q of %s: %v, want ErrNotFound", c.id, c.provider, err)
		}
	}
	if err := t.PutTest(t.Context(), red, provider.Test{ID: "x", Provider: "nobody", Began: when}); !errors.Is(err, provider.ErrNotFound) {
		t.broken("a test of no provider: %v, want ErrNotFound", err)
	}
}

func latestTests(t *trial) {
	p := t.put(red, t.draft("a"))
	for i := range provider.KeptTests + 5 {
		began := when.Add(time.Duration(i/2*2) * time.Second) // two at a time
		t.must("PutTest", t.PutTest(t.Context(), red, provider.Test{ID: fmt.Sprintf("t%02d", i), Provider: p.ID, Began: began}))
	}
	list, err := t.Tests(t.Context(), red, p.ID)
	t.must("Tests", err)
	if len(list) != provider.KeptTests || !slices.IsSortedFunc(list, func(a, b provider.Test) int { return b.Began.Compare(a.Began) }) {
		t.broken("%d tests, want the %d latest, the latest first", len(list), provider.KeptTests)
	} else if last := list[len(list)-1]; last.Began.Before(when.Add(4 * time.Second)) {
		t.broken("the oldest of %d tests is %s", len(list), last.ID)
	}
}

func keepsEvents(t *trial) {
	want := full[provider.Event]()
	got, err := t.Record(t.Context(), red, true, want)
	t.must("Record", err)
	if len(got) != 1 || got[0].ID == "" {
		t.broken("Record returned %+v", got)
		return
	}
	want.ID, want.Tenant = got[0].ID, red
	t.same("Record", got[0], want)
	page, err := t.Events(t.Context(), red, provider.EventQuery{Limit: 10})
	t.must("Events", err)
	if len(page.Events) != 1 {
		t.broken("%d events, want 1", len(page.Events))
		return
	}
	t.same("Events", page.Events[0], want)
	odd := provider.Event{Type: provider.EventBegun, Time: when, By: "nul\x00", Details: map[string]string{"name": "\x00\xff"}}
	_, err = t.Record(t.Context(), red, true, odd)
	t.must("Record of odd text", err)
}

// record records events with so many seconds between, and returns their IDs.
func (t *trial) record(sent bool, events ...provider.Event) (ids []string) {
	t.Helper()
	for _, e := range events {
		if e.Type == "" {
			e.Type = provider.EventBegun
		}
		if e.Time.IsZero() {
			e.Time = when
		}
		got, err := t.Record(t.Context(), red, sent, e)
		t.must("Record", err)
		ids = append(ids, got[0].ID)
	}
	return ids
}

func eventsInOrder(t *trial) {
	ids := t.record(true, provider.Event{Time: when.Add(time.Hour)}, provider.Event{}, provider.Event{})
	both, err := t.Record(t.Context(), red, true, provider.Event{Type: provider.EventBegun, Time: when}, provider.Event{Type: provider.EventSaved, Time: when})
	t.must("Record", err)
	ids = append(ids, both[0].ID, both[1].ID)
	if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.broken("IDs %q are not in the order of recording", ids)
	}
	page, err := t.Events(t.Context(), red, provider.EventQuery{Limit: 10})
	t.must("Events", err)
	slices.Reverse(ids)
	t.same("Events", idsOf(page.Events), ids)
}

func idsOf(events []provider.Event) (ids []string) {
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	return ids
}

func eventFilters(t *trial) {
	ids := t.record(true,
		provider.Event{Type: provider.EventBegun, Provider: "p", By: "ann"},
		provider.Event{Type: provider.EventSignedIn, Provider: "p", User: "u", Time: when.Add(time.Second)},
		provider.Event{Type: provider.EventSignInRefused, Provider: "q", User: "u", Incident: "i", Time: when.Add(2 * time.Second)},
		provider.Event{Type: provider.EventSignedIn, Provider: "q", User: "v", By: "bob", Time: when.Add(3 * time.Second)},
	)
	for _, c := range []struct {
		q    provider.EventQuery
		want string // places in ids, the latest first
	}{
		{provider.EventQuery{}, "3210"},
		{provider.EventQuery{Types: []provider.EventType{provider.EventSignedIn}}, "31"},
		{provider.EventQuery{Types: []provider.EventType{provider.EventSignedIn, provider.EventBegun}}, "310"},
		{provider.EventQuery{Types: []provider.EventType{}}, ""},
		{provider.EventQuery{Provider: "p"}, "10"},
		{provider.EventQuery{User: "u"}, "21"},
		{provider.EventQuery{By: "bob"}, "3"},
		{provider.EventQuery{Incident: "i"}, "2"},
		{provider.EventQuery{Incident: "I"}, ""},
		{provider.EventQuery{Since: when.Add(time.Second)}, "321"},
		{provider.EventQuery{Before: when.Add(2 * time.Second)}, "10"},
		{provider.EventQuery{Since: when.Add(time.Second), Before: when.Add(2 * time.Second)}, "1"},
		{provider.EventQuery{Types: []provider.EventType{provider.EventSignedIn}, Provider: "q", User: "v", By: "bob"}, "3"},
		{provider.EventQuery{Types: []provider.EventType{provider.EventSignedIn}, Provider: "q", User: "u"}, ""},
		{provider.EventQuery{User: "nul\x00"}, ""},
	} {
		c.q.Limit = 10
		page, err := t.Events(t.Context(), red, c.q)
		var got strings.Builder
		for _, id := range idsOf(page.Events) {
			fmt.Fprint(&got, slices.Index(ids, id))
		}
		if err != nil || got.String() != c.want {
			t.broken("query %+v: %s, %v; want %s", c.q, got.String(), err, c.want)
		}
	}
}

func eventPages(t *trial) {
	ids := t.record(true, make([]provider.Event, 7)...)
	var got []string
	for after := ""; ; {
		page, err := t.Events(t.Context(), red, provider.EventQuery{Provider: "", After: after, Limit: 3})
		t.must("Events", err)
		got = append(got, idsOf(page.Events)...)
		if after = page.Next; after == "" || len(got) > 20 {
			break
		}
		t.record(true, provider.Event{}) // behind where the listing is
	}
	slices.Reverse(ids)
	t.same("pages", got, ids)
}

func sentEvents(t *trial) {
	ctx := t.Context()
	t.record(true, provider.Event{})
	ids := t.record(false, provider.Event{Time: when.Add(time.Hour)}, provider.Event{}, provider.Event{})
	other, err := t.Record(ctx, blue, false, provider.Event{Type: provider.EventBegun, Time: when})
	t.must("Record", err)
	ids = append(ids, other[0].ID)
	unsent := func(limit int, want ...string) {
		t.Helper()
		list, err := t.Unsent(ctx, limit)
		t.must("Unsent", err)
		t.same("Unsent", idsOf(list), want)
	}
	unsent(10, ids...)
	unsent(2, ids[:2]...)
	if list, err := t.Unsent(ctx, 10); err == nil && len(list) == 4 && (list[3].Tenant != blue || list[0].Tenant != red) {
		t.broken("unsent events of the tenants %s and %s", list[0].Tenant, list[3].Tenant)
	}
	t.must("Sent", t.Sent(ctx, ids[0], ids[2], "nobody"))
	unsent(10, ids[1], ids[3])
	t.must("Sent", t.Sent(ctx))
	t.must("Sent", t.Sent(ctx, ids...))
	unsent(10)
}

func once(t *trial) {
	for round, now := range []time.Time{when, when.Add(time.Hour)} {
		var wg sync.WaitGroup
		var mu sync.Mutex
		firsts := 0
		for range 16 {
			wg.Go(func() {
				first, err := t.Once(t.Context(), red, "key", now, now.Add(time.Hour))
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.broken("Once: %v", err)
				}
				if first {
					firsts++
				}
			})
		}
		wg.Wait()
		if firsts != 1 {
			t.broken("round %d: %d of 16 calls were the first, want 1", round, firsts)
		}
		if first, err := t.Once(t.Context(), red, "key", now.Add(time.Hour-time.Millisecond), now.Add(2*time.Hour)); err != nil || first {
			t.broken("round %d: a call just before it is over: %v, %v", round, first, err)
		}
	}
	if first, err := t.Once(t.Context(), red, "another", when, when); err != nil || !first {
		t.broken("Once of another key: %v, %v", first, err)
	}
	if first, err := t.Once(t.Context(), red, "another", when, when.Add(time.Hour)); err != nil || !first {
		t.broken("Once of a key that was over at once: %v, %v", first, err)
	}
}

var errSome = errors.New("some error")

func onceUndone(t *trial) {
	err := t.Transact(t.Context(), red, func(ctx context.Context, s provider.Store) error {
		if first, err := s.Once(ctx, red, "key", when, when.Add(time.Hour)); err != nil || !first {
			t.broken("Once in a transaction: %v, %v", first, err)
		}
		return errSome
	})
	if !errors.Is(err, errSome) {
		t.broken("Transact: %v, want the error of f", err)
	}
	if first, err := t.Once(t.Context(), red, "key", when, when.Add(time.Hour)); err != nil || !first {
		t.broken("Once after that: %v, %v", first, err)
	}
}

func revocations(t *trial) {
	ctx := t.Context()
	want := full[provider.Revocation]()
	t.must("PutRevocation", t.PutRevocation(ctx, red, want))
	list, err := t.Revocations(ctx, red, want.User, "other")
	t.must("Revocations", err)
	t.same("Revocations", list, []provider.Revocation{want})

	put := func(user string, id provider.ID, at time.Duration) provider.Revocation {
		r := provider.Revocation{User: user, Provider: id, At: when.Add(at), Until: when.Add(time.Hour), Next: when}
		t.must("PutRevocation", t.PutRevocation(ctx, red, r))
		return r
	}
	put("u", "", time.Second)
	user := put("u", "", 2*time.Second)
	through := put("u", "p", 3*time.Second)
	all := put("", "p", 4*time.Second)
	put("v", "", 5*time.Second)
	put("", "q", 6*time.Second)
	for _, c := range []struct {
		user string
		id   provider.ID
		want []provider.Revocation
	}{
		{"u", "p", []provider.Revocation{all, through, user}},
		{"u", "", []provider.Revocation{through, user}},
		{"", "p", []provider.Revocation{all}},
		{"", "", nil},
		{"nobody", "nobody", nil},
	} {
		list, err := t.Revocations(ctx, red, c.user, c.id)
		t.must("Revocations", err)
		slices.SortFunc(list, func(a, b provider.Revocation) int { return b.At.Compare(a.At) })
		t.same(fmt.Sprintf("Revocations(%q, %q)", c.user, c.id), list, c.want)
	}
}

func unacknowledged(t *trial) {
	ctx := t.Context()
	put := func(tenant scim.TenantID, user string, next time.Duration, done bool) {
		t.must("PutRevocation", t.PutRevocation(ctx, tenant, provider.Revocation{User: user, At: when, Next: when.Add(next), Until: when.Add(time.Hour), Acknowledged: done}))
	}
	put(red, "c", 3*time.Second, false)
	put(blue, "a", time.Second, false)
	put(red, "b", 2*time.Second, false)
	put(red, "done", 0, true)
	list := func(now time.Duration, limit int, want string) {
		t.Helper()
		due, err := t.Unacknowledged(ctx, when.Add(now), limit)
		t.must("Unacknowledged", err)
		var got []string
		for _, r := range due {
			got = append(got, string(r.Tenant)+":"+r.User)
		}
		if strings.Join(got, " ") != want {
			t.broken("due after %s: %q, want %q", now, got, want)
		}
	}
	list(time.Minute, 10, "blue:a red:b red:c")
	list(2*time.Second, 10, "blue:a red:b")
	list(time.Minute, 1, "blue:a")
	list(0, 10, "")
	put(blue, "a", time.Second, true)
	list(time.Minute, 10, "red:b red:c")
}

func prunes(t *trial) {
	ctx, now := t.Context(), when.Add(24*time.Hour)
	t.record(true, provider.Event{Time: when}, provider.Event{Time: when.Add(time.Second)}, provider.Event{Time: when.Add(2 * time.Second)})
	t.record(false, provider.Event{Time: when, Incident: "unsent"})
	for key, until := range map[string]time.Time{"over": now, "left": now.Add(time.Millisecond)} {
		_, err := t.Once(ctx, red, key, when, until)
		t.must("Once", err)
	}
	for _, r := range []provider.Revocation{
		{User: "over", Until: now, Acknowledged: true},
		{User: "left", Until: now.Add(time.Millisecond), Acknowledged: true},
		{User: "open", Until: now},
	} {
		r.At, r.Next = when, when
		t.must("PutRevocation", t.PutRevocation(ctx, red, r))
	}
	for steps := 1; ; steps++ {
		more, err := t.Prune(ctx, now, when.Add(2*time.Second), 1)
		t.must("Prune", err)
		if !more {
			if steps == 1 {
				t.broken("a step of one is all there is to do")
			}
			break
		}
		if steps > 20 {
			t.broken("there is always more to prune")
			return
		}
		if steps == 1 {
			if page, err := t.Events(ctx, red, provider.EventQuery{Limit: 10}); err != nil || len(page.Events) < 3 {
				t.broken("a step of one has left %d events, %v", len(page.Events), err)
			}
		}
	}
	page, err := t.Events(ctx, red, provider.EventQuery{Limit: 10})
	if err != nil || len(page.Events) != 2 {
		t.broken("%d events are left, %v; want one that is young and one that is not sent", len(page.Events), err)
	}
	if first, err := t.Once(ctx, red, "left", now, now.Add(time.Hour)); err != nil || first {
		t.broken("a key that is not over is the first: %v, %v", first, err)
	}
	for user, want := range map[string]int{"over": 0, "left": 1, "open": 1} {
		if list, err := t.Revocations(ctx, red, user, ""); err != nil || len(list) != want {
			t.broken("the revocation %q: %v, %v", user, list, err)
		}
	}
	if more, err := t.Prune(ctx, now, when.Add(2*time.Second), 100); err != nil || more {
		t.broken("nothing is left to prune: %v, %v", more, err)
	}
}

func transacts(t *trial) {
	p := t.put(red, t.draft("a"))
	all := func(s provider.Store, ctx context.Context) error {
		next := p
		next.Name = "b"
		if _, err := s.PutProvider(ctx, red, next); err != nil {
			return err
		}
		if err := s.PutTest(ctx, red, provider.Test{ID: "t", Provider: p.ID, Began: when}); err != nil {
			return err
		}
		if err := s.PutRevocation(ctx, red, provider.Revocation{User: "u", At: when, Until: when.Add(time.Hour)}); err != nil {
			return err
		}
		_, err := s.Record(ctx, red, false, provider.Event{Type: provider.EventBegun, Time: when})
		return err
	}
	look := func(what string, want bool) {
		t.Helper()
		stored, err := t.Provider(t.Context(), red, p.ID)
		t.must("Provider", err)
		_, test := t.Test(t.Context(), red, p.ID, "t")
		list, err := t.Revocations(t.Context(), red, "u", "")
		t.must("Revocations", err)
		events, err := t.Unsent(t.Context(), 10)
		t.must("Unsent", err)
		for part, there := range map[string]bool{"provider": stored.Name == "b", "test": test == nil, "revocation": len(list) == 1, "event": len(events) == 1} {
			if there != want {
				t.broken("%s: the %s is there: %v, want %v", what, part, there, want)
			}
		}
	}
	err := t.Transact(t.Context(), red, func(ctx context.Context, s provider.Store) error {
		t.must("a write", all(s, ctx))
		return errSome
	})
	if !errors.Is(err, errSome) {
		t.broken("Transact: %v, want the error of f", err)
	}
	look("after an error", false)
	func() {
		defer func() {
			if recover() == nil {
				t.broken("a panic of f has got lost")
			}
		}()
		t.Transact(t.Context(), red, func(ctx context.Context, s provider.Store) error {
			t.must("a write", all(s, ctx))
			panic("some panic")
		})
	}()
	look("after a panic", false)
	t.must("Transact", t.Transact(t.Context(), red, func(ctx context.Context, s provider.Store) error {
		inner := s.Transact(ctx, red, func(ctx context.Context, s provider.Store) error {
			_, err := s.Record(ctx, red, false, provider.Event{Type: provider.EventSaved, Time: when})
			t.must("Record", err)
			return errSome
		})
		if !errors.Is(inner, errSome) {
			t.broken("Transact within: %v, want the error of f", inner)
		}
		return all(s, ctx)
	}))
	look("after success", true)
}

func readsOwn(t *trial) {
	t.must("Transact", t.Transact(t.Context(), red, func(ctx context.Context, s provider.Store) error {
		p, err := s.PutProvider(ctx, red, t.enabled("a", "a.example"))
		t.must("PutProvider", err)
		if got, err := s.Realm(ctx, red, "a.example"); err != nil || got.ID != p.ID {
			t.broken("Realm of a provider that f has written: %v, %v", got.ID, err)
		}
		p.Name = "b"
		p, err = s.PutProvider(ctx, red, p)
		t.must("PutProvider", err)
		if _, got, err := s.Connection(ctx, p.ID); err != nil || got.Version != p.Version {
			t.broken("Connection of a provider that f has written: %v, %v", got.Version, err)
		}
		_, err = s.PutProvider(ctx, red, t.enabled("B", "b.example"))
		t.taken(err, provider.TakenName, p.ID)
		if _, err := s.Provider(ctx, red, p.ID); err != nil {
			t.broken("after a refused write within f: %v", err)
		}
		return nil
	}))
}

func nothingLost(t *trial) {
	p := t.put(red, t.draft("a"))
	const writers, each = 6, 5
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				for {
					err := t.Transact(t.Context(), red, func(ctx context.Context, s provider.Store) error {
						p, err := s.Provider(ctx, red, p.ID)
						if err != nil {
							return err
						}
						p.CreatedBy += "x"
						_, err = s.PutProvider(ctx, red, p)
						return err
					})
					if err == nil {
						break
					}
					if !errors.Is(err, provider.ErrStale) {
						t.broken("a change: %v", err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	stored, err := t.Provider(t.Context(), red, p.ID)
	if err != nil || len(stored.CreatedBy) != writers*each {
		t.broken("%d of %d changes are there, %v", len(stored.CreatedBy), writers*each, err)
	}
}

func canceled(t *trial) {
	p := t.put(red, t.draft("a"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	next := p
	next.Name = "b"
	for what, call := range map[string]func() error{
		"Provider":    func() error { _, err := t.Provider(ctx, red, p.ID); return err },
		"PutProvider": func() error { _, err := t.PutProvider(ctx, red, next); return err },
		"Record": func() error {
			_, err := t.Record(ctx, red, true, provider.Event{Type: provider.EventBegun, Time: when})
			return err
		},
		"Once":          func() error { _, err := t.Once(ctx, red, "key", when, when.Add(time.Hour)); return err },
		"PutRevocation": func() error { return t.PutRevocation(ctx, red, provider.Revocation{User: "u", At: when, Until: when}) },
		"Transact": func() error {
			return t.Transact(ctx, red, func(context.Context, provider.Store) error { return nil })
		},
	} {
		if call() == nil {
			t.broken("%s: no error", what)
		}
	}
	if stored, err := t.Provider(t.Context(), red, p.ID); err != nil || stored.Version != p.Version {
		t.broken("a canceled write was made: %+v, %v", stored, err)
	}
}
