package scim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
)

// editor changes after, a copy of before, as a request asks. late is what is wrong with a late
// attribute, which it left as it was.
type editor func(ctx context.Context, s Stores, before, after resource) (m MemberChange, late, err error)

// update changes a resource by compare-and-swap: without If-Match it is applied again to what
// another request left, so that of two changes at once neither is lost.
func (e *engine) update(ctx context.Context, p Principal, rt *resourceType, id string, cond condition, edit editor) (resource, error) {
	for range maxTries {
		var out resource
		var change Change
		err := e.transact(ctx, p.Tenant, func(ctx context.Context, s Stores) (err error) {
			out, change, err = e.updateOnce(ctx, s, p, rt, id, cond, edit)
			return err
		})
		switch {
		case err == nil:
			return out, e.stored(ctx, change)
		case !errors.Is(err, ErrStale):
			return nil, err
		case cond.given():
			return nil, errPrecondition
		}
	}
	return nil, &UnavailableError{Cause: ErrStale, RetryAfter: time.Second}
}

// updateOnce is one try.
func (e *engine) updateOnce(ctx context.Context, s Stores, p Principal, rt *resourceType, id string, cond condition, edit editor) (resource, Change, error) {
	before, onWrite, err := e.get(ctx, s, p, rt, id)
	switch {
	case err != nil:
		return nil, Change{}, err
	case onWrite != nil:
		return nil, Change{}, onWrite
	case !cond.allows(before.meta().Version):
		return nil, Change{}, errPrecondition
	}
	after := rt.stores.copy(before)
	members, late, err := edit(ctx, s, before, after)
	if err != nil {
		return nil, Change{}, err
	}
	if ref, ok := rt.altered(before, after); ok {
		return nil, Change{}, mutability("%s is immutable and has a value", ref)
	}
	unkept := e.unkept(p, rt, after, before)
	withheld, err := e.rules(ctx, p, before, after, late)
	if err != nil {
		return nil, Change{}, err
	}
	m := after.meta()
	adopts := m.ManagedBy == ""
	if !adopts && members.IsZero() && rt.same(before, after) {
		change := rt.stores.change(p, before, before, members)
		change.Withheld, change.Unkept = withheld, unkept
		return before, change, nil
	}
	if err := e.checkMembers(ctx, s, p, members); err != nil {
		return nil, Change{}, err
	}
	m.ManagedBy = p.Manager
	m.LastModified = e.now().UTC().Truncate(time.Millisecond)
	change := rt.stores.change(p, before, after, members)
	change.Withheld = withheld
	if err := e.check(ctx, s, &change); err != nil {
		return nil, Change{}, err
	}
	out, err := rt.stores.update(ctx, s, p.Tenant, after, change.Members)
	if err == nil {
		err = isOf(out, after.meta().ID)
	}
	if err != nil {
		return nil, Change{}, e.conflict(ctx, s, p, rt, after, err)
	}
	change = rt.stores.change(p, before, out, change.Members)
	change.Withheld, change.Unkept = withheld, unkept
	return out, change, nil
}

// replace is the editor of a PUT: what the client may write becomes what it sent, and is unset
// where it sent nothing, but for attributes of which absent means unchanged. Those are the
// immutable ones too, also where they are parts.
func (rt *resourceType) replace(b *body) editor {
	return func(_ context.Context, _ Stores, before, after resource) (MemberChange, error, error) {
		for i := range rt.attrs {
			a := &rt.attrs[i]
			switch {
			case !a.ref.Parent().IsZero() || a.ref.Derived() || a.ref == rt.members || a.mutability == "readOnly":
			case (a.absentKeeps || a.mutability == "immutable") && !b.mentioned[a.ref.Index()]:
			default:
				copyAttribute(after, b.res, a.ref)
				for k := range a.ref.Subs() {
					sub := a.ref.Sub(k)
					if !a.ref.Multi() && rt.info(sub).mutability == "immutable" && after.Len(sub) == 0 {
						copyAttribute(after, before, sub)
					}
				}
			}
		}
		return MemberChange{Replace: b.hasMembers, Add: slices.Clone(b.members)}, b.late, nil
	}
}

