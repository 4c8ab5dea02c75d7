package scim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/elimity-com/scim/schema"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
)

// A resourceType is everything the engine knows about one kind of resource. It is built once, from
// schemas, and never changes.
type resourceType struct {
	name, endpoint, description string
	registry                    *filter.Registry
	attrs                       []attribute  // by filter.Ref.Index
	schemas                     []typeSchema // the core schema first
	new                         func() resource
	members                     filter.Ref // kept apart as a MemberChange; zero if the type has none
	groups                      filter.Ref // derived from the group store; zero if it is not
	usual                       *projection
	lookups                     []filter.Ref // what a filter finds native users by
	stores                      collection
}

// attribute is what the engine knows about one attribute beyond its filter.Ref.
type attribute struct {
	def        schema.CoreAttribute
	ref        filter.Ref
	mutability string // of RFC 7643 §7: readWrite, readOnly, immutable, writeOnly
	returned   string // always, never, default, request
	key        []byte // `"userName":`, for answers
	// Where "unassigned" would do harm, it means unchanged: when the attribute is absent from a
	// PUT, when its value is null or empty, when PATCH removes it.
	absentKeeps, emptyKeeps, removeKeeps bool
	numberAsText                         bool // an integer is read as its decimal text
	// What is wrong with a late attribute is said when the outcome is known: it must not keep a
	// leaver.
	late bool
	// name is an attribute by which stores find resources, or keep them apart.
	name bool
}

// Limits on one text, in bytes. Stores index names, and databases bound what they index; other
// texts are as long as a photo in a data URL.
const (
	maxName = 1 << 10
	maxText = 256 << 10
)

// maxText returns how long a text of the attribute may be.
func (a *attribute) maxText() int {
	if a.name {
		return maxName
	}
	return maxText
}

// typeSchema is one schema of a resource type: its definition, and its attributes in order.
type typeSchema struct {
	def   schema.Schema // as it is published
	whole schema.Schema // with the common attributes, as bodies are validated
	key   []byte        // `"urn:…":`
	attrs []filter.Ref
}

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

const organizationID = extension.URN + ":" + extension.OrganizationID

// userType returns the definition of the User resource type with the host's extensions.
func userType(extensions []schema.Schema) (*resourceType, error) {
	var ninja schema.Schema
	if err := json.Unmarshal(extension.Schema(), &ninja); err != nil {
		return nil, fmt.Errorf("scim: the schema of package extension: %w", err)
	}
	core := schema.CoreUserSchema()
	core.Attributes = slices.DeleteFunc(slices.Clone(core.Attributes), func(a schema.CoreAttribute) bool {
		return a.Name() == "password" // no field, no store, no log has it
	})
	rt, err := newType(typeDef{
		name: "User", endpoint: "/Users", description: "A person.",
		core:       core,
		extensions: append([]schema.Schema{schema.ExtensionEnterpriseUser(), ninja}, extensions...),
		slots:      paths(userFields),
		derived:    []string{"schemas", "groups", "meta.location"},
		// An identity provider that says nothing of these has not asked to revive a leaver or to
		// move anyone; Entra ID sends a constant organizationId as a JSON number.
		absentKeeps:  []string{"active", organizationID, extension.URN + ":" + extension.UserType},
		emptyKeeps:   []string{"active", organizationID},
		removeKeeps:  []string{"active"},
		numberAsText: []string{organizationID},
		late:         []string{organizationID, extension.URN + ":" + extension.UserType},
		names:        []string{"userName", "externalId", "emails.value"},
		new:          func() resource { return &User{Active: true} },
	})
	if err != nil {
		return nil, err
	}
	for _, path := range []string{"id", "userName", "emails.value"} {
		ref, _ := rt.registry.Ref(path)
		rt.lookups = append(rt.lookups, ref)
	}
	rt.stores = userCollection{}
	return rt, nil
}

// groupType returns the definition of the Group resource type.
func groupType(extensions []schema.Schema) (*resourceType, error) {
	rt, err := newType(typeDef{
		name: "Group", endpoint: "/Groups", description: "A set of users.",
		core:        schema.CoreGroupSchema(),
		extensions:  extensions,
		slots:       paths(groupFields),
		derived:     []string{"schemas", "members.$ref", "meta.location"},
		exact:       []string{"members.value"},
		absentKeeps: []string{"members"}, // a rename by PUT must not empty a group
		names:       []string{"displayName", "externalId"},
		new:         func() resource { return new(Group) },
	})
	if err != nil {
		return nil, err
	}
	rt.members, _ = rt.registry.Ref("members")
	rt.stores = groupCollection{}
	return rt, nil
}

// UserRegistry returns the registry filters on users are bound to: the core schema, the
// enterprise and NinjaOne extensions, and the given schemas (RFC 7643 §7 JSON). A host needs it
// only to make filters of its own, as tests do.
func UserRegistry(schemas ...[]byte) (*filter.Registry, error) {
	parsed, _, err := parseSchemas(schemas)
	if err != nil {
		return nil, err
	}
	rt, err := userType(parsed)
	if err != nil {
		return nil, err
	}
	return rt.registry, nil
}

// GroupRegistry is UserRegistry for groups.
func GroupRegistry(schemas ...[]byte) (*filter.Registry, error) {
	_, parsed, err := parseSchemas(schemas)
	if err != nil {
		return nil, err
	}
	rt, err := groupType(parsed)
	if err != nil {
		return nil, err
	}
	return rt.registry, nil
}

// ownSchemas are the schemas a host cannot register.
var ownSchemas = []string{schema.UserSchema, schema.GroupSchema, EnterpriseURN, extension.URN}

