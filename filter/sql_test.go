package filter

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSQLVectors asks the vectors of testdata/filters of each database.
func TestSQLVectors(t *testing.T) {
	g := testRegistry(t)
	all := testResources(t)
	names := slices.Sorted(maps.Keys(all))
	var resources []Resource
	for _, name := range names {
		resources = append(resources, newDoc(g, all[name]))
	}
	vectors := readVectors(t, "filters")
	for _, e := range Engines(t) {
		table := newTable(t, e, g, resources)
		for _, layout := range []string{"document", "columns"} {
			t.Run(e.Name+" "+layout, func(t *testing.T) {
				for place, v := range vectors {
					if v["error"] != "" {
						continue
					}
					var got []string
					for _, n := range table.found(t, mustBind(t, g, v.text(t)), layouts[layout]) {
						got = append(got, names[n])
					}
					if got := nameList(got, len(names)); got != v["match"] {
						t.Errorf("%s: %s\n%s\n got %s\nwant %s", place, v["why"], v.text(t), got, v["match"])
					}
				}
			})
		}
	}
	AllEngines(t)
}

// FuzzSQL grows filters and compares what Match, SQLite and PostgreSQL say of sixty resources,
// kept in three ways.
func FuzzSQL(f *testing.F) {
	f.Add([]byte("a"))
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"))
	f.Add([]byte(strings.Repeat("\x02\x00\x01", 30)))
	random := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		f.Add(randomBytes(random))
	}
	h := newSQLHouse(f)
	f.Fuzz(func(t *testing.T, data []byte) { h.check(t, data) })
}

// TestGrownSQL is FuzzSQL with the same bytes each time. It also says how often filters are
// accepted and split the resources, so that the fuzz target does not quietly lose its subject.
func TestGrownSQL(t *testing.T) {
	h := newSQLHouse(t)
	random := rand.New(rand.NewPCG(5, 6))
	runs := 2000
	if testing.Short() {
		runs = 300
	}
	for range runs {
		h.check(t, randomBytes(random))
	}
	if h.accepted < runs/3 || h.split < h.accepted/3 {
		t.Errorf("of %d filters %d are accepted and %d split the resources", runs, h.accepted, h.split)
	}
	t.Logf("of %d filters %d are accepted and %d split the resources", runs, h.accepted, h.split)
	AllEngines(t)
}

func randomBytes(random *rand.Rand) []byte {
	data := make([]byte, 8+random.IntN(100))
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return data
}

// sqlHouse is the awkward resources in all databases.
type sqlHouse struct {
	registry        *Registry
	resources       []Resource
	words           []string
	tables          []*table
	accepted, split int
}

func newSQLHouse(tb testing.TB) *sqlHouse {
	tb.Helper()
	h := &sqlHouse{registry: testRegistry(tb)}
	for i := range 60 {
		m := awkwardResource(i)
		h.resources = append(h.resources, newDoc(h.registry, m))
		for _, key := range []string{"userName", "displayName", "id"} {
			if s, ok := m[key].(string); ok {
				h.words = append(h.words, s)
			}
		}
	}
	for _, e := range Engines(tb) {
		h.tables = append(h.tables, newTable(tb, e, h.registry, h.resources))
	}
	return h
}

func (h *sqlHouse) check(t *testing.T, data []byte) {
	t.Helper()
	s := &grower{data: data, known: h.words}
	text := s.expr(0)
	b, err := compile(h.registry, text)
	if err != nil {
		return
	}
	h.accepted++
	for name, layout := range layouts {
		var want []bool
		for _, res := range h.resources {
			if name == "bare" {
				res = bare{res}
			}
			want = append(want, b.Match(res))
		}
		if name == "document" && slices.Contains(want, true) && slices.Contains(want, false) {
			h.split++
		}
		for _, table := range h.tables {
			if got := table.verdicts(t, b, layout); !slices.Equal(got, want) {
				condition, args := b.SQL(table.Dialect, layout, nil)
				t.Fatalf("%q: %s, %s\n%s\n%q", text, table.Name, name, h.difference(got, want), fmt.Sprintln(condition, args))
			}
		}
		checkVocabulary(t, h.registry, b, layout)
	}
}

// difference names the first resource that is judged differently.
func (h *sqlHouse) difference(got, want []bool) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d rows, want %d", len(got), len(want))
	}
	i := 0
	for got[i] == want[i] {
		i++
	}
	return fmt.Sprintf("got %t, Match says %t, of %s", got[i], want[i], h.registry.Folded(h.resources[i]))
}