// patch is the editor of a PATCH.
func (e *engine) patch(rd reader, p Principal, ops []operation) editor {
	return func(ctx context.Context, s Stores, before, after resource) (MemberChange, error, error) {
		rd.keepNil = true
		pt := patcher{reader: rd, res: after, matching: func(f *filter.Bound) ([]string, error) {
			return matchingMembers(ctx, s, p.Tenant, before.meta().ID, f)
		}}
		if err := pt.apply(ops, before); err != nil {
			return MemberChange{}, nil, err
		}
		return pt.members.result(), pt.late, nil
	}
}

// memberPage is how many members are read from a store at a time.
const memberPage = 1_000

// matchingMembers lists the stored members of a group that satisfy a value filter.
func matchingMembers(ctx context.Context, s Stores, t TenantID, group string, f *filter.Bound) ([]string, error) {
	var out []string
	err := eachMemberPage(ctx, s, t, group, func(page []Member) {
		view := (&Group{}).WithMembers(page)
		for i := range page {
			if f.MatchElement(view, i) {
				out = append(out, page[i].Value)
			}
		}
	})
	return out, err
}

// eachMemberPage calls f with the stored members of a group, page by page. A store whose pages go
// round in a circle is an error: they would have no end.
func eachMemberPage(ctx context.Context, s Stores, t TenantID, group string, f func([]Member)) error {
	seen := map[string]bool{}
	for after := ""; !seen[after]; {
		seen[after] = true
		page, err := s.Groups.Members(ctx, t, group, after, memberPage)
		if err != nil {
			return err
		}
		f(page.Items)
		if after = page.Next; after == "" {
			return nil
		}
	}
	return fmt.Errorf("scim: the members of group %q: a page names one before it as the next", group)
}

var errNotManaged = &Refusal{Status: 403, Detail: "this provider does not manage the user; an update takes it over, and after that it can be deleted"}

// remove deletes a resource. A native user is found, but not deleted by who never managed it.
func (e *engine) remove(ctx context.Context, p Principal, rt *resourceType, id string, cond condition) error {
	for range maxTries {
		var change Change
		err := e.transact(ctx, p.Tenant, func(ctx context.Context, s Stores) error {
			before, onWrite, err := e.get(ctx, s, p, rt, id)
			switch {
			case err != nil:
				return err
			case onWrite != nil:
				return onWrite
			case before.meta().ManagedBy == "":
				return errNotManaged
			case !cond.allows(before.meta().Version):
				return errPrecondition
			}
			change = rt.stores.change(p, before, nil, MemberChange{})
			if err := e.check(ctx, s, &change); err != nil {
				return err
			}
			if change.Keep != nil {
				return keepUser(ctx, s, p, before.meta(), *change.Keep)
			}
			return rt.stores.remove(ctx, s, p.Tenant, id, before.meta().Version)
		})
		switch {
		case err == nil:
			return e.stored(ctx, change)
		case !errors.Is(err, ErrStale):
			return err
		case cond.given():
			return errPrecondition
		}
	}
	return &UnavailableError{Cause: ErrStale, RetryAfter: time.Second}
}

// keepUser stores what a host keeps of a user who is deleted, and takes the user out of every group.
func keepUser(ctx context.Context, s Stores, p Principal, before *Meta, u User) error {
	if u.ManagedBy == "" || u.ManagedBy == p.Manager {
		return errors.New("scim: Policy.Check keeps a deleted user as one that the client would still see")
	}
	u.ID, u.Version = before.ID, before.Version
	if _, err := s.Users.UpdateUser(ctx, p.Tenant, u); err != nil || s.Groups == nil {
		return err
	}
	return s.Groups.Forget(ctx, p.Tenant, u.ID)
}
