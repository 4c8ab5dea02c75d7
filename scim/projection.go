package scim

import (
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
)

// A projection says which attributes an answer shows (RFC 7644 §3.9). It follows the returned
// characteristic of each attribute (RFC 7643 §2.2): always and never win over what was asked.
type projection struct {
	visible []bool // by filter.Ref.Index
	asked   bool   // the request named attributes
}

func (p *projection) shows(r filter.Ref) bool { return p.visible[r.Index()] }

// newProjection compiles the parameters attributes and excludedAttributes. Names no schema has
// are ignored, unless strict.
func newProjection(rt *resourceType, attributes, excluded string, strict bool) (*projection, error) {
	include, err := rt.named("attributes", attributes, strict)
	if err != nil {
		return nil, err
	}
	exclude, err := rt.named("excludedAttributes", excluded, strict)
	if err != nil {
		return nil, err
	}
	if len(include) == 0 && len(exclude) == 0 && attributes == "" {
		return rt.usual, nil
	}
	p := &projection{visible: make([]bool, len(rt.attrs)), asked: true}
	for i := range rt.attrs {
		a := &rt.attrs[i]
		shown := a.returned == "default"
		if attributes != "" {
			shown = names(include, a.ref)
		}
		if excludes(exclude, a.ref) {
			shown = false
		}
		p.visible[i] = (shown || a.returned == "always") && a.returned != "never"
	}
	// A shown part needs its whole, and a whole that is not excluded shows what it always shows.
	for i := range rt.attrs {
		if parent := rt.attrs[i].ref.Parent(); !parent.IsZero() && p.visible[i] && names(include, rt.attrs[i].ref) {
			p.visible[parent.Index()] = true
		}
	}
	return p, nil
}

// standard is the projection of a request that names no attributes.
func (rt *resourceType) standard() *projection {
	p := &projection{visible: make([]bool, len(rt.attrs))}
	for i := range rt.attrs {
		r := rt.attrs[i].returned
		p.visible[i] = r == "default" || r == "always"
	}
	return p
}

// named resolves a list of attribute names; the URN of an extension stands for all it has.
func (rt *resourceType) named(param, list string, strict bool) ([]filter.Ref, error) {
	var refs []filter.Ref
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		if urn, ok := rt.registry.URN(name); ok {
			for i := range rt.schemas {
				if rt.schemas[i].def.ID == urn {
					refs = append(refs, rt.schemas[i].attrs...)
				}
			}
			continue
		}
		ref, _, ok := rt.registry.Find(name)
		if !ok && strict {
			return nil, invalidValue("%s: no schema here has the attribute %q", param, shorten(name))
		}
		if ok {
			refs = append(refs, ref)
		}
	}
	return refs, nil
}

// names reports whether a list with these attributes shows r: it, its whole or its part is named.
func names(refs []filter.Ref, r filter.Ref) bool {
	for _, n := range refs {
		if n == r || n == r.Parent() || n.Parent() == r {
			return true
		}
	}
	return false
}

func excludes(refs []filter.Ref, r filter.Ref) bool {
	for _, n := range refs {
		if n == r || n == r.Parent() {
			return true
		}
	}
	return false
}

// hidden lists what an answer will not show and a store need not load.
func (rt *resourceType) hidden(p *projection) []filter.Ref {
	var out []filter.Ref
	if p.asked {
		for i := range rt.attrs {
			if r := rt.attrs[i].ref; r.Parent().IsZero() && !p.shows(r) {
				out = append(out, r)
			}
		}
	}
	return out
}
