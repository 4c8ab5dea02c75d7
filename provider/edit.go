package provider

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A UserEdit is what an administrator changes of a user here. Fields that are nil stay.
type UserEdit struct {
	Version string // of the user as it was seen; "" = whatever it is

	// Those that an identity provider manages: see [Service.Editable].
	GivenName, FamilyName, DisplayName *string
	WorkEmail                          *string
	UserType, Organization             *string
	Active                             *bool

	// Those that stay editable.
	Phone    *string // of type work
	Language *string // as RFC 9110 §12.5.4 has it, such as en-US
}

// managed reports whether the edit is of what an identity provider manages.
func (e *UserEdit) managed() bool {
	return e.GivenName != nil || e.FamilyName != nil || e.DisplayName != nil || e.WorkEmail != nil ||
		e.UserType != nil || e.Organization != nil || e.Active != nil
}

// EditUser changes a user as an administrator. It refuses to change what an identity provider manages, as
// long as that provisions. The sessions of whoever is deactivated or demoted end, and no tenant is left
// without an enabled administrator who signs in with a password.
func (s *Service) EditUser(ctx context.Context, a Actor, id string, e UserEdit) (scim.User, error) {
	d := &edit{s: s, a: a, id: id, change: e}
	if s.config.Stores.Transact == nil {
		err := d.alone(ctx)
		return d.after, err
	}
	err := s.config.Stores.Transact(ctx, a.Tenant, func(ctx context.Context, stores scim.Stores) error {
		d.events, d.revocation = nil, nil
		if err := d.write(ctx, stores); err != nil {
			return err
		}
		st, joined := s.config.Store.Within(stores)
		if !joined {
			return nil
		}
		defer func() { d.events = nil }()
		return d.note(ctx, st)
	})
	if err != nil {
		return scim.User{}, err
	}
	return d.after, d.finish(ctx)
}

// An edit is one of a user on its way.
type edit struct {
	s          *Service
	a          Actor
	id         string
	change     UserEdit
	before     scim.User
	after      scim.User
	events     []Event // that are not recorded yet
	revocation *Revocation
}

// alone makes the edit where nothing is a transaction: of two that take the last two administrators away
// at once both may be undone, never none.
func (d *edit) alone(ctx context.Context) error {
	if err := d.write(ctx, d.s.config.Stores); err != nil {
		return err
	}
	if d.leaves(&d.before) && d.before.Administrator {
		if reason, err := d.s.needed(ctx, d.s.config.Stores, d.a.Tenant, &d.before); err != nil || reason != "" {
			if err == nil {
				err = lastAdministrator
			}
			return errors.Join(err, d.undo(ctx))
		}
	}
	return d.finish(ctx)
}

// undo takes the edit back; who was changed once more meanwhile is made active alone.
func (d *edit) undo(ctx context.Context) error {
	users, back := d.s.config.Stores.Users, d.before
	back.Version = d.after.Version
	for range maxRaces {
		if _, err := users.UpdateUser(ctx, d.a.Tenant, back); !errors.Is(err, scim.ErrStale) {
			return err
		}
		var err error
		if back, err = users.User(ctx, d.a.Tenant, d.id); err != nil {
			return err
		}
		back.Active = true
	}
	return &scim.UnavailableError{RetryAfter: time.Second, Cause: scim.ErrStale}
}

// lastAdministrator keeps one administrator.
var lastAdministrator = &Problem{Code: ProblemLastNative, Detail: "One enabled administrator who signs in with a password has to be left."}

func (d *edit) leaves(before *scim.User) bool { return before.Active && !d.after.Active }

