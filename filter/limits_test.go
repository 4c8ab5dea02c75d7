package filter

import (
	"errors"
	"strings"
	"testing"
)

// TestLimits holds each limit at it and one past it. The texts follow the grammar, so that
// nothing but the limit can refuse them.
func TestLimits(t *testing.T) {
	join := func(n int, term, word string) string { return strings.Join(repeated(n, term), " "+word+" ") }
	nest := func(n int, open, inner, end string) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(end, n)
	}
	for _, tt := range []struct {
		name string
		text func(n int) string
		max  int
		rule string
	}{
		{"length", func(n int) string {
			return `userName eq "` + strings.Repeat("é", (n-14)/2) + `"` + strings.Repeat(" ", n%2)
		}, MaxLength, "longer than 8192 bytes"},
		{"parentheses", func(n int) string { return nest(n, "(", "id pr", ")") }, MaxDepth, "more than 32 levels"},
		{"not", func(n int) string { return nest(n, "not (", "id pr", ")") }, MaxDepth, "more than 32 levels"},
		{"parentheses around brackets", func(n int) string { return nest(n-1, "(", `emails[type pr]`, ")") }, MaxDepth, "more than 32 levels"},
		{"parentheses within brackets", func(n int) string {
			return "emails[" + nest(n-1, "(", `type pr`, ")") + "]"
		}, MaxDepth, "more than 32 levels"},
		{"parentheses around and within brackets", func(n int) string {
			return nest(16, "(", "emails["+nest(n-17, "not (", `type pr`, ")")+"]", ")")
		}, MaxDepth, "more than 32 levels"},
		{"groups", func(n int) string {
			return join(n/10, nest(10, "(", "id pr", ")"), "or") + strings.Repeat(" or (id pr)", n%10)
		}, MaxGroups, "more than 200 parentheses"},
		{"groups in brackets", func(n int) string {
			return "emails[" + join(n/4, "((type pr))", "or") + "] or " + join(n-n/4*2, "not (id pr)", "and")
		}, MaxGroups, "more than 200 parentheses"},
		{"terms", func(n int) string { return join(n, "id pr", "and") }, MaxTerms, "more than 200 comparisons"},
		{"terms in brackets", func(n int) string {
			return join(n/2, "id pr", "and") + " or emails[" + join(n-n/2-1, "type pr", "or") + "]"
		}, MaxTerms, "more than 200 comparisons"},
		{"value filters", func(n int) string { return join(n, "emails[type pr]", "or") }, MaxValueFilters, "more than 32 value filters"},
		{"number", func(n int) string { return "loginCount eq " + "5." + strings.Repeat("0", n-2) }, MaxNumber, "more than 40 characters"},
	} {
		g := testRegistry(t)
		if _, err := compile(g, tt.text(tt.max)); err != nil {
			t.Errorf("%s: %d: %v", tt.name, tt.max, err)
		}
		_, err := compile(g, tt.text(tt.max+1))
		var e *Error
		if !errors.As(err, &e) || e.Code != InvalidFilter || !strings.Contains(e.Rule, tt.rule) {
			t.Errorf("%s: %d: %v, want %q", tt.name, tt.max+1, err, tt.rule)
		} else {
			checkError(t, tt.text(tt.max+1), err)
		}
	}
}

// repeated returns n times s.
func repeated(n int, s string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = s
	}
	return list
}

// TestBracketsNest: value filters count as levels, too; only the grammar of Parse nests them.
func TestBracketsNest(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("a[", n) + "b pr" + strings.Repeat("]", n) }
	if _, err := Parse(nested(MaxDepth)); err != nil {
		t.Error(err)
	}
	if _, err := Parse(nested(MaxDepth + 1)); err == nil || !isLimit(err) {
		t.Error(err)
	}
}

func TestPathLimits(t *testing.T) {
	g := testRegistry(t)
	for n, ok := range map[int]bool{MaxLength: true, MaxLength + 1: false} {
		text := `emails[value eq "` + strings.Repeat("x", n-19) + `"]`
		_, err := bindPath(g, text)
		if (err == nil) != ok || len(text) != n {
			t.Errorf("%d bytes: %v", len(text), err)
		}
		var e *Error
		if errors.As(err, &e) && (e.Code != InvalidPath || e.Pos != 0 || e.Term != text[:maxTerm]+"…") {
			t.Error(judgement(err))
		}
	}
}

// hostile are the filters within the limits that cost the most.
var hostile = map[string]string{
	"flat":       strings.Join(repeated(MaxTerms/2, `aa eq "x" or aa ge "1"`), " and "),
	"deep":       strings.Repeat("("+strings.Repeat("a pr and ", 6), MaxDepth) + "a pr" + strings.Repeat(")", MaxDepth),
	"wide":       strings.Join(repeated(MaxGroups/MaxDepth, strings.Repeat("not (", MaxDepth)+"a pr"+strings.Repeat(")", MaxDepth)), " or "),
	"grouped":    strings.Join(repeated(MaxTerms, `(aa eq "x")`), " or "),
	"brackets":   strings.Join(repeated(MaxValueFilters-1, "a[b pr and b pr or b pr and b pr and b pr]"), " or "),
	"string":     `a eq "` + strings.Repeat(`\u00e9`, (MaxLength-8)/6) + `"`,
	"word":       `a eq ` + strings.Repeat("x", MaxLength-5),
	"path":       strings.Repeat("not", MaxLength/3-1) + " pr",
	"long paths": strings.Join(repeated(MaxTerms, strings.Repeat("a", MaxLength/MaxTerms-9)+" pr"), " or "),
}

func TestHostile(t *testing.T) {
	for name, text := range hostile {
		if _, err := Parse(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
