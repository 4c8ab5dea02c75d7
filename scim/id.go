package scim

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"
)

// newID proposes a time-ordered identifier: a UUID of version 7 (RFC 9562 §5.7). Identifiers in
// the order of creation keep listings stable and a store's index dense.
func newID(now time.Time) string {
	var b [16]byte
	rand.Read(b[6:])
	ms := now.UnixMilli()
	for i := range 6 {
		b[i] = byte(ms >> (8 * (5 - i)))
	}
	b[6] = b[6]&0x0F | 0x70
	b[8] = b[8]&0x3F | 0x80
	var s [36]byte
	hex.Encode(s[0:8], b[0:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:36], b[10:16])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}

// maxID is what Meta.ID promises, in bytes.
const maxID = 64

// isID reports whether a store may have a resource of that ID. It is not asked for others: a
// database answers text that it cannot hold with an error.
func isID(id string) bool {
	return id != "" && len(id) <= maxID && utf8.ValidString(id) && strings.IndexByte(id, 0) < 0
}
