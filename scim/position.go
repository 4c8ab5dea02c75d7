package scim

import (
	"encoding/binary"
	"errors"
	"strings"

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

// place returns where a resource stands in a listing of this order.
func (o Order) place(res filter.Resource, id string) Place {
	p := Place{ID: id}
	if !o.By.IsZero() {
		var ok bool
		p.Key, ok = o.By.SortKey(res)
		p.Absent = !ok
	}
	return p
}

// compare says which of two places of an ascending listing comes first.
func (p Place) compare(o Place) int {
	if p.Absent != o.Absent {
		if p.Absent {
			return 1
		}
		return -1
	}
	if c := strings.Compare(p.Key, o.Key); c != 0 {
		return c
	}
	return strings.Compare(p.ID, o.ID)
}

// A heading says where the page of a query is looked for: behind a place, in one direction. What
// is found on the way back is the page in reverse.
type heading struct {
	from Place // the zero Place is where the listing begins
	back bool  // towards the beginning of the listing
	down bool  // from great to small
}

func (q *Query) heading() (h heading, err error) {
	h.back = q.Before != ""
	h.down = h.back != q.Sort.Descending
	switch {
	case h.back:
		h.from, err = q.Sort.Place(q.Before)
	case q.After != "":
		h.from, err = q.Sort.Place(q.After)
	}
	return h, err
}

// compare says which of two places is met first.
func (h *heading) compare(a, b Place) int {
	if h.down {
		return b.compare(a)
	}
	return a.compare(b)
}

// beyond reports whether a place is still to be met.
func (h *heading) beyond(p Place) bool { return h.from.ID == "" || h.compare(p, h.from) > 0 }

// sides says on which sides of a page the listing goes on, if it does behind what was looked at.
func (h *heading) sides(q *Query, more bool) (before, after bool) {
	if h.back {
		return more, true
	}
	return q.Offset > 0 || h.from.ID != "", more
}

// Position returns the place of a resource in a listing of this order, as a [Page] names it.
func (o Order) Position(res filter.Resource, id string) string {
	if o.By.IsZero() {
		return "\x00\x00" + id
	}
	p, flag := o.place(res, id), byte(placeKey)
	switch {
	case p.Absent:
		flag = placeAbsent
	case len(p.Key) > maxKey:
		flag, p.Key = placeLong, ""
	}
	b := binary.AppendUvarint(append(make([]byte, 0, len(p.Key)+len(id)+4), flag), uint64(len(p.Key)))
	return string(append(append(b, p.Key...), id...))
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
