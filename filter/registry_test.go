package filter

import (
	"strings"
	"testing"
)

func TestNewRegistryRefuses(t *testing.T) {
	simple := func(names ...string) (list []Attribute) {
		for _, n := range names {
			list = append(list, Attribute{Name: n, Kind: String})
		}
		return list
	}
	core := Schema{URN: "urn:a", Attributes: simple("x")}
	for _, tt := range []struct {
		why     string
		schemas []Schema
		want    string
	}{
		{"a schema needs a name", []Schema{{Attributes: simple("x")}}, "no URN"},
		{"a URN is not anything", []Schema{{URN: "urn:a'b"}}, "no filter could spell"},
		{"nor a name", []Schema{core, {URN: "x", Attributes: simple("y")}}, "no filter could spell"},
		{"a URN is one in any case", []Schema{core, {URN: "URN:A"}}, "schema URN:A is given twice"},
		{"two extensions", []Schema{core, {URN: "urn:b"}, {URN: "urn:b"}}, "schema urn:b is given twice"},
		{"a name is one in any case", []Schema{{URN: "urn:a", Attributes: simple("name", "Name")}}, `"Name" is defined twice`},
		{"the same within an extension", []Schema{core, {URN: "urn:b", Attributes: simple("y", "Y")}}, `"Y" is defined twice`},
		{"the same among parts", []Schema{{URN: "urn:a", Attributes: []Attribute{
			{Name: "c", Kind: Complex, Sub: simple("p", "P")}}}}, `"c.P" is defined twice`},
		{"an attribute needs a name", []Schema{{URN: "urn:a", Attributes: simple("")}}, "no proper name"},
		{"a dot makes it a part", []Schema{{URN: "urn:a", Attributes: simple("x.y")}}, "no proper name"},
		{"a colon makes it a URN", []Schema{{URN: "urn:a", Attributes: simple("x:y")}}, "no proper name"},
		{"a filter cannot spell it", []Schema{{URN: "urn:a", Attributes: simple("größe")}}, "no proper name"},
		{"an attribute needs a type", []Schema{{URN: "urn:a", Attributes: []Attribute{{Name: "x"}}}}, "no type"},
		{"a type that is none", []Schema{{URN: "urn:a", Attributes: []Attribute{{Name: "x", Kind: Complex + 1}}}}, "no type"},
		{"complex without parts", []Schema{{URN: "urn:a", Attributes: []Attribute{
			{Name: "x", Kind: Complex}}}}, "a complex attribute has sub-attributes"},
		{"simple with parts", []Schema{{URN: "urn:a", Attributes: []Attribute{{Name: "x", Kind: String, Sub: simple("y")}}}}, "and no other has"},
		{"complex within complex", []Schema{{URN: "urn:a", Attributes: []Attribute{{Name: "x", Kind: Complex,
			Sub: []Attribute{{Name: "y", Kind: Complex, Sub: simple("z")}}}}}}, `"x.y"`},
		{"a list within a list", []Schema{{URN: "urn:a", Attributes: []Attribute{{Name: "x", Kind: Complex, Multi: true,
			Sub: []Attribute{{Name: "y", Kind: String, Multi: true}}}}}}, "no multi-valued part"},
	} {
		g, err := NewRegistry(tt.schemas[0], tt.schemas[1:]...)
		if err == nil || !strings.Contains(err.Error(), tt.want) || g != nil {
			t.Errorf("%s: %v, %v; want an error with %q", tt.why, g, err, tt.want)
		}
	}
}

func TestRegistryRef(t *testing.T) {
	g := testRegistry(t)
	for _, tt := range []struct{ path, want string }{
		{"userName", "userName"},
		{"USERNAME", "userName"},
		{coreURN + ":userName", "userName"},
		{strings.ToUpper(coreURN) + ":NAME.FAMILYNAME", "name.familyName"},
		{enterpriseURN + ":department", enterpriseURN + ":department"},
		{acmeURN + ":department", acmeURN + ":department"},
		{acme2URN + ":zone", acme2URN + ":zone"},
		{acme2URN + ":active", acme2URN + ":active"},
		{"active", "active"},
		{"badge", ""},                        // needs its URN
		{acmeURN + ".badge", ""},             // needs a colon
		{acmeURN + ":zone", ""},              // another schema's
		{acmeURN, ""}, {"", ""}, {"n.x", ""}, // none
	} {
		r, ok := g.Ref(tt.path)
		if r.String() != tt.want || ok != (tt.want != "") || r.IsZero() == ok {
			t.Errorf("Ref(%q) = %q, %t; want %q", tt.path, r, ok, tt.want)
		}
	}
}

