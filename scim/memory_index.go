package scim

import "slices"

// An index finds by a key what has it. Most keys belong to one; the others of a key are apart, so
// that the many cost little memory.
type index[V comparable] struct {
	one  map[string]V
	more map[string][]V
}

// add adds v under a key. It must not be there.
func (x *index[V]) add(key string, v V) {
	if _, taken := x.one[key]; taken {
		if x.more == nil {
			x.more = make(map[string][]V)
		}
		x.more[key] = append(x.more[key], v)
		return
	}
	if x.one == nil {
		x.one = make(map[string]V)
	}
	x.one[key] = v
}

// remove removes v from under a key. It must be there.
func (x *index[V]) remove(key string, v V) {
	more := x.more[key]
	if len(more) == 0 {
		delete(x.one, key)
		return
	}
	last := more[len(more)-1]
	if x.one[key] == v {
		x.one[key] = last
	} else {
		more[slices.Index(more, v)] = last
	}
	more[len(more)-1] = *new(V)
	if more = more[:len(more)-1]; len(more) == 0 {
		delete(x.more, key)
		return
	}
	x.more[key] = more
}

// all returns what is under a key, in no order.
func (x *index[V]) all(key string) []V {
	v, ok := x.one[key]
	if !ok {
		return nil
	}
	return append([]V{v}, x.more[key]...)
}
