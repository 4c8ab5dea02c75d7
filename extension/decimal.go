package extension

import (
	"context"
	"strconv"
	"strings"
)

// DecimalID is a Rules.Resolve that knows the form of NinjaOne's organization IDs: positive
// decimal numbers below 2^63, as a computer writes them, so without sign, space or leading
// zeros. It returns such an ID unchanged, [All] for every spelling of it, and an [*Error] for
// anything else.
//
// Zeros are not stripped, because two spellings of one ID would look like a change to every
// identity provider that compares. DecimalID does not know whether an organization exists; a
// host that does can call it first, and then look.
func DecimalID(_ context.Context, id string) (string, error) {
	if strings.EqualFold(id, All) {
		return All, nil
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != id {
		return "", &Error{
			Attribute: OrganizationID,
			Value:     id,
			Rule:      `it must be the decimal ID of an organization, such as 42, without leading zeros, or "` + All + `"`,
		}
	}
	return id, nil
}
