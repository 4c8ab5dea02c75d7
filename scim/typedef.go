package scim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elimity-com/scim/schema"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
)

// typeDef is what a resource type is built from.
type typeDef struct {
	name, endpoint, description string
	core                        schema.Schema
	extensions                  []schema.Schema
	slots                       []string // paths, by slot
	derived                     []string // made for each answer, not stored
	exact                       []string // compared with case, whatever the schema says
	absentKeeps, emptyKeeps     []string // see attribute
	removeKeeps, numberAsText   []string
	late, names                 []string
	new                         func() resource
}

func paths[T any](fields []field[T]) []string {
	p := make([]string, len(fields))
	for i, f := range fields {
		p[i] = f.path
	}
	return p
}

var kinds = map[string]filter.Kind{
	"string": filter.String, "boolean": filter.Boolean, "integer": filter.Integer, "decimal": filter.Decimal,
	"dateTime": filter.DateTime, "binary": filter.Binary, "reference": filter.Reference, "complex": filter.Complex,
}

func newType(def typeDef) (*resourceType, error) {
	rt := &resourceType{name: def.name, endpoint: def.endpoint, description: def.description, new: def.new}
	core := def.core
	core.Attributes = append(schema.CommonAttributes(), core.Attributes...)
	rt.schemas = append(rt.schemas, typeSchema{def: def.core, whole: core, key: jsonKey(core.ID)})
	for _, s := range def.extensions {
		rt.schemas = append(rt.schemas, typeSchema{def: s, whole: s, key: jsonKey(s.ID)})
	}
	var defs []schema.CoreAttribute
	var registered []filter.Schema
	for i := range rt.schemas {
		s := &rt.schemas[i].whole
		attrs, all, err := def.translate(i == 0, s)
		if err != nil {
			return nil, err
		}
		registered = append(registered, filter.Schema{URN: s.ID, Attributes: attrs})
		defs = append(defs, all...)
	}
	var err error
	if rt.registry, err = filter.NewRegistry(registered[0], registered[1:]...); err != nil {
		return nil, fmt.Errorf("scim: %s: %w", def.name, err)
	}
	for i, d := range defs {
		rt.addAttribute(&def, rt.registry.At(i), d)
	}
	rt.attrs[0].returned = "always" // schemas, the first common attribute: RFC 7643 §3
	rt.usual = rt.standard()
	if groups, ok := rt.registry.Ref("groups"); ok && groups.Derived() {
		rt.groups = groups
	}
	return rt, nil
}

// addAttribute adds what the engine needs to know about the next attribute of the registry.
func (rt *resourceType) addAttribute(def *typeDef, ref filter.Ref, d schema.CoreAttribute) {
	in := func(list []string) bool { return slices.Contains(list, ref.String()) }
	rt.attrs = append(rt.attrs, attribute{
		def: d, ref: ref, mutability: d.Mutability(), returned: returned(d), key: jsonKey(ref.Name()),
		// Who cannot read an attribute cannot send it again.
		absentKeeps:  in(def.absentKeeps) || returned(d) == "never",
		emptyKeeps:   in(def.emptyKeeps),
		removeKeeps:  in(def.removeKeeps),
		numberAsText: in(def.numberAsText),
		late:         in(def.late),
		name:         in(def.names),
	})
	if ref.Parent().IsZero() {
		s := &rt.schemas[rt.schemaOf(ref)]
		s.attrs = append(s.attrs, ref)
	}
}

// returned is when answers show an attribute; a writeOnly one never (RFC 7643 §7).
func returned(a schema.CoreAttribute) string {
	if a.Mutability() == "writeOnly" {
		return "never"
	}
	return a.Returned()
}

// translate makes filter attributes of elimity's, and lists the latter in registry order.
func (def *typeDef) translate(core bool, s *schema.Schema) (out []filter.Attribute, all []schema.CoreAttribute, err error) {
	urn := s.ID
	if core {
		urn = ""
	}
	for _, a := range s.Attributes {
		one, err := def.translateOne(urn, a.Name(), a)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, a)
		for _, sub := range a.SubAttributes() {
			part, err := def.translateOne(urn, a.Name()+"."+sub.Name(), sub)
			if err != nil {
				return nil, nil, err
			}
			one.Sub = append(one.Sub, part)
			all = append(all, sub)
		}
		out = append(out, one)
	}
	return out, all, nil
}

func (def *typeDef) translateOne(urn, path string, a schema.CoreAttribute) (filter.Attribute, error) {
	if urn != "" {
		path = urn + ":" + path
	}
	kind := kinds[a.AttributeType()]
	one := filter.Attribute{
		Name: a.Name(), Kind: kind, Multi: a.MultiValued(),
		CaseExact: a.CaseExact() || kind == filter.Reference || kind == filter.Binary || slices.Contains(def.exact, path),
		Derived:   slices.Contains(def.derived, path),
		Slot:      max(0, slices.Index(def.slots, path)),
	}
	own := urn == "" || urn == EnterpriseURN || urn == extension.URN
	if own && len(def.slots) > 0 && one.Slot == 0 && !one.Derived && !strings.HasPrefix(path, "groups.") {
		return one, fmt.Errorf("scim: %s has no field for the attribute %s", def.name, path)
	}
	return one, nil
}
