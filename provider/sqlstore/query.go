package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A listing answers one query. It is made of two statements at most: one for the page, and one that
// counts, where the page does not tell.
type listing struct {
	*kind
	dialect *dialect
	tenant  scim.TenantID
	q       scim.Query
	key     string // what q.Sort compares, "" for the ID alone
	place   scim.Place
	placed  bool
	held    string // a lock on what a transaction counts, or ""
}

func (s *Store) listing(k *kind, tenant scim.TenantID, q scim.Query) (*listing, error) {
	if err := k.checked(q.Filter); err != nil {
		return nil, err
	}
	q.Offset, q.Limit = max(q.Offset, 0), max(q.Limit, 0)
	l := &listing{kind: k, dialect: s.dialect, tenant: tenant, q: q}
	if s.tx != nil && q.IDs != nil {
		// Whoever is counted to become a member is not deleted before it is one: its deletion takes
		// it out of the groups it is in.
		l.held = s.dialect.hold
	}
	if !q.Sort.By.IsZero() {
		if l.key = q.Sort.By.SortSQL(s.dialect.filter, k.layout); l.key == "" {
			return nil, fmt.Errorf("sqlstore: nothing is sorted by %s", q.Sort.By)
		}
	}
	if position := q.After + q.Before; position != "" {
		place, err := q.Sort.Place(position)
		if err != nil {
			return nil, err
		}
		l.place, l.placed = place, true
	}
	return l, nil
}

// backwards reports whether rows are read against the order of the answer.
func (l *listing) backwards() bool { return l.q.Before != "" }

// descending reports whether rows are read from the last to the first.
func (l *listing) descending() bool { return l.q.Sort.Descending != l.backwards() }

// look puts FROM and WHERE: where to look, and for what.
func (l *listing) look(st *statement) {
	from, where := l.table+" AS r", ""
	if candidates, args := l.candidates(); candidates != "" {
		var inner statement
		inner.args = st.args
		inner.put(candidates, args...)
		from, where = l.dialect.hinted(l.table, inner.String())
		st.args = inner.args
		where += " AND "
	}
	st.put(" FROM " + from + " WHERE " + where)
	l.visible(st)
	if l.q.IDs != nil {
		ids := slices.DeleteFunc(slices.Clone(l.q.IDs), func(id string) bool { return !isText(id) }) // nobody has these
		st.put(" AND "+l.dialect.among("r.id", "?"), jsonList(ids))
	}
	if l.q.Filter != nil {
		condition, args := l.q.Filter.SQL(l.dialect.filter, l.layout, st.args)
		st.args = args
		st.put(" AND ")
		st.WriteString(condition)
	}
}

// visible puts the condition for what the tenant has and the scope sees.
func (l *listing) visible(st *statement) {
	st.put("r.tenant = ?", string(l.tenant))
	switch scope := l.q.Scope; {
	case scope.All:
	case scope.AndNative && scope.Manager != "":
		st.put(" AND r.managed_by IN (?, '')", scope.Manager)
	case scope.AndNative:
		st.put(" AND r.managed_by = ''")
	case scope.Manager != "":
		st.put(" AND r.managed_by = ?", scope.Manager)
	default:
		st.put(" AND FALSE")
	}
}

// candidates returns a query for the rows that a filter leaves, by an index on a table of its own,
// if it helps. The columns of the table itself need none: the database sees their indexes.
func (l *listing) candidates() (text string, args []any) {
	for ref, v := range l.q.Filter.Equalities() {
		path := ref.String()
		if l.columns[path] != "" && path != "members.value" && path != "members.type" {
			return "", nil
		}
		key := ref.Key(v)
		switch {
		case text != "" || !isListed(key):
		case path == "members.value":
			text, args = "SELECT m.group_n AS n FROM scim_members AS m WHERE m.tenant = ? AND m.member = ?", []any{string(l.tenant), key}
		case slices.ContainsFunc(l.listed, func(r filter.Ref) bool { return r.String() == path }):
			text, args = "SELECT v.user_n AS n FROM scim_values AS v WHERE v.tenant = ? AND v.path = ? AND v.key = ?", []any{string(l.tenant), path, key}
		}
	}
	return text, args
}

