package scim

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/elimity-com/scim/errors"

	"github.com/seed-30109bde/gatehouse/filter"
)

// body is the resource in a POST or PUT, read and validated.
type body struct {
	res        resource
	mentioned  []bool   // by filter.Ref.Index: top-level attributes the client gave, whole or in part
	members    []string // IDs
	hasMembers bool     // members were given
	late       error    // what is wrong with a late attribute
}

// readBody reads a resource (RFC 7644 §3.3, §3.5.1): the attributes are resolved and their values
// read here, and judged by elimity's schema validation.
func (rd *reader) readBody(v jsonValue) (*body, error) {
	if v.kind != jsonObject {
		return nil, invalidSyntax("the body is %s, a resource is an object", v.kind)
	}
	n := len(rd.rt.attrs)
	b := &bodyReader{
		reader: *rd,
		body:   &body{res: rd.rt.new(), mentioned: make([]bool, n)},
		seen:   make([]bool, n),
		values: make([]map[string]any, len(rd.rt.schemas)),
	}
	b.values[0] = make(map[string]any, len(v.list))
	for _, m := range v.list {
		if err := b.member(m); err != nil {
			return nil, err
		}
	}
	if rd.strict && !b.schemas {
		return nil, invalidSyntax("schemas is missing; it must list %s", rd.rt.registry.Core())
	}
	return b.body, b.validate()
}

type bodyReader struct {
	reader
	*body
	seen    []bool           // by filter.Ref.Index: attributes and parts given by their own name
	values  []map[string]any // by schema, then by name: what validation gets
	schemas bool
}

// member takes one member of the body: an attribute in any of its spellings, or an extension.
func (b *bodyReader) member(m jsonMember) error {
	if b.rt.isPassword(m.key) {
		return nil
	}
	if urn, ok := b.rt.registry.URN(m.key); ok {
		return b.container(urn, m.jsonValue)
	}
	ref, liberty, ok := b.rt.registry.Find(m.key)
	if !ok || liberty != "" && b.strict {
		if b.strict {
			return invalidSyntax("no schema here has the attribute %q", shorten(m.key))
		}
		return nil
	}
	return b.take(ref, m.jsonValue)
}

// container takes the object of an extension.
func (b *bodyReader) container(urn string, v jsonValue) error {
	switch {
	case v.kind == jsonNull || !b.strict && !v.says():
		return nil
	case v.kind != jsonObject:
		err := invalidValue("%s: %s received, an object is expected", urn, v.show())
		if b.rt.lateSchema(urn) {
			b.late = cmp.Or[error](b.late, err)
			return nil
		}
		return err
	}
	for _, m := range v.list {
		ref, ok := b.rt.registry.Ref(urn + ":" + m.key)
		if !ok {
			if b.strict {
				return invalidSyntax("the schema %s has no attribute %q", urn, shorten(m.key))
			}
			continue
		}
		if err := b.take(ref, m.jsonValue); err != nil {
			return err
		}
	}
	return nil
}

// take takes one attribute, or one part of one as in "name.givenName".
func (b *bodyReader) take(ref filter.Ref, v jsonValue) error {
	info := b.rt.info(ref)
	switch {
	case ref.Derived() && ref.Name() == "schemas":
		return b.checkSchemas(v)
	case info.mutability == "readOnly" || ref.Derived():
		return nil // ids, meta and groups come back from clients that echo a resource
	case ref == b.rt.members:
		return b.membersGiven(v)
	}
	value, err := b.attribute(ref, v)
	if err != nil && info.late {
		b.late = cmp.Or(b.late, err)
		return nil
	}
	if err != nil || value == nil && info.emptyKeeps {
		return err
	}
	top := ref
	if p := ref.Parent(); !p.IsZero() {
		top = p
	}
	if b.seen[ref.Index()] || b.seen[top.Index()] || ref == top && b.mentioned[top.Index()] {
		return invalidSyntax("%s is given twice, in two spellings", ref)
	}
	b.seen[ref.Index()], b.mentioned[top.Index()] = true, true
	if value == nil {
		return nil
	}
	at := b.rt.schemaOf(ref)
	if b.values[at] == nil {
		b.values[at] = map[string]any{}
	}
	in := b.values[at]
	if top != ref {
		parts, ok := in[top.Name()].(map[string]any)
		if !ok {
			parts = map[string]any{}
			in[top.Name()] = parts
		}
		in = parts
		if top.Multi() {
			return invalidSyntax("%s: a part of a multi-valued attribute cannot be given alone", ref)
		}
	}
	in[ref.Name()] = value
	return nil
}

