package filter

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// An Attribute defines one attribute of a schema (RFC 7643 §7), as far as filters and paths
// need to know it.
type Attribute struct {
	Name      string
	Kind      Kind
	Multi     bool // multi-valued
	CaseExact bool // a Binary always is (RFC 7643 §2.3.6)
	// Derived attributes are made when a resource is answered, so no filter can ask for them.
	Derived bool
	// Slot is for the resource type that owns the schema: a number it can switch on when it is
	// asked for a value. Ref.Slot returns it.
	Slot int
	Sub  []Attribute // of a Complex attribute
}

// A Schema is a named set of attributes.
type Schema struct {
	URN        string
	Attributes []Attribute
}

// A Registry holds every attribute of one resource type: its core schema and its extensions. It
// never changes after NewRegistry and may be used concurrently.
type Registry struct {
	schemas []Schema
	tops    [][]*attr         // of each schema, without sub-attributes
	refs    []*attr           // in schema order, each attribute before its sub-attributes
	paths   map[string]*attr  // by folded path, with and (core only) without URN
	bare    map[string]*attr  // extension attributes whose bare name is not ambiguous
	roots   map[string]string // folded URN to URN
	urns    []string          // folded URNs, longest first
}

// attr is what a Ref points to.
type attr struct {
	Attribute
	urn    string // "" for the core schema
	path   string
	parent *attr
	index  int
	subs   []*attr
	value  *attr // the default sub-attribute
}

// NewRegistry builds the registry of a resource type. It fails if a name or URN is missing, used
// twice or not one that a filter could spell (RFC 7643 §2.1), or if an attribute is nested deeper
// than SCIM allows (RFC 7643 §2.3.8).
func NewRegistry(core Schema, extensions ...Schema) (*Registry, error) {
	g := &Registry{paths: map[string]*attr{}, bare: map[string]*attr{}, roots: map[string]string{}}
	for i, s := range append([]Schema{core}, extensions...) {
		if err := g.addSchema(s, i == 0); err != nil {
			return nil, err
		}
	}
	for name, a := range g.bare {
		if a == nil || g.paths[name] != nil {
			delete(g.bare, name) // ambiguous, or the core schema's
		}
	}
	slices.SortFunc(g.urns, func(a, b string) int { return len(b) - len(a) })
	return g, nil
}

func (g *Registry) addSchema(s Schema, core bool) error {
	urn := Fold(s.URN)
	if urn == "" {
		return fmt.Errorf("filter: a schema has no URN")
	}
	if !isURN(s.URN) {
		return fmt.Errorf("filter: schema %q: no filter could spell its URN", s.URN)
	}
	if _, ok := g.roots[urn]; ok {
		return fmt.Errorf("filter: schema %s is given twice", s.URN)
	}
	g.schemas = append(g.schemas, s)
	g.roots[urn] = s.URN
	g.urns = append(g.urns, urn)
	g.tops = append(g.tops, nil)
	for _, a := range s.Attributes {
		if err := g.addAttribute(s.URN, core, nil, a); err != nil {
			return err
		}
	}
	return nil
}

func (g *Registry) addAttribute(urn string, core bool, parent *attr, def Attribute) error {
	a := &attr{Attribute: def, parent: parent, index: len(g.refs), path: def.Name}
	if parent != nil {
		a.path = parent.Name + "." + def.Name
	}
	a.CaseExact = def.CaseExact || def.Kind == Binary
	name := Fold(a.path)
	full := Fold(urn) + ":" + name
	switch {
	case !isName(def.Name) || def.Kind == 0 || def.Kind > Complex:
		return fmt.Errorf("filter: %s: attribute %q has no proper name or no type", urn, a.path)
	case (def.Kind == Complex) != (len(def.Sub) > 0) || parent != nil && def.Kind == Complex:
		return fmt.Errorf("filter: %s: attribute %q: a complex attribute has sub-attributes, and no other has", urn, a.path)
	case parent != nil && parent.Multi && def.Multi:
		return fmt.Errorf("filter: %s: attribute %q: a value of a multi-valued attribute has no multi-valued part", urn, a.path)
	case g.paths[full] != nil:
		return fmt.Errorf("filter: %s: attribute %q is defined twice", urn, a.path)
	}
	g.refs = append(g.refs, a)
	g.paths[full] = a
	if core {
		g.paths[name] = a
	} else {
		a.urn = urn
		a.path = urn + ":" + a.path
		if _, taken := g.bare[name]; taken {
			a = nil
		}
		g.bare[name] = a
		a = g.paths[full]
	}
	if parent == nil {
		last := len(g.tops) - 1
		g.tops[last] = append(g.tops[last], a)
	}
	for _, sub := range def.Sub {
		if err := g.addAttribute(urn, core, a, sub); err != nil {
			return err
		}
	}
	if parent != nil {
		parent.subs = append(parent.subs, a)
		if name := Fold(def.Name); name == "VALUE" {
			parent.value = a
		}
	}
	return nil
}

