package scim

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-30109bde/gatehouse/filter"
)

// A listing is what a request asks of a collection.
type listing struct {
	Query
	cursor bool // its pages are reached by cursors, not by index (RFC 9865)
}

// maxNative bounds how many users a look-up that may find native ones reads, since the policy is
// asked about each. A look-up is for one user; an address they share may find more.
const maxNative = 1_000

// list returns a page of resources, its total and its neighbours.
func (e *engine) list(ctx context.Context, p Principal, rt *resourceType, q Query) (Page[resource], error) {
	q.Scope = Scope{Manager: p.Manager}
	lookup := rt.lookup(q.Filter)
	if e.policy.Adopt == nil || lookup == nil {
		return rt.stores.list(ctx, e.stores, p.Tenant, q)
	}
	all, err := e.wide(ctx, p, rt, lookup)
	if err != nil {
		return Page[resource]{}, err
	}
	var seen []resource
	for _, res := range all {
		ok, _, err := e.sees(ctx, p, res)
		if err != nil {
			return Page[resource]{}, err
		}
		// The whole filter is asked here: to it a native user has no externalId.
		if ok && q.Filter.Match(res) {
			seen = append(seen, res)
		}
	}
	return paged(seen, q)
}

// wide returns what a look-up finds, native users included, whole: the policy is to see them.
func (e *engine) wide(ctx context.Context, p Principal, rt *resourceType, lookup *filter.Bound) ([]resource, error) {
	page, err := rt.stores.list(ctx, e.stores, p.Tenant, Query{
		Filter: lookup,
		Scope:  Scope{Manager: p.Manager, AndNative: true},
		Limit:  maxNative + 1,
	})
	if err == nil && len(page.Items) > maxNative {
		err = &Refusal{Status: 400, Type: "tooMany", Detail: fmt.Sprintf("the filter is a look-up, and finds more than %d users", maxNative)}
	}
	return page.Items, err
}

// lookup returns the part of a filter that names users one by one, or nil.
func (rt *resourceType) lookup(f *filter.Bound) *filter.Bound {
	for ref, v := range f.Equalities() {
		if v.Present() && slices.Contains(rt.lookups, ref) {
			return filter.Equal(rt.registry, ref, v.Text)
		}
	}
	return nil
}

// placed is a resource in a listing.
type placed struct {
	Place
	res resource
}

// paged answers q, as a store would, from all resources that match it.
func paged(found []resource, q Query) (page Page[resource], err error) {
	h, err := q.heading()
	if err != nil {
		return page, err
	}
	all := make([]placed, len(found))
	for i, res := range found {
		all[i] = placed{q.Sort.place(res, res.meta().ID), res}
		if h.from.Long && all[i].ID == h.from.ID {
			h.from = all[i].Place
		}
	}
	if h.from.Long { // it is nobody here
		return page, ErrPosition
	}
	slices.SortFunc(all, func(a, b placed) int { return h.compare(a.Place, b.Place) })
	page.Total = len(all)
	all = slices.DeleteFunc(all, func(p placed) bool { return !h.beyond(p.Place) })
	all = all[min(q.Offset, len(all)):]
	for _, p := range all[:min(q.Limit, len(all))] {
		page.Items = append(page.Items, p.res)
	}
	if len(page.Items) == 0 {
		return page, nil
	}
	if h.back {
		slices.Reverse(page.Items)
	}
	before, after := h.sides(&q, len(all) > q.Limit)
	if first := page.Items[0]; before {
		page.Previous = q.Sort.Position(first, first.meta().ID)
	}
	if last := page.Items[len(page.Items)-1]; after {
		page.Next = q.Sort.Position(last, last.meta().ID)
	}
	return page, nil
}
