package scim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"time"
)

// A cursor (RFC 9865 §2) is a position in a listing that a client carries for us. It is sealed: a
// position has an ID and a sort key in it, which nobody should read or choose, and is good for the
// listing that named it alone. So nothing has to be kept between the pages.

// minSeal is the length of a key of Config.Seal at least, in bytes: a key of AES-256 comes of it.
const minSeal = 32

// maxCursor bounds a cursor, in bytes: a longest position, sealed, in base64, has about half.
const maxCursor = 4 << 10

// sealsCursors names what a key derived from one of Config.Seal is for.
const sealsCursors = "gatehouse scim cursor, AES-256-GCM"

// cursorForm is the form of what is sealed: the form, when it expires in Unix seconds, on which
// side of the position the page is, and the position.
const cursorForm = 1

const (
	sideAfter  = 'a'
	sideBefore = 'b'
)

// seals make and open cursors.
type seals struct {
	keys     []cipher.AEAD // the first one seals
	lifetime time.Duration
	now      func() time.Time
}

// newSeals derives the keys. Without secrets it makes one that nobody else has.
func newSeals(secrets [][]byte, lifetime time.Duration, now func() time.Time) (*seals, error) {
	if len(secrets) == 0 {
		secrets = [][]byte{make([]byte, minSeal)}
		rand.Read(secrets[0])
	}
	s := &seals{lifetime: lifetime, now: now}
	for i, secret := range secrets {
		if len(secret) < minSeal {
			return nil, fmt.Errorf("scim: Config.Seal[%d] has %d bytes; a key has at least %d, from a random source", i, len(secret), minSeal)
		}
		aead, err := deriveAEAD(secret, sealsCursors)
		if err != nil {
			return nil, fmt.Errorf("scim: Config.Seal[%d]: %w", i, err)
		}
		s.keys = append(s.keys, aead)
	}
	return s, nil
}

// deriveAEAD returns the cipher for one use of a secret.
func deriveAEAD(secret []byte, use string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, use, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// errCursor is all that is said of a cursor that does not open, whatever the reason.
var errCursor = &Refusal{Status: http.StatusBadRequest, Type: "invalidCursor", Detail: "cursor: this listing gave out no such cursor; begin again with an empty one"}

var errCursorExpired = &Refusal{Status: http.StatusBadRequest, Type: "expiredCursor", Detail: "cursor: it was given out too long ago; begin again with an empty one"}

// seal returns the cursor for a position in a listing.
func (s *seals) seal(listing []byte, side byte, position string) (string, error) {
	expires := s.now().Add(s.lifetime).Add(time.Second - 1).Unix() // not earlier than was said
	text := binary.BigEndian.AppendUint64([]byte{cursorForm}, uint64(expires))
	text = append(append(text, side), position...)
	cursor := encodeCursor(s.keys[0].Seal(nil, nil, text, listing))
	if len(cursor) > maxCursor {
		return "", fmt.Errorf("scim: the store names a position of %d bytes, too long for a cursor", len(position))
	}
	return cursor, nil
}

func encodeCursor(sealed []byte) string { return base64.RawURLEncoding.EncodeToString(sealed) }

// open returns what a cursor of the listing stands for.
func (s *seals) open(listing []byte, cursor string) (side byte, position string, err error) {
	if len(cursor) > maxCursor {
		return 0, "", errCursor
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || encodeCursor(sealed) != cursor { // one spelling of each
		return 0, "", errCursor
	}
	text, ok := s.unseal(listing, sealed)
	const head = 1 + 8 + 1
	if !ok || len(text) <= head || text[0] != cursorForm {
		return 0, "", errCursor
	}
	if expires := int64(binary.BigEndian.Uint64(text[1:])); s.now().Unix() >= expires {
		return 0, "", errCursorExpired
	}
	return text[head-1], string(text[head:]), nil
}

func (s *seals) unseal(listing, sealed []byte) ([]byte, bool) {
	for _, key := range s.keys {
		if text, err := key.Open(nil, nil, sealed, listing); err == nil {
			return text, true
		}
	}
	return nil, false
}

// identity is what a listing is told from all others by: whose it is, of what, and in which order.
// Each part is behind its length, so that no two listings have one identity.
func (q *Query) identity(p Principal, rt *resourceType) []byte {
	direction := "ascending"
	if q.Sort.Descending {
		direction = "descending"
	}
	var b []byte
	for _, part := range []string{string(p.Tenant), p.Manager, rt.name, q.Filter.String(), q.Sort.By.String(), direction} {
		b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
	}
	return b
}

// openCursor says in q where the page begins or ends that the client asks for.
func (x *exchange) openCursor(rt *resourceType, q *Query, cursor string) error {
	if cursor == "" {
		return nil // the first page
	}
	side, position, err := x.h.seals.open(q.identity(x.who, rt), cursor)
	switch {
	case err != nil:
		return err
	case side == sideBefore:
		q.Before = position
	default:
		q.After = position
	}
	return nil
}

// sealCursors makes cursors of the positions that a page names.
func (x *exchange) sealCursors(rt *resourceType, q *Query, page Page[resource]) (next, previous string, err error) {
	listing := q.identity(x.who, rt)
	if page.Next != "" {
		next, err = x.h.seals.seal(listing, sideAfter, page.Next)
	}
	if page.Previous != "" && err == nil {
		previous, err = x.h.seals.seal(listing, sideBefore, page.Previous)
	}
	return next, previous, err
}
