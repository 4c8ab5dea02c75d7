package provider

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A ruling is a change of a user on its way through the rules.
type ruling struct {
	*scim.Change
	s        *Service
	st       Store // within the transaction of the change, where there is one
	stores   scim.Stores
	p        Provider
	after    *afterwards // what has to wait until the change is stored, since st is no part of its transaction; nil = nothing
	withheld []string    // what was not taken over, since the request deactivates the user
	events   []Event
}

// checkChange applies the rules of provisioning to a change, before it is stored. What they record is
// recorded in the same transaction, where the stores have one.
func (s *Service) checkChange(ctx context.Context, stores scim.Stores, c *scim.Change) error {
	st, joined := s.config.Store.Within(stores)
	if !joined {
		st = s.config.Store
	}
	p, err := s.of(ctx, st, c.By)
	if err != nil {
		return err
	}
	r := &ruling{Change: c, s: s, st: st, stores: stores, p: p}
	if !joined {
		r.after, _ = ctx.Value(afterKey{}).(*afterwards)
		r.after.reset()
	}
	switch {
	case c.GroupBefore != nil || c.GroupAfter != nil:
		r.group()
	case c.Before == nil:
		err = r.create(ctx)
	case c.After == nil:
		err = r.remove(ctx)
	default:
		err = r.update(ctx)
	}
	if err != nil {
		return err
	}
	if s.config.Hooks.Before != nil {
		if err := s.config.Hooks.Before(ctx, stores, c); err != nil {
			return err
		}
	}
	if a, ok := ctx.Value(afterKey{}).(*afterwards); ok {
		a.joined, a.roles = joined, nil
	}
	if err := r.reassign(ctx); err != nil {
		return err
	}
	if r.after != nil {
		r.after.events = r.events
		return nil
	}
	return s.record(ctx, st, byToken(c.By), r.events...)
}

// byToken is who does what an identity provider asks for.
func byToken(who scim.Principal) Actor {
	return Actor{Tenant: who.Tenant, Name: "SCIM token " + who.Key}
}

// happens notes an event about the user.
func (r *ruling) happens(kind EventType, user *scim.User, details map[string]string) {
	r.events = append(r.events, Event{Type: kind, Provider: r.p.ID, User: user.ID, Details: details})
}

// create rules on a new user.
func (r *ruling) create(ctx context.Context) error {
	if err := r.named(ctx, nil, r.After); err != nil {
		return err
	}
	if err := r.typed(nil, r.After); err != nil {
		return err
	}
	r.After.SSO, r.After.Administrator, r.After.Adopted = true, false, false
	r.happens(EventUserCreated, r.After, map[string]string{"user_name": r.After.UserName, "user_type": r.After.NinjaOne.UserType})
	return nil
}

// update rules on what a user becomes.
func (r *ruling) update(ctx context.Context) error {
	if err := r.named(ctx, r.Before, r.After); err != nil {
		return err
	}
	if err := r.typed(r.Before, r.After); err != nil {
		return err
	}
	if r.Adopts {
		by, err := r.s.releasedBy(ctx, r.st, r.By.Tenant, r.Before.ID)
		if err != nil {
			return err
		}
		if by != "" && by != r.p.ID { // it is given back to that one
			return conflict("the user name is in use outside this provider")
		}
		r.After.Adopted = true
		if r.p.Enabled && !r.Before.Administrator {
			r.After.SSO = true
		}
		r.happens(EventUserAdopted, r.After, map[string]string{"user_name": r.After.UserName})
	}
	leaves := r.Before.Active && !r.After.Active
	converted := r.Before.NinjaOne.UserType != r.After.NinjaOne.UserType
	if converted {
		r.happens(EventUserConverted, r.After, map[string]string{"user_type": r.After.NinjaOne.UserType})
	}
	switch {
	case leaves:
		if err := r.guard(ctx); err != nil {
			return err
		}
		for _, err := range r.Withheld {
			r.withheld = append(r.withheld, err.Error())
		}
		details := map[string]string{}
		if len(r.withheld) > 0 {
			details["withheld"] = strings.Join(r.withheld, "; ")
		}
		r.happens(EventUserDeactivated, r.After, details)
	case !r.Before.Active && r.After.Active:
		r.happens(EventUserReactivated, r.After, nil)
	case !r.Adopts && !converted:
		r.happens(EventUserUpdated, r.After, nil)
	}
	if leaves || demoted(r.Before, r.After) {
		return r.revoke(ctx, map[bool]string{true: "the user was deactivated", false: "the user is no technician any more"}[leaves])
	}
	return nil
}

// demoted reports whether a technician becomes an end user.
func demoted(before, after *scim.User) bool {
	return before.NinjaOne.UserType == extension.Technician && after.NinjaOne.UserType != extension.Technician
}

// remove rules on a deletion, and on what is kept of the user.
func (r *ruling) remove(ctx context.Context) error {
	if r.Before.Active {
		if err := r.guard(ctx); err != nil {
			return err
		}
	}
	onDelete := r.p.Provisioning.OnDelete
	if r.Before.Administrator || onDelete == OnDeleteKeep || onDelete == OnDeleteDefault && r.Before.Adopted {
		kept := *r.Before
		kept.ManagedBy, kept.ExternalID, kept.Active, kept.LastModified = Deleted, "", false, r.s.now()
		kept.UserName = kept.ID + "@deleted.invalid" // the name is free
		r.Keep = &kept
	}
	r.happens(EventUserDeleted, r.Before, map[string]string{"user_name": r.Before.UserName, "kept": strconv.FormatBool(r.Keep != nil)})
	return r.revoke(ctx, "the user was deleted")
}

