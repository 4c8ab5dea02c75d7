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
