package provider

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A setupTrait is what a schema says of an attribute and a registry does not keep (RFC 7643 §7).
type setupTrait struct {
	Name       string
	Required   bool
	Mutability string
}

// traits returns those of the attributes that no product knows.
func (s *Service) traits() (map[filter.Ref]setupTrait, error) {
	out := map[filter.Ref]setupTrait{}
	for _, text := range slices.Concat([][]byte{extension.Schema()}, s.config.SCIM.Schemas) {
		var schema struct {
			ID         string
			Attributes []setupTrait
		}
		if err := json.Unmarshal(text, &schema); err != nil {
			return nil, fmt.Errorf("provider: a schema: %w", err)
		}
		for _, t := range schema.Attributes {
			if ref, ok := s.users.Ref(schema.ID + ":" + t.Name); ok { // else of groups
				out[ref] = t
			}
		}
	}
	return out, nil
}

// served returns the attribute of a path, such as emails[type eq "work"].value, and false if this provider
// does not manage one.
func (w *setup) served(path string) (filter.Ref, bool) {
	if before, after, ok := strings.Cut(path, "["); ok {
		_, rest, _ := strings.Cut(after, "]")
		path = before + rest
	}
	ref, ok := w.s.users.Ref(path)
	if !ok {
		return ref, false
	}
	whole := ref
	if !ref.Parent().IsZero() {
		whole = ref.Parent()
	}
	return ref, w.p.manages(whole)
}

// manages reports whether the provider manages an attribute, as /Schemas says it.
func (p *Provider) manages(ref filter.Ref) bool {
	return p.Provisioning.Managed == ManagedAll || slices.Contains(ninjaOneManaged, ref.String())
}

// added returns the attributes that no product knows and that can be written: those of the NinjaOne
// extension, and of the host's.
func (w *setup) added() []filter.Ref {
	var out []filter.Ref
	for i := range w.s.users.Len() {
		ref := w.s.users.At(i)
		known := ref.URN() == "" || ref.URN() == scim.EnterpriseURN
		if known || !ref.Parent().IsZero() || ref.Derived() || !w.p.manages(ref) || w.traits[ref].Mutability == "readOnly" {
			continue
		}
		out = append(out, ref)
	}
	return out
}

// unfillable says why a product cannot send an attribute that is added to it, "" = it can. The
// attributes that are added at Entra ID are single simple values.
func (w *setup) unfillable(ref filter.Ref) string {
	switch {
	case ref.Kind() == filter.Complex:
		return "it has sub-attributes, which cannot be added one by one"
	case ref.Multi() && w.client == SetupEntra:
		return "it has several values, which Entra ID does not send to an attribute that was added"
	}
	return ""
}

// fillable returns those of added that the product can send.
func (w *setup) fillable() []filter.Ref {
	return slices.DeleteFunc(w.added(), func(ref filter.Ref) bool { return w.unfillable(ref) != "" })
}

// attributes lists what has to be added at the product.
func (w *setup) attributes() []SetupAttribute {
	var out []SetupAttribute
	for _, ref := range w.fillable() {
		out = append(out, SetupAttribute{
			Name: ref.Name(), Namespace: ref.URN(), Path: ref.String(), Type: ref.Kind().String(),
			Required: w.traits[ref].Required, Multi: ref.Multi(), CaseExact: ref.CaseExact(),
		})
	}
	return out
}
