package provider

import (
	"crypto/rand"
	"encoding/base32"
)

// incidents are written with letters and digits that are not taken for one another (Crockford's base 32).
var incidents = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// newIncident returns an ID under which a person can ask what went wrong, short enough to be read out: two
// groups of five, 50 bits of chance.
func newIncident() string {
	b := make([]byte, 7)
	rand.Read(b)
	text := incidents.EncodeToString(b)[:10]
	return text[:5] + "-" + text[5:]
}
