package filter

import "testing"

func benchRegistry(tb testing.TB) *Registry {
	multi := func(name string) Attribute {
		return Attribute{Name: name, Kind: Complex, Multi: true, Sub: []Attribute{
			{Name: "value", Kind: String}, {Name: "type", Kind: String}, {Name: "primary", Kind: Boolean}}}
	}
	g, err := NewRegistry(Schema{URN: "urn:ietf:params:scim:schemas:core:2.0:User", Attributes: []Attribute{
		{Name: "id", Kind: String, CaseExact: true}, {Name: "userName", Kind: String}, {Name: "active", Kind: Boolean}, multi("emails"),
	}}, Schema{URN: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", Attributes: []Attribute{{Name: "department", Kind: String}}})
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

func BenchmarkCompile(b *testing.B) {
	g := benchRegistry(b)
	for name, text := range map[string]string{
		"userName":  `userName eq "ada@example.com"`,
		"workEmail": `emails[type eq "work"].value eq "ada@example.com"`,
		"mixed":     `userName sw "a" and urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "x"`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f, err := Parse(text)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := f.Bind(g); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkMatch judges one row.
func BenchmarkMatch(b *testing.B) {
	g := testRegistry(b)
	var ada Resource = newDoc(g, testResources(b)["ada"])
	for name, text := range map[string]string{
		"userName":  `userName eq "ADA@EXAMPLE.COM"`,
		"workEmail": `emails[type eq "work"].value eq "ada@example.com"`,
		"contains":  `displayName co "love"`,
	} {
		b.Run(name, func(b *testing.B) {
			bound := mustBind(b, g, text)
			b.ReportAllocs()
			for b.Loop() {
				if !bound.Match(ada) {
					b.Fatal("no match")
				}
			}
		})
	}
}

// BenchmarkSQL writes the condition of a filter that was bound.
func BenchmarkSQL(b *testing.B) {
	g := testRegistry(b)
	for name, text := range map[string]string{
		"userName":  `userName eq "ada@example.com"`,
		"workEmail": `emails[type eq "work"].value eq "ada@example.com"`,
	} {
		bound := mustBind(b, g, text)
		for layout, d := range map[string]Dialect{"columns": SQLite, "document": Postgres} {
			b.Run(name+"/"+layout, func(b *testing.B) {
				l := Layout{Folded: "u.folded"}
				if layout == "columns" {
					l.Column = func(r Ref) string {
						if r.Name() == "userName" {
							return "u.user_name"
						}
						return ""
					}
				}
				b.ReportAllocs()
				for b.Loop() {
					bound.SQL(d, l, nil)
				}
			})
		}
	}
}

// BenchmarkFolded makes the folded document of one row.
func BenchmarkFolded(b *testing.B) {
	g := testRegistry(b)
	ada := newDoc(g, testResources(b)["ada"])
	b.ReportAllocs()
	for b.Loop() {
		g.Folded(ada)
	}
}

// BenchmarkHostile parses filters that cost as much as the limits allow, each shape for the first
// time.
func BenchmarkHostile(b *testing.B) {
	for name, text := range hostile {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				shapes.Lock()
				clear(shapes.m)
				shapes.Unlock()
				if _, err := Parse(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