func isName(s string) bool {
	for i := range len(s) {
		if !isNameByte(s[i]) {
			return false
		}
	}
	return s != ""
}

// isURN takes what a path can spell and no attribute is named, so that a URN can be a member of
// the folded document and a part of SQL text.
func isURN(s string) bool {
	for i := range len(s) {
		if !isPathByte(s[i]) {
			return false
		}
	}
	return strings.Contains(s, ":")
}

// Core returns the URN of the core schema.
func (g *Registry) Core() string { return g.schemas[0].URN }

// Len returns the number of attributes and sub-attributes; their indexes are 0 to Len-1.
func (g *Registry) Len() int { return len(g.refs) }

// At returns the attribute with index i, in schema order.
func (g *Registry) At(i int) Ref { return Ref{g.refs[i]} }

// URN returns the URN that urn spells in any case, as it was registered.
func (g *Registry) URN(urn string) (string, bool) {
	var buf [inlinePath]byte
	u, ok := g.roots[string(appendFold(buf[:0], urn))]
	return u, ok
}

// Ref returns the attribute that path names: userName, emails.type, or either behind the URN of
// its schema and a colon, all in any case. Extension attributes need their URN.
func (g *Registry) Ref(path string) (Ref, bool) {
	var buf [inlinePath]byte
	a := g.paths[string(appendFold(buf[:0], path))]
	return Ref{a}, a != nil
}

// inlinePath is the length up to which a path is looked up without an allocation; those of the
// enterprise extension have 80 bytes.
const inlinePath = 128

// Find is like Ref, and also takes the spellings some clients use: an extension attribute without
// its URN where no other has the name, and a dot between URN and attribute. Liberty names what
// was tolerated, "" if nothing was.
func (g *Registry) Find(path string) (ref Ref, liberty string, ok bool) {
	var buf [inlinePath]byte
	key := appendFold(buf[:0], path)
	if a := g.paths[string(key)]; a != nil {
		return Ref{a}, "", true
	}
	if a := g.bare[string(key)]; a != nil {
		return Ref{a}, "extension attribute without its URN", true
	}
	for _, urn := range g.urns {
		if len(key) > len(urn) && key[len(urn)] == '.' && string(key[:len(urn)]) == urn {
			key[len(urn)] = ':'
			a := g.paths[string(key)]
			if a == nil || Fold(cmp.Or(a.urn, g.Core())) != urn {
				return Ref{}, "", false // the dot stands within a longer URN
			}
			return Ref{a}, "dot between URN and attribute", true
		}
	}
	return Ref{}, "", false
}

// A Ref is one attribute or sub-attribute of a Registry. Refs of one registry can be compared
// with ==. The zero Ref is no attribute; of its methods only IsZero and String may be called.
type Ref struct{ a *attr }

// IsZero reports whether r is no attribute.
func (r Ref) IsZero() bool { return r.a == nil }

// String returns the path, with the URN in front of an extension's attribute.
func (r Ref) String() string {
	if r.a == nil {
		return ""
	}
	return r.a.path
}

// Name returns the attribute's own name: "type" of emails.type.
func (r Ref) Name() string { return r.a.Name }

// URN returns the URN of the extension the attribute belongs to, "" for the core schema.
func (r Ref) URN() string {
	for a := r.a; a != nil; a = a.parent {
		if a.urn != "" {
			return a.urn
		}
	}
	return ""
}

// Kind returns the data type.
func (r Ref) Kind() Kind { return r.a.Kind }

// Multi reports whether the attribute is multi-valued. emails is, emails.type is not.
func (r Ref) Multi() bool { return r.a.Multi }

// CaseExact reports whether its strings compare with case.
func (r Ref) CaseExact() bool { return r.a.CaseExact }

// Derived reports whether the attribute exists only in answers.
func (r Ref) Derived() bool { return r.a.Derived || r.a.parent != nil && r.a.parent.Derived }

// Slot returns the number its schema's owner gave it.
func (r Ref) Slot() int { return r.a.Slot }

// Index returns its place in the registry.
func (r Ref) Index() int { return r.a.index }

// Parent returns the complex attribute a sub-attribute is part of, else the zero Ref.
func (r Ref) Parent() Ref { return Ref{r.a.parent} }

// Subs returns the number of sub-attributes; Sub returns one of them.
func (r Ref) Subs() int { return len(r.a.subs) }

// Sub returns sub-attribute i, from 0 to Subs-1.
func (r Ref) Sub(i int) Ref { return Ref{r.a.subs[i]} }

// Part returns the sub-attribute with the given name, in any case.
func (r Ref) Part(name string) (Ref, bool) {
	for _, s := range r.a.subs {
		if strings.EqualFold(s.Name, name) {
			return Ref{s}, true
		}
	}
	return Ref{}, false
}

// Default returns the sub-attribute "value" if there is one, else the zero Ref.
func (r Ref) Default() Ref { return Ref{r.a.value} }