func TestRegistryFind(t *testing.T) {
	g := testRegistry(t)
	const bare, dot = "extension attribute without its URN", "dot between URN and attribute"
	for _, tt := range []struct{ path, want, liberty string }{
		{"userName", "userName", ""},
		{"badge", acmeURN + ":badge", bare},
		{"MANAGER.DISPLAYNAME", enterpriseURN + ":manager.displayName", bare},
		{"department", "", ""}, // two have it
		{"active", "active", ""},
		{acmeURN + ".badge", acmeURN + ":badge", dot},
		{strings.ToUpper(acme2URN) + ".ZONE", acme2URN + ":zone", dot},
		{coreURN + ".name.familyName", "name.familyName", dot},
		{acmeURN + ".zone", "", ""},
		{acmeURN + ":zone", "", ""},
		{acmeURN + ".", "", ""},
		{strings.Repeat("x", 500), "", ""},
	} {
		r, liberty, ok := g.Find(tt.path)
		if r.String() != tt.want || ok != (tt.want != "") || ok && liberty != tt.liberty {
			t.Errorf("Find(%q) = %q, %q, %t; want %q, %q", tt.path, r, liberty, ok, tt.want, tt.liberty)
		}
	}
}

// TestFindAmbiguous: with three extensions of one name, the third does not make it clear again.
func TestFindAmbiguous(t *testing.T) {
	x := []Attribute{{Name: "x", Kind: String}}
	g, err := NewRegistry(Schema{URN: "urn:core"}, Schema{"urn:1", x}, Schema{"urn:2", x}, Schema{"urn:3", x})
	if err != nil {
		t.Fatal(err)
	}
	if r, _, ok := g.Find("x"); ok {
		t.Errorf("x is %s, but three have the name", r)
	}
}

// TestFindLongest: a URN may end where the number of a longer one has its dot.
func TestFindLongest(t *testing.T) {
	x := []Attribute{{Name: "x", Kind: String}}
	g, err := NewRegistry(Schema{URN: "urn:core"}, Schema{"urn:a:2", x}, Schema{"urn:a:2.0", x}, Schema{"urn:a:2.0.1", x})
	if err != nil {
		t.Fatal(err)
	}
	for _, urn := range []string{"urn:a:2", "urn:a:2.0", "urn:a:2.0.1"} {
		if r, _, ok := g.Find(urn + ".X"); !ok || r.URN() != urn {
			t.Errorf("%s.X is %s, %t", urn, r, ok)
		}
	}
}

func TestRegistryOrder(t *testing.T) {
	g := testRegistry(t)
	for i := range g.Len() {
		r := g.At(i)
		if again, ok := g.Ref(r.String()); r.Index() != i || !ok || again != r {
			t.Errorf("%s: At(%d), Index %d, Ref %v", r, i, r.Index(), again)
		}
		if p := r.Parent(); !p.IsZero() && (p.Index() >= i || p.URN() != r.URN()) {
			t.Errorf("%s comes before its parent, or has another URN", r)
		}
		for k := range r.Subs() {
			if part, ok := r.Part(strings.ToUpper(r.Sub(k).Name())); !ok || part != r.Sub(k) || part.Parent() != r {
				t.Errorf("%s: sub-attribute %d is %v", r, k, part)
			}
		}
	}
	if g.Core() != coreURN {
		t.Errorf("Core is %s", g.Core())
	}
	if u, ok := g.URN(strings.ToUpper(acmeURN)); !ok || u != acmeURN {
		t.Errorf("URN is %q, %t", u, ok)
	}
	if u, ok := g.URN("urn:acme"); ok {
		t.Errorf("URN is %q", u)
	}
}

func TestRefProperties(t *testing.T) {
	g, err := NewRegistry(Schema{"urn:core", []Attribute{
		{Name: "a", Kind: Complex, Multi: true, Derived: true, Slot: 7, Sub: []Attribute{{Name: "Value", Kind: Boolean, Slot: 8}}},
		{Name: "b", Kind: Binary}, {Name: "c", Kind: String, CaseExact: true}, {Name: "d", Kind: Reference},
	}})
	if err != nil {
		t.Fatal(err)
	}
	a, b, c, d := g.At(0), g.At(2), g.At(3), g.At(4)
	value := a.Default()
	switch {
	case a.Name() != "a", a.Kind() != Complex, !a.Multi(), a.CaseExact(), a.Slot() != 7, a.Subs() != 1, a.URN() != "":
		t.Error("a is not as it was defined")
	case value.Name() != "Value", value.Kind() != Boolean, value.Multi(), value.Slot() != 8, value.String() != "a.Value":
		t.Error("a.Value is not as it was defined")
	case !a.Derived(), !value.Derived(), b.Derived():
		t.Error("what a derived attribute consists of is derived, and nothing else")
	case !b.CaseExact(), !c.CaseExact(), d.CaseExact():
		t.Error("a binary is case-exact, the others as they are defined")
	case !b.Default().IsZero(), (Ref{}).String() != "":
		t.Error("no default, no name")
	}
	if r, ok := a.Part("type"); ok || !r.IsZero() {
		t.Errorf("a has a part %v", r)
	}
}
