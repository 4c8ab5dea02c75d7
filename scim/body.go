package scim

import (
	"fmt"
	"strings"

	"github.com/elimity-com/scim/errors"

	"github.com/seed-30109bde/gatehouse/filter"
)

// body is the resource in a POST or PUT, read and validated.
type body struct {
	res       resource
	mentioned map[int]bool // top-level attributes the client named, by filter.Ref.Index
	members   []string     // IDs, if membersGiven
	given     bool         // members were named
}

// readBody reads a resource (RFC 7644 §3.3, §3.5.1): the attributes are resolved and their values
// read here, and judged by elimity's schema validation.
func (rd *reader) readBody(v jsonValue) (*body, error) {
	if v.kind != jsonObject {
		return nil, invalidSyntax("the body is %s, a resource is an object", v.kind)
	}
	b := &bodyReader{reader: *rd, body: &body{res: rd.rt.new(), mentioned: map[int]bool{}}}
	for range rd.rt.schemas {
		b.values = append(b.values, map[string]any{})
	}
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
	values  []map[string]any // by schema, then by name: what validation gets
	schemas bool
}

// member takes one member of the body: an attribute in any of its spellings, or an extension.
func (b *bodyReader) member(m jsonMember) error {
	if strings.EqualFold(m.key, "password") {
		return nil // dropped unread: no field, no store, no log
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
	return b.attribute1(ref, m.jsonValue)
}

// container takes the object of an extension.
func (b *bodyReader) container(urn string, v jsonValue) error {
	switch v.kind {
	case jsonNull:
		return nil
	case jsonObject:
	default:
		return invalidValue("%s: %s received, an object is expected", urn, v.show())
	}
	for _, m := range v.list {
		ref, ok := b.rt.registry.Ref(urn + ":" + m.key)
		if !ok {
			if b.strict {
				return invalidSyntax("the schema %s has no attribute %q", urn, shorten(m.key))
			}
			continue
		}
		if err := b.attribute1(ref, m.jsonValue); err != nil {
			return err
		}
	}
	return nil
}

// attribute1 takes one attribute, or one part of one as in "name.givenName".
func (b *bodyReader) attribute1(ref filter.Ref, v jsonValue) error {
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
	if err != nil || value == nil && info.emptyKeeps {
		return err
	}
	top := ref
	if p := ref.Parent(); !p.IsZero() {
		top = p
	}
	if err := b.mention(ref, top); err != nil {
		return err
	}
	if value == nil {
		return nil
	}
	in := b.values[b.rt.schemaOf(ref)]
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

// mention notes that an attribute was given, and refuses a second time.
func (b *bodyReader) mention(ref, top filter.Ref) error {
	if b.mentioned[ref.Index()] || ref != top && b.values[b.rt.schemaOf(ref)][top.Name()] != nil && b.mentioned[top.Index()] && !b.dotted(top) {
		return invalidSyntax("%s is given twice, in two spellings", ref)
	}
	b.mentioned[ref.Index()] = true
	b.mentioned[top.Index()] = true
	return nil
}

// dotted reports whether a complex attribute was so far given by its parts alone.
func (b *bodyReader) dotted(top filter.Ref) bool {
	for i := range top.Subs() {
		if b.mentioned[top.Sub(i).Index()] {
			return true
		}
	}
	return false
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
	if v.kind == jsonNull {
		return nil
	}
	ids, err := b.memberIDs(v)
	var m memberChange
	m.becomes(ids)
	b.body.members, b.given = m.result().Add, true
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
	if ref, ok := b.rt.lacks(b.res); ok {
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
