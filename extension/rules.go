package extension

import (
	"cmp"
	"context"
)

// Rules decide which values of the extension's attributes a user gets. The zero Rules let an
// end user be without organization and believe in every organization that is named.
//
// Methods may be called concurrently if Resolve may. On an error they return the zero [User],
// except for [Rules.Leave], whose User is to be stored in any case.
type Rules struct {
	// RequireOrganization refuses an end user for whom neither the request nor
	// DefaultOrganization names an organization.
	RequireOrganization bool

	// DefaultOrganization is the organization of an end user for whom none was sent, or from
	// whom it was removed. It has to follow the same rules as one that was sent. Optional.
	DefaultOrganization string

	// Resolve says whether end users may be placed in the organization id, and returns the form
	// of id to store; empty means id itself. It is asked for [All] too, with which it may agree
	// or not. id is never empty, is trimmed, and has the form of an organizationId.
	//
	// For an organization that does not exist, or may not be handed out, Resolve returns an
	// error that matches [ErrUnknownOrganization], or an [*Error] of its own, which is passed
	// on as it is. Every other error means that Resolve does not know. Optional; nil agrees
	// with everything.
	Resolve func(ctx context.Context, id string) (canonical string, err error)
}

// Create returns what a new user gets for the values that were sent.
//
// An absent userType becomes [EndUser]; a spelling that is neither of the two is refused. The
// organizationId is trimmed and must be 1 to 128 printable characters without comma. For an end
// user, [All] is recognized in any case, DefaultOrganization stands in for an absent value, and
// Resolve has the last word. For a technician the value is only stored.
func (r Rules) Create(ctx context.Context, sent User) (User, error) {
	userType, err := changeType("", sent.UserType)
	if err != nil {
		return User{}, err
	}
	id, err := r.place(ctx, User{sent.OrganizationID, userType})
	if err != nil {
		return User{}, err
	}
	return User{id, userType}, nil
}

// Update returns what a stored user gets when before is to become after. In after, attributes
// that the request did not mention have their value from before; an empty one was removed.
//
// Values that change are judged as by [Rules.Create]; others stay as they are, right or wrong.
// Space around an organizationId, and the case of [All], do not make a change. Removing the
// userType makes an end user. Removing the organizationId of an end user leads to
// DefaultOrganization; without one it is refused if RequireOrganization is set.
//
// An end user who becomes a technician keeps the organizationId. A technician who becomes an
// end user is never refused: the organizationId, which now gets its meaning, is judged even if
// it stays the same, and where it does not pass DefaultOrganization takes its place, or else
// nothing. Only if Resolve could not tell is there an error, and then it is no [*Error].
//
// A stored userType that is neither of the two is no technician: the organizationId beside it
// is judged as an end user's. Correcting it to [EndUser] counts as leaving the technicians.
func (r Rules) Update(ctx context.Context, before, after User) (User, error) {
	userType, err := changeType(before.UserType, after.UserType)
	if err != nil {
		return User{}, err
	}
	id, err := r.move(ctx, before, User{after.OrganizationID, userType})
	if err != nil {
		return User{}, err
	}
	return User{id, userType}, nil
}

// Leave is [Rules.Update] for a change whose outcome is a deactivated user, and cannot be
// refused. It returns what the user gets, which is to be stored whatever the errors say.
//
// Each attribute for which Update would return an error keeps its value from before, and the
// error is in the list; so it is, too, if Resolve could not tell. The list is nil if Update
// would return no error.
//
// One value is not kept: that of a technician who becomes an end user when Resolve cannot tell.
// Nobody ever agreed to that organization, and the user may come back; it is emptied.
func (r Rules) Leave(ctx context.Context, before, after User) (User, []error) {
	var errs []error
	userType, err := changeType(before.UserType, after.UserType)
	if err != nil {
		errs = append(errs, err)
		userType = cmp.Or(before.UserType, EndUser)
	}
	id, err := r.move(ctx, before, User{after.OrganizationID, userType})
	if err != nil {
		errs = append(errs, err)
		if !demotes(before.UserType, userType) {
			id = before.OrganizationID
		}
	}
	return User{id, userType}, errs
}

// changeType returns the userType of a user who had before and is sent after.
func changeType(before, after string) (string, error) {
	switch after {
	case "":
		return EndUser, nil
	case Technician, EndUser, before:
		return after, nil
	}
	return "", &Error{
		Attribute: UserType,
		Value:     after,
		Rule:      `it must be "` + Technician + `" or "` + EndUser + `", in exactly this spelling`,
	}
}

// demotes reports whether a user who had the userType before, and now has after, loses rights.
// Nobody knows what a host made of a stored spelling that is neither of the two, so we assume
// the most.
func demotes(before, after string) bool {
	return after == EndUser && before != EndUser && before != ""
}
