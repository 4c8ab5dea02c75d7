package scim

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/seed-30109bde/gatehouse/filter"
)

// A watchedRow knows how often it was looked at.
type watchedRow struct {
	id, managedBy string
	looks         *int
}

func (r *watchedRow) key() string         { *r.looks++; return r.id }
func (r *watchedRow) manager() *string    { *r.looks++; return &r.managedBy }
func (r *watchedRow) is(string) bool      { return true }
func (r *watchedRow) postings() []posting { return nil }
func (r *watchedRow) matches(f *filter.Bound, scratch *User) bool {
	return f.Match(r.resource(scratch))
}
func (r *watchedRow) resource(*User) filter.Resource { return &User{Meta: Meta{ID: r.id}} }

// A page behind or before a position costs the same wherever in a listing it is, the total
// included.
func TestPagesCostTheSame(t *testing.T) {
	looks := 0
	tb := newTable[*watchedRow](indexing{})
	for n := range 50_000 {
		tb.add(&watchedRow{fmt.Sprintf("%05d", n), []string{"entra", "okta"}[n%2], &looks}, nil)
	}
	tenant := newMemoryTenant()
	for _, scope := range []Scope{{All: true}, {Manager: "entra"}} {
		for _, n := range []int{100, 25_000, 49_700} {
			position := Order{}.Position(nil, fmt.Sprintf("%05d", n))
			for _, q := range []Query{{After: position}, {Before: position}, {After: position, Sort: Order{Descending: true}}} {
				looks = 0
				q.Scope, q.Limit, q.Total = scope, 40, true
				f, err := tb.query(t.Context(), &tenant.mu, q)
				if err != nil || len(f.rows) != 40 || f.next == "" || f.previous == "" {
					t.Fatalf("at %d: %d rows, next %q, previous %q, %v", n, len(f.rows), f.next, f.previous, err)
				}
				if want := map[bool]int{true: 50_000, false: 25_000}[scope.All]; f.total != want {
					t.Errorf("at %d: the total is %d, want %d", n, f.total, want)
				}
				if looks > 300 {
					t.Errorf("at %d, after %t, scope %+v: 40 rows cost %d looks", n, q.After != "", scope, looks)
				}
			}
		}
	}
}

// A sorted page needs memory for itself, and not for the listing.
func TestSortedPagesAreFrugal(t *testing.T) {
	s, registry := new(MemoryStore), mustRegistry(t)
	const users = 5_000
	for n := range users {
		if _, err := s.CreateUser(t.Context(), "acme", User{UserName: fmt.Sprint(n), Meta: Meta{ExternalID: fmt.Sprint(n * 7919 % users)}}); err != nil {
			t.Fatal(err)
		}
	}
	by, _ := registry.Ref("externalId")
	q := Query{Sort: Order{By: by}, Scope: Scope{All: true}, Limit: 10, Offset: 10, Total: true}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p, err := s.Users(t.Context(), "acme", q)
	runtime.ReadMemStats(&after)
	if err != nil || len(p.Items) != 10 || p.Items[0].ExternalID != "1006" || p.Total != users {
		t.Fatalf("%d users from %+v, total %d, %v", len(p.Items), p.Items[:1], p.Total, err)
	}
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 64<<10 {
		t.Errorf("a sorted page of 10 among %d took %d bytes", users, bytes)
	}
	q.Offset, q.Limit = math.MaxInt, math.MaxInt
	if p, err = s.Users(t.Context(), "acme", q); err != nil || len(p.Items) != 0 || p.Total != users {
		t.Errorf("past the end: %d users, total %d, %v", len(p.Items), p.Total, err)
	}
	q.Offset = 0
	if p, err = s.Users(t.Context(), "acme", q); err != nil || len(p.Items) != users || p.Next != "" {
		t.Errorf("all: %d users, next %q, %v", len(p.Items), p.Next, err)
	}
}

func mustRegistry(t testing.TB) *filter.Registry {
	t.Helper()
	g, err := UserRegistry()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// fading is a context that is canceled while somebody works.
type fading struct {
	context.Context
	asked int
}

func (c *fading) Err() error {
	if c.asked++; c.asked > 1 {
		return context.Canceled
	}
	return nil
}

func TestQueriesAreCanceled(t *testing.T) {
	s, registry := new(MemoryStore), mustRegistry(t)
	for n := range 600 {
		if _, err := s.CreateUser(t.Context(), "acme", User{UserName: fmt.Sprint(n)}); err != nil {
			t.Fatal(err)
		}
	}
	title, _ := registry.Ref("title")
	for what, q := range map[string]Query{
		"filtered": {Filter: filter.Equal(registry, title, "x"), Limit: 1},
		"sorted":   {Sort: Order{By: title}, Limit: 1},
	} {
		q.Scope.All = true
		if _, err := s.Users(&fading{Context: t.Context()}, "acme", q); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want that it was canceled", what, err)
		}
	}
}
