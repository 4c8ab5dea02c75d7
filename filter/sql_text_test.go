package filter

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestSQLText shows what conditions look like, so that a change of their text is seen: they are
// what stores make indexes for.
func TestSQLText(t *testing.T) {
	g := testRegistry(t)
	for _, tt := range []struct{ text, layout, sqlite, postgres string }{
		{`userName eq "Ada"`, "columns",
			`(r.c2 IS NOT NULL AND r.c2 COLLATE BINARY = $1)`,
			`(r.c2 IS NOT NULL AND r.c2 = $1::text)`},
		{`userName gt "Ada"`, "columns",
			`(r.c2 IS NOT NULL AND r.c2 COLLATE BINARY > $1)`,
			`(r.c2 IS NOT NULL AND r.c2 COLLATE "C" > $1::text)`},
		{`userName eq "Ada"`, "document",
			`COALESCE(json_extract(r.folded, '$."userName"') = $1, FALSE)`,
			`COALESCE((r.folded ->> 'userName') = $1::text, FALSE)`},
		{`name.familyName ge "L" and id co "x"`, "document",
			`COALESCE(json_extract(r.folded, '$."name"."familyName"') >= $1, FALSE) AND COALESCE(instr(json_extract(r.folded, '$."id"'), $2) > 0, FALSE)`,
			`COALESCE((r.folded -> 'name' ->> 'familyName') COLLATE "C" >= $1::text, FALSE) AND COALESCE(strpos((r.folded ->> 'id') COLLATE "C", $2::text) > 0, FALSE)`},
		{`id sw "x" or id ew "y"`, "document",
			`(COALESCE(substr(json_extract(r.folded, '$."id"'), 1, length($1)) = $1, FALSE) OR COALESCE(substr(json_extract(r.folded, '$."id"'), -length($2)) = $2, FALSE))`,
			`(COALESCE(starts_with((r.folded ->> 'id') COLLATE "C", $1::text), FALSE) OR COALESCE(right((r.folded ->> 'id') COLLATE "C", length($2::text)) = $2::text, FALSE))`},
		{`emails[type eq "work" and not (value pr or primary eq true)]`, "document",
			`EXISTS (SELECT 1 FROM json_each(r.folded, '$."emails"') AS scim_element WHERE COALESCE(json_extract(scim_element.value, '$."type"') = $1, FALSE) AND ` +
				`NOT (json_extract(scim_element.value, '$."value"') IS NOT NULL OR COALESCE(json_extract(scim_element.value, '$."primary"') = $2, FALSE)))`,
			`EXISTS (SELECT 1 FROM jsonb_path_query(r.folded, '$."emails"[*]') AS scim_element(value) WHERE COALESCE((scim_element.value ->> 'type') = $1::text, FALSE) AND ` +
				`NOT ((scim_element.value ->> 'value') IS NOT NULL OR COALESCE((scim_element.value ->> 'primary') = $2::text, FALSE)))`},
		{`emails[type eq "work"]`, "columns",
			`EXISTS (SELECT 1 FROM list_emails AS emails WHERE emails.n = r.n AND (emails.e1 IS NOT NULL AND emails.e1 COLLATE BINARY = $1))`,
			`EXISTS (SELECT 1 FROM list_emails AS emails WHERE emails.n = r.n AND (emails.e1 IS NOT NULL AND emails.e1 = $1::text))`},
		{`emails pr`, "columns",
			`EXISTS (SELECT 1 FROM list_emails AS emails WHERE emails.n = r.n)`,
			`EXISTS (SELECT 1 FROM list_emails AS emails WHERE emails.n = r.n)`},
		{`tags lt "x"`, "document",
			`EXISTS (SELECT 1 FROM json_each(r.folded, '$."tags"') AS scim_element WHERE COALESCE(scim_element.value < $1, FALSE))`,
			`EXISTS (SELECT 1 FROM jsonb_path_query(r.folded, '$."tags"[*]') AS scim_element(value) WHERE COALESCE((scim_element.value #>> '{}') COLLATE "C" < $1::text, FALSE))`},
		{acmeURN + `:badge pr`, "document",
			`json_extract(r.folded, '$."urn:acme:User"."badge"') IS NOT NULL`,
			`(r.folded -> 'urn:acme:User' ->> 'badge') IS NOT NULL`},
		{acmeURN + `:badge pr or name pr or prefs.lists eq "x"`, "bare", `(FALSE OR (r.c7 IS NOT NULL) OR FALSE)`, `(FALSE OR (r.c7 IS NOT NULL) OR FALSE)`},
		{`(id eq "1" or id eq "2" or (id eq "3" or id eq "4")) and (id eq "5" and id eq "6")`, "columns", strings.ReplaceAll(
			`(ID $1) OR ID $2) OR ID $3) OR ID $4)) AND ID $5) AND ID $6)`, "ID", `(r.c0 IS NOT NULL AND r.c0 COLLATE BINARY =`), strings.ReplaceAll(
			`(ID $1::text) OR ID $2::text) OR ID $3::text) OR ID $4::text)) AND ID $5::text) AND ID $6::text)`, "ID", `(r.c0 IS NOT NULL AND r.c0 =`)},
	} {
		b := mustBind(t, g, tt.text)
		for d, want := range map[Dialect]string{SQLite: tt.sqlite, Postgres: tt.postgres} {
			if got, _ := b.SQL(d, layouts[tt.layout], nil); got != want {
				t.Errorf("%s, %s:\n got %s\nwant %s", tt.text, tt.layout, got, want)
			}
		}
	}
}