// write changes the user.
func (d *edit) write(ctx context.Context, stores scim.Stores) error {
	if err := d.s.holdAdministrators(ctx, stores, d.a.Tenant); err != nil {
		return err
	}
	for range maxRaces {
		before, err := stores.Users.User(ctx, d.a.Tenant, d.id)
		if errors.Is(err, scim.ErrNotFound) || err == nil && before.ManagedBy == Deleted {
			return fmt.Errorf("%w: user %q", ErrNotFound, d.id)
		}
		if err != nil {
			return err
		}
		if err := d.mine(ctx, stores, &before); err != nil {
			return err
		}
		if d.change.Version != "" && d.change.Version != before.Version {
			return ErrStale
		}
		d.before, d.after = before, before
		changed, err := d.apply(ctx, &before)
		if err != nil || len(changed) == 0 {
			return err
		}
		if d.leaves(&before) && before.Administrator {
			if reason, err := d.s.needed(ctx, stores, d.a.Tenant, &before); err != nil {
				return err
			} else if reason != "" {
				return lastAdministrator
			}
		}
		d.after.LastModified = d.s.now()
		d.after, err = stores.Users.UpdateUser(ctx, d.a.Tenant, d.after)
		if errors.Is(err, scim.ErrStale) {
			continue
		}
		if err != nil {
			return err
		}
		d.happened(&before, changed)
		return nil
	}
	return &scim.UnavailableError{RetryAfter: time.Second, Cause: scim.ErrStale}
}

// mine refuses to change what an identity provider manages of the user, as the user is now: it may have
// adopted the user a moment ago.
func (d *edit) mine(ctx context.Context, stores scim.Stores, before *scim.User) error {
	if !d.change.managed() {
		return nil
	}
	st, joined := d.s.config.Store.Within(stores)
	if !joined {
		st = d.s.config.Store
	}
	if editable, err := editable(ctx, st, d.a.Tenant, before); err != nil || editable {
		return err
	}
	return &Problem{Code: ProblemState, Detail: "An identity provider manages this user: change it there, release the user, or turn its provisioning off for a while."}
}

// happened notes what has to be recorded of the change.
func (d *edit) happened(before *scim.User, changed []string) {
	d.events = []Event{{Type: EventUserEdited, User: d.id, Details: map[string]string{"attributes": strings.Join(changed, ",")}}}
	switch {
	case d.leaves(before):
		d.revocation = &Revocation{User: d.id, At: d.s.now(), Reason: "the user was deactivated by an administrator"}
	case demoted(before, &d.after):
		d.revocation = &Revocation{User: d.id, At: d.s.now(), Reason: "the user is no technician any more"}
	}
}

// note records what has happened.
func (d *edit) note(ctx context.Context, st Store) error {
	if len(d.events) == 0 {
		return nil
	}
	if d.revocation != nil {
		if err := d.s.revoke(ctx, st, d.a, *d.revocation); err != nil {
			return err
		}
	}
	if err := st.Enqueue(ctx, d.a.Tenant, rand.Text(), d.id); err != nil {
		return err
	}
	return d.s.record(ctx, st, d.a, d.events...)
}

// finish records what is not recorded yet, and ends sessions.
func (d *edit) finish(ctx context.Context) error {
	if len(d.events) > 0 {
		if err := d.s.config.Store.Transact(ctx, d.a.Tenant, d.note); err != nil {
			return err
		}
	}
	d.s.deliver(ctx)
	if d.revocation != nil {
		return d.s.kill(ctx, d.a.Tenant, *d.revocation)
	}
	return nil
}

// apply makes the user what it is to be, and names what differs.
func (d *edit) apply(ctx context.Context, before *scim.User) (changed []string, err error) {
	u, e := &d.after, &d.change
	set := func(name string, field *string, to *string) {
		if to == nil || err != nil {
			return
		}
		value := strings.TrimSpace(*to)
		if problem := checkText(name, value); problem != nil {
			err = problem
			return
		}
		if *field != value {
			*field, changed = value, append(changed, name)
		}
	}
	set("givenName", &u.Name.GivenName, e.GivenName)
	set("familyName", &u.Name.FamilyName, e.FamilyName)
	set("displayName", &u.DisplayName, e.DisplayName)
	set("preferredLanguage", &u.PreferredLanguage, e.Language)
	email, phone := ofTypeWork(before.Emails), ofTypeWork(before.PhoneNumbers)
	wasEmail, wasPhone := email, phone
	set("emails", &email, e.WorkEmail)
	set("phoneNumbers", &phone, e.Phone)
	if err == nil && email != wasEmail {
		u.Emails = withWork(before.Emails, email)
	}
	if phone != wasPhone {
		u.PhoneNumbers = withWork(before.PhoneNumbers, phone)
	}
	if err == nil && e.Active != nil && *e.Active != u.Active {
		u.Active, changed = *e.Active, append(changed, "active")
	}
	if err != nil {
		return nil, err
	}
	placed, err := d.place(ctx)
	return append(changed, placed...), err
}

