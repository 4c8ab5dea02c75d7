package saml

// A slab hands out slices of a few large arrays.
type slab[T any] struct {
	free []T
	size int // of the next array
}

// maxSlab is how large a slab's arrays become, in values.
const maxSlab = 512

// take returns a copy of some values, nil for none. Nothing can be appended to it in place.
func (s *slab[T]) take(values []T) []T {
	if len(values) == 0 {
		return nil
	}
	return append(s.room(len(values)), values...)
}

// room returns an empty slice that n values can be appended to in place.
func (s *slab[T]) room(n int) []T {
	if n > len(s.free) {
		s.free = make([]T, max(n, s.size))
		s.size = min(2*s.size, maxSlab)
	}
	out := s.free[:0:n]
	s.free = s.free[n:]
	return out
}

// one returns a new value.
func (s *slab[T]) one() *T {
	if len(s.free) == 0 {
		s.free = make([]T, max(1, s.size))
		s.size = min(2*s.size, maxSlab)
	}
	out := &s.free[0]
	s.free = s.free[1:]
	return out
}
