package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A besideListing answers one query about users beside accounts.
type besideListing struct {
	*listing
	tables *besideTables
	wide   bool // rows are those of accounts, also where nothing is beside one
	// Whether no statement can answer the filter, or put users in order.
	scansFilter, scansOrder bool
}

func (b *Beside) listing(tenant scim.TenantID, q scim.Query) (*besideListing, error) {
	wide := b.isWide(q)
	k := b.beside
	if wide {
		k = b.native
	}
	l, err := b.store.listing(k, tenant, q)
	if err != nil {
		return nil, err
	}
	out := &besideListing{listing: l, tables: b.besideTables, wide: wide}
	_, _, ok := b.condition(l.dialect, k, q.Filter, nil)
	out.scansFilter = !ok
	out.scansOrder = strings.Contains(l.key, withoutColumn)
	return out, nil
}

// isWide reports whether a query is to begin with the accounts: so that native users are found, and
// an index of the host is used. What is beside them comes first if the filter asks for it.
func (t *besideTables) isWide(q scim.Query) bool {
	wide := q.Scope.All || q.Scope.AndNative || !q.Sort.By.IsZero() && t.Columns[q.Sort.By.String()] != ""
	for ref, v := range q.Filter.Equalities() {
		switch path := ref.String(); {
		case !v.Present() || path == "id":
		case !t.isElsewhere(path):
			return false
		case t.Columns[path] != "" && v.Kind == filter.String:
			wide = true
		}
	}
	return wide
}

// look puts FROM and WHERE: where to look, and for what.
func (l *besideListing) look(st *statement) {
	t, tenant := l.tables, string(l.tenant)
	switch {
	case l.wide:
		st.put(" FROM "+t.From+" LEFT JOIN scim_beside AS r ON r.tenant = ? AND r.id = "+l.id+" WHERE "+t.Tenant+" = ?", tenant, tenant)
		l.visibleAccounts(st)
	default:
		from, where := "scim_beside AS r", ""
		if path, key := l.listedKey(); path != "" {
			inner := statement{args: st.args}
			inner.put("SELECT v.user_n AS n FROM scim_beside_values AS v WHERE v.tenant = ? AND v.path = ? AND v.key = ?", tenant, path, key)
			from, where = l.dialect.hinted(besideTable, inner.String())
			st.args = inner.args
			where += " AND "
		}
		join := " JOIN "
		if l.dialect == sqlite {
			join = " CROSS JOIN " // in this order
		}
		st.put(" FROM " + from + join + t.From + " ON " + t.Join + " WHERE " + where)
		l.visible(st)
		st.put(" AND "+t.Tenant+" = ?", tenant)
	}
	if t.Live != "" {
		st.put(" AND (" + t.Live + ")")
	}
	if l.q.IDs != nil {
		st.put(" AND "+l.dialect.among(l.id, "?"), jsonList(textsOf(l.q.IDs)))
	}
	l.matching(st)
}

// visibleAccounts puts the condition for the accounts of those whom the scope sees.
func (l *besideListing) visibleAccounts(st *statement) {
	switch scope := l.q.Scope; {
	case scope.All:
	case scope.AndNative:
		st.put(" AND (r.n IS NULL OR r.managed_by IN (?, ''))", scope.Manager)
	case scope.Manager != "":
		st.put(" AND r.managed_by = ?", scope.Manager)
	default:
		st.put(" AND FALSE")
	}
}

// listedKey returns a value of which the filter leaves only users who are listed under it.
func (l *besideListing) listedKey() (path, key string) {
	for ref, v := range l.q.Filter.Equalities() {
		switch at := ref.String(); {
		case at == "userName" || at == "id" || at == "externalId": // have an index that finds fewer
			return "", ""
		case path == "" && l.lists(at) && isListed(ref.Key(v)):
			path, key = at, ref.Key(v)
		}
	}
	return path, key
}

// lists reports whether the values of an attribute are listed.
func (k *kind) lists(path string) bool {
	for _, ref := range k.listed {
		if ref.String() == path {
			return true
		}
	}
	return false
}

// matching puts the filter, or what a statement can answer of it.
func (l *besideListing) matching(st *statement) {
	if l.q.Filter == nil {
		return
	}
	all := []*filter.Bound{l.q.Filter}
	if l.scansFilter {
		all = nil
		for ref, v := range l.q.Filter.Equalities() {
			if ours, ok := l.registry.Ref(ref.String()); ok && v.Kind == filter.String {
				all = append(all, filter.Equal(l.registry, ours, v.Text))
			}
		}
	}
	for _, f := range all {
		if text, args, ok := l.tables.condition(l.dialect, l.kind, f, st.args); ok {
			st.args = args
			st.WriteString(" AND " + text)
		}
	}
}

