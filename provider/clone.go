package provider

import (
	"maps"
	"slices"

	"github.com/seed-30109bde/gatehouse/saml"
)

// clone returns a copy that shares nothing that could change. Metadata cannot.
func (p Provider) clone() Provider {
	p.Domains = slices.Clone(p.Domains)
	p.Active, p.Candidate = p.Active.clone(), p.Candidate.clone()
	v := &p.Provisioning
	v.Grants.UserTypes, v.Grants.Organizations = slices.Clone(v.Grants.UserTypes), slices.Clone(v.Grants.Organizations)
	v.Grants.Roles, v.Mapping = slices.Clone(v.Grants.Roles), slices.Clone(v.Mapping)
	for i := range v.Mapping {
		v.Mapping[i].Roles = slices.Clone(v.Mapping[i].Roles)
	}
	v.Approved, v.Released = slices.Clone(v.Approved), slices.Clone(v.Released)
	p.SetupLinks = slices.Clone(p.SetupLinks)
	for i := range p.SetupLinks {
		p.SetupLinks[i].Powers = slices.Clone(p.SetupLinks[i].Powers)
	}
	return p
}

func (s *Settings) clone() *Settings {
	if s == nil {
		return nil
	}
	c := *s
	c.Policy.AuthnContexts = slices.Clone(s.Policy.AuthnContexts)
	c.Tested = copyOf(s.Tested)
	return &c
}

// clone returns a copy that shares nothing.
func (t Test) clone() Test {
	t.Attributes = slices.Clone(t.Attributes)
	for i := range t.Attributes {
		t.Attributes[i].Values = slices.Clone(t.Attributes[i].Values)
	}
	if t.Report != nil {
		t.Report = &saml.Report{Checks: slices.Clone(t.Report.Checks)}
	}
	if t.Join != nil {
		t.Join = copyOf(t.Join)
		t.Join.Nearest = slices.Clone(t.Join.Nearest)
	}
	t.Page = copyOf(t.Page)
	return t
}

// clone returns a copy that shares nothing.
func (e Event) clone() Event {
	e.Details = maps.Clone(e.Details)
	return e
}

func copyOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}
