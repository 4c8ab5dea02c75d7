package scim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
)

// engine carries out requests. It knows no HTTP, and no attribute by name.
type engine struct {
	stores Stores
	policy Policy
	now    func() time.Time
	limits Limits
	strict bool
}

// maxTries bounds how often a change without If-Match is applied again because another one came
// first. Each try that fails means that another request succeeded.
const maxTries = 32

// transact runs f where its writes commit together, if the host has such a place.
func (e *engine) transact(ctx context.Context, t TenantID, f func(context.Context, Stores) error) error {
	if e.stores.Transact == nil {
		return f(ctx, e.stores)
	}
	return e.stores.Transact(ctx, t, f)
}

// get returns a resource as the principal may see it, and the refusal a write to it would meet.
func (e *engine) get(ctx context.Context, s Stores, p Principal, rt *resourceType, id string) (res resource, onWrite error, err error) {
	if !isID(id) {
		return nil, nil, ErrNotFound
	}
	res, err = rt.stores.get(ctx, s, p.Tenant, id)
	if err != nil {
		return nil, nil, err
	}
	if res.meta().ID != id { // from a store that finds IDs without case, or says nothing of its own
		return nil, nil, ErrNotFound
	}
	seen, onWrite, err := e.sees(ctx, p, res)
	if err == nil && !seen {
		err = ErrNotFound
	}
	return res, onWrite, err
}

// isOf says whether a store answered a write with the resource it was asked to write: what it
// returned is what the client is told.
func isOf(res resource, id string) error {
	if got := res.meta().ID; got != id || id == "" {
		return fmt.Errorf("scim: the store answered a write of %q with %q", id, got)
	}
	return nil
}

// sees reports whether a resource exists for the principal: its own do, and those native users
// that the policy lets it adopt. A native user shows no externalId: that is its manager's.
func (e *engine) sees(ctx context.Context, p Principal, res resource) (seen bool, onWrite, err error) {
	m := res.meta()
	if m.ManagedBy != "" {
		return m.ManagedBy == p.Manager, nil, nil
	}
	u, ok := res.(*User)
	if !ok || e.policy.Adopt == nil {
		return false, nil, nil
	}
	err = e.policy.Adopt(ctx, p, u.clone())
	m.ExternalID = ""
	if _, refused := errors.AsType[*Refusal](err); refused {
		return true, err, nil
	}
	if errors.Is(err, ErrNotFound) {
		return false, nil, nil
	}
	return err == nil, nil, undecided(err)
}

// create stores a new resource.
func (e *engine) create(ctx context.Context, p Principal, rt *resourceType, b *body) (resource, error) {
	res := b.res
	now := e.now().UTC().Truncate(time.Millisecond)
	m := res.meta()
	m.ID, m.ManagedBy, m.Created, m.LastModified = newID(now), p.Manager, now, now
	unkept := e.unkept(p, rt, res, rt.new())
	if _, err := e.rules(ctx, p, nil, res, b.late); err != nil {
		return nil, err
	}
	var out resource
	var change Change
	err := e.transact(ctx, p.Tenant, func(ctx context.Context, s Stores) error {
		// Transact may try more than once, and Check may change what it is given.
		next, members := rt.stores.copy(res), MemberChange{Add: slices.Clone(b.members)}
		if err := e.checkMembers(ctx, s, p, members); err != nil {
			return err
		}
		change = rt.stores.change(p, nil, next, members)
		if err := e.check(ctx, s, &change); err != nil {
			return err
		}
		var err error
		out, err = rt.stores.create(ctx, s, p.Tenant, next, change.Members)
		if err == nil {
			return isOf(out, out.meta().ID) // which is the store's to choose
		}
		return e.conflict(ctx, s, p, rt, next, err)
	})
	if err != nil {
		return nil, err
	}
	change = rt.stores.change(p, nil, out, change.Members)
	change.Unkept = unkept
	return out, e.stored(ctx, change)
}

func (e *engine) check(ctx context.Context, s Stores, c *Change) error {
	if e.policy.Check == nil {
		return nil
	}
	return e.policy.Check(ctx, s, c)
}

func (e *engine) stored(ctx context.Context, c Change) error {
	if e.policy.Stored == nil {
		return nil
	}
	if err := e.policy.Stored(ctx, c); err != nil {
		if _, ok := errors.AsType[*Refusal](err); ok {
			return err
		}
		return &UnavailableError{Cause: err}
	}
	return nil
}

// unkept undoes what a request did to attributes the principal does not manage, and returns those that it
// has given another value.
func (e *engine) unkept(p Principal, rt *resourceType, after, before resource) (written []filter.Ref) {
	if e.policy.Keeps == nil {
		return nil
	}
	for i := range rt.attrs {
		if ref := rt.attrs[i].ref; ref.Parent().IsZero() && !e.keeps(p, rt, ref) {
			if after.Len(ref) > 0 && !sameAttribute(after, before, ref) {
				written = append(written, ref)
			}
			copyAttribute(after, before, ref)
		}
	}
	return written
}

