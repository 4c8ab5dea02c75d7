package filter

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestSortKey(t *testing.T) {
	g := testRegistry(t)
	const none = "-"
	for _, tt := range []struct{ why, resource, by, want string }{
		{"a string is folded", `{"userName":"Émile"}`, "userName", "ÉMILE"},
		{"and not if it is caseExact", `{"id":"aB"}`, "id", "aB"},
		{"nor is a binary", `{"picture":"qQ=="}`, "picture", "qQ=="},
		{"a name in any case, with its schema", `{"userName":"a"}`, coreURN + ":USERNAME", "A"},
		{"a part", `{"name":{"familyName":"Curie"}}`, "name.familyName", "CURIE"},
		{"an extension", `{"` + enterpriseURN + `":{"department":"Physics"}}`, enterpriseURN + ":department", "PHYSICS"},
		{"nothing", `{}`, "userName", none},
		{"an empty string is nothing", `{"userName":""}`, "userName", none},
		{"a part of nothing", `{}`, "name.familyName", none},
		{"false is something", `{"active":false}`, "active", "0"},
		{"so is zero", `{"loginCount":0}`, "loginCount", "8000000000000000"},

		{"the primary element", `{"emails":[{"value":"z"},{"value":"b","primary":true},{"value":"a"}]}`, "emails", "B"},
		{"the first of two that say so", `{"emails":[{"value":"z"},{"value":"b","primary":true},{"value":"a","primary":true}]}`, "emails", "B"},
		{"the first if none is", `{"emails":[{"value":"z"},{"value":"b","primary":false},{"value":"a"}]}`, "emails", "Z"},
		{"a part of the primary element", `{"emails":[{"type":"work","rank":1},{"type":"home","rank":-1,"primary":true}]}`, "emails.rank", "7fffffffffffffff"},
		{"and of no other if it has none", `{"emails":[{"value":"z","type":"work"},{"value":"b","primary":true}]}`, "emails.type", none},
		{"no value in the first", `{"emails":[{"type":"work"},{"value":"b"}]}`, "emails.value", none},
		{"whether the primary element is primary", `{"emails":[{"value":"a"},{"primary":true}]}`, "emails.primary", "1"},
		{"an empty list", `{"emails":[]}`, "emails", none},
		{"no list", `{}`, "emails.type", none},
		{"a list whose elements are never primary", `{"addresses":[{"street":"b"},{"street":"a"}]}`, "addresses.street", "B"},
		{"a list of values: the first", `{"tags":["Blue","amber"]}`, "tags", "BLUE"},
		{"which may be empty", `{"tags":["","amber"]}`, "tags", none},
		{"a list within an attribute", `{"prefs":{"lists":["Ops","news"]}}`, "prefs.lists", "OPS"},

		{"the default part of a complex attribute", `{"` + enterpriseURN + `":{"manager":{"value":"aB","displayName":"C"}}}`, enterpriseURN + ":manager", "aB"},
		{"is not another part", `{"` + enterpriseURN + `":{"manager":{"displayName":"C"}}}`, enterpriseURN + ":manager", none},
	} {
		var m map[string]any
		d := json.NewDecoder(strings.NewReader(tt.resource))
		d.UseNumber()
		if err := d.Decode(&m); err != nil {
			t.Fatal(err)
		}
		r, ok := g.Ref(tt.by)
		if !ok || !r.Sortable() {
			t.Fatalf("%s: %s: known %t, sortable %t", tt.why, tt.by, ok, ok && r.Sortable())
		}
		got, ok := r.SortKey(newDoc(g, m))
		if ok && got == none || !ok && got != "" {
			t.Fatalf("%s: %q, %t", tt.why, got, ok)
		}
		if !ok {
			got = none
		}
		if got != tt.want {
			t.Errorf("%s: %s of %s is %q, want %q", tt.why, tt.by, tt.resource, got, tt.want)
		}
	}
}

// TestSortKeyOrder: keys are in the order that RFC 7644 §3.4.2.3 has for values of a type.
func TestSortKeyOrder(t *testing.T) {
	g := testRegistry(t)
	for by, values := range map[string]string{
		"active":     `false true`,
		"loginCount": `-9223372036854775808 -10 -9 0 9 10 9007199254740992 9007199254740993`,
		"score":      `-1000 -0.5 -0.25 0 5e-324 0.25 0.5 2 10`,
		"meta.created": `"0001-06-01T00:00:00Z" "1969-12-31T23:59:59.5Z" "2026-01-01T00:00:00Z" "2026-01-01T00:00:00.05Z" "2026-01-01T00:00:00.5Z"
			"2026-01-01T09:00:00+08:00" "2026-01-01T02:00:00Z"`,
		"displayName": `"a" "A1" "a10" "A2" "b" "ſa" "t" "É" "ü"`,
		"id":          `"A" "B" "a" "b" "É" "é"`,
	} {
		r, _ := g.Ref(by)
		last := ""
		for i, value := range strings.Fields(values) {
			resource := `{"` + by + `":` + value + `}`
			if whole, part, ok := strings.Cut(by, "."); ok {
				resource = `{"` + whole + `":{"` + part + `":` + value + `}}`
			}
			var m map[string]any
			d := json.NewDecoder(strings.NewReader(resource))
			d.UseNumber()
			if err := d.Decode(&m); err != nil {
				t.Fatal(err)
			}
			key, ok := r.SortKey(newDoc(g, m))
			if !ok || i > 0 && key <= last {
				t.Errorf("%s: the key of %s is %q, that of the value before %q", by, value, key, last)
			}
			last = key
		}
	}
}

