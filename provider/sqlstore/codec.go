package sqlstore

import (
	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A codec says how resources of type T are kept.
type codec[T any] struct {
	kind   func(*Store) *kind
	decode func(document []byte, version string) (T, error)
	encode func(*T) ([]byte, error)
	view   func(*T) (res filter.Resource, id string)
	meta   func(*T) *scim.Meta
}

var ofUsers = codec[scim.User]{
	kind:   func(s *Store) *kind { return s.users },
	decode: decodeUser,
	encode: encodeUser,
	view:   func(u *scim.User) (filter.Resource, string) { return u, u.ID },
	meta:   func(u *scim.User) *scim.Meta { return &u.Meta },
}

var ofGroups = codec[scim.Group]{
	kind:   func(s *Store) *kind { return s.groups },
	decode: decodeGroup,
	encode: encodeGroup,
	view:   func(g *scim.Group) (filter.Resource, string) { return g, g.ID },
	meta:   func(g *scim.Group) *scim.Meta { return &g.Meta },
}

// rowOf makes the row of a resource.
func rowOf[T any](s *Store, of codec[T], tenant scim.TenantID, t *T) (*row, error) {
	document, err := of.encode(t)
	if err != nil {
		return nil, err
	}
	res, _ := of.view(t)
	return of.kind(s).row(tenant, res, of.meta(t), document)
}
