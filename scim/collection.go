package scim

import (
	"context"
)

// collection is a store as the engine sees it: of resources, whatever their type.
type collection interface {
	create(context.Context, Stores, TenantID, resource, MemberChange) (resource, error)
	get(context.Context, Stores, TenantID, string) (resource, error)
	list(context.Context, Stores, TenantID, Query) (Page[resource], error)
	update(context.Context, Stores, TenantID, resource, MemberChange) (resource, error)
	remove(ctx context.Context, s Stores, t TenantID, id, version string) error
	// copy returns a copy that shares nothing with r.
	copy(r resource) resource
	// change describes a change to the policy; either resource may be nil.
	change(by Principal, before, after resource, m MemberChange) Change
}

type userCollection struct{}

func (userCollection) create(ctx context.Context, s Stores, t TenantID, r resource, _ MemberChange) (resource, error) {
	u, err := s.Users.CreateUser(ctx, t, *r.(*User))
	return &u, err
}

func (userCollection) get(ctx context.Context, s Stores, t TenantID, id string) (resource, error) {
	u, err := s.Users.User(ctx, t, id)
	return &u, err
}

func (userCollection) list(ctx context.Context, s Stores, t TenantID, q Query) (Page[resource], error) {
	page, err := s.Users.Users(ctx, t, q)
	out := Page[resource]{make([]resource, len(page.Items)), page.Total, page.Next, page.Previous}
	for i := range page.Items {
		out.Items[i] = &page.Items[i]
	}
	return out, err
}

func (userCollection) update(ctx context.Context, s Stores, t TenantID, r resource, _ MemberChange) (resource, error) {
	u, err := s.Users.UpdateUser(ctx, t, *r.(*User))
	return &u, err
}

func (userCollection) remove(ctx context.Context, s Stores, t TenantID, id, version string) error {
	if err := s.Users.DeleteUser(ctx, t, id, version); err != nil || s.Groups == nil {
		return err
	}
	return s.Groups.Forget(ctx, t, id)
}

func (userCollection) copy(r resource) resource {
	u := r.(*User).clone()
	return &u
}

func (userCollection) change(by Principal, before, after resource, _ MemberChange) Change {
	c := Change{By: by}
	c.Before, _ = before.(*User)
	c.After, _ = after.(*User)
	c.Adopts = c.Before != nil && c.After != nil && c.Before.ManagedBy == "" && c.After.ManagedBy != ""
	return c
}

type groupCollection struct{}

func (groupCollection) create(ctx context.Context, s Stores, t TenantID, r resource, m MemberChange) (resource, error) {
	g, err := s.Groups.CreateGroup(ctx, t, *r.(*Group), m)
	return &g, err
}

func (groupCollection) get(ctx context.Context, s Stores, t TenantID, id string) (resource, error) {
	g, err := s.Groups.Group(ctx, t, id)
	return &g, err
}

func (groupCollection) list(ctx context.Context, s Stores, t TenantID, q Query) (Page[resource], error) {
	page, err := s.Groups.Groups(ctx, t, q)
	out := Page[resource]{make([]resource, len(page.Items)), page.Total, page.Next, page.Previous}
	for i := range page.Items {
		out.Items[i] = &page.Items[i]
	}
	return out, err
}

func (groupCollection) update(ctx context.Context, s Stores, t TenantID, r resource, m MemberChange) (resource, error) {
	g, err := s.Groups.UpdateGroup(ctx, t, *r.(*Group), m)
	return &g, err
}

func (groupCollection) remove(ctx context.Context, s Stores, t TenantID, id, version string) error {
	return s.Groups.DeleteGroup(ctx, t, id, version)
}

func (groupCollection) copy(r resource) resource {
	g := r.(*Group).clone()
	return &g
}

func (groupCollection) change(by Principal, before, after resource, m MemberChange) Change {
	c := Change{By: by, Members: m}
	c.GroupBefore, _ = before.(*Group)
	c.GroupAfter, _ = after.(*Group)
	return c
}
