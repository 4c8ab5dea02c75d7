package scim_test

import (
	"slices"
	"strings"
	"testing"

	elimityfilter "github.com/elimity-com/scim/filter"
	"github.com/elimity-com/scim/schema"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// benchFilters are filters that both of the compared libraries take.
var benchFilters = []struct{ name, text string }{
	{"userName", `userName eq "ada.lovelace` + digits + `@contoso.example.com"`},
	{"workEmail", `emails[type eq "work" and value eq "ada.lovelace` + digits + `@contoso.example.com"]`},
}

// benchTexts are so many that no bounded cache holds them all.
func benchTexts(text string) []string {
	n := newNumbered(text)
	out := make([]string, 1<<16)
	for i := range out {
		out[i] = string(n.with(i))
	}
	return out
}

// BenchmarkCompile makes a filter of a text: of a shape that was seen, with a literal that was not.
func BenchmarkCompile(b *testing.B) {
	registry, err := scim.UserRegistry()
	if err != nil {
		b.Fatal(err)
	}
	core, extensions := elimityFilterSchemas(b)
	for _, f := range benchFilters {
		texts := benchTexts(f.text)
		b.Run(f.name, func(b *testing.B) {
			b.Run("impl=gatehouse", func(b *testing.B) {
				b.ReportAllocs()
				for n := 0; b.Loop(); n++ {
					f, err := filter.Parse(texts[n%len(texts)])
					if err != nil {
						b.Fatal(err)
					}
					if _, err := f.Bind(registry); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("impl=elimity", func(b *testing.B) {
				b.ReportAllocs()
				for n := 0; b.Loop(); n++ {
					v, err := elimityfilter.NewValidator(texts[n%len(texts)], core, extensions...)
					if err != nil {
						b.Fatal(err)
					}
					if err := v.Validate(); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// elimityFilterSchemas are the schemas elimity's server gives to a filter.
func elimityFilterSchemas(t testing.TB) (core schema.Schema, extensions []schema.Schema) {
	core, extensions = elimitySchemas(t)
	core.Attributes = slices.Concat(core.Attributes, schema.CommonAttributes())
	return core, extensions
}

const benchRows = 1_000

// BenchmarkMatch judges one user, of 1,000 of which one matches.
func BenchmarkMatch(b *testing.B) {
	registry, err := scim.UserRegistry()
	if err != nil {
		b.Fatal(err)
	}
	core, extensions := elimityFilterSchemas(b)
	for _, f := range benchFilters {
		text := strings.ReplaceAll(f.text, digits, "0000700")
		b.Run(f.name, func(b *testing.B) {
			b.Run("impl=gatehouse", func(b *testing.B) {
				parsed, err := filter.Parse(text)
				if err != nil {
					b.Fatal(err)
				}
				bound, err := parsed.Bind(registry)
				if err != nil {
					b.Fatal(err)
				}
				users := benchUsers(b)
				benchMatch(b, func(n int) bool { return bound.Match(users[n]) })
			})
			b.Run("impl=elimity", func(b *testing.B) {
				v, err := elimityfilter.NewValidator(text, core, extensions...)
				if err != nil {
					b.Fatal(err)
				}
				users := benchAttributes(b)
				benchMatch(b, func(n int) bool { return v.PassesFilter(users[n]) == nil })
			})
		})
	}
}

func benchMatch(b *testing.B, match func(n int) bool) {
	for n := range benchRows {
		if match(n) != (n == 700) {
			b.Fatalf("user %d: matches: %t", n, n != 700)
		}
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		match(n % benchRows)
	}
}

// benchUsers are the users of entraBody as this handler stores them.
func benchUsers(t testing.TB) []*scim.User {
	h, store := newGatehouse(t)
	newBenchClient(t, h).fill(benchRows)
	page, err := store.Users(t.Context(), "acme", scim.Query{Scope: scim.Scope{All: true}, Limit: benchRows})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(page.Items, func(a, b scim.User) int { return strings.Compare(a.UserName, b.UserName) })
	users := make([]*scim.User, benchRows)
	for i := range users {
		users[i] = &page.Items[i]
	}
	return users
}

// benchAttributes are the same users as the map behind elimity's server has them.
func benchAttributes(t testing.TB) []map[string]any {
	h, store := newElimity(t)
	newBenchClient(t, h).fill(benchRows)
	users := make([]map[string]any, benchRows)
	for i, id := range store.order {
		users[i] = store.m[id].Attributes
	}
	return users
}