// awkwardResource is resource i of those of the fuzz target.
func awkwardResource(i int) map[string]any {
	pick := func(list []string, k int) string { return list[(i*k+k)%len(list)] }
	a, b := pick(awkwardWords, 1), pick(awkwardWords, 7)
	ints := []string{"0", "1", "5", "-1", "9007199254740993", "9007199254740992", "9223372036854775807", "-9223372036854775808"}
	floats := slices.DeleteFunc(slices.Clone(awkwardNumbers), func(s string) bool { return s == "1e309" })
	when := strings.Replace(pick(awkwardTimes, 3), ":05", ":05Z", 1)
	email := func(k int) map[string]any {
		e := map[string]any{"value": pick(awkwardWords, k) + b, "type": pick([]string{"work", "WORK", "home", "", a}, k),
			"rank": json.Number(pick(ints, k)), "primary": i%k == 0, "since": when}
		for j, name := range []string{"value", "type", "rank", "primary", "since"} {
			if (i+j)%(k+1) == 0 {
				delete(e, name)
			}
		}
		return e
	}
	m := map[string]any{
		"id": a + b, "externalId": b, "userName": a, "displayName": pick([]string{a, b, a + b, b + a, a + a}, 3),
		"active": i%2 == 0, "loginCount": json.Number(pick(ints, 5)), "score": json.Number(pick(floats, 3)),
		"profileUrl": b, "picture": a,
		"name":        map[string]any{"familyName": b, "givenName": a},
		"emails":      []any{email(2), email(3), email(5)}[:i%4],
		"addresses":   []any{map[string]any{"street": a}},
		"tags":        []any{a, b, b + a, ""}[:(i+1)%5],
		"prefs":       map[string]any{"lists": []any{b, a}, "level": json.Number(pick(ints, 3))},
		"meta":        map[string]any{"created": when},
		enterpriseURN: map[string]any{"department": a, "manager": map[string]any{"value": b, "displayName": a}},
		acmeURN:       map[string]any{"badge": json.Number("5")},
		acme2URN:      map[string]any{"zone": b},
	}
	for j, name := range slices.Sorted(maps.Keys(m)) {
		switch {
		case (i*7+j*3)%11 == 0:
			delete(m, name)
		case name == "name" && i%13 == 0:
			m[name] = map[string]any{}
		}
	}
	return m
}

// checkVocabulary checks that the text of a condition consists of words that are ours, numbers of
// arguments, the layout and registered names, and that values are not in it.
func checkVocabulary(tb testing.TB, g *Registry, b *Bound, l Layout) {
	tb.Helper()
	names := map[string]bool{}
	for i := range g.Len() {
		names[g.At(i).URN()], names[g.At(i).Name()] = true, true
	}
	for _, d := range []Dialect{SQLite, Postgres} {
		condition, _ := b.SQL(d, l, nil)
		rest := sqlQuoted.ReplaceAllStringFunc(condition, func(s string) string {
			for _, name := range sqlNames.FindAllString(strings.NewReplacer(`$."`, "", `"[*]`, "", `"."`, " ").Replace(s), -1) {
				if name != "{}" && !names[name] {
					tb.Fatalf("%q: %s: %q is no registered name", b, condition, name)
				}
			}
			return ""
		})
		if rest = sqlWords.ReplaceAllString(rest, ""); rest != "" {
			tb.Fatalf("%q: %s: what is %q?", b, condition, rest)
		}
	}
}

var (
	sqlQuoted = regexp.MustCompile(`'[^']*'`)
	sqlNames  = regexp.MustCompile(`[^ '"]+`)
	sqlWords  = regexp.MustCompile(`\b(?:SELECT 1 FROM|WHERE|AND|OR|NOT|NULL|IS|AS|EXISTS|COALESCE|FALSE|COLLATE|BINARY|` +
		`json_extract|json_each|jsonb_path_query|substr|instr|strpos|starts_with|right|length|scim_element|value|text|` +
		`r\.folded|r\.c\d+|r\.n|list_emails|list_tags|(?:emails|tags)(?:\.(?:e\d|n))?)\b|"C"|\$\d+|->>?|#>>|[<>=]=?|[(),:. -]|\b[01]\b`)
)
