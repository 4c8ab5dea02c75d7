package scim

import (
	"encoding/binary"
	"errors"

	"github.com/seed-30109bde/gatehouse/filter"
)

// An Order sorts a listing by one attribute (RFC 7644 §3.4.2.3). Resources without a value come
// last, and those that tie are in the order of their IDs; Descending is exactly the reverse. The
// zero Order is the order of IDs alone.
type Order struct {
	By         filter.Ref // [filter.Ref.Sortable], and not of members
	Descending bool
}

// A Place is where a resource stands in a listing. For a store it is where the next page begins.
type Place struct {
	ID     string
	Key    string // its filter.Ref.SortKey
	Absent bool   // it has no such key
	// Long says that the key was too long to be carried. The store makes it again from the
	// resource ID; if that is gone, ErrPosition.
	Long bool
}

// ErrPosition is returned for a Query.After or Query.Before that no page of the listing named.
var ErrPosition = errors.New("scim: this is no position in the listing")

// maxKey bounds the key in a position, in bytes. A position travels in a URL, sealed.
const maxKey = 1 << 10

// Position returns the place of a resource in a listing of this order, as a [Page] names it.
func (o Order) Position(res filter.Resource, id string) string {
	flag, key := byte(0), ""
	if !o.By.IsZero() {
		var ok bool
		switch key, ok = o.By.SortKey(res); {
		case !ok:
			flag = placeAbsent
		case len(key) > maxKey:
			flag, key = placeLong, ""
		default:
			flag = placeKey
		}
	}
	b := binary.AppendUvarint(append(make([]byte, 0, len(key)+len(id)+4), flag), uint64(len(key)))
	return string(append(append(b, key...), id...))
}

const (
	placeKey    = 'k'
	placeAbsent = 'a'
	placeLong   = 'l'
)

// Place reads a position. It returns ErrPosition for what cannot be one in a listing of this order.
func (o Order) Place(position string) (Place, error) {
	if position == "" {
		return Place{}, ErrPosition
	}
	flag, rest := position[0], []byte(position[1:])
	n, size := binary.Uvarint(rest)
	if size <= 0 || n > uint64(len(rest)-size) || (flag == 0) != o.By.IsZero() {
		return Place{}, ErrPosition
	}
	rest = rest[size:]
	p := Place{Key: string(rest[:n]), ID: string(rest[n:]), Absent: flag == placeAbsent, Long: flag == placeLong}
	known := flag == 0 || flag == placeKey || p.Absent || p.Long
	if !known || p.ID == "" || flag != placeKey && n > 0 {
		return Place{}, ErrPosition
	}
	return p, nil
}
