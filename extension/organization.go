package extension

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLength is the most characters an organizationId may have. The vendor's IDs are short
// numbers; this leaves room for the UUIDs and names of other hosts.
const maxLength = 128

// How a rule speaks of the value that broke it.
const (
	itself  = "it"
	standIn = "the default organization, tried because none was sent,"
)

// move returns the organizationId of a user who was before and is sent after. The userType of
// after is already decided.
func (r Rules) move(ctx context.Context, before, after User) (string, error) {
	sent := after.OrganizationID
	switch {
	case demotes(before.UserType, after.UserType):
		return r.demote(ctx, after)
	case sent == before.OrganizationID, tidy(sent) == before.OrganizationID:
		return before.OrganizationID, nil
	default:
		return r.place(ctx, after)
	}
}

// demote places someone who has just become an end user: as sent, or by default, or nowhere.
func (r Rules) demote(ctx context.Context, sent User) (string, error) {
	for _, wanted := range []string{sent.OrganizationID, ""} {
		id, err := r.place(ctx, User{wanted, sent.UserType})
		if !refused(err) {
			return id, err
		}
	}
	return "", nil
}

// place returns the organizationId of a user for whom nothing is settled yet.
func (r Rules) place(ctx context.Context, sent User) (string, error) {
	id := sent.OrganizationID
	switch {
	case sent.UserType == Technician:
		id = strings.TrimSpace(id)
		return id, wellFormed(id, itself)
	case tidy(id) != "":
		return r.resolve(ctx, id, itself)
	case tidy(r.DefaultOrganization) != "":
		return r.resolve(ctx, r.DefaultOrganization, standIn)
	case r.RequireOrganization:
		return "", &Error{
			Attribute: OrganizationID,
			Value:     id,
			Rule: `an end user needs one; let the identity provider send the ID of an organization, or "` +
				All + `", or give this provider a default organization`,
		}
	}
	return "", nil
}

// resolve returns the form to store of an organizationId that is not empty.
func (r Rules) resolve(ctx context.Context, given, subject string) (string, error) {
	id := tidy(given)
	if err := wellFormed(id, subject); err != nil {
		return "", err
	}
	if r.Resolve == nil {
		return id, nil
	}
	canonical, err := r.Resolve(ctx, id)
	switch {
	case err == nil:
		return cmp.Or(canonical, id), nil
	case refused(err):
		return "", err
	case errors.Is(err, ErrUnknownOrganization):
		return "", &Error{
			Attribute: OrganizationID,
			Value:     given,
			Rule:      subject + " must be an organization that exists and that this provider may assign",
			cause:     err,
		}
	}
	return "", fmt.Errorf("extension: resolving organization %s: %w", quote(id), err)
}

// tidy returns id without surrounding space, and [All] for each of its spellings.
func tidy(id string) string {
	id = strings.TrimSpace(id)
	if strings.EqualFold(id, All) {
		return All
	}
	return id
}

// wellFormed says whether id, which is trimmed and may be empty, has the form of an
// organizationId.
func wellFormed(id, subject string) error {
	var rule string
	switch {
	// The first bound spares us counting through a megabyte.
	case len(id) > maxLength*utf8.UTFMax, utf8.RuneCountInString(id) > maxLength:
		rule = fmt.Sprintf(" must be at most %d characters long", maxLength)
	case strings.Contains(id, ","):
		rule = " must be one organization, and have no comma"
	// Bytes that are not UTF-8 would pass for U+FFFD, which is printable.
	case !utf8.ValidString(id), strings.ContainsFunc(id, unprintable):
		rule = " must have printable characters only"
	default:
		return nil
	}
	return &Error{Attribute: OrganizationID, Value: id, Rule: subject + rule}
}

func unprintable(c rune) bool {
	return !unicode.IsPrint(c)
}