// parseSchemas reads the schemas a host registers. Those whose URN ends in :Group extend groups,
// all others users.
func parseSchemas(texts [][]byte) (users, groups []schema.Schema, err error) {
	for i, text := range texts {
		var s schema.Schema
		if err := json.Unmarshal(text, &s); err != nil {
			return nil, nil, fmt.Errorf("scim: Config.Schemas[%d]: %w", i, err)
		}
		switch {
		case s.ID == "" || len(s.Attributes) == 0:
			return nil, nil, fmt.Errorf("scim: Config.Schemas[%d]: a schema needs an id and attributes", i)
		case slices.ContainsFunc(ownSchemas, func(urn string) bool { return strings.EqualFold(urn, s.ID) }):
			return nil, nil, fmt.Errorf("scim: Config.Schemas[%d]: the schema %s is served anyway", i, s.ID)
		case strings.HasSuffix(filter.Fold(s.ID), filter.Fold(":Group")):
			groups = append(groups, s)
		default:
			users = append(users, s)
		}
	}
	return users, groups, nil
}

var kinds = map[string]filter.Kind{
	"string": filter.String, "boolean": filter.Boolean, "integer": filter.Integer, "decimal": filter.Decimal,
	"dateTime": filter.DateTime, "binary": filter.Binary, "reference": filter.Reference, "complex": filter.Complex,
}

func newType(def typeDef) (*resourceType, error) {
	rt := &resourceType{name: def.name, endpoint: def.endpoint, description: def.description, new: def.new}
	core := def.core
	core.Attributes = append(schema.CommonAttributes(), core.Attributes...)
	var defs []schema.CoreAttribute
	var registered []filter.Schema
	for i, s := range append([]schema.Schema{core}, def.extensions...) {
		urn := s.ID
		if i == 0 {
			urn = ""
		}
		attrs, all, err := def.translate(urn, s.Attributes)
		if err != nil {
			return nil, err
		}
		registered = append(registered, filter.Schema{URN: s.ID, Attributes: attrs})
		defs = append(defs, all...)
		one := typeSchema{def: s, whole: s, key: jsonKey(s.ID)}
		if i == 0 {
			one.def = def.core
		}
		rt.schemas = append(rt.schemas, one)
	}
	var err error
	if rt.registry, err = filter.NewRegistry(registered[0], registered[1:]...); err != nil {
		return nil, fmt.Errorf("scim: %s: %w", def.name, err)
	}
	schemaOf := -1
	for i := range rt.registry.Len() {
		ref := rt.registry.At(i)
		rt.attrs = append(rt.attrs, attribute{
			def: defs[i], ref: ref, mutability: defs[i].Mutability(), returned: returned(defs[i]),
			key: jsonKey(ref.Name()),
			// Who cannot read an attribute cannot send it again.
			absentKeeps:  slices.Contains(def.absentKeeps, ref.String()) || returned(defs[i]) == "never",
			emptyKeeps:   slices.Contains(def.emptyKeeps, ref.String()),
			removeKeeps:  slices.Contains(def.removeKeeps, ref.String()),
			numberAsText: slices.Contains(def.numberAsText, ref.String()),
			late:         slices.Contains(def.late, ref.String()),
			name:         slices.Contains(def.names, ref.String()),
		})
		if !ref.Parent().IsZero() {
			continue
		}
		if schemaOf < 0 || ref.URN() != "" && ref.URN() != rt.schemas[schemaOf].def.ID {
			schemaOf++
		}
		rt.schemas[schemaOf].attrs = append(rt.schemas[schemaOf].attrs, ref)
	}
	rt.attrs[0].returned = "always" // schemas, the first common attribute: RFC 7643 §3
	rt.usual = rt.standard()
	if groups, ok := rt.registry.Ref("groups"); ok && groups.Derived() {
		rt.groups = groups
	}
	return rt, nil
}

// returned is when answers show an attribute; a writeOnly one never (RFC 7643 §7).
func returned(a schema.CoreAttribute) string {
	if a.Mutability() == "writeOnly" {
		return "never"
	}
	return a.Returned()
}

// translate makes filter attributes of elimity's, and lists the latter in registry order.
func (def *typeDef) translate(urn string, attrs []schema.CoreAttribute) ([]filter.Attribute, []schema.CoreAttribute, error) {
	var out []filter.Attribute
	var all []schema.CoreAttribute
	for _, a := range attrs {
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

func jsonKey(name string) []byte { return append(appendString(nil, name), ':') }

// schemaOf returns the index in rt.schemas of the schema ref belongs to.
func (rt *resourceType) schemaOf(ref filter.Ref) int {
	return rt.schemaIndex(ref.URN())
}

// schemaIndex finds a schema by its URN as registered; "" and others are the core schema.
func (rt *resourceType) schemaIndex(urn string) int {
	for i := 1; i < len(rt.schemas); i++ {
		if rt.schemas[i].def.ID == urn {
			return i
		}
	}
	return 0
}

// info returns what the type knows about an attribute.
func (rt *resourceType) info(r filter.Ref) *attribute { return &rt.attrs[r.Index()] }

// isPassword reports whether an attribute is the password of RFC 7643 §4.1.1, which Okta sends with
// every user. It is dropped unread: no field, no store and no log has it.
func (rt *resourceType) isPassword(name string) bool {
	if core := rt.registry.Core(); len(name) > len(core) && strings.EqualFold(name[:len(core)], core) {
		name = strings.TrimPrefix(name[len(core):], ":")
	}
	return strings.EqualFold(name, "password")
}

// lateSchema reports whether a schema has nothing but late attributes.
func (rt *resourceType) lateSchema(urn string) bool {
	i := rt.schemaIndex(urn)
	return i > 0 && !slices.ContainsFunc(rt.schemas[i].attrs, func(r filter.Ref) bool { return !rt.info(r).late })
}
