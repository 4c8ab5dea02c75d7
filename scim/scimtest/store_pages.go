package scimtest

import (
	"fmt"
	"math"
	"slices"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// What is promised of listings.
var pagePromises = []promise{
	{"a steady order", "resources are ordered by ID: there is one order, which holds in every listing and changes with no update", steadyOrder},
	{"pages", "a page has exactly the items between offset and limit; the limit may be 0, the offset past the end", pages},
	{"totals", "a total counts all that match, whatever the page is; it is -1 if nobody asked", totals},
	{"sorted listings", "a listing is in the order of Query.Sort: without a value last, ties in the order of IDs, descending exactly the reverse", sortedListings},
	{"pages by position", "Next and Previous lead through a listing, forth and back, past nobody; they are empty at its ends, and on a page without items", pagesByPosition},
	{"positions hold", "who comes, goes or is renamed between two pages makes nobody else be lost or seen twice, also if the page ended there", positionsHold},
	{"no such position", "a position that no page of the listing named is ErrPosition", noSuchPosition},
}

func steadyOrder(t *trial) {
	const n = 30
	var proposed []string
	for range n {
		proposed = append(proposed, t.newID())
	}
	kept := true // the store takes the IDs it is offered
	for k := range n {
		i := t.newItem([]string{entra, okta, native}[k%3], fmt.Sprint("n", k))
		i.ID = proposed[k*7%n] // in no order
		kept = t.store(red, i).ID == i.ID && kept
	}
	order := idsOf(t.all(red, scim.Query{Scope: everyone}))
	if len(order) != n {
		t.broken("%d of %d listed", len(order), n)
	}
	if kept && !slices.IsSorted(order) {
		t.broken("not ordered by ID: %q", order)
	}

	i := t.read(red, order[11])
	i.Name, i.ExternalID = "renamed", "x1"
	t.change(red, i)
	for _, size := range []int{1, 7, n} {
		var got []string
		for offset := 0; offset < n; offset += size {
			got = append(got, idsOf(t.page(red, scim.Query{Scope: everyone, Offset: offset, Limit: size}).Items)...)
		}
		t.equal(got, order, "in pages of %d", size)
	}
	for _, scope := range []scim.Scope{everyone, {Manager: okta}, {Manager: entra, AndNative: true}} {
		for _, f := range []*filter.Bound{nil, t.filter(t.nameAttribute() + ` co "1"`)} {
			got := idsOf(t.all(red, scim.Query{Scope: scope, Filter: f}))
			in := slices.DeleteFunc(slices.Clone(order), func(id string) bool { return !slices.Contains(got, id) })
			t.equal(got, in, "scope %+v, filter %q", scope, f)
		}
	}
}

// listings makes 24 resources and calls check with queries and what they must find, in order.
func (t *trial) listings(check func(q scim.Query, want []string)) {
	for k := range 24 {
		i := t.newItem([]string{entra, entra, okta, native}[k%4], fmt.Sprint("n", k))
		i.ExternalID = fmt.Sprint("x", k%2)
		t.store(red, i)
	}
	t.make(blue, entra, "n0")
	all := t.all(red, scim.Query{Scope: everyone})
	for _, scope := range []scim.Scope{everyone, {Manager: entra}, {Manager: entra, AndNative: true}, {}} {
		for _, f := range []*filter.Bound{nil, t.filter(t.nameAttribute() + ` co "1"`), t.equals("externalId", "x1")} {
			var want []string
			for _, i := range all {
				if scope.Sees(i.ManagedBy) && f.Match(t.view(i)) {
					want = append(want, i.ID)
				}
			}
			check(scim.Query{Scope: scope, Filter: f}, want)
		}
	}
}

// view is an item as a filter sees it.
func (t *trial) view(i item) filter.Resource {
	if t.groups != nil {
		g := groupOf(i)
		return &g
	}
	u := userOf(i)
	return &u
}

func pages(t *trial) {
	t.listings(func(q scim.Query, want []string) {
		for _, offset := range []int{0, 1, 5, 11, 12, 23, 24, 25, 1000, math.MaxInt32} {
			for _, limit := range []int{0, 1, 5, 12, 100, math.MaxInt32} {
				from := min(offset, len(want))
				want := want[from:min(from+limit, len(want))]
				for _, total := range []bool{true, false} {
					q.Offset, q.Limit, q.Total = offset, limit, total
					t.equal(idsOf(t.page(red, q).Items), slices.Clip(want), "scope %+v, filter %q, offset %d, limit %d", q.Scope, q.Filter, offset, limit)
				}
			}
		}
	})
}

func totals(t *trial) {
	t.listings(func(q scim.Query, want []string) {
		for _, offset := range []int{0, 1, 24, 25, 1000} {
			for _, limit := range []int{0, 1, 5, 100} {
				q.Offset, q.Limit, q.Total = offset, limit, true
				if got := t.page(red, q).Total; got != len(want) {
					t.broken("scope %+v, filter %q, offset %d, limit %d: the total is %d, want %d", q.Scope, q.Filter, offset, limit, got, len(want))
				}
				q.Total = false
				if got := t.page(red, q).Total; got != -1 {
					t.broken("nobody asked for the total, and it is %d, want -1", got)
				}
			}
		}
	})
}