// page is the statement for the rows of a page and the one after it.
func (l *besideListing) page() *statement {
	st := new(statement)
	if l.wide {
		st.put("SELECT " + l.id + ", COALESCE(r.n, 0), COALESCE(r.version, ''), COALESCE(r.document, '')")
	} else {
		st.put("SELECT r.id, r.n, r.version, r.document")
	}
	l.look(st)
	l.beyond(st)
	l.order(st)
	st.put(" LIMIT ? OFFSET ?", l.q.Limit+1, l.q.Offset)
	return st
}

// count is the statement that counts all rows.
func (l *besideListing) count() *statement {
	if l.held == "" || l.wide {
		st := fixed("SELECT count(*)")
		l.look(st)
		return st
	}
	st := fixed("SELECT count(*) FROM (SELECT 1")
	l.look(st)
	st.put(l.held + " OF r) AS held")
	return st
}

// candidates is the statement for the IDs of those who have to be looked at, and of one more than may
// be.
func (l *besideListing) candidates() *statement {
	st := fixed("SELECT " + l.id)
	l.look(st)
	st.put(" LIMIT ?", l.tables.ScanLimit+1)
	return st
}

// try has the database read the host's text, so that a mistake in it is one at the start.
func (b *Beside) try(ctx context.Context) error {
	for _, scope := range []scim.Scope{{Manager: "none"}, {All: true}} {
		l, err := b.listing("", scim.Query{Scope: scope})
		if err != nil {
			return err
		}
		st := fixed("SELECT " + l.id)
		for path := range b.Columns {
			st.put(", " + l.columns[path] + " = CAST('' AS text)")
		}
		l.look(st)
		st.put(" LIMIT 0")
		if err := each(ctx, b.store.at(), st, func(func(...any) error) error { return nil }); err != nil {
			return fmt.Errorf("sqlstore: the database does not understand AccountTable: %w", err)
		}
	}
	return nil
}

// Users implements [scim.UserStore].
func (b *Beside) Users(ctx context.Context, tenant scim.TenantID, q scim.Query) (page scim.Page[scim.User], err error) {
	err = b.snapshot(ctx, func(tx Tx) (err error) {
		page, err = b.list(ctx, tx, tenant, q)
		return err
	})
	return page, b.store.told(ctx, err)
}

// list answers a query.
func (b *Beside) list(ctx context.Context, tx Tx, tenant scim.TenantID, q scim.Query) (scim.Page[scim.User], error) {
	page := scim.Page[scim.User]{Total: -1}
	l, err := b.listing(tenant, q)
	if err != nil {
		return page, err
	}
	if l.place.Long {
		if err := b.complete(ctx, tx, l); err != nil {
			return page, err
		}
	}
	ids, known, err := b.named(ctx, tx, l)
	if err != nil {
		return page, err
	}
	if known || l.scansFilter || l.scansOrder {
		return b.scan(ctx, tx, l, ids, known)
	}
	var rows []besideRow
	if l.q.Limit > 0 {
		if rows, err = besideRows(ctx, tx, l.page()); err != nil {
			return page, err
		}
	}
	more := len(rows) > l.q.Limit
	rows = rows[:min(len(rows), l.q.Limit)]
	users, err := b.whole(ctx, tx, tenant, rows, false)
	if err != nil {
		return page, err
	}
	page.Items = asUsers(users)
	finish(l.listing, &page, more, ofUsers.view)
	if q.Total {
		page.Total, err = l.sum(ctx, tx, len(rows), more)
	}
	return page, err
}

// sum returns how many rows match, which a page that is the last one tells.
func (l *besideListing) sum(ctx context.Context, tx Tx, n int, more bool) (int, error) {
	if tells := l.q.Limit > 0 && (n > 0 || l.q.Offset == 0); tells && !l.placed && !more {
		return l.q.Offset + n, nil
	}
	var total int
	err := one(ctx, tx, l.count(), &total)
	return total, err
}

// complete makes the key of a place that was too long to be carried.
func (b *Beside) complete(ctx context.Context, tx Tx, l *besideListing) error {
	u, err := b.one(ctx, tx, l.tenant, l.place.ID, false)
	if errors.Is(err, scim.ErrNotFound) {
		return scim.ErrPosition
	}
	if err != nil {
		return err
	}
	l.place = placeOf(l.q.Sort, &u.User)
	return nil
}

func asUsers(list []besideUser) (out []scim.User) {
	for _, u := range list {
		out = append(out, u.User)
	}
	return out
}