// beyond puts the condition for rows on the far side of the place, in the direction of reading.
func (l *listing) beyond(st *statement) {
	if !l.placed {
		return
	}
	op := " > "
	if l.descending() {
		op = " < "
	}
	id, key := l.place.ID, l.place.Key
	switch e := l.key; {
	case e == "":
		st.put(" AND "+l.id+op+"?", id)
	case l.place.Absent && l.descending():
		st.put(" AND ("+e+" IS NOT NULL OR "+l.id+op+"?)", id)
	case l.place.Absent:
		st.put(" AND "+e+" IS NULL AND "+l.id+op+"?", id)
	case l.q.Sort.By.String() == l.name.String() || l.descending():
		st.put(" AND "+e+op[:2]+"= ? AND ("+e+op+"? OR "+l.id+op+"?)", key, key, id)
	default:
		st.put(" AND ("+e+op+"? OR "+e+" = ? AND "+l.id+op+"? OR "+e+" IS NULL)", key, key, id)
	}
}

// order puts ORDER BY. What is absent comes last, and read backwards first, as if it were greater
// than everything.
func (l *listing) order(st *statement) {
	direction, nulls := " ASC", " NULLS LAST"
	if l.descending() {
		direction, nulls = " DESC", " NULLS FIRST"
	}
	if l.q.Sort.By.String() == l.name.String() {
		nulls = "" // there are none, and an index need not say where they are
	}
	st.put(" ORDER BY ")
	if l.key != "" {
		st.put(l.key + direction + nulls + ", ")
	}
	st.put(l.id + direction)
}

// page is the statement for the rows of a page and the one after it.
func (l *listing) page() *statement {
	st := new(statement)
	if l.q.Offset == 0 {
		st.put("SELECT r.document, r.version")
		l.look(st)
		l.beyond(st)
		l.order(st)
		st.put(" LIMIT ?", l.q.Limit+1)
		return st
	}
	// What is skipped is skipped in the index, and not fetched to be thrown away.
	st.put("SELECT r.document, r.version FROM " + l.table + " AS r WHERE r.n IN (SELECT r.n")
	l.look(st)
	l.order(st)
	st.put(" LIMIT ? OFFSET ?)", l.q.Limit+1, l.q.Offset)
	l.order(st)
	return st
}

// count is the statement that counts all rows. All users of a manager were counted already.
func (l *listing) count() *statement {
	st := new(statement)
	if l.table == "scim_users" && l.q.Filter == nil && l.q.IDs == nil {
		st.put("SELECT CAST(COALESCE(sum(r.users), 0) AS bigint) FROM scim_counts AS r WHERE ")
		l.visible(st)
		return st
	}
	st.put("SELECT count(*)")
	if l.held == "" {
		l.look(st)
		return st
	}
	st.put(" FROM (SELECT 1")
	l.look(st)
	st.put(l.held + ") AS held")
	return st
}

// list answers a query with resources of one type.
func list[T any](ctx context.Context, s *Store, of codec[T], tenant scim.TenantID, q scim.Query) (scim.Page[T], error) {
	page := scim.Page[T]{Total: -1}
	l, err := s.listing(of.kind(s), tenant, q)
	if err != nil {
		return page, err
	}
	if l.place.Long {
		t, err := get(ctx, s.at(), of, l.kind, tenant, l.place.ID)
		if errors.Is(err, scim.ErrNotFound) {
			return page, scim.ErrPosition
		} else if err != nil {
			return page, err
		}
		res, _ := of.view(&t)
		key, ok := q.Sort.By.SortKey(res)
		l.place.Key, l.place.Absent = key, !ok
	}
	more := false
	if l.q.Limit > 0 {
		if page.Items, err = rows(ctx, s.at(), l.page(), of.decode); err != nil {
			return page, err
		}
		if more = len(page.Items) > l.q.Limit; more {
			page.Items = page.Items[:l.q.Limit]
		}
	}
	finish(l, &page, more, of.view)
	if q.Total {
		page.Total, err = l.total(ctx, s.at(), len(page.Items), more)
	}
	return page, err
}

