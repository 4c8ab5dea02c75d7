package extension

import _ "embed"

//go:embed schema.json
var schema string

// Schema returns the description of the extension as a JSON object in the form of RFC 7643 §7:
// id, name, description, and attributes with all their characteristics. The bytes are the
// caller's; every call returns a new copy.
//
// organizationId is not "required" there, because that word would hold for technicians too.
// Whether end users must have one is for [Rules] to say.
func Schema() []byte {
	return []byte(schema)
}
