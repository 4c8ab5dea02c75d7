package scimtest

import (
	"cmp"
	"math"
	"slices"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// unlimited is the limit of a page that has all.
const unlimited = math.MaxInt32

// A listed resource may be on a page: itself, its Meta, and as filters see it.
type listed[E any] struct {
	item E
	meta scim.Meta
	view filter.Resource
}

// list answers a query from all resources of a tenant: it leaves out, puts in order, counts, cuts.
func list[E any](all []listed[E], q scim.Query, rank map[string]int) (scim.Page[E], error) {
	all = slices.DeleteFunc(all, func(l listed[E]) bool {
		return !q.Scope.Sees(l.meta.ManagedBy) || q.IDs != nil && !slices.Contains(q.IDs, l.meta.ID) || !q.Filter.Match(l.view)
	})
	slices.SortFunc(all, func(a, b listed[E]) int {
		return comparePlaces(q.Sort, rank, placeOf(q.Sort, a.view, a.meta.ID), placeOf(q.Sort, b.view, b.meta.ID))
	})
	from, to, err := cut(all, q, rank)
	if err != nil {
		return scim.Page[E]{}, err
	}
	p := scim.Page[E]{Total: -1}
	if q.Total {
		p.Total = len(all)
	}
	for _, l := range all[from:to] {
		p.Items = append(p.Items, l.item)
	}
	if 0 < len(p.Items) && 0 < from {
		p.Previous = q.Sort.Position(all[from].view, all[from].meta.ID)
	}
	if 0 < len(p.Items) && to < len(all) {
		p.Next = q.Sort.Position(all[to-1].view, all[to-1].meta.ID)
	}
	return p, nil
}

// cut returns which of all matching resources, in order, are on the page.
func cut[E any](all []listed[E], q scim.Query, rank map[string]int) (from, to int, err error) {
	limit := max(q.Limit, 0)
	switch {
	case q.After != "":
		at, err := find(all, q.Sort, rank, q.After)
		if err != nil {
			return 0, 0, err
		}
		from = slices.IndexFunc(all, func(l listed[E]) bool {
			return comparePlaces(q.Sort, rank, placeOf(q.Sort, l.view, l.meta.ID), at) > 0
		})
		if from < 0 {
			from = len(all)
		}
	case q.Before != "":
		at, err := find(all, q.Sort, rank, q.Before)
		if err != nil {
			return 0, 0, err
		}
		for to < len(all) && comparePlaces(q.Sort, rank, placeOf(q.Sort, all[to].view, all[to].meta.ID), at) < 0 {
			to++
		}
		return max(0, to-limit), to, nil
	default:
		from = min(max(q.Offset, 0), len(all))
	}
	return from, from + min(limit, len(all)-from), nil
}

// placeOf is where a resource stands, with its key however long.
func placeOf(o scim.Order, view filter.Resource, id string) scim.Place {
	if o.By.IsZero() {
		return scim.Place{ID: id}
	}
	key, ok := o.By.SortKey(view)
	return scim.Place{ID: id, Key: key, Absent: !ok}
}

// find reads a position.
func find[E any](all []listed[E], o scim.Order, rank map[string]int, position string) (scim.Place, error) {
	at, err := o.Place(position)
	if err != nil || !at.Long {
		return at, err
	}
	i := slices.IndexFunc(all, func(l listed[E]) bool { return l.meta.ID == at.ID })
	if i < 0 {
		return at, scim.ErrPosition
	}
	return placeOf(o, all[i].view, at.ID), nil
}

// comparePlaces compares two places: by key, without one last, then by ID; or exactly the reverse.
func comparePlaces(o scim.Order, rank map[string]int, a, b scim.Place) int {
	absent := func(p scim.Place) int {
		if p.Absent {
			return 1
		}
		return 0
	}
	c := cmp.Or(absent(a)-absent(b), cmp.Compare(a.Key, b.Key), byRank(rank, a.ID, b.ID))
	if o.Descending {
		return -c
	}
	return c
}
