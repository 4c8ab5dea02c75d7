package scim_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	elimity "github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"

	"github.com/seed-30109bde/gatehouse/extension"
)

// newElimity returns elimity's server with the schemas this handler has, over maps; the one
// returned is that of the users.
func newElimity(t testing.TB) (http.Handler, *mapStore) {
	t.Helper()
	core, extensions := elimitySchemas(t)
	store := newMapStore()
	users := elimity.ResourceType{
		ID: optional.NewString("User"), Name: "User", Endpoint: "/Users", Schema: core, Handler: store,
	}
	for _, s := range extensions {
		users.SchemaExtensions = append(users.SchemaExtensions, elimity.SchemaExtension{Schema: s})
	}
	groups := elimity.ResourceType{
		ID: optional.NewString("Group"), Name: "Group", Endpoint: "/Groups", Schema: schema.CoreGroupSchema(), Handler: newMapStore(),
	}
	server, err := elimity.NewServer(&elimity.ServerArgs{
		ServiceProviderConfig: &elimity.ServiceProviderConfig{MaxResults: 200, SupportFiltering: true, SupportPatch: true},
		ResourceTypes:         []elimity.ResourceType{users, groups},
	}, elimity.WithBaseURL(benchBase))
	if err != nil {
		t.Fatal(err)
	}
	return server, store
}

func elimitySchemas(t testing.TB) (core schema.Schema, extensions []schema.Schema) {
	t.Helper()
	var ninja schema.Schema
	if err := json.Unmarshal(extension.Schema(), &ninja); err != nil {
		t.Fatal(err)
	}
	return schema.CoreUserSchema(), []schema.Schema{schema.ExtensionEnterpriseUser(), ninja}
}

// mapStore is the shortest handler behind elimity's server: a map, and the order of creation to
// page by. Attributes in it never change; a write puts others in their place.
type mapStore struct {
	mu      sync.RWMutex
	m       map[string]elimity.Resource
	order   []string
	version int
}

func newMapStore() *mapStore { return &mapStore{m: map[string]elimity.Resource{}} }

// put stores the attributes of a resource that is new, or has been there since created.
func (s *mapStore) put(id string, created *time.Time, attributes elimity.ResourceAttributes) elimity.Resource {
	now := time.Now().UTC()
	if created == nil {
		created = &now
	}
	s.version++
	r := elimity.Resource{ID: id, Attributes: attributes, Meta: elimity.Meta{
		Created: created, LastModified: &now, Version: `W/"` + strconv.Itoa(s.version) + `"`,
	}}
	s.m[id] = r
	return r
}

func (s *mapStore) Create(_ *http.Request, attributes elimity.ResourceAttributes) (elimity.Resource, error) {
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order = append(s.order, id)
	return s.put(id, nil, attributes), nil
}

func (s *mapStore) Get(_ *http.Request, id string) (elimity.Resource, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, ok := s.m[id]
	if !ok {
		return r, scimerrors.ScimErrorResourceNotFound(id)
	}
	return r, nil
}

func (s *mapStore) GetAll(_ *http.Request, params elimity.ListRequestParams) (elimity.Page, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	page := elimity.Page{Resources: []elimity.Resource{}}
	first := params.StartIndex - 1
	if params.FilterValidator == nil {
		page.TotalResults = len(s.order)
		for _, id := range s.order[min(first, len(s.order)):min(first+params.Count, len(s.order))] {
			page.Resources = append(page.Resources, s.m[id])
		}
		return page, nil
	}
	for _, id := range s.order {
		r := s.m[id]
		if params.FilterValidator.PassesFilter(r.Attributes) != nil {
			continue
		}
		if page.TotalResults++; page.TotalResults > first && len(page.Resources) < params.Count {
			page.Resources = append(page.Resources, r)
		}
	}
	return page, nil
}

func (s *mapStore) Replace(_ *http.Request, id string, attributes elimity.ResourceAttributes) (elimity.Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.m[id]
	if !ok {
		return old, scimerrors.ScimErrorResourceNotFound(id)
	}
	return s.put(id, old.Meta.Created, attributes), nil
}

func (s *mapStore) Delete(_ *http.Request, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.m[id]; !ok {
		return scimerrors.ScimErrorResourceNotFound(id)
	}
	delete(s.m, id)
	s.order = slices.DeleteFunc(s.order, func(o string) bool { return o == id })
	return nil
}

// Patch sets simple attributes by their path, which is all that a PATCH of active needs.
func (s *mapStore) Patch(_ *http.Request, id string, operations []elimity.PatchOperation) (elimity.Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.m[id]
	if !ok {
		return old, scimerrors.ScimErrorResourceNotFound(id)
	}
	attributes := maps.Clone(old.Attributes)
	for _, o := range operations {
		if o.Op == elimity.PatchOperationRemove || o.Path == nil || o.Path.AttributePath.AttributeName != "active" {
			return old, errors.New("only active is set here")
		}
		attributes["active"] = o.Value
	}
	return s.put(id, old.Meta.Created, attributes), nil
}

var _ elimity.ResourceHandler = (*mapStore)(nil)
