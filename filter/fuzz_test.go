package filter

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	parser "github.com/scim2/filter-parser/v2"
)

// FuzzFilter gives arbitrary text to the package and to the reference. They must accept the same,
// take liberties for the same, and answer alike for resources that hold what the text asks for.
func FuzzFilter(f *testing.F) {
	for _, v := range readVectors(f, "filters") {
		f.Add(v.text(f), "bob", "É", int64(5), uint16(3))
	}
	g := testRegistry(f)
	f.Fuzz(func(t *testing.T, text, a, b string, n int64, bits uint16) {
		words := append(quotedWords(text), strings.ToValidUTF8(a, "?"), strings.ToValidUTF8(b, "?"))
		checkFilter(t, g, text, fuzzResources(words, n, bits))
	})
}

// FuzzPath gives arbitrary text to ParsePath. What it accepts names the same again when it is
// written down from its parts, and its value filter holds for the elements the reference says.
func FuzzPath(f *testing.F) {
	for _, v := range readVectors(f, "paths") {
		f.Add(v.text(f), "work", int64(1), uint16(1))
	}
	g := testRegistry(f)
	f.Fuzz(func(t *testing.T, text, a string, n int64, bits uint16) {
		target, err := bindPath(g, text)
		if err != nil {
			checkError(t, text, err)
			return
		}
		checkRewritten(t, g, text, target)
		if target.Filter == nil {
			return
		}
		words := append(quotedWords(text), strings.ToValidUTF8(a, "?"), "work")
		checkElements(t, g, text, target, fuzzResources(words, n, bits))
	})
}

// FuzzFold compares Fold with the relation it stands for.
func FuzzFold(f *testing.F) {
	for _, pair := range [][2]string{{"É", "é"}, {"ſ", "s"}, {"\u212a", "k"}, {"İ", "i"}, {"ß", "ẞ"}, {"ss", "ß"},
		{"Σ", "ς"}, {"ǅ", "ǆ"}, {"\u1e9e", "\xff"}, {"e\u0301", "é"}, {"aé", "AÉ"}, {"µ", "μ"}, {"\u0345", "ι"}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(Fold(a)) || Fold(Fold(a)) != Fold(a) {
			t.Fatalf("Fold(%q) = %q, Fold of that %q", a, Fold(a), Fold(Fold(a)))
		}
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			return
		}
		for _, b := range []string{b, otherCase(a), otherCase(a) + b, strings.ToUpper(a), strings.ToLower(a)} {
			want := strings.EqualFold(a, b)
			if got := Fold(a) == Fold(b); got != want {
				t.Fatalf("Fold(%q) == Fold(%q) is %t, EqualFold %t", a, b, got, want)
			}
			if got := equalFold(a, Fold(b)); got != want {
				t.Fatalf("equalFold(%q, Fold(%q)) is %t, EqualFold %t", a, b, got, want)
			}
		}
		if got := Fold(a + b); got != Fold(a)+Fold(b) {
			t.Fatalf("Fold(%q + %q) = %q", a, b, got)
		}
	})
}

// otherCase replaces each character by the next that differs in case alone.
func otherCase(s string) string { return strings.Map(unicode.SimpleFold, s) }

var plainQuoted = regexp.MustCompile(`"([^"\\]*)"`)

// quotedWords returns the first strings of a filter, so that resources can hold them.
func quotedWords(text string) (words []string) {
	for _, m := range plainQuoted.FindAllStringSubmatch(text, 3) {
		words = append(words, strings.ToValidUTF8(m[1], "?"))
	}
	return words
}

// fuzzResources makes a handful of resources of words, a number and some bits.
func fuzzResources(words []string, n int64, bits uint16) (all []map[string]any) {
	for i := range words {
		a, b := words[i], words[(i+1)%len(words)]
		bit := func(k int) bool { return bits>>((k+i)%16)&1 != 0 }
		m := map[string]any{
			"id": a, "userName": a, "displayName": b, "profileUrl": b, "picture": a,
			"loginCount": json.Number(strconv.FormatInt(n+int64(i), 10)),
			"score":      json.Number(strconv.FormatFloat(float64(n+int64(i))/4, 'g', -1, 64)),
			"active":     bit(0),
			"tags":       []any{a, b},
			"name":       map[string]any{"familyName": a},
			"emails": []any{
				map[string]any{"value": a, "type": "work", "primary": bit(1), "rank": json.Number("1")},
				map[string]any{"value": b, "type": a, "since": "2020-01-01T00:00:00Z"},
				map[string]any{"type": otherCase(b), "primary": bit(2)},
			},
			"prefs":       map[string]any{"lists": []any{b, a}, "level": json.Number(strconv.Itoa(i))},
			"meta":        map[string]any{"created": time.Unix(n%1e10, n&0x3fffffff%1e9).UTC().Format(time.RFC3339Nano)},
			enterpriseURN: map[string]any{"department": a, "manager": map[string]any{"value": b}},
			acmeURN:       map[string]any{"badge": json.Number("5")},
		}
		for k, name := range []string{"userName", "loginCount", "active", "tags", "emails", "name", enterpriseURN, "meta", "score"} {
			if bit(3+k) && i > 0 {
				delete(m, name)
			}
		}
		all = append(all, m)
	}
	return all
}

