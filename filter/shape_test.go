package filter

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	parser "github.com/scim2/filter-parser/v2"
)

// TestParser pins what shape.go takes for granted of the grammar behind it. If an upgrade changes
// one of these, look there first.
func TestParser(t *testing.T) {
	for shape, want := range map[string]string{
		`a0 pr`:                            `a0 pr`,
		`a0 eq "0"`:                        `a0 eq`,
		`a0 pr or a1 pr and a2 pr`:         `(a0 pr | (a1 pr & a2 pr))`,
		`a0 pr and a1 pr or a2 pr`:         `((a0 pr & a1 pr) | a2 pr)`,
		`(a0 pr or a1 pr) and a2 pr`:       `((a0 pr | a1 pr) & a2 pr)`,
		`a0 pr and a1 pr and a2 pr`:        `((a0 pr & a1 pr) & a2 pr)`,
		`a0 pr or a1 pr or a2 pr or a3 pr`: `(((a0 pr | a1 pr) | a2 pr) | a3 pr)`,
		`a0 eq "0" and not (a1 pr)`:        `(a0 eq & !a1 pr)`,
		`not (a0 pr) or a1 pr`:             `(!a0 pr | a1 pr)`,
		`not (a0 pr or a1 pr)`:             `!(a0 pr | a1 pr)`,
		`not (not (a0 pr))`:                `!!a0 pr`,
		`((a0 pr))`:                        `a0 pr`,
	} {
		ast, err := parser.ParseFilterNumber([]byte(shape))
		if err != nil {
			t.Errorf("%s: %v", shape, err)
		} else if got := drawAST(ast); got != want {
			t.Errorf("%s is %s, want %s", shape, got, want)
		}
	}
	ast, err := parser.ParseFilterNumber([]byte(`a199 ge "117"`))
	if err != nil {
		t.Fatal(err)
	}
	a, ok := ast.(*parser.AttributeExpression)
	if !ok || a.AttributePath.AttributeName != "a199" || a.Operator != parser.GE || a.CompareValue != "117" {
		t.Errorf("%#v", ast)
	}
	if a.AttributePath.URIPrefix != nil || a.AttributePath.SubAttribute != nil {
		t.Errorf("a bare name has a URN or a part: %v", a.AttributePath)
	}
}

// TestParserOperators: each operator comes through the shape as itself.
func TestParserOperators(t *testing.T) {
	for i, name := range opNames {
		if op(i) == ne {
			continue // not over eq, see the vectors
		}
		e, err := parseShape([]byte(`a3 ` + name + ` "12"`))
		if err != nil || *e != (expr{kind: compare, op: op(i), operand: 3, literal: 12}) {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
	if e, err := parseShape([]byte("a12 pr")); err != nil || *e != (expr{kind: present, operand: 12}) {
		t.Errorf("pr: %+v, %v", e, err)
	}
}

// TestShapeRefuses: what no lifter writes is an error, never a guess.
func TestShapeRefuses(t *testing.T) {
	for _, shape := range []string{``, `a0`, `a0 eq`, `a0 eq 1`, `a0 eq "x"`, `a eq "0"`, `ax pr`, `a0.b pr`,
		`u:a0 pr`, `a0[a1 pr]`, `a0 pr and`, `not a0 pr`} {
		if e, err := parseShape([]byte(shape)); err == nil {
			t.Errorf("%s: %+v", shape, e)
		}
	}
}

func shapeCount() int {
	shapes.RLock()
	defer shapes.RUnlock()
	return len(shapes.m)
}

// TestShapesBounded: a client that invents shapes fills the cache, and not the memory.
func TestShapesBounded(t *testing.T) {
	signs := []string{"eq", "ne", "co", "sw"}
	for i := range maxShapes + 50 {
		var terms []string
		for k := range 6 {
			terms = append(terms, fmt.Sprintf(`x %s "v"`, signs[i>>(2*k)&3]))
		}
		f, err := Parse(strings.Join(terms, " and "))
		if err != nil {
			t.Fatal(err)
		}
		checkShape(t, f, i)
		if n := shapeCount(); n > maxShapes {
			t.Fatalf("%d shapes after %d filters", n, i)
		}
	}
	before := shapeCount()
	if _, err := Parse(strings.Join(repeated(40, "x pr"), " or ")); err != nil || shapeCount() != before {
		t.Errorf("a shape longer than %d bytes is kept, or %v", maxShape, err)
	}
}

// checkShape checks that filter i got its own shape back, and not that of another.
func checkShape(t *testing.T, f Filter, i int) {
	t.Helper()
	e := f.p.root
	for k := 5; k > 0; k-- {
		if e.right.op != [...]op{eq, ne, co, sw}[i>>(2*k)&3] || e.right.operand != k || e.right.literal != k {
			t.Fatalf("filter %d, term %d: %+v", i, k, e.right)
		}
		e = e.left
	}
}

// TestShapeKept: the parser sees a shape once, whatever the client's words are.
func TestShapeKept(t *testing.T) {
	a, errA := Parse(`userName EQ "a"  AND  ( emails[type eq "x"].value co "b" )`)
	b, errB := Parse(`nick eq bare and (x.y co 5)`)
	if errA != nil || errB != nil || a.p.root != b.p.root {
		t.Errorf("two filters of one shape are parsed twice: %v, %v", errA, errB)
	}
}

func TestParseConcurrently(t *testing.T) {
	g := testRegistry(t)
	ada := newDoc(g, testResources(t)["ada"])
	shared := mustBind(t, g, `userName sw "ADA" and emails[type eq "work"].value co "example"`)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 200 {
				text := strings.Repeat(`userName sw "x" or `, (i+worker)%9) + fmt.Sprintf(`displayName co "love" and loginCount ge %d`, i)
				b, err := compile(g, text)
				if err != nil || !b.Match(ada) || !shared.Match(ada) {
					t.Errorf("%s: %v", text, err)
					return
				}
			}
		})
	}
	group.Wait()
}