func TestSortable(t *testing.T) {
	g := testRegistry(t)
	res := newDoc(g, testResources(t)["ada"])
	layout := layouts["document"]
	for _, path := range []string{"name", "meta", "prefs", "addresses", "groups", "groups.value", "name.formatted", "emails.display", "meta.version", enterpriseURN + ":manager.$ref"} {
		r, ok := g.Ref(path)
		if !ok {
			t.Fatalf("no attribute %s", path)
		}
		if key, ok := r.SortKey(res); r.Sortable() || ok || key != "" {
			t.Errorf("%s: sortable %t, key %q, %t", path, r.Sortable(), key, ok)
		}
		if text := r.SortSQL(SQLite, layout) + r.SortSQL(Postgres, layout); text != "" {
			t.Errorf("%s: %s", path, text)
		}
	}
	var zero Ref
	if key, ok := zero.SortKey(res); zero.Sortable() || ok || key != "" || zero.SortSQL(SQLite, layout) != "" {
		t.Errorf("no attribute: sortable %t, key %q, %t", zero.Sortable(), key, ok)
	}
}

// A part that is called primary and is no boolean says nothing.
func TestSortByAnotherPrimary(t *testing.T) {
	g, err := NewRegistry(Schema{URN: coreURN, Attributes: []Attribute{{Name: "codes", Kind: Complex, Multi: true, Sub: []Attribute{
		{Name: "value", Kind: String}, {Name: "primary", Kind: Integer}}}}})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := g.Ref("codes")
	res := newDoc(g, map[string]any{"codes": []any{map[string]any{"value": "b"}, map[string]any{"value": "a", "primary": json.Number("1")}}})
	if key, ok := r.SortKey(res); key != "B" || !ok {
		t.Errorf("key %q, %t, want that of the first element", key, ok)
	}
	for _, d := range []Dialect{SQLite, Postgres} {
		if text := r.SortSQL(d, layouts["document"]); text == "" || strings.Contains(text, "primary") {
			t.Errorf("dialect %d: %s", d, text)
		}
	}
}

// TestSortSQL: databases have the keys that SortKey has, and put rows in their order.
func TestSortSQL(t *testing.T) {
	g := testRegistry(t)
	var resources []Resource
	for i := range 150 {
		resources = append(resources, newDoc(g, awkwardResource(i)))
	}
	for _, m := range testResources(t) {
		resources = append(resources, newDoc(g, m))
	}
	for _, e := range Engines(t) {
		table := newTable(t, e, g, resources)
		for name, layout := range layouts {
			t.Run(e.Name+" "+name, func(t *testing.T) {
				kept := slices.Clone(resources)
				if name == "bare" {
					for i, res := range resources {
						kept[i] = bare{res}
					}
				}
				sorted := 0
				for i := range g.Len() {
					r := g.At(i)
					text := r.SortSQL(e.Dialect, layout)
					if text == "" {
						if r.Sortable() && inDocument(r, layout) {
							t.Errorf("%s: no expression", r)
						}
						continue
					}
					sorted++
					table.sortsLike(t, r, text, kept)
				}
				if least := map[string]int{"document": 30, "columns": 20, "bare": 10}[name]; sorted < least {
					t.Errorf("sorted by %d attributes, want %d at least", sorted, least)
				}
			})
		}
	}
	AllEngines(t)
}

// inDocument reports whether a sortable attribute is one that a query can sort by: of lists only
// those in the document are.
func inDocument(r Ref, l Layout) bool {
	list := r
	if p := r.Parent(); !p.IsZero() && p.Multi() {
		list = p
	}
	if !list.Multi() {
		return true
	}
	from, _ := l.rows(list)
	return from == "" && l.Folded != ""
}

// sortsLike compares the keys and the order of rows with those of resources.
func (t *table) sortsLike(tb testing.TB, r Ref, text string, resources []Resource) {
	tb.Helper()
	type row struct {
		n   int
		key sql.NullString
	}
	want := make([]row, len(resources))
	for n, res := range resources {
		key, ok := r.SortKey(res)
		want[n] = row{n, sql.NullString{String: key, Valid: ok}}
	}
	slices.SortStableFunc(want, func(a, b row) int {
		if a.key.Valid != b.key.Valid {
			return map[bool]int{true: -1, false: 1}[a.key.Valid]
		}
		return cmp.Compare(a.key.String, b.key.String)
	})
	for _, direction := range []string{" NULLS LAST, r.n", " DESC NULLS FIRST, r.n DESC"} {
		query := "SELECT r.n, " + text + " FROM r WHERE r.tenant = $1 ORDER BY " + text + direction
		var got []row
		t.each(tb, nil, query, []any{"acme"}, func(rows *sql.Rows) error {
			var one row
			err := rows.Scan(&one.n, &one.key)
			got = append(got, one)
			return err
		})
		if !slices.Equal(got, want) {
			i := 0
			for i < min(len(got), len(want)) && got[i] == want[i] {
				i++
			}
			tb.Errorf("%s, by %s%s: of %d rows and %d resources these differ first: %s\n%s", t.Name, r, direction, len(got), len(want),
				fmt.Sprint(got[min(i, len(got)):min(i+1, len(got))], want[min(i, len(want)):min(i+1, len(want))]), text)
		}
		slices.Reverse(want)
	}
}