// checkFilter holds the package against the reference, over one text and some resources.
func checkFilter(t *testing.T, g *Registry, text string, resources []map[string]any) {
	t.Helper()
	b, err := compile(g, text)
	match, liberty, refErr := readFilter(testSchemas, text)
	if err != nil {
		checkError(t, text, err)
		if refErr == nil && !isLimit(err) {
			t.Fatalf("%q: %v, but the reference accepts it", text, err)
		}
		return
	}
	if refErr != nil {
		t.Fatalf("%q: accepted, but the reference refuses it", text)
	}
	if b.String() != text || (b.Liberty() != "") != liberty {
		t.Fatalf("%q: String %q, Liberty %q; reference: %t", text, b, b.Liberty(), liberty)
	}
	for _, m := range resources {
		d := newDoc(g, m)
		got := b.Match(d)
		if want := match(m); got != want {
			t.Fatalf("%q: Match is %t, reference %t, for %v", text, got, want, m)
		}
		if got {
			checkEqualities(t, b, d)
		}
	}
	checkParser(t, text, liberty)
}

// checkError checks the promises of an Error.
func checkError(t *testing.T, text string, err error) {
	t.Helper()
	var e *Error
	switch {
	case !errors.As(err, &e):
		t.Fatalf("%q: %T", text, err)
	case e.Pos < 0 || e.Pos > len(text) || e.Term == "" && e.Pos != len(text):
		t.Fatalf("%q: %v: Pos is %d of %d", text, err, e.Pos, len(text))
	case len(e.Term) > maxTerm+len("…") || !utf8.ValidString(e.Term) || e.Rule == "":
		t.Fatalf("%q: term %q, rule %q", text, e.Term, e.Rule)
	case strings.HasPrefix(e.Rule, "it does not follow"):
		t.Fatalf("%q: accepted by the pass over its bytes and refused by the parser", text)
	}
}

// checkEqualities checks that what Equalities says of all matches holds for this one, by key.
func checkEqualities(t *testing.T, b *Bound, d *doc) {
	t.Helper()
	for r, want := range b.Equalities() {
		found := false
		for i := range d.Len(r) {
			v := d.Value(r, i)
			found = found || v.Present() && r.Key(v) == r.Key(want)
		}
		if !found {
			t.Fatalf("%q matches, but nothing at %s has the key %q", b, r, r.Key(want))
		}
	}
}

// checkParser gives the raw text to the grammar itself, where that knows its forms, and compares
// how the comparisons hang together.
func checkParser(t *testing.T, text string, liberty bool) {
	t.Helper()
	text = strings.Trim(text, " ")
	if liberty || strings.ContainsAny(text, `[\`) || len(text) > 300 || strings.Count(text, "(") > 8 {
		return
	}
	theirs, err := parser.ParseFilterNumber([]byte(text))
	if err != nil {
		t.Fatalf("%q: accepted without liberty, but the parser says %v", text, err)
	}
	f, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if ours := drawExpr(f.p, f.p.root); ours != drawAST(theirs) {
		t.Fatalf("%q:\nours   %s\ntheirs %s", text, ours, drawAST(theirs))
	}
}

func drawExpr(p *parsed, e *expr) string {
	switch e.kind {
	case and:
		return "(" + drawExpr(p, e.left) + " & " + drawExpr(p, e.right) + ")"
	case or:
		return "(" + drawExpr(p, e.left) + " | " + drawExpr(p, e.right) + ")"
	case not:
		return "!" + drawExpr(p, e.left)
	case present:
		return p.operands[e.operand].path + " pr"
	}
	return p.operands[e.operand].path + " " + e.op.String()
}

func drawAST(e parser.Expression) string {
	switch e := e.(type) {
	case *parser.LogicalExpression:
		sign := map[parser.LogicalOperator]string{parser.AND: " & ", parser.OR: " | "}[e.Operator]
		return "(" + drawAST(e.Left) + sign + drawAST(e.Right) + ")"
	case *parser.NotExpression:
		return "!" + drawAST(e.Expression)
	case *parser.AttributeExpression:
		return e.AttributePath.String() + " " + strings.ToLower(string(e.Operator))
	}
	return fmt.Sprintf("%T", e)
}

func bindPath(g *Registry, text string) (Target, error) {
	p, err := ParsePath(text)
	if err != nil {
		return Target{}, err
	}
	return p.Bind(g)
}

// checkRewritten writes the path down from its target and reads it again.
func checkRewritten(t *testing.T, g *Registry, text string, target Target) {
	t.Helper()
	s := target.Extension
	if s == "" {
		s = target.Ref.String()
	}
	if target.Filter != nil {
		s += "[" + target.Filter.String() + "]"
	}
	if !target.Sub.IsZero() {
		s += "." + target.Sub.Name()
	}
	again, err := bindPath(g, s)
	if err != nil {
		t.Fatalf("%q, rewritten as %q: %v", text, s, err)
	}
	if again.Extension != target.Extension || again.Ref != target.Ref || again.Sub != target.Sub ||
		again.Filter.String() != target.Filter.String() || again.Filter.Liberty() != target.Filter.Liberty() {
		t.Fatalf("%q, rewritten as %q: %v, then %v", text, s, target, again)
	}
}

func checkElements(t *testing.T, g *Registry, text string, target Target, resources []map[string]any) {
	t.Helper()
	match, err := readPath(testSchemas, text)
	if err != nil {
		t.Fatalf("%q: accepted, but the reference refuses it", text)
	}
	at := found{extension: target.Ref.URN(), attribute: &target.Ref.a.Attribute}
	if p := target.Ref.Parent(); !p.IsZero() {
		at.attribute, at.sub = &p.a.Attribute, &target.Ref.a.Attribute
	}
	for _, m := range resources {
		d := newDoc(g, m)
		for i, e := range at.values(m) {
			if got, want := target.Filter.MatchElement(d, i), match(e); got != want {
				t.Fatalf("%q: element %d: %t, reference %t, of %v", text, i, got, want, e)
			}
		}
	}
}
