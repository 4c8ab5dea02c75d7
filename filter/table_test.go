package filter

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// layouts are ways to keep the resources of a test. In the second, attributes of each type are
// columns, and lists with and without parts are rows; in the third there is nothing else. The
// columns have collations that no condition may fall for.
var layouts = map[string]Layout{
	"document": {Folded: "r.folded"},
	"columns":  {Folded: "r.folded", Column: tableColumn, Rows: tableRows},
	"bare":     {Column: tableColumn, Rows: tableRows},
}

// keptColumns are the attributes with a column. Without a folded document nothing else is kept.
var keptColumns = []string{"id", "externalId", "userName", "displayName", "active", "loginCount", "score",
	"name.familyName", "meta.created", enterpriseURN + ":department", enterpriseURN + ":manager.value"}

var keptRows = map[string][]string{
	"emails": {"emails.value", "emails.type", "emails.primary", "emails.rank", "emails.since"},
	"tags":   {"tags"},
}

func tableColumn(r Ref) string {
	if i := slices.Index(keptColumns, r.String()); i >= 0 {
		return fmt.Sprintf("r.c%d", i)
	}
	for list, parts := range keptRows {
		if i := slices.Index(parts, r.String()); i >= 0 {
			return fmt.Sprintf("%s.e%d", list, i)
		}
	}
	return ""
}

func tableRows(r Ref) (from, where string) {
	if keptRows[r.String()] == nil {
		return "", ""
	}
	return "list_" + r.String() + " AS " + r.String(), r.String() + ".n = r.n"
}

// bare is a resource of which only columns and rows are kept.
type bare struct{ Resource }

func (b bare) Len(r Ref) int {
	switch {
	case r.Kind() == Complex && !r.Multi():
		for i := range r.Subs() {
			if tableColumn(r.Sub(i)) != "" && b.Value(r.Sub(i), 0).Present() {
				return 1
			}
		}
		return 0
	case tableColumn(r) == "" && keptRows[r.String()] == nil && !keptPart(r):
		return 0
	}
	return b.Resource.Len(r)
}

func (b bare) Value(r Ref, i int) Value {
	if tableColumn(r) == "" {
		return Value{}
	}
	return b.Resource.Value(r, i)
}

// keptPart reports whether r is a part of a list in rows: its Len is that of the list.
func keptPart(r Ref) bool { return !r.Parent().IsZero() && keptRows[r.Parent().String()] != nil }

// table is resources in a database.
type table struct {
	Engine
	registry *Registry
}

func newTable(tb testing.TB, e Engine, g *Registry, resources []Resource) *table {
	tb.Helper()
	t := &table{e, g}
	collation := " COLLATE NOCASE"
	if e.Dialect == Postgres {
		collation = ` COLLATE "und-x-icu"`
	}
	text := func(n int, prefix string) (columns string) {
		for i := range n {
			columns += fmt.Sprintf(", %s%d text%s", prefix, i, collation)
		}
		return columns
	}
	e.Exec(tb, "CREATE TEMP TABLE r (n integer PRIMARY KEY, tenant text, folded "+e.JSON()+text(len(keptColumns), "c")+")")
	for list, parts := range keptRows {
		e.Exec(tb, "CREATE TEMP TABLE list_"+list+" (n integer"+text(len(parts), "e")+")")
	}
	for n, res := range resources {
		t.insert(tb, n, res)
	}
	return t
}

func (t *table) insert(tb testing.TB, n int, res Resource) {
	tb.Helper()
	t.row(tb, "r", append([]any{n, "acme", t.registry.Folded(res)}, t.keys(tb, res, keptColumns, 0)...))
	t.row(tb, "r", append([]any{-1 - n, "other", "{}"}, make([]any, len(keptColumns))...))
	for list, parts := range keptRows {
		r, _ := t.registry.Ref(list)
		for i := range res.Len(r) {
			t.row(tb, "list_"+list, append([]any{n}, t.keys(tb, res, parts, i)...))
		}
	}
}

// keys returns what columns of the given attributes hold.
func (t *table) keys(tb testing.TB, res Resource, paths []string, i int) (keys []any) {
	tb.Helper()
	for _, path := range paths {
		r, ok := t.registry.Ref(path)
		if !ok {
			tb.Fatalf("no attribute %s", path)
		}
		var key any
		if v := res.Value(r, i); v.Present() {
			key = r.Key(v)
		}
		keys = append(keys, key)
	}
	return keys
}

func (t *table) row(tb testing.TB, name string, values []any) {
	tb.Helper()
	places := make([]string, len(values))
	for i := range places {
		places[i] = fmt.Sprintf("$%d", i+1)
	}
	t.Exec(tb, "INSERT INTO "+name+" VALUES ("+strings.Join(places, ", ")+")", values...)
}

// verdicts asks the database about each resource; the condition must answer with a boolean. The
// statement has an argument of its own, behind the condition.
func (t *table) verdicts(tb testing.TB, b *Bound, l Layout) (all []bool) {
	tb.Helper()
	condition, args := b.SQL(t.Dialect, l, []any{"acme"})
	query := "SELECT " + condition + " FROM r WHERE r.tenant = $1 ORDER BY r.n"
	t.each(tb, b, query, args, func(rows *sql.Rows) error {
		var holds bool
		err := rows.Scan(&holds)
		all = append(all, holds)
		return err
	})
	return all
}

// found asks the database which resources there are, from 0.
func (t *table) found(tb testing.TB, b *Bound, l Layout) (all []int) {
	tb.Helper()
	condition, args := b.SQL(t.Dialect, l, []any{"acme"})
	query := "SELECT r.n FROM r WHERE " + condition + " AND r.tenant = $1 ORDER BY r.n"
	t.each(tb, b, query, args, func(rows *sql.Rows) error {
		var n int
		err := rows.Scan(&n)
		all = append(all, n)
		return err
	})
	return all
}

func (t *table) each(tb testing.TB, b *Bound, query string, args []any, scan func(*sql.Rows) error) {
	tb.Helper()
	rows, err := t.Conn.QueryContext(context.Background(), query, args...)
	if err != nil {
		tb.Fatalf("%s: %q: %v\n%s", t.Name, b, err, query)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			tb.Fatalf("%s: %q: %v\n%s", t.Name, b, err, query)
		}
	}
	if err := rows.Err(); err != nil {
		tb.Fatalf("%s: %q: %v\n%s", t.Name, b, err, query)
	}
}