func (b *bodyReader) checkSchemas(v jsonValue) error {
	b.schemas = true
	if !b.strict {
		return nil // Entra ID mistypes URNs and leaves out those of custom extensions
	}
	core := false
	for _, m := range v.list {
		urn, ok := b.rt.registry.URN(m.text)
		if !ok || m.kind != jsonString {
			return invalidSyntax("schemas: %s is no schema of a %s here", m.show(), b.rt.name)
		}
		core = core || urn == b.rt.registry.Core()
	}
	if !core {
		return invalidSyntax("schemas must list %s", b.rt.registry.Core())
	}
	return nil
}

func (b *bodyReader) membersGiven(v jsonValue) error {
	switch {
	case v.kind == jsonNull:
		return nil
	case b.hasMembers:
		return invalidSyntax("%s is given twice, in two spellings", b.rt.members)
	}
	ids, err := b.memberIDs(v)
	var m memberChange
	m.becomes(ids)
	b.members, b.hasMembers = m.result().Add, true
	return err
}

// validate runs elimity's validation over what was read, schema by schema, and fills the resource
// with what it lets pass.
func (b *bodyReader) validate() error {
	for i := range b.rt.schemas {
		s := &b.rt.schemas[i]
		in := b.values[i]
		if i > 0 && len(in) == 0 {
			continue
		}
		for _, ref := range s.attrs {
			if a := b.rt.info(ref); a.def.Required() && a.mutability != "readOnly" && !ref.Derived() && in[ref.Name()] == nil {
				return invalidValue("%s is required", ref)
			}
		}
		clean, err := s.validate(i == 0, in)
		if err != nil {
			return err
		}
		for _, ref := range s.attrs {
			if v := clean[ref.Name()]; v != nil && !ref.Derived() {
				assign(b.res, ref, v)
			}
		}
	}
	if ref, ok := b.rt.lacks(b.res, nil); ok {
		return invalidValue("%s is required", ref)
	}
	return nil
}

// validate is elimity's judgement of the attributes of one schema.
func (s *typeSchema) validate(core bool, in map[string]any) (map[string]any, error) {
	var clean map[string]any
	var scimErr *errors.ScimError
	if core {
		in["schemas"] = []any{s.def.ID}
		clean, scimErr = s.whole.Validate(in)
	} else {
		clean, scimErr = s.whole.ValidateExtension(in)
	}
	if scimErr != nil {
		return nil, &Refusal{Status: scimErr.Status, Type: string(scimErr.ScimType),
			Detail: fmt.Sprintf("%s: %s", s.def.ID, scimErr.Detail)}
	}
	return clean, nil
}

// memberIDs reads the members a client names: objects with a value, or bare strings.
func (rd *reader) memberIDs(v jsonValue) ([]string, error) {
	list := v.list
	if v.kind != jsonArray {
		list = []jsonMember{{jsonValue: v}}
	}
	ids := make([]string, len(list))
	for i, m := range list {
		id, err := rd.memberID(m.jsonValue)
		if err != nil {
			return nil, err
		}
		ids[i] = strings.Clone(id)
	}
	return ids, nil
}

func (rd *reader) memberID(v jsonValue) (string, error) {
	if v.kind == jsonObject {
		if typ, _ := v.field("type"); strings.EqualFold(typ.text, "Group") {
			return "", invalidValue("%s: a group cannot be a member of a group here; assign its users", rd.rt.members)
		}
		v, _ = v.field("value")
	} else if rd.strict {
		return "", invalidValue("%s: %s received, an object with a value is expected", rd.rt.members, v.show())
	}
	if v.kind != jsonString || v.text == "" {
		return "", invalidValue("%s.value: %s received, the id of a user is expected", rd.rt.members, v.show())
	}
	return v.text, nil
}
