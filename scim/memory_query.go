package scim

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/seed-30109bde/gatehouse/filter"
)

// A result is what a query finds: the rows of a page, and where the listing goes on.
type result[R row] struct {
	rows           []R
	total          int
	more           bool // there are others behind those that were looked for
	previous, next string
}

// query answers q, and holds the lock only to find where to look.
func (t *table[R]) query(ctx context.Context, lock *sync.RWMutex, q Query) (f result[R], err error) {
	q.Offset, q.Limit = max(q.Offset, 0), max(q.Limit, 0)
	h, err := q.heading()
	if err != nil {
		return f, err
	}
	var at R
	there := true
	lock.RLock()
	runs, size := t.runs(q)
	if h.from.Long {
		at, there = t.byID[h.from.ID]
	}
	lock.RUnlock()
	switch {
	case !there:
		return f, ErrPosition
	case h.from.Long:
		h.from = q.Sort.place(at.resource(new(User)), h.from.ID)
	}

	whole := q.Filter == nil && q.IDs == nil
	switch {
	case !q.Sort.By.IsZero():
		f, err = rank(ctx, runs, q, h)
	case whole && len(runs) == 1 && h == (heading{}):
		f.rows = take(runs[0], q.Offset, q.Limit)
		f.more = q.Offset+len(f.rows) < size
	default:
		f, err = scan(ctx, runs, q, h, q.Total && !whole)
	}
	if whole {
		f.total = size
	}
	if !q.Total {
		f.total = -1
	}
	f.name(q, h)
	return f, err
}

// name puts the page in order, and names where the listing goes on.
func (f *result[R]) name(q Query, h heading) {
	if len(f.rows) == 0 {
		return
	}
	if h.back {
		slices.Reverse(f.rows)
	}
	before, after := h.sides(&q, f.more)
	if before {
		f.previous = position(q.Sort, f.rows[0])
	}
	if after {
		f.next = position(q.Sort, f.rows[len(f.rows)-1])
	}
}

func position[R row](o Order, r R) string {
	if o.By.IsZero() {
		return o.Position(nil, r.key())
	}
	return o.Position(r.resource(new(User)), r.key())
}

// runs returns the rows among which the answer to q is, and how many they are.
func (t *table[R]) runs(q Query) (runs [][]*chunk[R], size int) {
	if rows, ok := t.candidates(q); ok {
		if len(rows) > 0 {
			runs = [][]*chunk[R]{{{elements: rows}}}
		}
		return runs, len(rows)
	}
	for manager, l := range t.managed {
		if q.Scope.Sees(manager) && l.size > 0 {
			runs = append(runs, l.lend())
			size += l.size
		}
	}
	return runs, size
}

// candidates returns, in order, the rows that q.IDs and the indexes leave, if they help.
func (t *table[R]) candidates(q Query) (rows []R, ok bool) {
	if q.IDs != nil {
		for _, id := range slices.Compact(slices.Sorted(slices.Values(q.IDs))) {
			if r, ok := t.byID[id]; ok {
				rows = append(rows, r)
			}
		}
		return rows, true
	}
	for ref, v := range q.Filter.Equalities() {
		if found, known := t.find(ref, v); known && (!ok || len(found) < len(rows)) {
			rows, ok = found, true
		}
	}
	slices.SortFunc(rows, func(a, b R) int { return strings.Compare(a.key(), b.key()) })
	return slices.Compact(rows), ok
}

// find returns all rows that may have the value, if there is an index to tell.
func (t *table[R]) find(ref filter.Ref, v filter.Value) (rows []R, ok bool) {
	path := ref.String()
	if path == "id" && ref.CaseExact() {
		if r, ok := t.byID[v.Text]; ok {
			rows = append(rows, r)
		}
		return rows, true
	}
	for i, x := range t.indexes {
		switch {
		case path != x.path:
		case x.fold:
			return t.by[i].all(filter.Fold(v.Text)), true
		case ref.CaseExact():
			return t.by[i].all(v.Text), true
		}
	}
	if t.also == nil {
		return nil, false
	}
	return t.also(ref, v)
}

// visit calls see for the rows that q matches, in the order of their IDs or the other way back: for
// all, or those behind an ID, until see has enough.
func visit[R row](ctx context.Context, runs [][]*chunk[R], q Query, id string, back bool, see func(R) bool) error {
	seen, scratch := 0, new(User)
	for r := range merge(runs, id, back) {
		if seen++; seen%256 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if q.Scope.Sees(*r.manager()) && (q.Filter == nil || r.matches(q.Filter, scratch)) && !see(r) {
			break
		}
	}
	return nil
}

// scan looks at the rows in the order of the listing. Unless it has to count them all it begins at
// the page, and ends where another follows it.
func scan[R row](ctx context.Context, runs [][]*chunk[R], q Query, h heading, count bool) (f result[R], err error) {
	if !count && q.Limit == 0 {
		return f, nil
	}
	from := h.from.ID
	if count {
		from = ""
	}
	err = visit(ctx, runs, q, from, h.down, func(r R) bool {
		f.total++
		switch {
		case f.total <= q.Offset, count && !h.beyond(Place{ID: r.key()}):
		case len(f.rows) == q.Limit:
			f.more = true
			return count
		default:
			f.rows = append(f.rows, r)
		}
		return true
	})
	return f, err
}

// rank is scan in another order than that of IDs. It looks at all rows, and keeps no more than
// twice those that may be in the page.
func rank[R row](ctx context.Context, runs [][]*chunk[R], q Query, h heading) (f result[R], err error) {
	type ranked struct {
		Place
		row R
	}
	keep := q.Offset + q.Limit + 1 // one more, to see whether there is one
	if keep <= 0 {
		keep = math.MaxInt
	}
	var best []ranked
	sort := func() {
		slices.SortFunc(best, func(a, b ranked) int { return h.compare(a.Place, b.Place) })
		best = best[:min(keep, len(best))]
	}
	scratch := new(User)
	err = visit(ctx, runs, q, "", false, func(r R) bool {
		f.total++
		if p := q.Sort.place(r.resource(scratch), r.key()); h.beyond(p) {
			best = append(best, ranked{p, r})
		}
		if len(best)/2 >= keep {
			sort()
		}
		return true
	})
	sort()
	best = best[min(q.Offset, len(best)):]
	f.more = len(best) > q.Limit
	for _, b := range best[:min(q.Limit, len(best))] {
		f.rows = append(f.rows, b.row)
	}
	return f, err
}
