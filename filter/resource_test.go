package filter

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

const (
	coreURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	acmeURN       = "urn:acme:User"
	acme2URN      = "urn:acme:User:2.0"
)

// testSchemas has each type singular, in a list and as a part, one derived attribute at each
// place, and extensions that share a name and the beginning of their URN.
var testSchemas = []Schema{{URN: coreURN, Attributes: []Attribute{
	{Name: "id", Kind: String, CaseExact: true},
	{Name: "externalId", Kind: String, CaseExact: true},
	{Name: "userName", Kind: String},
	{Name: "displayName", Kind: String},
	{Name: "active", Kind: Boolean},
	{Name: "loginCount", Kind: Integer},
	{Name: "score", Kind: Decimal},
	{Name: "profileUrl", Kind: Reference, CaseExact: true},
	{Name: "picture", Kind: Binary},
	{Name: "name", Kind: Complex, Sub: []Attribute{
		{Name: "formatted", Kind: String, Derived: true}, {Name: "familyName", Kind: String}, {Name: "givenName", Kind: String}}},
	{Name: "emails", Kind: Complex, Multi: true, Sub: []Attribute{
		{Name: "value", Kind: String}, {Name: "type", Kind: String}, {Name: "primary", Kind: Boolean},
		{Name: "rank", Kind: Integer}, {Name: "since", Kind: DateTime}, {Name: "display", Kind: String, Derived: true}}},
	{Name: "addresses", Kind: Complex, Multi: true, Sub: []Attribute{{Name: "street", Kind: String}, {Name: "formatted", Kind: String}}},
	{Name: "groups", Kind: Complex, Multi: true, Derived: true, Sub: []Attribute{{Name: "value", Kind: String}}},
	{Name: "seal", Kind: Complex, Sub: []Attribute{{Name: "value", Kind: String, Derived: true}, {Name: "by", Kind: String}}},
	{Name: "tags", Kind: String, Multi: true},
	{Name: "prefs", Kind: Complex, Sub: []Attribute{{Name: "lists", Kind: String, Multi: true}, {Name: "level", Kind: Integer}}},
	{Name: "meta", Kind: Complex, Sub: []Attribute{{Name: "resourceType", Kind: String, CaseExact: true},
		{Name: "created", Kind: DateTime}, {Name: "lastModified", Kind: DateTime}, {Name: "version", Kind: String, Derived: true}}},
}}, {URN: enterpriseURN, Attributes: []Attribute{
	{Name: "employeeNumber", Kind: String},
	{Name: "department", Kind: String},
	{Name: "manager", Kind: Complex, Sub: []Attribute{
		{Name: "value", Kind: String, CaseExact: true}, {Name: "$ref", Kind: Reference, Derived: true}, {Name: "displayName", Kind: String}}},
}}, {URN: acmeURN, Attributes: []Attribute{
	{Name: "badge", Kind: Integer}, {Name: "department", Kind: String},
}}, {URN: acme2URN, Attributes: []Attribute{
	{Name: "zone", Kind: String}, {Name: "active", Kind: String},
}}}

func testRegistry(tb testing.TB) *Registry {
	tb.Helper()
	g, err := NewRegistry(testSchemas[0], testSchemas[1:]...)
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

// testResources reads testdata/resources.json, with numbers as they stand.
func testResources(tb testing.TB) map[string]map[string]any {
	tb.Helper()
	data, err := os.ReadFile("testdata/resources.json")
	if err != nil {
		tb.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var all map[string]map[string]any
	if err := d.Decode(&all); err != nil {
		tb.Fatal(err)
	}
	return all
}

// doc is a Resource over JSON, read once. It keeps to the contract to the letter: asked for a
// value beyond Len, it panics, but for value 0 of a singular attribute.
type doc struct{ values [][]Value } // by Ref.Index

var _ Resource = (*doc)(nil)

func (d *doc) Len(r Ref) int { return len(d.values[r.Index()]) }
func (d *doc) Value(r Ref, i int) Value {
	parent := r.Parent()
	if i == 0 && d.Len(r) == 0 && !r.Multi() && (parent.IsZero() || !parent.Multi()) {
		return Value{}
	}
	return d.values[r.Index()][i]
}

func newDoc(g *Registry, m map[string]any) *doc {
	d := &doc{make([][]Value, g.Len())}
	for i := range g.Len() {
		d.values[i] = docValues(m, g.At(i))
	}
	return d
}

func docValues(m map[string]any, r Ref) []Value {
	if p := r.Parent(); !p.IsZero() {
		holder := docHolder(m, p)
		if !p.Multi() {
			parent, _ := holder[p.Name()].(map[string]any)
			return docList(parent[r.Name()], r)
		}
		elements, _ := holder[p.Name()].([]any)
		values := make([]Value, len(elements))
		for i, e := range elements {
			values[i] = docValue(e.(map[string]any)[r.Name()], r.Kind())
		}
		return values
	}
	return docList(docHolder(m, r)[r.Name()], r)
}

// docHolder returns the object that has r as a member: the resource or an extension.
func docHolder(m map[string]any, r Ref) map[string]any {
	if r.URN() == "" {
		return m
	}
	extension, _ := m[r.URN()].(map[string]any)
	return extension
}

func docList(x any, r Ref) []Value {
	if r.Multi() {
		list, _ := x.([]any)
		values := make([]Value, len(list))
		for i, e := range list {
			values[i] = docValue(e, r.Kind())
		}
		return values
	}
	if v := docValue(x, r.Kind()); v.Present() || r.Kind() == Complex && x != nil {
		return []Value{v}
	}
	return nil
}

func docValue(x any, k Kind) Value {
	switch x := x.(type) {
	case bool:
		return BoolValue(x)
	case json.Number:
		if k == Decimal {
			f, _ := x.Float64()
			return Value{Kind: Decimal, Float: f}
		}
		i, _ := x.Int64()
		return Value{Kind: Integer, Int: i}
	case string:
		if k == DateTime {
			t, _, _ := ParseTime(x)
			return TimeValue(t)
		}
		v := TextValue(x)
		if v.Present() {
			v.Kind = k
		}
		return v
	}
	return Value{}
}