// TestSQLArguments: arguments follow those that are there, in the order of their numbers.
func TestSQLArguments(t *testing.T) {
	b := mustBind(t, testRegistry(t), `userName sw "Ä%" and (active eq true or emails[value ew "'" and rank gt 1]) and picture eq "qq"`)
	for d, cast := range map[Dialect]string{SQLite: "", Postgres: "::text"} {
		condition, args := b.SQL(d, layouts["document"], []any{"acme", 7})
		if want := []any{"acme", 7, "Ä%", "1", "'", "8000000000000001", "qq"}; !slices.Equal(args, want) {
			t.Errorf("%q, want %q", args, want)
		}
		for n := 1; n <= 8; n++ {
			if has := strings.Contains(condition, fmt.Sprintf("$%d%s", n, cast)); has != (n >= 3 && n <= 7) {
				t.Errorf("$%d is in it: %t: %s", n, has, condition)
			}
		}
	}
}

// TestSQLCanary: whatever a client says and however it spells names, the text is the same, and
// has nothing of it.
func TestSQLCanary(t *testing.T) {
	g := testRegistry(t)
	for _, form := range []string{`USERNAME eq %s`, `userName gt %s`, `displayName co %s or ID ne %s`, `tags sw %s`, `picture eq %s`,
		`emails[VALUE ew %s and not (type le %s)].Type ge %s`, `Urn:Acme:User.DEPARTMENT eq %s`, strings.ToUpper(enterpriseURN) + `:Manager eq %s`} {
		var texts []string
		for _, word := range []string{`"plain"`, `"canary"`, `"' OR canary --"`, `"$1"`, `"\u0027;canary"`, `canary`, `"` + strings.Repeat("canary", 50) + `"`} {
			b := mustBind(t, g, strings.ReplaceAll(form, "%s", word))
			for _, l := range layouts {
				checkVocabulary(t, g, b, l)
			}
			condition, args := b.SQL(SQLite, layouts["document"], nil)
			texts = append(texts, condition)
			if strings.Contains(strings.ToLower(condition), "canary") || strings.Contains(fmt.Sprint(args), "plain") != strings.Contains(word, "plain") && b.root.exact {
				t.Errorf("%s: %s %q", b, condition, args)
			}
		}
		if len(slices.Compact(texts)) != 1 {
			t.Errorf("the text depends on the value: %q", texts)
		}
	}
}

// TestSQLIndex: a column with an index is looked up there.
func TestSQLIndex(t *testing.T) {
	g := testRegistry(t)
	layout := Layout{Folded: "u.folded", Column: func(r Ref) string {
		return map[string]string{"userName": "u.name", "emails.value": "m.address"}[r.String()]
	},
		Rows: func(r Ref) (from, where string) {
			if r.String() == "emails" {
				return "mails AS m", "m.id = u.id"
			}
			return "", ""
		}}
	for _, e := range Engines(t) {
		e.Exec(t, "CREATE TEMP TABLE u (id integer PRIMARY KEY, name text, folded "+e.JSON()+")")
		e.Exec(t, "CREATE TEMP TABLE mails (id integer, address text)")
		e.Exec(t, "CREATE INDEX u_name ON u (name)")
		e.Exec(t, "CREATE INDEX m_address ON mails (id, address)")
		explain := "EXPLAIN QUERY PLAN "
		if explainer := "EXPLAIN "; e.Dialect == Postgres {
			explain = explainer
			e.Exec(t, "SET enable_seqscan = off")
			e.Exec(t, "SET plan_cache_mode = force_custom_plan")
		}
		for text, index := range map[string]string{
			`userName eq "ada"`:                      "u_name",
			`userName eq "ada" and displayName pr`:   "u_name",
			`emails.value eq "x" and name pr`:        "m_address",
			`emails[value eq "x" and not (type pr)]`: "m_address",
		} {
			condition, args := mustBind(t, g, text).SQL(e.Dialect, layout, nil)
			if plan := planOf(t, e, explain+"SELECT u.id FROM u WHERE "+condition, args); !strings.Contains(plan, index) {
				t.Errorf("%s: %s is not looked up in %s:\n%s\n%s", e.Name, text, index, condition, plan)
			}
		}
	}
	AllEngines(t)
}

