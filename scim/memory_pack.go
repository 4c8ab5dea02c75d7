package scim

import (
	"bytes"
	"encoding/binary"
	"strings"
	"time"
)

// A User is 720 bytes large before the first letter of its name, most of them for attributes it
// does not have. A stored user is one string instead: what it has, and the keys it is found by.
// To read it is to point into that string, and costs about as much as to copy a User.
//
// The string begins with ID and version, and goes on with the facts and the times, the lengths of
// the lists, and every attribute that is there: its place in userFields, its element if it is in
// a list, and its text. A flag that is there is true. Place 0 is no attribute, and ends them.

// Facts of the host in a packed user.
const (
	factSSO = 1 << iota
	factAdministrator
	factAdopted
)

// pack makes the string of a user. The keys become parts of it.
func pack(u *User, keys []posting) string {
	b := appendText(appendText(make([]byte, 0, 1024), u.ID), u.Version)
	b = append(b, bit(u.SSO, factSSO)|bit(u.Administrator, factAdministrator)|bit(u.Adopted, factAdopted))
	b = appendTime(appendTime(b, u.Created), u.LastModified)
	for _, l := range lists(u) {
		b = binary.AppendUvarint(b, uint64(len(*l)))
	}
	b = binary.AppendUvarint(b, uint64(len(u.Addresses)))
	for place := range userFields {
		b = appendField(b, u, place)
	}
	b = append(b, 0)

	at := make([]int, len(keys))
	for i, k := range keys {
		if at[i] = bytes.Index(b[:min(len(b), searched)], []byte(k.key)); at[i] < 0 {
			at[i] = len(b)
			b = append(b, k.key...)
		}
	}
	packed := string(b)
	for i, k := range keys {
		keys[i].key = packed[at[i] : at[i]+len(k.key)]
	}
	return packed
}

// searched is how far a key is looked for in what is packed already, in bytes: as far as users
// go. It bounds the work on one who has a megabyte.
const searched = 1024

func appendField(b []byte, u *User, place int) []byte {
	f, n := &userFields[place], 1
	if f.size != nil {
		n = f.size(u)
	}
	for i := range n {
		var text *string
		switch {
		case f.text != nil:
			if text = f.text(u, i); *text == "" || text == &u.ID {
				continue
			}
		case f.flag == nil || !*f.flag(u, i):
			continue
		}
		b = binary.AppendUvarint(b, uint64(place))
		if f.size != nil {
			b = binary.AppendUvarint(b, uint64(i))
		}
		if text != nil {
			b = appendText(b, *text)
		}
	}
	return b
}

// unpack reads a packed user into u. It uses the lists of u again where they are long enough.
func unpack(packed string, u *User) {
	r := unpacker(packed)
	var values [7][]MultiValue
	for i, l := range lists(u) {
		values[i] = *l
	}
	addresses := u.Addresses
	*u = User{}
	u.ID, u.Version = r.text(), r.text()
	facts := r.number()
	u.SSO, u.Administrator, u.Adopted = facts&factSSO != 0, facts&factAdministrator != 0, facts&factAdopted != 0
	u.Created, u.LastModified = r.time(), r.time()
	for i, l := range lists(u) {
		*l = resized(values[i], int(r.number()))
	}
	u.Addresses = resized(addresses, int(r.number()))

	for place := r.number(); place != 0; place = r.number() {
		f, i := &userFields[place], 0
		if f.size != nil {
			i = int(r.number())
		}
		if f.text != nil {
			*f.text(u, i) = r.text()
		} else {
			*f.flag(u, i) = true
		}
	}
}

// lists are the lists of a user that are alike.
func lists(u *User) [7]*[]MultiValue {
	return [7]*[]MultiValue{&u.Emails, &u.PhoneNumbers, &u.IMs, &u.Photos, &u.Entitlements, &u.Roles, &u.X509Certificates}
}

// resized returns n zero elements, in l if they fit.
func resized[E any](l []E, n int) []E {
	if n > cap(l) {
		return make([]E, n)
	}
	l = l[:n]
	clear(l)
	return l
}

func bit(b bool, fact byte) byte {
	if b {
		return fact
	}
	return 0
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// yearOne is the zero time.Time in Unix seconds: from there on they are positive.
var yearOne = time.Time{}.Unix()

func appendTime(b []byte, t time.Time) []byte {
	b = binary.AppendUvarint(b, uint64(t.Unix()-yearOne))
	return binary.AppendUvarint(b, uint64(t.Nanosecond()))
}

// An unpacker is what is still to be read.
type unpacker string

func (r *unpacker) number() (n uint64) {
	for shift := 0; ; shift += 7 {
		c := (*r)[0]
		*r = (*r)[1:]
		if n |= uint64(c&0x7F) << shift; c < 0x80 {
			return n
		}
	}
}

func (r *unpacker) text() string {
	n := r.number()
	s := string((*r)[:n])
	*r = (*r)[n:]
	return s
}

func (r *unpacker) time() time.Time {
	seconds := int64(r.number()) + yearOne
	return time.Unix(seconds, int64(r.number())).UTC()
}

// cloneText gives an object strings of its own, so that it keeps nothing alive that they were cut
// from.
func cloneText(o Object) {
	for name, v := range o {
		o[name] = withOwnText(v)
	}
}

func withOwnText(v any) any {
	switch v := v.(type) {
	case string:
		return strings.Clone(v)
	case Object:
		cloneText(v)
	case []any:
		for i := range v {
			v[i] = withOwnText(v[i])
		}
	}
	return v
}
