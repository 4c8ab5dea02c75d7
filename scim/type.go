package scim

import (
	"slices"
	"strings"

	"github.com/elimity-com/scim/schema"

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
