package extension

// URN names the schema extension, and prefixes the full name of its attributes.
const URN = "urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User"

// The attributes of the extension, by their short names.
const (
	OrganizationID = "organizationId"
	UserType       = "userType"
)

// The values of userType. There are no others, and case matters.
const (
	Technician = "Technician"
	EndUser    = "endUser"
)

// All is the organizationId of a global end user: one who belongs to every organization.
const All = "all"

// A User holds the values of the extension's attributes for one user. An empty string is an
// absent attribute.
type User struct {
	OrganizationID string
	UserType       string
}
