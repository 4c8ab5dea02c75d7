package filter

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func mustBind(tb testing.TB, g *Registry, text string) *Bound {
	tb.Helper()
	b, err := compile(g, text)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestEqualities(t *testing.T) {
	g := testRegistry(t)
	for _, tt := range []struct{ text, want string }{
		{`userName eq "É"`, "userName=É"},
		{`userName eq "bob"`, "userName=BOB"},
		{`id eq "bob"`, "id=bob"},
		{`emails eq "Bob"`, "emails.value=BOB"},
		{`active eq true`, "active=1"},
		{`active eq "False"`, "active=0"},
		{`loginCount eq 5.0`, "loginCount=8000000000000005"},
		{`score eq 15e-1`, "score=bff8000000000000"},
		{`score eq -0`, "score=8000000000000000"},
		{`meta.created eq "2020-01-01T01:00:00.5+01:00"`, "meta.created=800000005e0be1009dcd6500"},
		{`userName eq "a" and id eq "b" and active eq true`, "userName=A id=b active=1"},
		{`userName sw "a" and (id eq "b" and active pr)`, "id=b"},
		{`emails[type eq "work" and value eq "x"]`, "emails.type=WORK emails.value=X"},
		{`emails[type eq "work"].value eq "x"`, "emails.type=WORK emails.value=X"},
		{`emails[type eq "work" or primary eq true].value eq "x" and tags[value eq "t"]`, "emails.value=X tags=T"},
		{`prefs[lists[value eq "n"]]`, "prefs.lists=N"},
		{`userName eq "a" or id eq "b"`, ""},
		{`not (userName eq "a")`, ""},
		{`not (userName ne "a")`, ""}, // it is one, but nobody writes it so
		{`userName ne "a"`, ""},
		{`userName eq null`, ""},
		{`userName pr`, ""},
		{`userName ge "a" and userName le "a"`, ""},
		{`loginCount eq 1.5`, ""},
		{`loginCount eq 1e20 and id eq "x"`, "id=x"},
		{`(userName eq "a" or id eq "b") and externalId eq "c"`, "externalId=c"},
		{`emails[not (type eq "work")]`, ""},
	} {
		b := mustBind(t, g, tt.text)
		var got []string
		for r, v := range b.Equalities() {
			got = append(got, r.String()+"="+r.Key(v))
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: %q, want %q", tt.text, s, tt.want)
		}
		checkPoint(t, b, got)
	}
}

// checkPoint checks that Point is the first equality, and that breaking off is heeded.
func checkPoint(t *testing.T, b *Bound, equalities []string) {
	t.Helper()
	r, key, ok := b.Point()
	if ok != (len(equalities) > 0) || ok && r.String()+"="+key != equalities[0] {
		t.Errorf("%s: Point is %s, %q, %t; equalities %q", b, r, key, ok, equalities)
	}
	for range b.Equalities() {
		break
	}
}

func TestEqual(t *testing.T) {
	g := testRegistry(t)
	ada := newDoc(g, testResources(t)["ada"])
	for _, tt := range []struct {
		path, text string
		want       bool
	}{
		{"userName", "ADA@example.com", true},
		{"userName", "ada", false},
		{"userName", "", false},
		{"userName", "x\" or id pr or \"", false},
		{"id", "2819c223", true},
		{"id", "2819C223", false},
		{"emails.value", "ADA@home.example", true},
		{"profileUrl", "https://example.com/Ada", true},
		{"active", "true", false}, // a boolean equals no text
		{"emails", "ada@example.com", false},
	} {
		r, _ := g.Ref(tt.path)
		b := Equal(g, r, tt.text)
		if got := b.Match(ada); got != tt.want {
			t.Errorf("Equal(%s, %q) is %t", tt.path, tt.text, got)
		}
		if strings.Contains(b.String(), tt.text) && tt.text != "" || b.Liberty() != "" {
			t.Errorf("Equal(%s, %q): String %q, Liberty %q", tt.path, tt.text, b, b.Liberty())
		}
		if point, key, ok := b.Point(); ok && (point != r || key != r.Key(Value{Kind: String, Text: tt.text})) {
			t.Errorf("Equal(%s, %q): Point %s %q", tt.path, tt.text, point, key)
		}
	}
}

func TestZeroValues(t *testing.T) {
	g := testRegistry(t)
	var b *Bound
	if !b.Match(nil) || !b.MatchElement(nil, 0) || b.String() != "" || b.Liberty() != "" {
		t.Error("a nil Bound matches everything and has no text")
	}
	if _, _, ok := b.Point(); ok {
		t.Error("a nil Bound has a point")
	}
	if (Filter{}).String() != "" || (Path{}).String() != "" || (Path{}).Attribute() != "" {
		t.Error("a zero filter or path has a text")
	}
	if _, err := (Filter{}).Bind(g); judgement(err) != `invalidFilter 0 ""` {
		t.Errorf("a zero Filter: %v", err)
	}
	if _, err := (Path{}).Bind(g); judgement(err) != `invalidPath 0 ""` {
		t.Errorf("a zero Path: %v", err)
	}
}

func TestFilterString(t *testing.T) {
	const text = `  userName EQ "bob"  `
	f, err := Parse(text)
	if err != nil || f.String() != text {
		t.Errorf("%q, %v", f, err)
	}
}

// TestMatchAllocates: a row costs no memory, whatever is asked of it.
func TestMatchAllocates(t *testing.T) {
	g := testRegistry(t)
	var ada Resource = newDoc(g, testResources(t)["ada"])
	for _, text := range []string{
		`userName eq "ADA@EXAMPLE.COM"`,
		`displayName co "love"`,
		`userName sw "ada" and userName ew ".com" and userName gt "a"`,
		`id eq "2819c223" and externalId co "da" and externalId ge "A"`,
		`emails[type eq "work" and value co "@example" and primary eq true]`,
		`emails[type eq "work"].value eq "ada@example.com"`,
		`loginCount ge 5 and score lt 2 and meta.created pr and meta.created gt "2015-01-01T00:00:00Z"`,
		`not (tags eq "É" or name.familyName eq "ELUARD")`,
	} {
		b := mustBind(t, g, text)
		if !b.Match(ada) {
			t.Errorf("%s: does not match", text)
		}
		if n := testing.AllocsPerRun(100, func() { b.Match(ada) }); n != 0 {
			t.Errorf("%s: %v allocations", text, n)
		}
	}
}

// TestLongValues: what does not fit into the room on the stack is folded all the same.
func TestLongValues(t *testing.T) {
	g := testRegistry(t)
	for _, n := range []int{inlineFold - 1, inlineFold, inlineFold + 1, 10 * inlineFold} {
		for _, letter := range []string{"a", "é", "\u212a"} {
			long := strings.Repeat(letter, n)
			d := newDoc(g, map[string]any{"userName": long + "z"})
			other := otherCase(letter)
			for _, text := range []string{`userName ew "Z"`, `userName co "` + other + `z"`,
				`userName sw "` + other + `"`, `userName lt "` + letter + `￿"`} {
				if !mustBind(t, g, text).Match(d) {
					t.Errorf("%d times %q: %s does not match", n, letter, text)
				}
			}
		}
	}
}

// TestErrorText: an error names the place, the part and the rule, or the end.
func TestErrorText(t *testing.T) {
	g := testRegistry(t)
	for _, tt := range []struct{ text, want string }{
		{`active gt true`, `filter: at 0, "active": gt cannot be asked of an attribute of type boolean`},
		{`userName`, `filter: at its end: an operator is expected: eq, ne, co, sw, ew, gt, ge, lt, le or pr`},
		{`loginCount eq "5"`, `filter: at 14, "5": the attribute is of type integer, and this is none`},
		{`active eq ""`, `filter: at 10, "\"\"": the attribute is of type boolean, and this is none`},
		{`id pr or nickName pr`, `filter: at 9, "nickName": no schema here has such an attribute, so nothing can be searched by it`},
		{`emails[type eq "work"].nick pr`, `filter: at 23, "nick": the attribute emails has no such sub-attribute`},
		{`(id pr`, `filter: at its end: a parenthesis is not closed`},
		{`emails[type pr`, `filter: at its end: a bracket is not closed`},
	} {
		if _, err := compile(g, tt.text); fmt.Sprint(err) != tt.want {
			t.Errorf("%s:\n got %v\nwant %s", tt.text, err, tt.want)
		}
	}
	if _, err := bindPath(g, "nick"); fmt.Sprint(err) != `path: at 0, "nick": no schema here has such an attribute` {
		t.Error(err)
	}
}

// TestMatchElement: the terms of a value filter are about the element they are asked of, also
// behind connectives.
func TestMatchElement(t *testing.T) {
	g := testRegistry(t)
	ada := newDoc(g, testResources(t)["ada"])
	for _, tt := range []struct {
		filter string
		want   []bool
	}{
		{`type eq "work"`, []bool{true, false}},
		{`type ne "work"`, []bool{false, true}},
		{`rank gt 1 or primary eq true`, []bool{true, true}},
		{`since eq null and value pr`, []bool{false, true}},
		{`not (rank eq 1 and primary eq true)`, []bool{false, true}},
	} {
		target, err := bindPath(g, "emails["+tt.filter+"]")
		if err != nil {
			t.Fatal(err)
		}
		got := []bool{target.Filter.MatchElement(ada, 0), target.Filter.MatchElement(ada, 1)}
		if !slices.Equal(got, tt.want) || target.Filter.String() != tt.filter {
			t.Errorf("%s: %v, want %v", target.Filter, got, tt.want)
		}
	}
}