// finish puts the items of a page in the order of the answer and says where the listing goes on.
// more says that it does where rows were read.
func finish[T any](l *listing, page *scim.Page[T], more bool, view func(*T) (filter.Resource, string)) {
	if l.backwards() {
		slices.Reverse(page.Items)
	}
	n := len(page.Items)
	if n == 0 {
		return
	}
	if more || l.backwards() {
		page.Next = l.q.Sort.Position(view(&page.Items[n-1]))
	}
	if more && l.backwards() || l.q.After != "" || l.q.Offset > 0 {
		page.Previous = l.q.Sort.Position(view(&page.Items[0]))
	}
}

// total returns how many rows match, which a page that is the last one tells.
func (l *listing) total(ctx context.Context, tx Tx, n int, more bool) (int, error) {
	if tells := l.q.Limit > 0 && (n > 0 || l.q.Offset == 0); tells && !l.placed && !more {
		return l.q.Offset + n, nil
	}
	var total int
	err := one(ctx, tx, l.count(), &total)
	return total, err
}

// get reads one resource.
func get[T any](ctx context.Context, tx Tx, of codec[T], k *kind, tenant scim.TenantID, id string) (T, error) {
	if !isText(id) {
		return *new(T), scim.ErrNotFound
	}
	found, err := rows(ctx, tx, fixed("SELECT r.document, r.version FROM "+k.table+" AS r WHERE r.tenant = ? AND r.id = ?", string(tenant), id), of.decode)
	if err == nil && len(found) == 0 {
		err = scim.ErrNotFound
	}
	if err != nil {
		return *new(T), err
	}
	return found[0], nil
}

// rows reads resources.
func rows[T any](ctx context.Context, tx Tx, st *statement, decode func([]byte, string) (T, error)) (out []T, err error) {
	err = each(ctx, tx, st, func(scan func(...any) error) error {
		var text sql.RawBytes
		var version string
		if err := scan(&text, &version); err != nil {
			return err
		}
		item, err := decode(text, version)
		out = append(out, item)
		return err
	})
	return out, err
}

// each calls f for each row, with a function that reads its columns.
func each(ctx context.Context, tx Tx, st *statement, f func(scan func(into ...any) error) error) error {
	found, err := tx.QueryContext(ctx, st.String(), st.args...)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		if err := f(found.Scan); err != nil {
			return err
		}
	}
	return found.Err()
}

// one reads one row. It returns sql.ErrNoRows if there is none.
func one(ctx context.Context, tx Tx, st *statement, into ...any) error {
	found, err := tx.QueryContext(ctx, st.String(), st.args...)
	if err != nil {
		return err
	}
	defer found.Close()
	if !found.Next() {
		if err := found.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := found.Scan(into...); err != nil {
		return err
	}
	return errors.Join(found.Err(), found.Close())
}

// fixed is a statement of fixed text.
func fixed(text string, args ...any) *statement {
	st := new(statement)
	st.put(text, args...)
	return st
}

// numbered is a statement whose text has $1, $2, … already.
func numbered(text string, args ...any) *statement {
	st := &statement{args: args}
	st.WriteString(text)
	return st
}

// exec runs a statement of fixed text, and returns how many rows it changed.
func exec(ctx context.Context, tx Tx, text string, args ...any) (int64, error) {
	return run(ctx, tx, fixed(text, args...))
}

// run runs a statement, and returns how many rows it changed.
func run(ctx context.Context, tx Tx, st *statement) (int64, error) {
	result, err := tx.ExecContext(ctx, st.String(), st.args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// jsonList is a list of texts as one argument.
func jsonList(list []string) string {
	if list == nil {
		list = []string{} // which is no null
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings
	}
	return string(text)
}