// named rules on a user name that changes: it has to be one that the provider covers. Who leaves keeps
// the one from before.
func (r *ruling) named(ctx context.Context, before, after *scim.User) error {
	if before != nil && filter.Fold(before.UserName) == filter.Fold(after.UserName) {
		return nil
	}
	covered, err := r.s.coversName(ctx, r.st, r.By.Tenant, &r.p, after.UserName)
	if err != nil || covered {
		return err
	}
	if before != nil && !after.Active {
		r.withheld = append(r.withheld, "userName")
		after.UserName = before.UserName
		return nil
	}
	return refusal("userName %s: its domain is none of this provider's; see %s > Domains", after.UserName, r.s.config.Menu)
}

// typed rules on a user type that changes.
func (r *ruling) typed(before, after *scim.User) error {
	was := ""
	if before != nil {
		was = before.NinjaOne.UserType
	}
	userType := after.NinjaOne.UserType
	if before != nil && userType == was || slices.Contains(r.p.Provisioning.Grants.UserTypes, userType) {
		return nil
	}
	if before != nil && demoted(before, after) {
		return nil // a demotion is never refused
	}
	if before != nil && !after.Active {
		r.withheld = append(r.withheld, extension.UserType)
		after.NinjaOne = before.NinjaOne // the organization was judged as that of the other type
		return nil
	}
	return refusal("userType %s: this provider may not make such users; see %s", userType, r.s.grantsPage())
}

// refusal refuses a value, by a sentence that has it, and a page of ours, in the places of %s.
func refusal(format, value, page string) error {
	return &scim.Refusal{Status: http.StatusBadRequest, Type: "invalidValue", Detail: fmt.Sprintf(format, strconv.Quote(shorten(value)), page)}
}

// guard refuses to take the last administrator away, and the last one who signs in with a password.
func (r *ruling) guard(ctx context.Context) error {
	if !r.Before.Administrator {
		return nil
	}
	if err := r.s.holdAdministrators(ctx, r.stores, r.By.Tenant); err != nil {
		return err
	}
	reason, err := r.s.needed(ctx, r.stores, r.By.Tenant, r.Before)
	if err != nil || reason == "" {
		return err
	}
	r.s.later(ctx, Event{Type: EventGuarded, Tenant: r.By.Tenant, Provider: r.p.ID, User: r.Before.ID, Details: map[string]string{"reason": reason}})
	return &scim.Refusal{Status: http.StatusForbidden, Detail: "the user is " + reason + " of this tenant and stays; make another one first"}
}

// needed says why a tenant cannot be without an administrator, "" = it can.
func (s *Service) needed(ctx context.Context, stores scim.Stores, tenant scim.TenantID, u *scim.User) (string, error) {
	others, err := s.countAdministrators(ctx, stores, tenant, func(o *scim.User) bool { return o.ID != u.ID })
	if err != nil || others == 0 {
		return "the last administrator", err
	}
	if u.SSO {
		return "", nil
	}
	natives, err := s.countAdministrators(ctx, stores, tenant, func(o *scim.User) bool { return o.ID != u.ID && !o.SSO })
	if err != nil || natives == 0 {
		return "the last administrator who signs in with a password", err
	}
	return "", nil
}

// revoke writes down that the sessions of the user are over.
func (r *ruling) revoke(ctx context.Context, reason string) error {
	revocation := Revocation{User: r.Before.ID, At: r.s.now(), Reason: reason}
	switch {
	case r.after != nil && r.s.config.Stores.Transact != nil:
		r.after.revocations = append(r.after.revocations, revocation)
		return nil
	case r.after != nil:
		return r.intend(ctx, revocation)
	}
	return r.s.revoke(ctx, r.st, nobody(r.By.Tenant), revocation)
}

// intend writes a revocation down where nothing is a transaction: before the user, so that nobody is lost
// in between. It is withdrawn if the user is not stored.
func (r *ruling) intend(ctx context.Context, revocation Revocation) error {
	before := Revocation{User: revocation.User, Acknowledged: true, Until: revocation.At}
	list, err := r.st.Revocations(ctx, r.By.Tenant, revocation.User, "")
	if err != nil {
		return err
	}
	for _, stored := range list {
		if stored.Provider == "" && !slices.ContainsFunc(r.after.intents, func(i intent) bool { return i.made.At.Equal(stored.At) }) {
			before = stored
		}
	}
	revocation.Next, revocation.Until = revocation.At.Add(firstRetry), revocation.At.Add(r.s.config.Session)
	if err := r.st.PutRevocation(ctx, r.By.Tenant, revocation); err != nil {
		return err
	}
	r.after.intents = append(r.after.intents, intent{r.By.Tenant, revocation, before})
	r.happens(EventRevoked, r.Before, map[string]string{"reason": revocation.Reason})
	return nil
}

// group notes what becomes of a group.
func (r *ruling) group() {
	kind, g := EventGroupUpdated, r.GroupAfter
	switch {
	case r.GroupBefore == nil:
		kind = EventGroupCreated
	case r.GroupAfter == nil:
		kind, g = EventGroupDeleted, r.GroupBefore
	}
	r.events = append(r.events, Event{Type: kind, Provider: r.p.ID, Details: map[string]string{
		"group": g.ID, "name": g.DisplayName, "added": strconv.Itoa(len(r.Members.Add)), "removed": strconv.Itoa(len(r.Members.Remove)),
	}})
}
