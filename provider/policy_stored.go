package provider

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/seed-30109bde/gatehouse/scim"
)

// stored does what follows a change that is stored. It is called again for a request that is repeated, and
// finishes then what has failed before.
func (s *Service) stored(ctx context.Context, c scim.Change) error {
	if after, ok := ctx.Value(afterKey{}).(*afterwards); ok {
		after.intents = nil
	}
	if err := s.undoLast(ctx, c); err != nil {
		return err
	}
	if err := s.catchUp(ctx, c); err != nil {
		return err
	}
	if err := s.noteUnkept(ctx, c); err != nil {
		return err
	}
	if err := s.giveNow(ctx, c.By.Tenant); err != nil {
		return err
	}
	if user, over := sessionsOver(c); over {
		if err := s.killAll(ctx, c.By.Tenant, user); err != nil {
			return err
		}
	}
	s.deliver(ctx)
	if s.config.Hooks.After != nil {
		return s.config.Hooks.After(ctx, c)
	}
	return nil
}

// sessionsOver returns the user whose sessions a change may have ended: one who is inactive, gone, or no
// technician.
func sessionsOver(c scim.Change) (user string, over bool) {
	switch {
	case c.After != nil:
		return c.After.ID, !c.After.Active || c.Before != nil && demoted(c.Before, c.After)
	case c.Before != nil:
		return c.Before.ID, true
	}
	return "", false
}

// killAll has the host end the sessions of a user that were revoked and are not ended.
func (s *Service) killAll(ctx context.Context, tenant scim.TenantID, user string) error {
	list, err := s.config.Store.Revocations(ctx, tenant, user, "")
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.Acknowledged {
			continue
		}
		if err := s.kill(ctx, tenant, r); err != nil {
			return &scim.Refusal{
				Status: http.StatusServiceUnavailable, RetryAfter: firstRetry,
				Detail: "the change is stored, and the sessions of the user could not be ended yet; send the request again",
			}
		}
	}
	return nil
}

// undoLast looks once more whether an administrator is left, where no transaction could hold the others
// off, and takes the change back if not. Of two at once both may be undone, and never both stand.
func (s *Service) undoLast(ctx context.Context, c scim.Change) error {
	leaves := c.Before != nil && c.Before.Administrator && c.Before.Active && c.After != nil && !c.After.Active
	if s.config.Stores.Transact != nil || !leaves {
		return nil
	}
	reason, err := s.needed(ctx, s.config.Stores, c.By.Tenant, c.Before)
	if err != nil || reason == "" {
		return err
	}
	for range maxRaces {
		u, err := s.config.Stores.Users.User(ctx, c.By.Tenant, c.Before.ID)
		if err != nil {
			return err
		}
		u.Active = true
		if _, err = s.config.Stores.Users.UpdateUser(ctx, c.By.Tenant, u); err == nil {
			s.later(ctx, Event{Type: EventGuarded, Tenant: c.By.Tenant, Provider: ID(c.By.Manager), User: u.ID, Details: map[string]string{"reason": reason}})
			return &scim.Refusal{Status: http.StatusForbidden, Detail: "the user is " + reason + " of this tenant and stays; make another one first"}
		}
		if !errors.Is(err, scim.ErrStale) {
			return err
		}
	}
	return scim.ErrStale
}

// catchUp records what had to wait for a transaction that our store is no part of, as when a host wraps
// the stores of one.
func (s *Service) catchUp(ctx context.Context, c scim.Change) error {
	after, ok := ctx.Value(afterKey{}).(*afterwards)
	if !ok || len(after.events)+len(after.revocations) == 0 {
		return nil
	}
	err := s.act(ctx, byToken(c.By), func(ctx context.Context, st Store) ([]Event, error) {
		for _, r := range after.revocations {
			if err := s.revoke(ctx, st, nobody(c.By.Tenant), r); err != nil {
				return nil, err
			}
		}
		return slices.Clone(after.events), nil
	})
	if err == nil {
		after.reset()
	}
	return err
}

// afterKey is where a request carries its afterwards.
type afterKey struct{}

// An afterwards is what is recorded after something else: of a request that is refused, what was undone
// with it; and of one that is not, what could not be a part of its transaction.
type afterwards struct {
	refused     []Event
	events      []Event
	revocations []Revocation
	intents     []intent // written down before a change that may not be stored
	who         scim.Principal
	joined      bool    // our store was a part of the transaction of the change
	roles       []queue // whose roles have to be looked at
}

// An intent is a revocation that was written down, and what was there before.
type intent struct {
	tenant       scim.TenantID
	made, before Revocation
}

// A queue are users who were noted with one stamp.
type queue struct {
	stamp string
	users []string
}

// reset forgets what a transaction has left that is run again.
func (a *afterwards) reset() {
	if a != nil {
		a.events, a.revocations = nil, nil
	}
}

// later records an event when the request is over.
func (s *Service) later(ctx context.Context, e Event) {
	if after, ok := ctx.Value(afterKey{}).(*afterwards); ok {
		after.refused = append(after.refused, e)
		return
	}
	s.config.Logger.WarnContext(ctx, "a change was refused", "event", e)
}

// withdraw takes back what was written down for a change that was not stored: the sessions go on.
func (s *Service) withdraw(ctx context.Context, intents []intent) {
	for _, i := range slices.Backward(intents) {
		err := s.config.Store.Transact(ctx, i.tenant, func(ctx context.Context, st Store) error {
			same, err := s.isStored(ctx, st, i.tenant, i.made)
			if err != nil || !same {
				return err
			}
			return st.PutRevocation(ctx, i.tenant, i.before)
		})
		if err != nil {
			s.config.Logger.ErrorContext(ctx, "a revocation could not be withdrawn; the user has to sign in again", "tenant", i.tenant, "user", i.made.User, "error", err)
		}
	}
}

// serveSCIM serves a request of an identity provider, and records what had to wait for its end.
func (s *Service) serveSCIM(w http.ResponseWriter, r *http.Request) {
	var after afterwards
	ctx := r.Context()
	s.scim.ServeHTTP(w, r.WithContext(context.WithValue(ctx, afterKey{}, &after)))
	s.withdraw(context.WithoutCancel(ctx), after.intents)
	for _, e := range after.refused {
		err := s.act(context.WithoutCancel(ctx), nobody(e.Tenant), func(context.Context, Store) ([]Event, error) { return []Event{e}, nil })
		if err != nil {
			s.config.Logger.ErrorContext(ctx, "an event could not be recorded", "event", e, "error", err)
		}
	}
}