// place changes user type and organization, by the rules that provisioning has for them.
func (d *edit) place(ctx context.Context) (changed []string, err error) {
	n, e := &d.after.NinjaOne, &d.change
	was := *n
	if e.UserType != nil && *e.UserType != cmp.Or(n.UserType, extension.EndUser) {
		if *e.UserType != extension.Technician && *e.UserType != extension.EndUser {
			return nil, &Problem{Code: ProblemPolicy, Detail: fmt.Sprintf("%q is no user type: there are %s and %s.", shorten(*e.UserType), extension.Technician, extension.EndUser)}
		}
		n.UserType, changed = *e.UserType, append(changed, extension.UserType)
	}
	if e.Organization != nil {
		n.OrganizationID = strings.TrimSpace(*e.Organization)
	}
	if *n == was {
		return nil, nil
	}
	if n.OrganizationID != "" && (n.OrganizationID != was.OrganizationID || n.UserType == extension.EndUser) {
		if n.OrganizationID, err = d.resolve(ctx, n.OrganizationID); err != nil {
			return nil, err
		}
	}
	if d.s.config.Organizations != nil && n.UserType == extension.EndUser && n.OrganizationID == "" {
		return nil, &Problem{Code: ProblemPolicy, Detail: "An end user belongs to an organization: choose one."}
	}
	if n.OrganizationID != was.OrganizationID {
		changed = append(changed, extension.OrganizationID)
	}
	return changed, nil
}

// resolve returns the form to store of an organization, as [extension.Rules.Create] does for an end user.
func (d *edit) resolve(ctx context.Context, id string) (string, error) {
	var rules extension.Rules
	if known := d.s.config.Organizations; known != nil {
		rules.Resolve = func(ctx context.Context, id string) (string, error) {
			return known.Resolve(ctx, d.a.Tenant, ID(d.before.ManagedBy), id)
		}
	}
	placed, err := rules.Create(ctx, extension.User{OrganizationID: id, UserType: extension.EndUser})
	if refused, ok := errors.AsType[*extension.Error](err); ok {
		return "", &Problem{Code: ProblemPolicy, Detail: fmt.Sprintf("There is no organization %q.", shorten(id)), Cause: refused}
	}
	return placed.OrganizationID, err
}

// maxText bounds a name, an address or a number, in characters.
const maxText = 256

func checkText(name, value string) error {
	if !utf8.ValidString(value) || utf8.RuneCountInString(value) > maxText || strings.ContainsFunc(value, unicode.IsControl) {
		return &Problem{Code: ProblemPolicy, Detail: fmt.Sprintf("%s has up to %d characters, and none that cannot be printed.", name, maxText)}
	}
	return nil
}

// ofTypeWork returns the value of type work, "" = none.
func ofTypeWork(list []scim.MultiValue) string {
	for _, v := range list {
		if strings.EqualFold(v.Type, "work") {
			return v.Value
		}
	}
	return ""
}

// withWork returns a list with another value of type work; "" = without one.
func withWork(list []scim.MultiValue, value string) []scim.MultiValue {
	list = slices.Clone(list)
	i := slices.IndexFunc(list, func(v scim.MultiValue) bool { return strings.EqualFold(v.Type, "work") })
	switch {
	case i < 0 && value == "":
	case i < 0:
		list = append(list, scim.MultiValue{Type: "work", Value: value})
	case value == "":
		list = slices.Delete(list, i, i+1)
	default:
		list[i].Value, list[i].Display = value, ""
	}
	return list
}
