package filter

import "math"

// Key returns the text under which a store keeps a simple value of this attribute, in its columns
// and indexes as in the folded document. To a filter two values are equal exactly when their keys
// are, and the one is less whose key is less, byte by byte.
//
// A string is its own key, folded unless the attribute is caseExact. The keys of all other types
// are short, of one length and ASCII.
func (r Ref) Key(v Value) string {
	switch r.a.Kind {
	case String, Reference, Binary:
		if r.a.CaseExact {
			return v.Text
		}
		return Fold(v.Text)
	}
	var buf [timeKey]byte
	return string(appendKey(buf[:0], r.a.Kind, v))
}

// timeKey is the length of the longest key that is no string.
const timeKey = 16 + 8

// appendKey appends the key of a value that is no string.
func appendKey(dst []byte, k Kind, v Value) []byte {
	switch k {
	case Boolean:
		if v.Bool() {
			return append(dst, '1')
		}
		return append(dst, '0')
	case Integer:
		return appendHex(dst, flip(v.Int), 16)
	case Decimal:
		return appendHex(dst, orderedBits(v.Float), 16)
	case DateTime:
		return appendHex(appendHex(dst, flip(v.Int), 16), flip(int64(v.Nanos)<<32)>>32, 8)
	}
	return dst
}

// flip moves int64 to uint64 and keeps the order.
func flip(i int64) uint64 { return uint64(i) ^ 1<<63 }

// orderedBits maps a float64 to bits in the order of [cmp.Compare], for which NaN is below
// everything and -0 equals 0.
func orderedBits(f float64) uint64 {
	switch {
	case f != f:
		return 0
	case f < 0:
		return ^math.Float64bits(f)
	}
	return math.Float64bits(f) | 1<<63 // that is all there is to -0
}

// appendHex appends the lowest digits of x, each four bits.
func appendHex(dst []byte, x uint64, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[x>>shift&0xf])
	}
	return dst
}
