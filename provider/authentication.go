package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/seed-30109bde/gatehouse/scim"
)

// maxBulk bounds how many users are changed at once: a page of a console.
const maxBulk = 1000

// SetAuthentication sets the authentication type of users: SSO, or native. It leaves a tenant that has
// an enabled native administrator with one, and changes either all of the users or, where an error comes
// between, those before it; calling it again goes on.
func (s *Service) SetAuthentication(ctx context.Context, a Actor, users []string, sso bool) error {
	if len(users) > maxBulk {
		return &Problem{Code: ProblemTooMany, Detail: fmt.Sprintf("Up to %d users are changed at once, not %d.", maxBulk, len(users))}
	}
	if s.config.Stores.Transact == nil {
		events, err := s.setAuthentication(ctx, s.config.Stores, a, users, sso, false)
		return errors.Join(err, s.noteAll(ctx, a, events))
	}
	var events []Event
	err := s.config.Stores.Transact(ctx, a.Tenant, func(ctx context.Context, stores scim.Stores) (err error) {
		if events, err = s.setAuthentication(ctx, stores, a, users, sso, true); err != nil {
			return err
		}
		st, joined := s.config.Store.Within(stores)
		if !joined {
			return nil // recorded when it is over
		}
		defer func() { events = nil }()
		return s.record(ctx, st, a, events...)
	})
	if err != nil {
		return err
	}
	s.deliver(ctx)
	return s.noteAll(ctx, a, events)
}

// noteAll records events of what was done already.
func (s *Service) noteAll(ctx context.Context, a Actor, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	return s.act(ctx, a, func(context.Context, Store) ([]Event, error) { return slices.Clone(events), nil })
}

// setAuthentication changes users. In a transaction the guard looks at what was changed, and its error
// undoes it; outside of one it undoes it itself, so that of two at once none, or one, succeeds.
func (s *Service) setAuthentication(ctx context.Context, stores scim.Stores, a Actor, users []string, sso, inTransaction bool) (events []Event, err error) {
	if err := s.holdAdministrators(ctx, stores, a.Tenant); err != nil {
		return nil, err
	}
	had, err := s.nativeAdministrators(ctx, stores, a.Tenant)
	if err != nil {
		return nil, err
	}
	var changed []scim.User // as they were
	for _, id := range users {
		before, did, err := s.setOne(ctx, stores, a, id, sso)
		if err != nil {
			return events, err
		}
		if did {
			changed = append(changed, before)
			events = append(events, Event{Type: EventUserAuthSet, User: id, Details: map[string]string{"sso": strconv.FormatBool(sso)}})
		}
	}
	demotes := sso && slices.ContainsFunc(changed, func(u scim.User) bool { return u.Administrator })
	if !demotes || had == 0 {
		return events, nil
	}
	left, err := s.nativeAdministrators(ctx, stores, a.Tenant)
	if err == nil && left > 0 {
		return events, nil
	}
	if err == nil {
		err = &Problem{Code: ProblemLastNative, Detail: "One administrator who signs in with a password has to be left: without, nobody could come in when the identity provider does not answer."}
	}
	if !inTransaction {
		for _, u := range changed {
			if _, _, undo := s.setOne(ctx, stores, a, u.ID, !sso); undo != nil {
				err = errors.Join(err, undo)
			}
		}
	}
	return nil, err
}

// setOne changes one user. did is false if there was nothing to change.
func (s *Service) setOne(ctx context.Context, stores scim.Stores, a Actor, id string, sso bool) (before scim.User, did bool, err error) {
	for range maxRaces {
		before, err = stores.Users.User(ctx, a.Tenant, id)
		if errors.Is(err, scim.ErrNotFound) {
			return before, false, fmt.Errorf("%w: user %q", ErrNotFound, id)
		}
		if err != nil || before.SSO == sso {
			return before, false, err
		}
		after := before
		after.SSO = sso
		if _, err = stores.Users.UpdateUser(ctx, a.Tenant, after); !errors.Is(err, scim.ErrStale) {
			break
		}
	}
	return before, err == nil, err
}

// nativeAdministrators counts the active administrators of a tenant who sign in with a password.
func (s *Service) nativeAdministrators(ctx context.Context, stores scim.Stores, tenant scim.TenantID) (n int, err error) {
	return s.countAdministrators(ctx, stores, tenant, func(u *scim.User) bool { return !u.SSO })
}

// holdAdministrators has whoever counts the administrators of a tenant in a transaction wait for the
// one before: each sees what that has left. Where users are in another database, or in none, the guards
// undo instead.
func (s *Service) holdAdministrators(ctx context.Context, stores scim.Stores, tenant scim.TenantID) error {
	st, ok := s.config.Store.Within(stores)
	if !ok {
		return nil
	}
	now := s.now()
	_, err := st.Once(ctx, tenant, "administrators", now, now)
	return err
}

// administratorPage is how many users are looked at in one query.
const administratorPage = 200

// countAdministrators counts the active administrators of a tenant that count, as far as two.
func (s *Service) countAdministrators(ctx context.Context, stores scim.Stores, tenant scim.TenantID, counts func(*scim.User) bool) (n int, err error) {
	q := scim.Query{Scope: scim.Scope{All: true}, Limit: administratorPage}
	if s.config.Administrators != nil {
		if q.IDs, err = s.config.Administrators(ctx, stores, tenant); err != nil {
			return 0, err
		}
		if q.IDs == nil {
			q.IDs = []string{}
		}
	}
	for {
		page, err := stores.Users.Users(ctx, tenant, q)
		if err != nil {
			return n, err
		}
		for i := range page.Items {
			if u := &page.Items[i]; u.Active && u.Administrator && counts(u) {
				n++
			}
		}
		if page.Next == "" || n > 1 {
			return n, nil
		}
		q.After = page.Next
	}
}