// keeps reports whether the principal manages an attribute, as everyone does members, what a
// schema requires, and what nobody can write anyway.
func (e *engine) keeps(p Principal, rt *resourceType, ref filter.Ref) bool {
	a := rt.info(ref)
	return e.policy.Keeps == nil || ref.Derived() || ref == rt.members || a.mutability == "readOnly" ||
		a.def.Required() || e.policy.Keeps(p, ref)
}

// rules applies the rules of the NinjaOne extension to a user. late is what was wrong with the
// form of its values. Who leaves is never kept for a value: it stays as it was, and is returned as
// withheld.
func (e *engine) rules(ctx context.Context, p Principal, before, after resource, late error) (withheld []error, err error) {
	u, ok := after.(*User)
	if !ok {
		return nil, nil
	}
	was, _ := before.(*User)
	leaves := was != nil && !u.Active
	if late != nil && !leaves {
		return nil, late
	}
	var rules extension.Rules
	if e.policy.NinjaOne != nil {
		if rules, err = e.policy.NinjaOne(ctx, p); err != nil {
			return nil, undecided(err)
		}
	}
	switch {
	case was == nil:
		u.NinjaOne, err = rules.Create(ctx, u.NinjaOne)
	case leaves:
		u.NinjaOne, withheld = rules.Leave(ctx, was.NinjaOne, u.NinjaOne)
		if late != nil {
			withheld = append(withheld, late)
		}
	default:
		u.NinjaOne, err = rules.Update(ctx, was.NinjaOne, u.NinjaOne)
	}
	if bad, ok := errors.AsType[*extension.Error](err); ok {
		return nil, invalidValue("%s", bad.Error())
	}
	return withheld, undecided(err)
}

// undecided marks an error of the host's rules as no verdict, unless it is one.
func undecided(err error) error {
	if _, ok := errors.AsType[*Refusal](err); ok || err == nil {
		return err
	}
	return &UnavailableError{Cause: err}
}

// memberBatch is how many members are looked up in one query.
const memberBatch = 500

// checkMembers refuses to add anyone who does not exist for the principal.
func (e *engine) checkMembers(ctx context.Context, s Stores, p Principal, m MemberChange) error {
	for from := 0; from < len(m.Add); from += memberBatch {
		ids := m.Add[from:min(from+memberBatch, len(m.Add))]
		if i := slices.IndexFunc(ids, func(id string) bool { return !isID(id) }); i >= 0 {
			return noSuchMember(ids[i])
		}
		q := Query{Scope: Scope{Manager: p.Manager}, IDs: ids, Total: true}
		page, err := s.Users.Users(ctx, p.Tenant, q)
		if err == nil && page.Total == len(ids) {
			continue
		}
		q.Limit = len(ids) // to name who is missing
		if err == nil {
			page, err = s.Users.Users(ctx, p.Tenant, q)
		}
		if err != nil {
			return err
		}
		known := make(map[string]bool, len(page.Items))
		for i := range page.Items {
			known[page.Items[i].ID] = true
		}
		for _, id := range ids {
			if !known[id] {
				return noSuchMember(id)
			}
		}
	}
	return nil
}

func noSuchMember(id string) error {
	return invalidValue("members: no user has the id %q; provision the user before its membership", shorten(id))
}

// conflict turns a conflict of a store into the 409 a client can act on: a name that the
// principal can see is one it may look up and update.
func (e *engine) conflict(ctx context.Context, s Stores, p Principal, rt *resourceType, res resource, err error) error {
	c, ok := errors.AsType[*ConflictError](err)
	if !ok {
		return err
	}
	r := &Refusal{Status: 409, Type: "uniqueness"}
	ref, known := rt.registry.Ref(c.Attribute)
	if !known || ref.Kind() != filter.String || ref.Multi() || inList(ref) { // which value is not said
		r.Detail = cmp.Or(c.Attribute, "a value") + " is in use"
		return r
	}
	value := valueAt(res, ref, 0).Text
	r.Detail = ref.String() + " " + jsonValue{kind: jsonString, text: value}.show()
	probe := *e
	probe.stores = s
	switch found, err := probe.list(ctx, p, rt, Query{Filter: filter.Equal(rt.registry, ref, value), Limit: 1}); {
	case err != nil:
		r.Detail += " is in use"
	case len(found.Items) > 0:
		r.Detail += " exists already; find it by a filter on " + ref.String() + " and update it"
	default:
		r.Detail += " is in use outside this provider"
	}
	return r
}