func planOf(t *testing.T, e Engine, query string, args []any) (plan string) {
	t.Helper()
	rows, err := e.Conn.QueryContext(context.Background(), query, args...)
	if err != nil {
		t.Fatalf("%s: %s: %v", e.Name, query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		line := make([]any, len(columns))
		for i := range line {
			line[i] = new(sql.NullString)
		}
		if err := rows.Scan(line...); err != nil {
			t.Fatal(err)
		}
		plan += line[len(line)-1].(*sql.NullString).String + "\n"
	}
	return plan
}

// TestSQLLimits: a filter as large as the limits allow is not too large for a database.
func TestSQLLimits(t *testing.T) {
	g := testRegistry(t)
	deep := func(open, middle, end string) string {
		return strings.Repeat(open, MaxDepth-1) + middle + strings.Repeat(end, MaxDepth-1)
	}
	texts := []string{
		strings.Join(repeated(MaxTerms/2, `id eq "x" or tags ge "1"`), " and "),
		deep(`(id pr and not (tags pr) or `, `emails[type pr]`, ")"),
		deep(`not (`, `active eq false`, ")"),
		deep(`(id eq "x" and id pr or `, `emails[value eq "y" or type eq "z"]`, ")"),
		strings.Join(repeated(MaxTerms/MaxDepth, deep(`(id pr and `, `id pr`, ")")), " or "),
		strings.Join(repeated(MaxValueFilters, `emails[not (type eq "x") and not (value pr or rank ge 1)]`), " or "),
		`id eq "` + strings.Repeat("x", MaxLength-8) + `"`,
	}
	resources := []Resource{newDoc(g, awkwardResource(1)), newDoc(g, awkwardResource(2))}
	for _, e := range Engines(t) {
		table := newTable(t, e, g, resources)
		for _, text := range texts {
			b, err := compile(g, text)
			if err != nil {
				t.Fatalf("%.80s…: %v", text, err)
			}
			for i, got := range table.verdicts(t, b, layouts["document"]) {
				if want := b.Match(resources[i]); got != want {
					t.Errorf("%s: %.80s…: %t, want %t", e.Name, text, got, want)
				}
			}
		}
	}
	AllEngines(t)
}

// TestSQLEqual: the library's own look-ups may be for anything.
func TestSQLEqual(t *testing.T) {
	g := testRegistry(t)
	ref := func(path string) Ref { r, _ := g.Ref(path); return r }
	resources := []Resource{newDoc(g, map[string]any{"id": "a", "userName": "\uFFFD", "emails": []any{map[string]any{"value": "x"}}})}
	for _, e := range Engines(t) {
		table := newTable(t, e, g, resources)
		for _, b := range []*Bound{nil, Equal(g, ref("id"), "a"), Equal(g, ref("id"), "a\x00"), Equal(g, ref("id"), "a\xff"),
			Equal(g, ref("userName"), "\xff"), Equal(g, ref("userName"), "\x00"), Equal(g, ref("emails.value"), "X"), Equal(g, ref("active"), "1")} {
			for name, l := range layouts {
				if got, want := table.verdicts(t, b, l), b.Match(resources[0]); len(got) != 1 || got[0] != want {
					t.Errorf("%s, %s: %q: %t, want %t", e.Name, name, b, got, want)
				}
			}
		}
	}
	AllEngines(t)
}

// TestSQLPanics: what only a mistake in a store brings about is loud.
func TestSQLPanics(t *testing.T) {
	g := testRegistry(t)
	target, err := bindPath(g, `emails[type eq "work"]`)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func(){
		"no dialect": func() { mustBind(t, g, "id pr").SQL(0, layouts["document"], nil) },
		"a path":     func() { target.Filter.SQL(SQLite, layouts["document"], nil) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if s, _ := recover().(string); !strings.HasPrefix(s, "filter: SQL: ") {
					t.Errorf("panic %q", s)
				}
			}()
			f()
		})
	}
}
