package scim

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/seed-30109bde/gatehouse/filter"
)

// A row is a stored user or group. It never changes.
type row interface {
	comparable
	keyed // the ID
	manager() *string
	is(version string) bool
	postings() []posting
	matches(f *filter.Bound, scratch *User) bool
}

// A posting is one key of a row in one of the indexes of its table. The first posting is the
// unique name.
type posting struct {
	index int
	key   string
}

// indexing says by which attributes a table finds rows, besides the ID.
type indexing struct {
	indexes    []indexed
	perManager bool // the name is unique among the rows of one manager, else in the tenant
}

type indexed struct {
	path string
	fold bool // keys are folded
}

// A table holds the users or the groups of a tenant.
type table[R row] struct {
	indexing
	byID    map[string]R
	by      []index[R]             // as indexing.indexes
	managed map[string]*managed[R] // by manager

	// also finds rows by an attribute the table has no index of. Optional.
	also func(filter.Ref, filter.Value) (rows []R, ok bool)
}

// managed are the rows of one manager.
type managed[R row] struct {
	ordered[R]
	manager string
}

func newTable[R row](x indexing) table[R] {
	return table[R]{
		indexing: x,
		byID:     make(map[string]R),
		by:       make([]index[R], len(x.indexes)),
		managed:  make(map[string]*managed[R]),
	}
}

// add adds r, whose postings are p.
func (t *table[R]) add(r R, p []posting) {
	manager := r.manager()
	l := t.managed[*manager]
	if l == nil {
		l = &managed[R]{manager: strings.Clone(*manager)}
		t.managed[l.manager] = l
	}
	*manager = l.manager // one string for all
	l.put(r)
	t.byID[r.key()] = r
	for _, p := range p {
		t.by[p.index].add(p.key, r)
	}
}

func (t *table[R]) remove(r R) {
	t.managed[*r.manager()].remove(r.key())
	delete(t.byID, r.key())
	for _, p := range r.postings() {
		t.by[p.index].remove(p.key, r)
	}
}

// current returns the row with the ID if its version is the one given.
func (t *table[R]) current(id, version string) (R, error) {
	r, ok := t.byID[id]
	switch {
	case !ok:
		return r, ErrNotFound
	case version != "" && !r.is(version):
		return r, ErrStale
	}
	return r, nil
}

// taken returns a conflict if another row has the name of r, which is p.
func (t *table[R]) taken(r R, p posting) error {
	for _, o := range t.by[p.index].all(p.key) {
		if o.key() != r.key() && (!t.perManager || *o.manager() == *r.manager()) {
			return &ConflictError{t.indexes[p.index].path}
		}
	}
	return nil
}

// query answers q, and holds the lock only to find where to look.
func (t *table[R]) query(ctx context.Context, lock *sync.RWMutex, q Query) (rows []R, total int, err error) {
	q.Offset, q.Limit = max(q.Offset, 0), max(q.Limit, 0)
	lock.RLock()
	runs, size := t.runs(q)
	lock.RUnlock()

	whole := q.Filter == nil && q.IDs == nil
	switch {
	case whole && len(runs) == 1:
		rows, total = take(runs[0], q.Offset, q.Limit), size
	case whole:
		rows, _, err = scan(ctx, runs, q, false)
		total = size
	default:
		rows, total, err = scan(ctx, runs, q, q.Total)
	}
	if !q.Total {
		total = -1
	}
	return rows, total, err
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

// scan looks at every row of the runs, and unless it has to count them all, stops when the page
// is full.
func scan[R row](ctx context.Context, runs [][]*chunk[R], q Query, count bool) (rows []R, total int, err error) {
	if !count && q.Limit == 0 {
		return nil, 0, nil
	}
	seen, scratch := 0, new(User)
	for r := range merge(runs) {
		if seen++; seen%256 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, 0, err
			}
		}
		if !q.Scope.Sees(*r.manager()) || q.Filter != nil && !r.matches(q.Filter, scratch) {
			continue
		}
		if total++; total <= q.Offset || len(rows) == q.Limit {
			continue
		}
		if rows = append(rows, r); !count && len(rows) == q.Limit {
			break
		}
	}
	return rows, total, nil
}
