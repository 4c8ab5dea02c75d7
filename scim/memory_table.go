package scim

import (
	"strings"

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
	resource(scratch *User) filter.Resource
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
