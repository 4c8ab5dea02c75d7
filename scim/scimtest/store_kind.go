package scimtest

import (
	"context"
	"math"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// An item is what a user and a group have in common. Most promises are about items, and are made
// for both.
type item struct {
	scim.Meta
	Name string
}

// A kind is a store of users or of groups, as a store of items.
type kind interface {
	create(context.Context, scim.TenantID, item) (item, error)
	get(c context.Context, t scim.TenantID, id string) (item, error)
	list(context.Context, scim.TenantID, scim.Query) (scim.Page[item], error)
	update(context.Context, scim.TenantID, item) (item, error)
	delete(c context.Context, t scim.TenantID, id, version string) error
	nameAttribute() string
	registry() *filter.Registry
}

type userKind struct {
	store scim.UserStore
	known *filter.Registry
}

func userOf(i item) scim.User { return scim.User{Meta: i.Meta, UserName: i.Name, Active: true} }
func ofUser(u scim.User) item { return item{u.Meta, u.UserName} }

func (k userKind) nameAttribute() string      { return "userName" }
func (k userKind) registry() *filter.Registry { return k.known }

func (k userKind) create(ctx context.Context, t scim.TenantID, i item) (item, error) {
	u, err := k.store.CreateUser(ctx, t, userOf(i))
	return ofUser(u), err
}

func (k userKind) get(ctx context.Context, t scim.TenantID, id string) (item, error) {
	u, err := k.store.User(ctx, t, id)
	return ofUser(u), err
}

func (k userKind) list(ctx context.Context, t scim.TenantID, q scim.Query) (scim.Page[item], error) {
	p, err := k.store.Users(ctx, t, q)
	return itemPage(p, ofUser), err
}

func (k userKind) update(ctx context.Context, t scim.TenantID, i item) (item, error) {
	u, err := k.store.UpdateUser(ctx, t, userOf(i))
	return ofUser(u), err
}

func (k userKind) delete(ctx context.Context, t scim.TenantID, id, version string) error {
	return k.store.DeleteUser(ctx, t, id, version)
}

type groupKind struct {
	store scim.GroupStore
	known *filter.Registry
}

func groupOf(i item) scim.Group { return scim.Group{Meta: i.Meta, DisplayName: i.Name} }
func ofGroup(g scim.Group) item { return item{g.Meta, g.DisplayName} }

func (k groupKind) nameAttribute() string      { return "displayName" }
func (k groupKind) registry() *filter.Registry { return k.known }

func (k groupKind) create(ctx context.Context, t scim.TenantID, i item) (item, error) {
	g, err := k.store.CreateGroup(ctx, t, groupOf(i), scim.MemberChange{})
	return ofGroup(g), err
}

func (k groupKind) get(ctx context.Context, t scim.TenantID, id string) (item, error) {
	g, err := k.store.Group(ctx, t, id)
	return ofGroup(g), err
}

func (k groupKind) list(ctx context.Context, t scim.TenantID, q scim.Query) (scim.Page[item], error) {
	p, err := k.store.Groups(ctx, t, q)
	return itemPage(p, ofGroup), err
}

func (k groupKind) update(ctx context.Context, t scim.TenantID, i item) (item, error) {
	g, err := k.store.UpdateGroup(ctx, t, groupOf(i), scim.MemberChange{})
	return ofGroup(g), err
}

func (k groupKind) delete(ctx context.Context, t scim.TenantID, id, version string) error {
	return k.store.DeleteGroup(ctx, t, id, version)
}

func itemPage[E any](p scim.Page[E], of func(E) item) scim.Page[item] {
	page := scim.Page[item]{Total: p.Total, Next: p.Next, Previous: p.Previous}
	for _, e := range p.Items {
		page.Items = append(page.Items, of(e))
	}
	return page
}

// newItem returns an item that is not stored yet.
func (t *trial) newItem(manager, name string) item {
	return item{Name: name, Meta: scim.Meta{ID: t.newID(), ManagedBy: manager, Created: epoch, LastModified: epoch}}
}

// make stores an item that nothing speaks against.
func (t *trial) make(tenant scim.TenantID, manager, name string) item {
	t.Helper()
	return t.store(tenant, t.newItem(manager, name))
}

func (t *trial) store(tenant scim.TenantID, i item) item {
	t.Helper()
	i, err := t.create(t.Context(), tenant, i)
	t.must(err, "create %q", i.Name)
	return i
}

// read returns an item that must be there.
func (t *trial) read(tenant scim.TenantID, id string) item {
	t.Helper()
	i, err := t.get(t.Context(), tenant, id)
	t.must(err, "read %q", id)
	return i
}

// change replaces an item in a way that nothing speaks against.
func (t *trial) change(tenant scim.TenantID, i item) item {
	t.Helper()
	i, err := t.update(t.Context(), tenant, i)
	t.must(err, "update %q", i.Name)
	return i
}

// drop deletes an item that must be there.
func (t *trial) drop(tenant scim.TenantID, id string) {
	t.Helper()
	t.must(t.delete(t.Context(), tenant, id, ""), "delete %q", id)
}

// page answers a query.
func (t *trial) page(tenant scim.TenantID, q scim.Query) scim.Page[item] {
	t.Helper()
	p, err := t.list(t.Context(), tenant, q)
	t.must(err, "list")
	return p
}

// all answers a query of which only Filter, Scope and IDs matter, and checks the total.
func (t *trial) all(tenant scim.TenantID, q scim.Query) []item {
	t.Helper()
	q.Limit, q.Total = math.MaxInt32, true
	p := t.page(tenant, q)
	if p.Total != len(p.Items) {
		t.broken("a page with all %d has the total %d", len(p.Items), p.Total)
	}
	return p.Items
}

// found returns the names that a filter finds in the whole tenant.
func (t *trial) found(tenant scim.TenantID, f *filter.Bound) []string {
	t.Helper()
	return namesOf(t.all(tenant, scim.Query{Filter: f, Scope: everyone}))
}

func namesOf(items []item) []string { return each(items, func(i item) string { return i.Name }) }
func idsOf(items []item) []string   { return each(items, func(i item) string { return i.ID }) }

func each[E any](list []E, f func(E) string) []string {
	var out []string
	for _, e := range list {
		out = append(out, f(e))
	}
	return out
}
