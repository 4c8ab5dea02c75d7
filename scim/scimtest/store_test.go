package scimtest

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A notebook keeps what a trial reports instead of failing a test.
type notebook struct {
	ctx   context.Context
	mu    sync.Mutex
	notes []string
}

func (r *notebook) Context() context.Context { return r.ctx }
func (r *notebook) Helper()                  {}
func (r *notebook) FailNow()                 { runtime.Goexit() }

func (r *notebook) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// record runs a trial in a goroutine of its own, which FailNow ends.
func record(t *testing.T, try func(reporter)) []string {
	r := &notebook{ctx: t.Context()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		try(r)
	}()
	<-done
	return r.notes
}

// named returns a promise of a suite.
func named(t *testing.T, suite []promise, name string) promise {
	t.Helper()
	i := slices.IndexFunc(suite, func(p promise) bool { return p.name == name })
	if i < 0 {
		t.Fatalf("no promise %q", name)
	}
	return suite[i]
}

// found expects a fault to be found, and the report to say which promise was broken.
func found(t *testing.T, p promise, notes []string) {
	t.Helper()
	if len(notes) == 0 {
		t.Fatalf("not found by %q", p.name)
	}
	for _, n := range notes {
		if !strings.Contains(n, p.promise) {
			t.Errorf("the report does not name the promise: %s", n)
		}
	}
	t.Log(notes[0])
}

var (
	allUserFaults  = slices.Concat(userFaults, userOrderFaults)
	allGroupFaults = slices.Concat(groupFaults, groupOrderFaults)
)

func TestUserStoreFaults(t *testing.T) {
	for _, f := range allUserFaults {
		t.Run(f.fault, func(t *testing.T) {
			store := userHooksOf(new(scim.MemoryStore))
			f.plant(store)
			p := named(t, userPromises, f.breaks)
			found(t, p, record(t, func(r reporter) { tryUsers(r, p, store) }))
		})
	}
}

func TestGroupStoreFaults(t *testing.T) {
	for _, f := range allGroupFaults {
		t.Run(f.fault, func(t *testing.T) {
			store := groupHooksOf(new(scim.MemoryStore))
			f.plant(store)
			p := named(t, groupPromises, f.breaks)
			found(t, p, record(t, func(r reporter) { tryGroups(r, p, store) }))
		})
	}
}

// A promise that no fault breaks may be one that nothing can break.
func TestEveryPromiseCanBeBroken(t *testing.T) {
	broken := make(map[string]bool)
	for _, f := range allUserFaults {
		broken["users: "+f.breaks] = true
		broken[f.breaks] = true
	}
	for _, f := range allGroupFaults {
		broken["groups: "+f.breaks] = true
		broken[f.breaks] = true
	}
	alike := make(map[string]bool)
	for _, p := range slices.Concat(writePromises, namePromises, scopePromises, pagePromises) {
		alike[p.name] = true
	}
	for kind, suite := range map[string][]promise{"users: ": userPromises, "groups: ": groupPromises} {
		seen := make(map[string]bool)
		for _, p := range suite {
			if seen[p.name] {
				t.Errorf("%stwo promises are called %q", kind, p.name)
			}
			seen[p.name] = true
			if !broken[kind+p.name] && !(alike[p.name] && broken[p.name]) {
				t.Errorf("%sno planted fault breaks %q", kind, p.name)
			}
		}
	}
	t.Logf("%d faults break %d promises", len(allUserFaults)+len(allGroupFaults), len(maps.Clone(broken)))
}

// A correct store whose IDs and versions look like nothing the suites have seen passes.
func TestStoreMayChooseIDs(t *testing.T) {
	n := 0
	id := func() string {
		n++
		return fmt.Sprintf("%d~%c", 1000-n, 'a'+n%26) // in an order of its own
	}
	TestUserStore(t, func(*testing.T) scim.UserStore {
		h := userHooksOf(new(scim.MemoryStore))
		next := h.create
		var mu sync.Mutex
		h.create = func(ctx context.Context, t scim.TenantID, u scim.User) (scim.User, error) {
			mu.Lock()
			u.ID = id()
			mu.Unlock()
			return next(ctx, t, u)
		}
		return h
	})
}

func TestDifference(t *testing.T) {
	type pair struct{ got, want any }
	for name, p := range map[string]pair{
		"nil and empty list": {[]string{}, []string(nil)},
		"nil and empty map":  {map[string]scim.Object{}, map[string]scim.Object(nil)},
		"zones":              {epoch.Local(), epoch},
		"users":              {fullUser(), fullUser()},
	} {
		if d := difference(p.got, p.want); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	other := fullUser()
	other.Emails[1].Type = "x"
	for where, p := range map[string]pair{
		".Emails[1].Type":   {other, fullUser()},
		`["n"]`:             {scim.Object{"n": int64(1)}, scim.Object{"n": 1.0}},
		"got nothing":       {scim.Object{}, scim.Object{"n": true}},
		`"m":2`:             {scim.Object{"n": int64(1), "m": int64(2)}, scim.Object{"n": int64(1)}},
		"[1]":               {[]any{"a", []byte("b")}, []any{"a", []byte("c")}},
		"10:00:00.123Z":     {epoch, epoch.Add(1)},
		"got []int{1, 2}, ": {[]int{1, 2}, []int{1}},
	} {
		if d := difference(p.got, p.want); !strings.Contains(d, where) {
			t.Errorf("got %q, want something with %q", d, where)
		}
	}
}
