package scimtest

import "slices"

// Schemas returns the schemas (RFC 7643 §7) of the extensions that the suites give users and
// groups, for stores that have to know them.
func Schemas() [][]byte {
	return [][]byte{slices.Clone(hostSchema), slices.Clone(hostGroupSchema)}
}
